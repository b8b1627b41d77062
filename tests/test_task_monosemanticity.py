"""Monosemanticity on worlds with known answers, and what must not raise it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from benchmark.contracts import (
    MODALITIES,
    Concepts,
    NotApplicableError,
    PairedActivations,
    SparseCodes,
    Subject,
)
from benchmark.metrics.alike import OF_DATA, blind, known
from benchmark.metrics.monosemanticity import any_two, attributes, likeness
from benchmark.run.scoring import score
from benchmark.sae.dictionaries import Paired
from benchmark.sae.plain_dictionaries import random_units
from benchmark.statistics import estimates, point_value
from tasks.monosemanticity import FAIR, Monosemanticity
from tests.subjects import World, Written, activations, subject, unit_rows

TASK = Monosemanticity()
REFERENCES = {reference.name: reference for reference in TASK.references}
N, C, W = 400, 8, 10


def some_labels(n: int, seed: int = 0, rate: float = 0.3) -> np.ndarray:
    return np.random.default_rng(seed).random((n, C)) < rate


OF_ROWS: dict[tuple[object, ...], object] = {}


def chance_of_rows(rows: PairedActivations) -> dict[tuple[object, ...], object]:
    """What blind directions score on the rows that all of these subjects have, once."""
    if not OF_ROWS:
        judged = subject(rows, Written(W))
        for modality in MODALITIES:
            blind(judged, modality, FAIR)
        OF_ROWS.update(judged.cache)
    return OF_ROWS


def written(codes: Tensor, present: np.ndarray | None = None) -> Subject:
    """Codes written by hand over rows that say nothing, for images and their one caption each."""
    present = some_labels(len(codes)) if present is None else present
    concepts = Concepts(tuple(map(str, range(C))), ("object",) * C, present, present)
    rows = activations(*(unit_rows(len(codes), 16, seed) for seed in (0, 1)), concepts=concepts)
    made = subject(rows, Written(codes.shape[1]))
    if len(codes) == N:
        made.cache.update(chance_of_rows(rows))
    for split in ("train", "val", "test"):
        for modality in MODALITIES:
            made.cache["native", split, modality] = SparseCodes.from_dense(codes)
    return made


def by_concept(width: int = W) -> Tensor:
    """Latent j is concept j; the others are silent."""
    codes = torch.zeros(N, width)
    codes[:, :C] = torch.from_numpy(some_labels(N)).float()
    return codes


def values(judged: Subject, task: Monosemanticity = TASK) -> dict[str, float]:
    return {name: point_value(units, name) for name, units in task.score(judged).items()}


def refer(name: str, to: Subject, draw: int = 0) -> dict[str, float]:
    return values(REFERENCES[name].apply(to, np.random.default_rng(draw)))


@pytest.fixture(scope="module")
def planted() -> Subject:
    return World().subject()


def test_latents_that_are_concepts_are_pure_and_alike() -> None:
    found = values(written(by_concept()))
    assert found["purity"] == found["purity/text"] == 1
    assert found["coverage/image"] == C / W
    assert found["excess/ms"] > 0.25
    assert found["excess/ms/all"] == pytest.approx(found["excess/ms"] * C / W)
    assert found["ms/image"] == pytest.approx(found["ms"])


def test_over_rows_that_say_nothing_chance_is_what_any_two_rows_are_alike() -> None:
    judged = written(by_concept())
    seen = any_two(known(judged, "image", FAIR))
    found = values(judged)
    assert found["ms"] - found["excess/ms"] == pytest.approx(seen, abs=0.01)


def test_the_planted_dictionary_is_pure_and_above_blind_directions(planted: Subject) -> None:
    """Four of twelve concepts a row: mixtures find rows that share several, purity does not."""
    found = values(planted)
    assert found["purity"] == 1
    assert found["excess/ms"] > 0.02
    drawn = [refer("blind directions", planted, draw) for draw in range(10)]
    mean = {name: np.mean([each[name] for each in drawn]) for name in drawn[0]}
    assert mean["excess/ms"] == pytest.approx(0, abs=0.015)
    assert mean["ms"] == pytest.approx(found["ms"] - found["excess/ms"], abs=0.03)
    assert 0.4 < mean["purity"] < 0.7


def test_rows_exchanged_score_what_any_two_rows_do(planted: Subject) -> None:
    drawn = [refer("rows exchanged", planted, draw) for draw in range(10)]
    for modality in MODALITIES:
        expected = any_two(known(planted, modality, FAIR))
        mean = np.mean([each[f"ms/{modality}"] for each in drawn])
        assert mean == pytest.approx(expected, abs=0.01)
        pure = np.mean([each[f"lift/{modality}"] for each in drawn])
        assert pure == pytest.approx(0, abs=0.02)


def test_random_directions_are_not_above_blind_ones(planted: Subject) -> None:
    widths = {"image": 64, "text": 64}
    made = random_units(planted.train.rows, widths, 4, 600, np.random.default_rng(0))  # type: ignore[arg-type]
    found = values(planted.with_(artifact=replace(planted.artifact, dictionary=made)))
    assert found["ms"] > any_two(known(planted, "text", FAIR)) + 0.02, "any cut finds rows alike"
    assert abs(found["excess/ms"]) < 0.03


def test_a_rotated_dictionary_loses_what_it_had(planted: Subject) -> None:
    made = planted.dictionary
    assert isinstance(made, Paired)
    generator = torch.Generator().manual_seed(0)
    turn = torch.linalg.qr(torch.randn(12, 12, generator=generator))[0]
    image, text = (
        replace(t, W_enc=t.W_enc @ turn, W_dec=turn.T @ t.W_dec) for t in (made.image, made.text)
    )
    turned = Paired(image, text, made.frame)
    found = values(planted.with_(artifact=replace(planted.artifact, dictionary=turned)))
    before = values(planted)
    assert found["excess/ms"] < before["excess/ms"] / 2
    assert found["lift"] < before["lift"] / 2


def test_labels_as_latents_are_pure_and_stand_above_chance(planted: Subject) -> None:
    found = refer("labels", planted)
    assert found["purity"] == 1
    assert found["excess/ms"] > 0.02
    assert found["ms"] == pytest.approx(refer("labels", planted.with_(k=1))["ms"])


@pytest.mark.parametrize("name", ["identity", "pca"])
def test_dense_codes_are_at_chance(planted: Subject, name: str) -> None:
    assert abs(refer(name, planted)["excess/ms"]) < 0.02


def test_a_dictionary_that_never_fires_is_at_chance_and_covers_nothing() -> None:
    found = values(written(torch.zeros(N, W)))
    for name in ("ms", "excess/ms", "excess/ms/all", "excess/ms/fired", "purity"):
        assert found[name] == 0
    assert found["coverage/image"] == found["coverage/text"] == 0


def test_one_silent_modality_counts_at_chance() -> None:
    whole = written(by_concept())
    for split in ("train", "test"):
        whole.cache["native", split, "text"] = SparseCodes.from_dense(torch.zeros(N, W))
    found = values(whole)
    assert found["excess/ms/text"] == 0
    assert found["excess/ms"] == pytest.approx(found["excess/ms/image"] / 2)


def test_the_few_that_are_alive_do_not_win_unseen() -> None:
    few = by_concept()
    few[:, 2:] = 0
    all_of_them, two = values(written(by_concept())), values(written(few))
    assert two["excess/ms"] == pytest.approx(all_of_them["excess/ms"], rel=0.1)
    assert two["excess/ms/all"] < all_of_them["excess/ms/all"] / 3
    assert two["coverage/image"] == 2 / W


def test_more_active_latents_do_not_raise_it() -> None:
    """Neither copies of those that are there, nor latents that are always on or blind."""
    codes = by_concept(C)
    one = values(written(codes))["excess/ms"]
    assert values(written(codes.repeat(1, 4)))["excess/ms"] == pytest.approx(one, abs=0.03)
    on = torch.cat([codes, torch.ones(N, C)], dim=1)
    assert values(written(on))["excess/ms"] == pytest.approx(one / 2, abs=0.03)
    noise = torch.rand(N, C, generator=torch.Generator().manual_seed(0)).gt(0.7).float()
    assert values(written(torch.cat([codes, noise], dim=1)))["excess/ms"] < one


def test_shrinking_latents_changes_nothing() -> None:
    codes = by_concept()
    same = values(written(codes))
    sizes = torch.logspace(-3, 3, W)
    small = written(codes)
    for split in ("train", "test"):
        for modality in MODALITIES:
            small.cache["native", split, modality] = SparseCodes.from_dense(codes * sizes)
    assert values(small) == pytest.approx(same, abs=1e-6)


def test_partners_do_not_matter(planted: Subject) -> None:
    test = planted.test
    moved = replace(test, pairs=test.pairs.roll(7, 0))
    assert values(planted.with_(test=moved)) == values(planted)


def test_truncated_codes_are_scored_as_they_are(planted: Subject) -> None:
    cut = planted.truncated(1)
    fires = {
        name: each.native("test", "image").l0() for name, each in (("cut", cut), ("", planted))
    }
    assert fires["cut"].max() == 1 < fires[""].max()
    assert values(cut)["ms"] != pytest.approx(values(planted)["ms"])


def test_blind_directions_are_the_same_for_every_method(planted: Subject) -> None:
    other = planted.with_(artifact=replace(planted.artifact, dictionary=Written(48)), seed=5)
    one, two = (blind(each, "text", FAIR) for each in (planted, other))
    assert np.array_equal(one.values, two.values)
    assert one.values[0] > one.values[-1], "the smaller the corner, the more alike"


def test_a_null_leaves_what_no_dictionary_changes(planted: Subject) -> None:
    values(planted)
    for name in ("blind directions", "rows exchanged"):
        changed = REFERENCES[name].apply(planted, np.random.default_rng(0))
        kept = [key for key in changed.cache if key[0] == OF_DATA]
        assert {key[1] for key in kept} == {"attributes", "blind", "rarity"}


def test_too_few_pictures_are_refused_in_a_line() -> None:
    codes = by_concept()[:4]
    with pytest.raises(NotApplicableError, match=r"image rows of 4 pictures: .* fires for 5"):
        TASK.score(written(codes, some_labels(4)))
    assert "excess/ms" in Monosemanticity(variant="paper").score(written(codes, some_labels(4)))


def test_the_paper_weighs_all_concepts_alike(planted: Subject) -> None:
    paper = values(planted, Monosemanticity(variant="paper"))
    assert paper["ms"] != pytest.approx(values(planted)["ms"])
    plain = attributes(planted.test.labels("image"), np.arange(300))
    z = planted.codes("test", "image").csr()
    assert paper["ms/image"] == pytest.approx(float(likeness(z, plain).score[:12].mean()))


def test_every_interval_and_every_reference_can_be_computed(planted: Subject) -> None:
    assert estimates(TASK.score(planted), draws=50)["excess/ms"].n == 24
    found = {s.name: s for s in score(TASK, planted, frozenset(), {}).scores if s.variant == "full"}
    main = found["excess/ms"]
    assert main.floor is not None
    assert main.ci_low is not None
    assert abs(main.floor) < 0.02 < main.ci_low
    assert {r.name for r in main.references} == set(REFERENCES)
