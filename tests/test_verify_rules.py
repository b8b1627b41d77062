"""The rules of `verify`: what is near enough, what overfits, what a dictionary may be."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from benchmark.command.arguments import parser
from benchmark.contracts import Artifact, Need, silent
from benchmark.registry import Choice
from benchmark.results import Environment, ReferenceScore, Score
from benchmark.run.fitting import Fit
from benchmark.run.materials import gather
from benchmark.run.request import request
from benchmark.sae.dictionaries import Paired, Tower
from benchmark.sae.frames import DenseMap, Matched, Same
from benchmark.sources import read
from benchmark.statistics import StoredUnits
from benchmark.verification.asked import fresh_seed
from benchmark.verification.comparing import compared
from benchmark.verification.dictionaries import check_artifact, n_latents
from benchmark.verification.fresh import fresh_scores
from benchmark.verification.grouping import groups
from benchmark.verification.recorded import declarations
from benchmark.verification.refitting import likeness, refit_scores
from benchmark.verification.rescoring import Pair
from benchmark.verification.spots import Column, columns
from benchmark.verification.told import MOST_LINES, Against
from benchmark.verification.units import units_differ
from benchmark.worlds.scenes import Scenes
from tests.records import cell


def a_score(value: float = 0.5, se: float | None = 0.01, **more: Any) -> Score:
    """A main score with a floor."""
    null = ReferenceScore(name="null", kind="null", value=0.1, ci_low=0.05, ci_high=0.15, draws=20)
    facts = {"name": "r@1", "main": True, "value": value, "se": se, "n": 100, "unit": "image"}
    facts |= {"floor": 0.1, "higher_is_better": True, "references": (null,)}
    return Score(**(facts | more))


def lines(old: Score, new: Score, *, same_package: bool = True) -> list[str]:
    """What is told of two cells that differ in one score."""
    a, b = (cell(scores=(each,)) for each in (old, new))
    return compared(a, b, None, {}, same_package=same_package).lines


def test_what_is_within_the_tolerance_is_the_same():
    assert lines(a_score(0.5), a_score(0.50009)) == []
    assert lines(a_score(0.5), a_score(0.5002))[0].startswith("r@1 is 0.5 in the record, 0.5002")
    assert lines(a_score(1000.0), a_score(1000.05)) == []
    assert len(lines(a_score(1000.0), a_score(1000.2))) == 1


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"n": 99}, "r@1: n is 100 in the record, 99 again"),
        ({"se": 0.02}, "r@1: se is 0.01 in the record, 0.02 again"),
        ({"se": None}, "r@1: se is 0.01 in the record, none again"),
        ({"floor": 0.2}, "r@1: floor is 0.1 in the record, 0.2 again"),
        ({"unit": "caption"}, "r@1: unit is image in the record, caption again"),
        ({"references": ()}, "r@1: reference null is in the record, and not found again"),
    ],
)
def test_every_number_and_fact_of_a_score_counts(change: dict[str, Any], says: str):
    assert any(line.startswith(says) for line in lines(a_score(), a_score(**change)))


def test_another_processor_may_turn_a_near_tie_and_no_more():
    """A quarter of a standard error there, 1e-4 here; the error is the one that is computed now."""
    here = cell(scores=(a_score(0.5, 0.02),)).environment
    there = here.model_copy(update={"cpu": "another, AVX512, 1 thread"})

    def told(old: Score, new: Score, environment: Environment) -> list[str]:
        recorded = cell(scores=(old,)).model_copy(update={"environment": environment})
        return compared(recorded, cell(scores=(new,)), None, {}, same_package=True).lines

    near, far = a_score(0.501, 0.02), a_score(0.508, 0.02)
    assert told(near, a_score(0.5, 0.02), there) == []
    assert told(near, a_score(0.5, 0.02), here) != []
    assert told(far, a_score(0.5, 0.02), there) != []
    assert told(a_score(0.51, 0.5), a_score(0.5, 0.001), there) != []
    none = {"se": 0.0, "references": (), "floor": None}
    assert told(a_score(0.001, n=2000, **none), a_score(0.0, n=2000, **none), there) == []
    assert told(a_score(0.01, n=200, **none), a_score(0.0, n=200, **none), there) != []


def test_units_of_another_processor_are_the_same_but_for_noise():
    rng = np.random.default_rng(0)
    hits = (rng.random(1000) < 0.5).astype(float)
    losses = rng.random(1000)
    turned, shaken, forged = hits.copy(), losses + 1e-3 * rng.standard_normal(1000), losses.copy()
    turned[:2] = 1 - turned[:2]
    forged[:50] = losses[:50][::-1]
    for old, new, honest in ((hits, turned, True), (losses, shaken, True), (losses, forged, False)):
        pair = {"a": StoredUnits(old)}, {"a": StoredUnits(new)}
        assert list(units_differ(*pair))
        assert bool(list(units_differ(*pair, elsewhere=True))) != honest
    owners = (
        StoredUnits(hits, cluster=np.arange(1000)),
        StoredUnits(hits, cluster=np.ones(1000, np.int64)),
    )
    assert list(units_differ({"a": owners[0]}, {"a": owners[1]}, elsewhere=True))


def test_references_of_another_version_of_the_package_are_left_alone():
    other = a_score(references=(), floor=0.1)
    assert lines(a_score(), other, same_package=False) == []


def test_a_score_that_is_left_out_is_told():
    both = (a_score(), a_score(name="mrr", main=False))
    whole, cut = cell(scores=both), cell(scores=both[:1])
    assert compared(cut, whole, None, {}, same_package=False).lines == [
        "score mrr is not in the record"
    ]


def test_what_does_not_apply_must_not():
    refused = cell(status="not_applicable", reason="needs time", scores=())
    told = compared(refused, cell(), None, {}, same_package=True).lines
    assert told == ["is recorded as not applicable (needs time), and can be scored"]
    lost = cell(status="failed", reason="no", scores=())
    assert "was not scored again" in compared(cell(), lost, None, {}, same_package=True).lines[0]
    assert compared(refused, lost, None, {}, same_package=True).lines == []


def test_facts_of_data_and_method_count():
    told = compared(cell(), cell(supervised=True), None, {}, same_package=True).lines
    assert told == ["supervised: False in the record, True here"]
    told = compared(cell(), cell(revision="r2"), None, {}, same_package=True).lines
    assert told == ["the backend's revision: r1 in the record, r2 here"]


def test_a_few_units_may_differ_and_no_more():
    hits = np.zeros(2000)
    few, many = hits.copy(), hits.copy()
    few[:2], many[:3] = 1, 1
    told = {
        n: list(units_differ({"a": StoredUnits(hits)}, {"a": StoredUnits(u)}))
        for n, u in (("few", few), ("many", many), ("short", hits[:-1]))
    }
    assert told["few"] == []
    assert told["many"][0].startswith("a: 3 of 2,000 numbers of numerator in its units differ")
    assert told["short"][0].startswith("a: 2,000 and 1,999 numbers of numerator")
    clusters = np.arange(2000)
    moved = clusters.copy()
    moved[0] = 1
    pair = [{"a": StoredUnits(hits, cluster=c)} for c in (clusters, moved)]
    assert next(iter(units_differ(*pair))).startswith("a: 1 of 2,000 numbers of cluster")
    assert list(units_differ({"a": StoredUnits(hits)}, {})) == ["a: its units are not found again"]


def column(values: list[float], se: float | None, name: str, **more: Any) -> Column:
    """A main score at as many seeds."""
    scores = tuple(a_score(v, se, **more) for v in values)
    seeds = tuple(range(len(values)))
    return Column("b", "s", name, "fair", "r@1", "full", seeds, scores, scores)


def test_what_is_better_on_the_public_test_than_chance_allows_overfits():
    public = [column([0.60, 0.62], 0.01, "a"), column([0.60], 0.01, "b")]
    fresh = [column([0.50, 0.52], 0.01, "a"), column([0.59], 0.01, "b")]
    a, b = fresh_scores(public, fresh)
    assert (a.overfits, b.overfits) == (True, False)
    assert a.ahead == pytest.approx(0.1)
    assert a.reliable == pytest.approx(1.96 * 2**0.5 * 0.01)
    assert (a.public_floor, a.fresh_floor) == (pytest.approx(0.1), pytest.approx(0.1))
    (behind,) = fresh_scores(fresh[:1], public[:1])
    assert not behind.overfits


def test_where_less_is_better_the_public_score_is_ahead_below():
    less = {"higher_is_better": False}
    (row,) = fresh_scores([column([0.4], 0.01, "a", **less)], [column([0.5], 0.01, "a", **less)])
    assert row.overfits
    assert row.ahead == pytest.approx(0.1)
    no_end = {"higher_is_better": None}
    assert not fresh_scores(
        [column([0.4], 0.01, "a", **no_end)], [column([0.5], 0.01, "a", **no_end)]
    )


def test_of_many_scores_one_that_is_barely_ahead_is_chance():
    reach = 2.6 * 2**0.5 * 0.01
    public = [column([0.5 + (reach if i == 0 else 0.0)], 0.01, str(i)) for i in range(20)]
    fresh = [column([0.5], 0.01, str(i)) for i in range(20)]
    rows = fresh_scores(public, fresh)
    assert rows[0].ahead > (rows[0].reliable or 0)
    assert not any(row.overfits for row in rows)
    assert fresh_scores(public[:1], fresh[:1])[0].overfits


def test_scores_without_an_interval_are_shown_and_not_judged():
    (row,) = fresh_scores([column([0.9], None, "a")], [column([0.1], None, "a")])
    assert (row.reliable, row.p, row.overfits) == (None, None, False)


def test_honest_rows_are_seldom_said_to_overfit():
    """Ten scores on two samples each, 400 times: about one in a hundred submissions is wronged."""
    rng = np.random.default_rng(0)
    wronged = 0
    for _ in range(400):
        public, fresh = (
            [column([0.5 + 0.01 * rng.standard_normal()], 0.01, str(i)) for i in range(10)]
            for _ in range(2)
        )
        wronged += any(row.overfits for row in fresh_scores(public, fresh))
    assert wronged <= 12


def refitted(old: list[float], new: list[float], se: float = 0.001) -> bool:
    made = column(old, se, "a")
    (row,) = refit_scores([replace(made, again=tuple(a_score(v, se) for v in new))])
    return row.agrees


def test_fits_made_again_agree_within_what_seeds_explain():
    assert refitted([0.50, 0.52, 0.54], [0.51, 0.52, 0.53])
    assert not refitted([0.50, 0.52, 0.54], [0.50, 0.52, 0.70])
    assert not refitted([0.50, 0.52, 0.54], [0.54, 0.57, 0.58])
    assert refitted([0.5], [0.5])
    assert not refitted([0.5], [0.6])
    assert refitted([0.5, 0.5, 0.5], [0.5, 0.5, 0.50005], se=0.0)


def tower(d: int = 4, m: int = 6, **changes: Any) -> Tower:
    own = torch.Generator().manual_seed(d)
    made = Tower(
        W_enc=torch.randn(d, m, generator=own),
        b_enc=torch.zeros(m),
        W_dec=torch.randn(m, d, generator=own),
        b_dec=torch.zeros(d),
        k=2,
    )
    return replace(made, **changes)


def artifact(
    image: Tower | None = None, frame: Any = None, k: int | None = 2, **more: Any
) -> Artifact:
    image = image or tower()
    paired = Paired(image, tower(d=5), frame or Same(6))
    return Artifact(paired, None, k=k, **more)  # type: ignore[arg-type]


CONFIG = {"k": 2, "n_latents": 12}


def test_a_sound_dictionary_passes():
    check_artifact(artifact(), CONFIG)
    check_artifact(artifact(frame=Matched(6, torch.tensor([0, 1, 2, -1, -1, -1]))), CONFIG)
    maps = (torch.ones(6, 3), torch.ones(6, 3), torch.zeros(6), torch.zeros(6))
    check_artifact(artifact(frame=DenseMap(*maps)), CONFIG)
    shared = tower()
    one = Artifact(Paired(shared, shared, Same(6)), None, k=2)  # type: ignore[arg-type]
    check_artifact(one, {"k": 2, "n_latents": 6})
    assert (n_latents(one.dictionary), n_latents(artifact().dictionary)) == (6, 12)


@pytest.mark.usefixtures("as_users_run")
@pytest.mark.parametrize(
    ("changes", "says"),
    [
        (lambda: {"image": tower(b_enc=torch.zeros(3))}, "image dictionary has b_enc of shape [3]"),
        (lambda: {"image": tower(b_dec=torch.full((4,), torch.nan))}, "4 numbers in b_dec that"),
        (lambda: {"image": tower(W_dec=torch.ones(6, 4).long())}, "has W_dec of torch.int64"),
        (
            lambda: {"image": tower(W_enc=torch.ones(1, 4, 6), W_dec=torch.ones(6, 4, 1))},
            "W_enc of shape [1, 4, 6], wanted [d, m]",
        ),
        (lambda: {"image": tower(k=7)}, "has k 7, wanted 1 to its 6 latents"),
        (lambda: {"image": tower(scale=float("inf"))}, "has scale inf"),
        (lambda: {"frame": Same(7)}, "its frame has 7 latents"),
        (lambda: {"frame": Matched(5, torch.full((6,), -1))}, "its map is of 5 image and [6]"),
        (lambda: {"frame": Matched(6, torch.full((6,), -3))}, "names latents that there are not"),
        (lambda: {"k": 3}, "truncated to k = 3, the cells say k = 2"),
        (lambda: {"image": tower(m=8), "frame": Same(8)}, "its frame has 8 latents"),
        (lambda: {"patch": {"w": torch.tensor([torch.inf])}}, "its patch of w holds numbers"),
    ],
)
def test_a_dictionary_that_no_method_leaves(changes: Any, says: str):
    with pytest.raises(ValueError, match=r".") as caught:
        check_artifact(artifact(**changes()), CONFIG)
    assert says in str(caught.value)


def test_more_latents_than_the_budget():
    with pytest.raises(ValueError, match="it has 12 latents, the cells say n_latents = 10"):
        check_artifact(artifact(), CONFIG | {"n_latents": 10})


def test_latents_of_one_start_are_alike_and_of_two_are_not():
    first, other = (Fit(artifact(tower(d)), str(d), None, 0, None) for d in (4, 4))
    noisy = tower(W_dec=tower().W_dec + 0.01)
    near = Fit(artifact(noisy), "near", None, 0, None)
    assert likeness(first, other) == pytest.approx(1.0)
    assert (likeness(first, near) or 0) > 0.99
    turned = Fit(artifact(tower(W_dec=tower().W_dec.flip(0))), "turned", None, 0, None)
    assert (likeness(first, turned) or 0) < 0.5
    wide = Fit(artifact(tower(d=9)), "wide", None, 0, None)
    assert likeness(first, wide) is None


SOURCE = '''"""X."""
class X(Method):
    needs = frozenset({Need.PAIRS, Need.CONCEPTS})
    provides: ClassVar[frozenset] = frozenset({Need.LATENTS, Need.PATCH})
    site = "tower"

    def fit(self, data):
        raise SystemExit
'''


def test_what_a_class_says_is_read_and_not_run(tmp_path: Path):
    path = tmp_path / "x.py"
    path.write_text(SOURCE)
    said = declarations(Choice(read(path, "method")))
    assert said["needs"] == {Need.PAIRS, Need.CONCEPTS}
    assert said["provides"] == {Need.LATENTS, Need.PATCH}
    assert said["site"] == "tower"
    path.write_text("class X:\n    def fit(self, data):\n        pass\n")
    said = declarations(Choice(read(path, "method")))
    assert said == {"needs": {Need.PAIRS}, "provides": {Need.LATENTS}}


class Everything:
    """No part of a submission is left out."""

    seeds = backends = tasks = ()


def test_cells_are_scored_with_the_seeds_that_they_looked_at():
    alone = [cell(seed=s) for s in (0, 1, 2)]
    (one,) = groups(alone, Everything())  # type: ignore[arg-type]
    assert (one.seeds, one.wanted, one.tasks) == ((0, 1, 2), (0, 1, 2), ("retrieval",))
    looked = cell(task="stability", seed=0).model_copy(update={"siblings": (1, 5)})
    found = groups([*alone, looked], Everything())  # type: ignore[arg-type]
    assert [(group.seeds, group.wanted) for group in found] == [
        ((0, 1, 5), (0, 1)),
        ((0, 1, 2), (2,)),
    ]
    two = groups([cell(seed=0), cell(seed=0, variant="paper")], Everything())  # type: ignore[arg-type]
    assert [group.variant for group in two] == ["fair", "paper"]


def test_main_scores_are_joined_over_seeds():
    pairs = [
        Pair(cell(seed=s, scores=(a_score(s / 10),)), cell(seed=s, scores=(a_score(),)), {})
        for s in (2, 0, 1)
    ]
    (found,) = columns(pairs)
    assert found.seeds == (0, 1, 2)
    assert [s.value for s in found.recorded] == [0.0, 0.1, 0.2]
    assert {s.value for s in found.again} == {0.5}


def test_reasons_are_said_once_and_no_terminal_obeys_them():
    against = Against()
    for seed in range(3):
        against.cell(cell(seed=seed), ["bad \x1b[31mthing", "more"])
    for i in range(MOST_LINES + 5):
        against.add(f"reason {i}")
    assert against.size == MOST_LINES + 8
    assert against.reasons[-1] == "and 6 more reasons"
    alone = Against()
    alone.cell(cell(), ["bad \x1b[31mthing", "more"])
    assert "\x1b" not in alone.reasons[0]
    assert "(and 1 more of this cell)" in alone.reasons[0]


def test_the_seed_of_a_fresh_test_is_nobody_s(monkeypatch: pytest.MonkeyPatch):
    assert fresh_seed("none", "a" * 64) is None
    assert fresh_seed("12", "a" * 64) == 12
    assert fresh_seed(None, "a" * 64) != fresh_seed(None, "a" * 64)
    monkeypatch.setenv("BENCHMARK_VERIFY_SECRET", "words")
    kept = {fresh_seed(None, digest * 64) for digest in "aab"}
    assert len(kept) == 2
    assert all(1 <= (seed or 0) < 2**53 for seed in kept)


def test_a_fresh_test_of_scenes_changes_the_test_alone():
    known = Scenes(sizes=(200, 50, 1000))
    fresh = known.with_fresh_test(77)
    for name in ("train", "val"):
        assert fresh.split(name).scenes == known.split(name).scenes  # type: ignore[arg-type]
        assert fresh.split(name).ids == known.split(name).ids  # type: ignore[arg-type]
    old, new = (each.split("test") for each in (known, fresh))
    assert not set(old.ids) & set(new.ids)
    shown = {(s.background, s.slots) for s in known.split("train").scenes if s.slots}
    assert not shown & {(s.background, s.slots) for s in new.scenes}
    assert 0.04 < new.has_held_out.mean() < 0.14
    assert known.revision == Scenes(sizes=(200, 50, 1000)).revision != fresh.revision
    assert fresh.revision == known.with_fresh_test(77).revision
    assert fresh.split("all").scenes[:250] == known.split("all").scenes[:250]
    assert fresh.split("all").scenes[250:] == new.scenes
    with pytest.raises(ValueError, match="draws test scenes that everybody knows"):
        known.with_fresh_test(0)


def test_a_fresh_test_of_the_planted_world_is_of_the_same_dictionary(tmp_path: Path):
    words = ["run", "--method", "identity", "--backend", "synthetic:tiny", "--output-path"]
    asked = request(parser().parse_args([*words, str(tmp_path)]))
    known = gather("synthetic:tiny", asked, silent, print)
    fresh = replace(known, judging=known.data.with_fresh_test(5), _kept={})  # type: ignore[attr-defined]
    for name in ("train", "val"):
        assert torch.equal(fresh.split(name).image, known.split(name).image)  # type: ignore[arg-type]
    assert fresh.split("test").image.shape == known.split("test").image.shape
    assert not torch.equal(fresh.split("test").image, known.split("test").image)
    assert fresh.examples["test"].ids == known.examples["test"].ids
    planted = fresh.judging.planted, known.data.planted  # type: ignore[union-attr]
    assert torch.equal(planted[0].image_atoms, planted[1].image_atoms)
    assert fresh.revision != known.revision
    assert fresh.where != known.where
