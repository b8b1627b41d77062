"""Zero-shot against known answers: chance, ties, macro means, prompts, common latents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from benchmark.contracts import (
    Concepts,
    NotApplicableError,
    PairedActivations,
    Ragged,
    Site,
    Subject,
)
from benchmark.metrics.prompts import TEMPLATES, prompts
from benchmark.metrics.prototypes import LEAST, captioned, prototypes, said_of
from benchmark.metrics.zero_shot import asked_of, common
from benchmark.references.changes import identity
from benchmark.sae.dictionaries import Paired
from benchmark.sae.frames import Frame, Matched, Same, disjoint
from benchmark.statistics import point_value
from benchmark.worlds.scenes import Scenes
from tasks.zero_shot import ZeroShot
from tests.subjects import World, Written, activations, subject, unit_rows

TASK, PAPER = ZeroShot(), ZeroShot("paper")
REFERENCES = {reference.name: reference for reference in TASK.references}
WORLD = World()
C = WORLD.n_concepts


def values(of: Subject, task: ZeroShot = TASK) -> dict[str, float]:
    return {name: point_value(units, name) for name, units in task.score(of).items()}


def shuffled(of: Subject, draw: int) -> dict[str, float]:
    return values(REFERENCES["names shuffled"].apply(of, np.random.default_rng(draw)))


def labelled(image: Tensor, shown: Any, text: Tensor, told: Any) -> PairedActivations:
    """Things a, b, c, …; caption j is of picture j modulo their number."""
    shown, told = (np.asarray(x, dtype=bool) for x in (shown, told))
    names = tuple("abcdefgh"[: shown.shape[1]])
    concepts = Concepts(names, ("thing",) * len(names), shown, told)
    owner = [j % len(image) for j in range(len(text))]
    return activations(image, text, owner, concepts=concepts)


def axes(
    image: Sequence[Sequence[float]], shown: Sequence[int], text: Sequence[Sequence[float]]
) -> PairedActivations:
    """Picture i shows one thing; there are LEAST captions of each thing, with these rows."""
    k = len(text)
    told = np.repeat(np.eye(k), LEAST, axis=0)
    rows = torch.tensor(text, dtype=torch.float32).repeat_interleave(LEAST, 0)
    return labelled(torch.tensor(image, dtype=torch.float32), np.eye(k)[list(shown)], rows, told)


def planted(frame: Frame | None = None, seed: int = 0, n: int = 240) -> Subject:
    """Pictures and captions of one concept each; only a map over latents joins the modalities."""
    rng = np.random.default_rng(seed)
    shown = np.eye(C)[rng.integers(C, size=n)]
    owner = np.repeat(np.arange(n), 2)
    rows = {}
    for modality, present in (("image", shown), ("text", shown[owner])):
        strength = torch.from_numpy(present * (1 + rng.exponential(size=present.shape))).float()
        noise = torch.from_numpy(0.01 * rng.standard_normal((len(present), WORLD.d))).float()
        rows[modality] = strength @ WORLD.atoms(modality) + noise  # type: ignore[arg-type]
    names = tuple(f"concept {c}" for c in range(C))
    present = shown.astype(bool)
    concepts = Concepts(names, ("object",) * C, present, present[owner])
    data = activations(rows["image"], rows["text"], owner.tolist(), concepts=concepts)
    return subject(data, WORLD.dictionary(frame, k=1), k=1)


def test_a_map_sorts_pictures_and_without_one_they_are_sorted_by_chance() -> None:
    assert values(planted())["acc@1"] == 1
    apart = values(planted(disjoint(C, C)))
    assert apart["acc@1"] == pytest.approx(1 / C, abs=1e-12)
    assert apart["acc@5"] == pytest.approx(5 / C, abs=1e-12)
    assert apart["tie_rate"] == 1
    generator = torch.Generator().manual_seed(5)
    wrong = Matched(C, torch.randperm(C, generator=generator))
    assert values(planted(wrong))["acc@1"] < 0.2


def test_a_latent_that_is_claimed_to_be_its_own_partner_is_not_by_being_so() -> None:
    assert values(planted(Same(C)))["acc@1"] < 0.3


@pytest.mark.parametrize("row", [[0.0] * 7, [1.0] + [0.0] * 6, [1.0, 2, 0, 0, 0, 0, -1]])
def test_a_code_that_ties_everything_scores_exactly_chance(row: list[float]) -> None:
    """Empty codes, one always-on latent, one code for all."""
    data = axes([row] * 9, [0, 0, 0, 1, 2, 3, 4, 5, 6], [row] * 7)
    found = values(subject(data))
    assert found["acc@1"] == pytest.approx(1 / 7, abs=1e-12)
    assert found["acc@5"] == pytest.approx(5 / 7, abs=1e-12)
    assert found["tie_rate"] == 1


def test_the_references_of_chance_are_at_chance() -> None:
    of = planted()
    values(of)
    chance = REFERENCES["chance"].apply(of, np.random.default_rng(0))
    assert values(chance)["acc@1"] == pytest.approx(1 / C, abs=1e-12)
    drawn = [shuffled(of, i)["acc@1"] for i in range(20)]
    assert np.mean(drawn) == pytest.approx(1 / C, abs=0.06)
    assert len(set(drawn)) > 1
    assert values(of)["acc@1"] == 1


def test_every_class_counts_the_same_and_for_the_papers_every_picture() -> None:
    """Nine pictures of the first class are right, one of the second is wrong."""
    data = axes([[1.0, 0]] * 10, [0] * 9 + [1], [[1.0, 0], [0, 1]])
    assert TASK.score(subject(data))["acc@1"].numerator.tolist() == [1, 0]
    assert values(subject(data))["acc@1"] == 0.5
    assert values(subject(data), PAPER)["acc@1"] == 0.9


def test_of_tied_classes_the_papers_take_the_first() -> None:
    data = axes([[1.0, 1]] * 4, [0, 0, 0, 1], [[1.0, 0], [0, 1]])
    assert values(subject(data))["acc@1"] == 0.5
    assert values(subject(data), PAPER)["acc@1"] == 0.75


def test_pictures_of_two_things_of_none_and_of_a_thing_without_texts_are_not_asked() -> None:
    shown = [[1, 0, 0], [1, 1, 0], [0, 0, 0], [0, 0, 1], [0, 1, 0]]
    told = np.repeat(np.eye(3), LEAST, axis=0)[:-1]
    told = np.concatenate([told, [[1, 1, 0]]])
    data = labelled(torch.eye(5), shown, torch.eye(5)[[j % 5 for j in range(len(told))]], told)
    asked, _ = asked_of(subject(data))
    assert asked.classes == (0, 1)
    assert asked.picture.tolist() == [0, 4]
    assert asked.label.tolist() == [0, 1]


def test_only_the_first_kind_of_concept_is_sorted_into() -> None:
    data = axes([[1.0, 0], [0, 1]], [0, 1], [[1.0, 0], [0, 1]])
    assert data.concepts is not None
    c = data.concepts
    wide = Concepts(
        (*c.names, "red"),
        (*c.kinds, "colour"),
        *(np.pad(x, ((0, 0), (0, 1)), constant_values=True) for x in (c.image, c.text)),
    )
    assert values(subject(replace(data, concepts=wide)))["acc@1"] == 1


def test_what_cannot_be_sorted_is_said() -> None:
    one = axes([[1.0, 0]], [0], [[1.0, 0]])
    with pytest.raises(NotApplicableError, match="wanted two classes"):
        values(subject(one))
    none = labelled(torch.eye(2), [[1, 1], [0, 0]], torch.eye(2).repeat(5, 1), [[1, 0], [0, 1]] * 5)
    with pytest.raises(NotApplicableError, match="none of 2 pictures"):
        values(subject(none))


def test_a_single_picture_is_sorted() -> None:
    found = TASK.score(subject(axes([[1.0, 0]], [0], [[1.0, 0], [0, 1]])))
    assert found["acc@1"].numerator.tolist() == [1]
    assert "acc@5" not in found


def test_rows_are_averaged_first_and_encoded_then() -> None:
    """Of two unit captions the mean at length 1; of a code with one latent the stronger."""
    text = torch.tensor([[3.0, 4, 0], [4, 3, 0]] * 5 + [[0.0, 0, 2]] * 5) / 5
    told = [[1, 0]] * 10 + [[0, 1]] * 5
    data = labelled(torch.eye(3), [[1, 0], [1, 0], [0, 1]], text, told)
    of = subject(data)
    codes = prototypes(of, said_of(of, (0, 1))).dense()
    assert torch.allclose(codes, torch.tensor([[0.5**0.5, 0.5**0.5, 0], [0, 0, 0.4]]))
    first = prototypes(of.with_(k=1), said_of(of, (0, 1))).dense()
    assert (first[0] != 0).sum() == 1


def test_texts_that_cancel_each_other_are_an_empty_code() -> None:
    text = torch.tensor([[1.0, 0], [-1, 0]] * 5 + [[0.0, 1]] * 5)
    data = labelled(torch.eye(2), np.eye(2), text, [[1, 0]] * 10 + [[0, 1]] * 5)
    of = subject(data)
    assert (prototypes(of, said_of(of, (0, 1))).l0() == torch.tensor([0, 1])).all()


def test_latents_that_fire_on_most_rows_are_left_out_where_it_says_so() -> None:
    """Latent 0 fires on every picture: its size alone decides, until it is left out."""
    image = [[9.0, 1, 0], [9.0, 0, 1]]
    data = axes(image, [0, 1], [[5.0, 1, 0], [0, 0, 1]])
    found = values(subject(data))
    assert found["acc@1"] == 0.5
    assert found["filtered/acc@1"] == 1
    assert common(subject(data)).tolist() == [True, False, False]
    assert found["common/latents"] == pytest.approx(1 / 3)


def test_a_latent_that_is_common_in_either_modality_is_left_out_of_both() -> None:
    data = axes([[9.0, 1, 0], [0, 0, 1], [0, 0, 1]], [0, 1, 1], [[1.0, 1, 0], [1, 0, 1]])
    assert common(subject(data)).tolist() == [True, False, True]
    only_text = axes([[1.0, 0, 0], [0, 1, 0], [0, 0, 1]], [0, 1, 1], [[1.0, 1, 0], [1, 0, 1]])
    assert common(subject(only_text)).tolist() == [True, False, False]


def test_where_all_latents_are_common_nothing_is_left_to_filter() -> None:
    data = axes([[1.0, 2], [2, 1]], [0, 1], [[1.0, 2], [2, 1]])
    dense = identity(subject(data), np.random.default_rng(0))
    found = values(dense)
    assert found["acc@1"] == found["common/latents"] == 1
    assert "filtered/acc@1" not in found


def test_train_alone_says_what_is_common_and_what_classes_are() -> None:
    of = planted()
    other = planted(seed=1).test
    moved = replace(of, test=other, cache={})
    assert asked_of(moved)[0].classes == asked_of(of)[0].classes
    assert torch.equal(asked_of(moved)[1].values, asked_of(of)[1].values)
    assert np.array_equal(common(moved), common(of))


@pytest.mark.parametrize("factor", [0.01, 100.0])
def test_codes_of_other_lengths_sort_alike(factor: float) -> None:
    data = planted().test
    scaled = replace(data, image=data.image * factor)
    dense = [identity(subject(d), np.random.default_rng(0)) for d in (data, scaled)]
    assert values(dense[0]) == values(dense[1])


def test_a_common_rotation_changes_nothing_and_a_one_sided_one_everything() -> None:
    """Dense codes of two modalities that share their space."""
    turn = torch.linalg.qr(torch.randn(24, 24, generator=torch.Generator().manual_seed(1))).Q
    shown = np.arange(160) % 8
    rows = unit_rows(8, 24, 0)[shown] + 0.3 * unit_rows(160, 24, 2)
    told = np.eye(8)[shown]

    def score(image: Tensor, text: Tensor) -> float:
        data = labelled(image, told, text, told)
        return values(identity(subject(data), np.random.default_rng(0)))["acc@1"]

    assert score(rows, rows) == score(rows @ turn, rows @ turn) == 1
    assert score(rows @ turn, rows) < 0.4


def test_every_method_has_the_same_units() -> None:
    one, two = TASK.score(planted()), TASK.score(planted(disjoint(C, C)))
    assert one.keys() == two.keys()
    assert all(len(u.numerator) == len(two[n].numerator) for n, u in one.items() if "acc" in n)


def test_random_weights_are_at_chance() -> None:
    of = planted()
    assert isinstance(of.dictionary, Paired)
    rng = np.random.default_rng(0)
    towers = {
        m: replace(
            of.dictionary.tower(m),
            W_enc=torch.from_numpy(rng.standard_normal((WORLD.d, 200))).float(),
            b_enc=torch.zeros(200),
            W_dec=torch.zeros(200, WORLD.d),
            k=8,
        )
        for m in ("image", "text")
    }
    made = Paired(towers["image"], towers["text"], Same(200))
    drawn = subject(of.test, made)
    assert values(drawn)["acc@1"] == pytest.approx(1 / C, abs=0.15)


# ------------------------------------------------------------------------------------ prompts


def test_prompts_of_a_name_that_two_share_tell_neither() -> None:
    found = prompts([("cat", "club"), ("ox", "club"), ("club",)])
    assert found[0] == tuple(t.format("a cat") for t in TEMPLATES)
    assert found[1][1] == "a photo of an ox"
    assert found[2] == ()


SITE = Site("here", "image.module", "text.module")


@dataclass
class Reader:
    """Reads the words of a text: one row that counts them all, or a row each."""

    tokens: bool = False
    asked: int = 0

    def encode_texts(self, texts: Sequence[str], site: Site) -> Tensor | Ragged:
        assert site.name == "here"
        self.asked += len(texts)
        words = [torch.stack([word_row(w) for w in text.split()]) for text in texts]
        if self.tokens:
            return Ragged(torch.cat(words), torch.tensor([len(w) for w in words]))
        return torch.stack([w.sum(0) for w in words])


def word_row(word: str) -> Tensor:
    number = int.from_bytes(word.encode()[:6], "big") % 100_003
    return torch.randn(64, generator=torch.Generator().manual_seed(number))


def scenes(offset: float = 0.0, tokens: bool = False) -> Subject:
    """Pictures that are the words of their first names; captions and prompts are read."""
    data, reader = Scenes(sizes=(40, 40, 200)), Reader(tokens)
    splits: dict[str, Any] = {}
    for name in ("train", "val", "test"):
        examples = data.split(name)  # type: ignore[arg-type]
        read = reader.encode_texts(examples.captions, SITE)
        rows, counts = read if isinstance(read, Ragged) else (read, torch.ones(len(read)).long())
        present = examples.concepts.image[:, :45].astype(np.float32)
        words = torch.stack([word_row(n[0].split()[-1]) for n in examples.thing_names[:45]])
        made = activations(
            torch.from_numpy(present) @ words,
            torch.zeros(len(examples.captions), 64),
            examples.caption_of.tolist(),
            concepts=examples.concepts,
        )
        owner = torch.arange(len(counts)).repeat_interleave(counts)
        splits[name] = replace(made, text=rows - offset, text_owner=owner)
    examples = {name: data.split(name) for name in splits}  # type: ignore[arg-type]
    of = subject(splits["test"], Written(64), train=splits["train"])
    taken_off = {"text": torch.full((64,), offset)} if offset else {}
    return replace(of, backend=reader, examples=examples, taken_off=taken_off)  # type: ignore[arg-type]


def test_prompts_are_read_once_for_all_methods_and_sort_pictures() -> None:
    of = scenes()
    found = values(of)
    assert found["acc@1"] > 0.8
    assert isinstance(of.backend, Reader)
    before = of.backend.asked
    assert values(of.with_()) == found
    assert of.backend.asked == before


def test_what_was_taken_off_all_captions_is_taken_off_prompts() -> None:
    plain, centred = scenes(), scenes(offset=0.75)
    one, other = (said_of(each, tuple(range(45))) for each in (plain, centred))
    assert torch.allclose(one.rows, other.rows + 0.75, atol=1e-5)
    assert one.classes == other.classes


def test_where_a_text_is_several_rows_codes_of_texts_are_averaged() -> None:
    of = scenes(tokens=True)
    said = said_of(of, tuple(range(45)))
    assert len(said.rows) > len(said.about)
    codes = prototypes(of, said).dense()
    rows = [said.rows[said.owner == t] for t in np.flatnonzero(said.about == 0)]
    strongest = [r.gather(0, r.abs().argmax(0)[None])[0] for r in rows]
    assert torch.allclose(codes[0].float(), torch.stack(strongest).mean(0), atol=1e-5)
    assert values(of)["acc@1"] > 0.3


def test_where_no_model_reads_texts_captions_of_one_thing_speak() -> None:
    of = scenes()
    joint = replace(of, cache={}, backend=type("Joint", (), {"text_pass": "joint"})())
    said = said_of(joint, tuple(range(45)))
    told = captioned(joint.train, tuple(range(45)))
    assert said.classes == told.classes
    labels = joint.train.labels("text")[:, :45]
    assert len(said.about) == sum(
        n for n in labels[labels.sum(1) == 1].sum(0).tolist() if n >= LEAST
    )
