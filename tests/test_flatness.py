"""Flatness against a test written out at every margin, by hand, at its edges and by its size."""

from __future__ import annotations

import dataclasses
import itertools
from typing import Any

import numpy as np
import pytest
from scipy import stats

from benchmark.statistics import Flatness, flatness
from benchmark.statistics.calibration.rates import flatness_rates
from benchmark.statistics.calibration.settings import Setting, spread
from benchmark.statistics.calibration.worlds import World


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def flat(profiles: Any, **given: float) -> Flatness:
    """Flatness of one scene a concept."""
    effects = np.asarray(profiles, dtype=float)
    return flatness(effects, np.arange(len(effects)), **given)


def drawn(seed: int, k: int = 12, b: int = 6, scatter: float = 0.1) -> np.ndarray:
    r = rng(seed)
    tilt = r.uniform(0, 0.6) * np.linspace(-0.5, 0.5, b)
    return 1 + tilt + 0.3 * r.normal(size=(k, 1)) + scatter * r.normal(size=(k, b))


def contrast_bounds(profiles: np.ndarray, margin: float) -> tuple[float, float]:
    """Largest upper bound and largest corrected lower bound over ordered pairs, written out."""
    k, b = profiles.shape
    plain, corrected = stats.t.ppf([0.95, 1 - 0.05 / (b * (b - 1))], k - 1)
    uppers, lowers = [], []
    for i, j in itertools.permutations(range(b), 2):
        c = profiles[:, i] - profiles[:, j] - margin * profiles.mean(1)
        se = c.std(ddof=1) / np.sqrt(k)
        uppers.append(c.mean() + plain * se)
        lowers.append(c.mean() - corrected * se)
    return max(uppers), max(lowers)


# -------------------------------------------------------------------------------- known answers


def test_two_blocks_by_hand() -> None:
    """Concepts whose effect is 1 and whose blocks differ by .4, .5 and .6: t is all there is."""
    found = flat([[1.2, 0.8], [1.25, 0.75], [1.3, 0.7]])
    assert (found.mean, found.spread) == (pytest.approx(1), pytest.approx(0.5))
    assert found.high == pytest.approx(0.5 + 2.919986 * 0.1 / np.sqrt(3))
    assert found.low == pytest.approx(0.5 - 4.302653 * 0.1 / np.sqrt(3), rel=1e-6)
    assert (found.n_concepts, found.verdict) == (3, "not flat")
    assert flat([[1.2, 0.8], [1.25, 0.75], [1.3, 0.7]], margin=0.3).verdict == "unresolved"
    assert flat([[1.2, 0.8], [1.25, 0.75], [1.3, 0.7]], margin=0.7).verdict == "flat"


@pytest.mark.parametrize("seed", range(12))
def test_bounds_are_the_margins_at_which_the_written_out_test_turns(seed: int) -> None:
    profiles = drawn(seed, k=6 + seed, b=2 + seed % 5)
    found = flat(profiles)
    assert found.low is not None
    assert found.high is not None
    assert found.low <= found.spread / found.mean <= found.high
    assert contrast_bounds(profiles, found.high)[0] == pytest.approx(0, abs=1e-9)
    for margin in np.linspace(0.01, 1, 60):
        upper, lower = contrast_bounds(profiles, margin)
        at = flat(profiles, margin=margin)
        assert (at.low, at.high) == (found.low, found.high)
        expected = "flat" if upper <= 0 else "not flat" if lower > 0 else "unresolved"
        assert at.verdict == expected
    if found.low > 0:
        assert contrast_bounds(profiles, found.low)[1] == pytest.approx(0, abs=1e-9)


def test_the_low_bound_is_safe_where_the_mean_is_barely_there() -> None:
    """Resolved at 5 % and not at a thirtieth of it: the quadratic opens downwards."""
    checked = 0
    for seed in range(200):
        r = rng(seed)
        effect = 0.6 + r.normal(size=(8, 1))
        profiles = effect + np.array([2.0, 1, 0, -3]) + 0.5 * r.normal(size=(8, 4))
        found = flat(profiles)
        t = stats.ttest_1samp(profiles.mean(1), 0).statistic
        if stats.t.ppf(0.95, 7) < t < stats.t.ppf(1 - 0.05 / 12, 7):
            checked += 1
            assert found.low is not None
            assert found.low <= found.spread / found.mean
            for margin in np.linspace(0.001, max(found.low, 0.01), 10, endpoint=False):
                said = contrast_bounds(profiles, margin)[1] > 0
                assert said or found.low == 0
    assert checked > 10


def test_concepts_count_the_same_however_many_scenes_they_have() -> None:
    profiles = drawn(1, k=7)
    counts = np.array([1, 5, 2, 60, 3, 1, 10])
    repeated = flatness(np.repeat(profiles, counts, 0), np.repeat(np.arange(7), counts))
    alone = flat(profiles)
    assert repeated.verdict == alone.verdict
    assert (repeated.low, repeated.high) == pytest.approx((alone.low, alone.high))
    assert repeated.n_concepts == 7


def test_labels_orders_and_units_of_measure_do_not_matter() -> None:
    profiles, order = drawn(2), rng(3).permutation(12)
    a = flat(profiles)
    shuffled = profiles[order][:, [3, 1, 0, 5, 4, 2]]
    b = flatness(7 * shuffled, np.arange(12) * 5 - 20)
    assert (b.low, b.high, b.verdict) == (pytest.approx(a.low), pytest.approx(a.high), a.verdict)
    assert (b.mean, b.spread) == (pytest.approx(7 * a.mean), pytest.approx(7 * a.spread))


@pytest.mark.usefixtures("as_users_run")
def test_effects_of_mentions_may_be_whole_numbers() -> None:
    mentions = rng(4).integers(-1, 2, (40, 3))
    concept = np.repeat(np.arange(8), 5)
    assert flatness(mentions, concept) == flatness(mentions.astype(float), concept)


# ------------------------------------------------------------------------------------- the edges


def test_a_profile_of_zeros_has_no_effect() -> None:
    found = flat(np.zeros((8, 5)))
    assert (found.mean, found.spread, found.low, found.high) == (0, 0, None, None)
    assert found.verdict == "no effect"


def test_an_effect_below_zero_is_none() -> None:
    assert flat(-drawn(5)).verdict == "no effect"


@pytest.mark.parametrize(("k", "verdict"), [(2, "unresolved"), (4, "unresolved"), (5, "flat")])
def test_concepts_that_are_all_alike_say_something_from_five_on(k: int, verdict: str) -> None:
    """Whatever the number: 2^−4 is 6 % and no claim at 5 %, 2^−5 is one."""
    for value in (1.0, 0.1, 1 / 3):
        found = flat(np.full((k, 6), value))
        assert found.verdict == verdict
        assert (found.high is None) is (verdict == "unresolved")
        assert found.high is None or found.high == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(("b", "verdict"), [(0.15, "flat"), (0.150001, "not flat")])
def test_a_spread_that_no_concept_moves_is_known_to_the_last_digit(b: float, verdict: str) -> None:
    found = flat(np.tile([1 + b / 2, 1, 1 - b / 2], (9, 1)))
    assert found.verdict == verdict
    assert found.low == pytest.approx(found.high)
    assert found.high == pytest.approx(b)


def test_profiles_of_one_shape_and_many_sizes_have_an_exact_share() -> None:
    sizes = rng(6).uniform(0.5, 2, (8, 1))
    found = flat(sizes * np.array([1.2, 1.0, 0.8]))
    assert (found.low, found.high) == (pytest.approx(0.4), pytest.approx(0.4))
    assert found.verdict == "not flat"


def test_a_single_concept_or_block_resolves_nothing() -> None:
    one = flatness(np.ones((20, 4)), np.zeros(20, int))
    assert (one.verdict, one.low, one.high, one.n_concepts) == ("unresolved", None, None, 1)
    block = flat(drawn(7)[:, :1])
    assert (block.verdict, block.spread, block.high) == ("unresolved", 0, None)
    assert flat(np.zeros((6, 1))).verdict == "no effect"


def test_one_huge_concept_takes_every_claim_away() -> None:
    profiles = np.full((12, 6), 1.0) + 0.01 * rng(8).normal(size=(12, 6))
    assert flat(profiles).verdict == "flat"
    profiles[3] *= 1e6
    assert flat(profiles).verdict == "no effect"
    profiles[3] = [1e3, 0, 0, 0, 0, -1e3]
    assert flat(profiles).verdict == "unresolved"


def test_the_verdict_cannot_be_changed_afterwards() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        flat(drawn(9)).verdict = "flat"  # type: ignore[misc]


# -------------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("effects", "concept", "says"),
    [
        (np.zeros((0, 3)), np.zeros(0, int), "at least one"),
        (np.zeros((3, 0)), np.arange(3), "at least one"),
        (np.zeros(3), np.arange(3), "shape"),
        (np.array([[1.0, np.nan], [1, 1]]), np.arange(2), "unit 0 has nan at block 1"),
        (np.array([[1.0, 1], [np.inf, 1]]), np.arange(2), "unit 1 has inf"),
        (np.ones((3, 2)), np.arange(2), "3 integers"),
        (np.ones((3, 2)), np.array([0.0, 1, 2]), "integers"),
    ],
)
@pytest.mark.usefixtures("as_users_run")
def test_what_is_no_table_of_effects_is_refused_in_one_line(
    effects: Any, concept: Any, says: str
) -> None:
    with pytest.raises(ValueError, match=says) as caught:
        flatness(effects, concept)
    assert "wanted" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("given", [{"margin": 0.0}, {"margin": np.nan}, {"level": 0.5}])
def test_a_margin_or_level_that_is_none_is_refused(given: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="wanted"):
        flat(drawn(10), **given)


# ------------------------------------------------------------------------------- size and power

REPEATS = 400


def rates(claim: str, mean: tuple[float, ...], **world: Any) -> float:
    setting = Setting("flatness", "", claim, World(**world), mean)
    return flatness_rates(setting, rng(11), REPEATS).get(claim, 0.0)


def holds(rate: float) -> bool:
    lowest, highest = stats.binom.ppf([1e-3, 1 - 1e-3], REPEATS, 0.05) / REPEATS
    return bool(lowest <= rate <= highest)


@pytest.mark.parametrize("n_concepts", [6, 12])
def test_flat_is_wrong_in_five_of_a_hundred_at_the_margin_and_less_elsewhere(
    n_concepts: int,
) -> None:
    narrow = {"own": 0.03, "noise": 0.1, "n_concepts": n_concepts}
    assert holds(rates("flat", spread("pair", 1, 0.15, 2), n_concepts=n_concepts))
    assert holds(rates("flat", spread("pair", 1, 0.15), **narrow))
    assert rates("flat", spread("halves", 1, 0.15), **narrow) < 0.03
    assert rates("flat", spread("pair", 1, 0.15), own=0.5, n_concepts=n_concepts) < 0.03


def test_not_flat_and_an_effect_are_rarely_wrong() -> None:
    assert rates("not flat", spread("halves", 1, 0.15), own=0.03, noise=0.1) < 0.05
    assert rates("not flat", spread("halves", 1, 0.15), own=0.5, noise=1.0) < 0.05
    assert holds(rates("an effect", (0.0,) * 6))


def test_what_is_there_is_found() -> None:
    narrow = {"own": 0.03, "noise": 0.1}
    assert rates("flat", spread("slope", 1, 0.0), **narrow) > 0.99
    assert rates("not flat", spread("slope", 1, 0.3), **narrow) > 0.95
    assert rates("not flat", spread("slope", 0.5, 0.8), effects="mentions") > 0.95
