"""Loss with the reconstruction spliced in, on tiny hosts whose true answers are their own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pytest
import torch
from torch import Tensor

from benchmark.activations.reading import activations
from benchmark.backends.llava.backend import open_backend
from benchmark.backends.llava.model import Llava
from benchmark.contracts import (
    Artifact,
    Dictionary,
    Edit,
    Modality,
    Need,
    SparseCodes,
    Subject,
    talks_of,
)
from benchmark.edits import ablate, reconstruct
from benchmark.metrics import splicing
from benchmark.run.scoring import score
from benchmark.sae.dictionaries import Paired, Tower
from benchmark.sae.frames import Same
from benchmark.sae.plain_dictionaries import constant, identity, principal
from benchmark.statistics import point_value
from tasks.reconstruction import Reconstruction
from tests.tiny_llava import QUESTIONS, WIDTH, Pictures, save_folder, save_next_folder

TASK = Reconstruction()
REFERENCES = {reference.name: reference for reference in TASK.references}
N, BLOCK = 6, 1
CE = tuple(f"spliced/ce_{name}" for name in ("loss", "clean", "zero", "mean"))
SHARES = ("spliced/loss_recovered", "spliced/loss_recovered_mean")


@dataclass(frozen=True)
class Answered(Pictures):
    """Pictures whose true answers are what a host says of them, in talks of unequal length."""

    host: Llava | None = None

    @cached_property
    def said(self) -> list[list[tuple[str, str]]]:
        assert self.host is not None
        talks = []
        for i in range(self.n):
            asked = QUESTIONS[: 1 + i % len(QUESTIONS)]
            pictures = np.repeat(self.images(i, i + 1), len(asked), axis=0)
            answers = self.host.answers(self.host.ask(pictures, asked), max_new_tokens=5)
            talks.append(list(zip(asked, answers, strict=True)))
        return talks

    def talks(self, start: int, stop: int) -> list[list[tuple[str, str]]]:
        return self.said[start:stop]


@pytest.fixture(scope="module", params=[save_folder, save_next_folder])
def host(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Llava:
    return open_backend(f"llava:{request.param(tmp_path_factory.mktemp('llava') / 'tiny')}")


@pytest.fixture(scope="module")
def asked(host: Llava) -> Subject:
    """A subject whose dictionary is the identity."""
    return made(host, Answered(N, host))


def made(host: Llava, data: Pictures, site: str = f"block:{BLOCK}/tokens") -> Subject:
    place = next(s for s in host.sites if s.name == site)
    rows = activations(host, data, "test", place, store=None)
    artifact = Artifact(identity(WIDTH, WIDTH), place)
    return Subject(artifact, rows, rows, rows, 0, backend=host, examples={"test": data})


def under(subject: Subject, dictionary: Dictionary, **changes) -> Subject:
    return subject.with_(artifact=replace(subject.artifact, dictionary=dictionary), **changes)


def values(subject: Subject) -> dict[str, float]:
    found = TASK.score(subject).items()
    return {name: point_value(units, name) for name, units in found if name.startswith("spliced/")}


def by_hand(subject: Subject, *edits: Edit) -> tuple[Tensor, Tensor]:
    host, examples = subject.backend, subject.examples.get("test")
    assert isinstance(host, Llava)
    assert examples is not None
    said = host.taught(examples.images(0, N), talks_of(examples, 0, N), edits)
    return said.loss, said.tokens


# ------------------------------------------------------------------------------------ by hand


def test_every_loss_is_that_of_the_model_under_an_edit(asked: Subject) -> None:
    few = principal(asked.train.rows, 20)
    mean = asked.train.image.double().mean(0).float()
    changes = {
        "clean": (),
        "loss": (Edit(BLOCK, reconstruct(few)),),
        "zero": (Edit(BLOCK, ablate(torch.zeros(WIDTH))),),
        "mean": (Edit(BLOCK, ablate(mean)),),
    }
    found = TASK.score(under(asked, few))
    losses = {}
    for name, edits in changes.items():
        losses[name], tokens = by_hand(asked, *edits)
        units = found[f"spliced/ce_{name}"]
        assert units.numerator == pytest.approx(losses[name].numpy(), abs=1e-4)
        assert units.denominator is not None
        assert units.denominator.tolist() == tokens.tolist()
        assert units.cluster is not None
        assert units.cluster.tolist() == list(range(N))
    for name, worst in zip(SHARES, ("zero", "mean"), strict=True):
        gained, gap = losses[worst] - losses["loss"], losses[worst] - losses["clean"]
        assert found[name].numerator == pytest.approx(gained.numpy(), abs=1e-4)
        assert found[name].denominator == pytest.approx(gap.numpy(), abs=1e-4)
        assert point_value(found[name]) == pytest.approx(float(gained.sum() / gap.sum()), abs=1e-4)


def test_nothing_lost_is_one_and_an_ablation_is_zero(asked: Subject) -> None:
    found = values(asked)
    assert [found[name] for name in SHARES] == [1, 1]
    assert found["spliced/ce_loss"] == found["spliced/ce_clean"]
    assert found["spliced/ce_clean"] < min(found["spliced/ce_zero"], found["spliced/ce_mean"])
    rows = {m: asked.train.rows(m) for m in ("image", "text")}
    zeros = values(under(asked, constant({m: torch.zeros(WIDTH) for m in rows})))
    assert zeros["spliced/loss_recovered"] == pytest.approx(0, abs=1e-5)
    means = {m: x.double().mean(0).float() for m, x in rows.items()}
    flat = values(under(asked, constant(means)))
    assert flat["spliced/loss_recovered_mean"] == pytest.approx(0, abs=1e-5)
    assert flat["spliced/ce_loss"] == pytest.approx(flat["spliced/ce_mean"], abs=1e-5)


def test_better_dictionaries_recover_more(asked: Subject) -> None:
    shares = [values(under(asked, principal(asked.train.rows, k))) for k in (4, 24, 32)]
    for name in SHARES:
        few, more, most = (each[name] for each in shares)
        assert few < more < most
        assert 0 < more < 1
        assert most == pytest.approx(1, abs=1e-3)


def test_a_picture_without_effect_counts_with_its_sums(asked: Subject) -> None:
    """Σ gained / Σ gap, and no mean of the pictures' own shares."""
    units = TASK.score(under(asked, principal(asked.train.rows, 20)))[SHARES[0]]
    assert units.denominator is not None
    own = units.numerator / units.denominator
    whole = units.numerator.sum() / units.denominator.sum()
    assert point_value(units) == pytest.approx(whole)
    assert abs(own.mean() - whole) > 1e-3


# ------------------------------------------------------------------------ what is spliced in


@dataclass(frozen=True, eq=False)
class Cut:
    """A dictionary that itself keeps the k strongest latents."""

    inner: Paired
    k: int
    width: int = 2 * WIDTH

    def encode(self, x: Tensor, modality: Modality) -> SparseCodes:
        return self.inner.encode(x, modality).truncated(self.k)

    def align(self, codes: SparseCodes, modality: Modality) -> SparseCodes:
        return self.inner.align(codes, modality)

    def decode(self, codes: SparseCodes, modality: Modality) -> Tensor:
        return self.inner.decode(codes, modality)

    def directions(self, modality: Modality) -> Tensor:
        return self.inner.directions(modality)


def halves() -> Paired:
    """max(x, 0) and max(−x, 0): nothing is lost, and half of the latents fire."""
    eye = torch.eye(WIDTH)
    both = torch.cat([eye, -eye])
    tower = Tower(both.T.contiguous(), torch.zeros(2 * WIDTH), both, torch.zeros(WIDTH), 1, "relu")
    return Paired(tower, tower, Same(2 * WIDTH))


def test_truncated_codes_are_spliced_in_where_the_subject_is_truncated(asked: Subject) -> None:
    whole = values(under(asked, halves()))
    assert whole["spliced/loss_recovered"] == pytest.approx(1, abs=1e-5)
    found, wanted = values(under(asked, halves(), k=8)), values(under(asked, Cut(halves(), 8)))
    assert found == wanted
    assert found["spliced/ce_loss"] != whole["spliced/ce_loss"]
    assert found["spliced/ce_zero"] == whole["spliced/ce_zero"]


def test_batches_change_nothing(asked: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
    few = principal(asked.train.rows, 20)
    whole = values(under(asked, few))
    monkeypatch.setattr(splicing, "AT_ONCE", 4)
    assert values(under(asked, few, batch_size=7)) == pytest.approx(whole, abs=1e-4)


def test_the_first_pictures_alone_are_talked_about(
    asked: Subject, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = TASK.score(asked)
    monkeypatch.setattr(splicing, "MOST", 2)
    found = TASK.score(asked)
    for name in (*CE, *SHARES):
        assert found[name].numerator == pytest.approx(whole[name].numerator[:2], abs=1e-4)
    assert len(found["mse/image"].numerator) == N


def test_without_a_talk_the_first_caption_is_the_answer(host: Llava) -> None:
    subject = made(host, Pictures(N))
    found = TASK.score(subject)["spliced/ce_clean"]
    first = [Pictures(N).captions[2 * i] for i in range(N)]
    assert found.denominator is not None
    assert found.denominator.tolist() == [len(ids) for ids in host.asker.chat.answer_ids(first)]


# ---------------------------------------------------------------------------------- absent


def centred(subject: Subject) -> Subject:
    return subject.with_(test=replace(subject.test, fingerprint="rows+centred"))


def before_the_blocks(subject: Subject) -> Subject:
    site = replace(subject.artifact.site, block=None)
    return subject.with_(artifact=replace(subject.artifact, site=site))


@pytest.mark.parametrize(
    "change",
    [
        lambda s: made(s.backend, s.examples["test"], f"block:{BLOCK}"),
        lambda s: s.with_(examples={}),
        lambda s: s.with_(backend=None),
        centred,
        before_the_blocks,
    ],
    ids=["pooled", "no pictures", "no speaker", "centred", "tower"],
)
def test_absent_where_it_cannot_be_asked(
    asked: Subject, change: Callable[[Subject], Subject]
) -> None:
    found = TASK.score(change(asked))
    assert "explained_variance" in found
    assert not [name for name in found if name.startswith("spliced/")]


def test_no_share_after_the_last_block_where_image_tokens_are_never_read_again(host: Llava) -> None:
    last = made(host, Answered(N, host), f"block:{host.n_blocks - 1}/tokens")
    found = values(under(last, principal(last.train.rows, 4)))
    assert set(found) == set(CE)
    assert len(set(found.values())) == 1


# ------------------------------------------------------------------------------ references


class Quick(Reconstruction):
    """Without the reference that is drawn twenty times."""

    references = tuple(r for r in TASK.references if r.name != "random")


def test_references_speak_of_it_where_they_should(asked: Subject) -> None:
    few = under(asked, principal(asked.train.rows, 24))
    rng = np.random.default_rng(0)
    for name in ("random", "pca"):
        assert not values(REFERENCES[name].apply(few, rng))
    provided = frozenset({Need.GENERATION, Need.TOKENS, Need.SAME_WIDTH})
    scores = {s.name: s for s in score(Quick(), few, provided, {}).scores}
    for name in SHARES:
        assert scores[name].ceiling is None
        assert scores[name].floor is not None
        assert {r.name for r in scores[name].references} == {"mean"}
    assert scores[SHARES[1]].floor == pytest.approx(0, abs=1e-5)
    assert {r.name for r in scores["spliced/ce_loss"].references} == {"mean"}
    assert not scores["spliced/ce_zero"].references
