"""Statistics against known answers: analytic errors, simulated coverage, textbook adjustments."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from scipy import stats

from benchmark.statistics import (
    Refusal,
    StoredUnits,
    estimate,
    estimates,
    floor,
    holm,
    kendall_tau,
    minimum_reliable_difference,
    normalised,
    null_summary,
    over_seeds,
    paired,
    point_value,
    resolved_by,
    stored,
    tiers,
)
from benchmark.statistics.resampling import blocks


@dataclass
class U:
    """Units as a task returns them."""

    numerator: Any
    denominator: Any = None
    cluster: Any = None
    value: Any = None


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


# ------------------------------------------------------------------------------ one estimate


def test_mean_has_the_analytic_standard_error_and_t_interval() -> None:
    x = rng().normal(3, 2, 400)
    found = estimate(U(x))
    se = x.std(ddof=1) / 20
    reach = stats.t.ppf(0.975, 399) * se
    assert found.value == pytest.approx(x.mean(), abs=1e-12)
    assert found.se == pytest.approx(se, rel=1e-9)
    assert found.low == pytest.approx(x.mean() - reach, abs=0.1 * se)
    assert found.high == pytest.approx(x.mean() + reach, abs=0.1 * se)
    assert (found.n, found.n_clusters, found.shape) == (400, 400, "bca")


def test_ratio_is_the_ratio_of_sums_with_the_linearised_standard_error() -> None:
    d = rng(1).gamma(5, size=300)
    n = d * rng(2).beta(6, 2, size=300)
    found = estimate(U(n, d))
    ratio = n.sum() / d.sum()
    influence = (n - ratio * d) / d.mean()
    assert found.value == pytest.approx(ratio)
    assert found.se == pytest.approx(influence.std(ddof=1) / np.sqrt(300))


def test_repeated_units_of_a_cluster_do_not_make_the_interval_narrower() -> None:
    x = rng(3).normal(size=100)
    alone = estimate(U(x))
    repeated = estimate(U(np.repeat(x, 5), None, np.repeat(np.arange(100), 5)))
    naive = estimate(U(np.repeat(x, 5)))
    assert repeated.se == pytest.approx(alone.se, rel=1e-9)
    assert repeated.low == pytest.approx(alone.low)
    assert (repeated.n, repeated.n_clusters) == (500, 100)
    assert alone.se > 2 * naive.se


def test_cluster_labels_and_order_do_not_matter() -> None:
    x, c = rng(4).normal(size=60), np.repeat(np.arange(20), 3)
    order = rng(5).permutation(60)
    a = estimate(U(x, None, c))
    b = estimate(U(x[order], None, (c * 7 - 50)[order]))
    assert (b.low, b.high) == pytest.approx((a.low, a.high), abs=1e-12)


@pytest.mark.parametrize("scale", [10.0, 1e-6])
def test_scaling_units_scales_the_interval(scale: float) -> None:
    x = rng(6).normal(2, 1, 80)
    a, b = estimate(U(x)), estimate(U(scale * x))
    assert np.array([b.value, b.low, b.high, b.se]) / scale == pytest.approx(
        [a.value, a.low, a.high, a.se], rel=1e-9
    )


def test_same_numbers_every_time_and_fewer_draws_are_the_first_of_more() -> None:
    x = U(rng(7).normal(size=50))
    assert estimate(x) == estimate(x)
    few, many = (np.concatenate(list(blocks(50, n))) for n in (10, 2000))
    assert np.array_equal(few, many[:10])
    assert (many.sum(1) == 50).all()
    assert len(np.unique(many, axis=0)) == 2000
    weights = np.concatenate(list(blocks(3000, 900)))
    assert len(np.unique(weights[:, :50], axis=0)) > 890


def test_metrics_of_one_call_do_not_change_each_other() -> None:
    x, d = rng(8).normal(size=40), rng(9).random(40)
    together = estimates({"a": U(x), "b": U(x, d), "c": U(x[:20])})
    assert together["a"] == estimate(U(x))
    assert together["b"] == estimate(U(x, d))
    assert together["c"] == estimate(U(x[:20]))


def test_units_that_are_not_eligible_count_for_nothing() -> None:
    hits = U(np.array([1.0, 0, 1, 1, 0, 0, 0, 0]), np.array([1.0, 1, 1, 1, 0, 0, 0, 0]))
    found = estimate(hits)
    assert (found.value, found.n, found.n_clusters) == (0.75, 4, 4)
    assert found == estimate(U(np.array([1.0, 0, 1, 1])))


def test_value_function_gets_weights_of_whole_clusters() -> None:
    x, c = rng(10).normal(size=60), np.repeat(np.arange(20), 3)

    def mean(w: np.ndarray) -> float:
        assert (w[0::3] == w[1::3]).all()
        assert w.sum() == 60
        return float((w * x).sum() / w.sum())

    found, ratio = estimate(U(x, None, c, mean)), estimate(U(x, None, c), draws=500)
    assert found.value == pytest.approx(ratio.value)
    assert (found.low, found.high) == pytest.approx((ratio.low, ratio.high), abs=1e-9)


# --------------------------------------------------------------------------- honest at the edge


def test_all_hits_or_none_get_a_wilson_interval_and_never_a_point() -> None:
    for value in (0.0, 1.0):
        found = estimate(U(np.full(20, value)))
        far = stats.t.ppf(0.975, 19) ** 2
        width = far / (20 + far)
        assert found.shape == "wilson"
        assert found.high - found.low == pytest.approx(width)
        assert found.value in (found.low, found.high)
        assert found.se > 0
    many = estimate(U(np.ones(100), None, np.repeat(np.arange(20), 5)))
    assert many.low == pytest.approx(1 - width)


def test_proportion_matches_wilson_at_the_textbook_value() -> None:
    found = estimate(U(np.r_[np.ones(30), np.zeros(970)]))
    p, n, z = 0.03, 999, stats.t.ppf(0.975, 999)
    centre = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    assert (found.low, found.high) == pytest.approx((centre - half, centre + half), abs=2e-5)


def test_constant_units_that_are_no_proportion_have_no_width() -> None:
    found = estimate(U(np.full(30, 16.0)))
    assert (found.value, found.low, found.high, found.se) == (16, 16, 16, 0)
    ties = estimate(U(np.full(30, 1 / 30)))
    assert ties.high - ties.low < 1e-12


def test_a_single_cluster_has_a_value_and_no_interval() -> None:
    found = estimate(U(np.array([1.0, 2.0, 4.0]), None, np.zeros(3, int)))
    assert found.value == pytest.approx(7 / 3)
    assert (found.low, found.high, found.se, found.shape) == (None, None, None, "undefined")
    assert estimate(U(np.array([5.0]))).low is None


def test_interval_is_undefined_where_too_many_draws_have_no_score() -> None:
    x = np.r_[np.ones(2), np.zeros(18)]
    found = estimate(
        U(x, value=lambda w: float((w * x).sum() / (w * x).sum()) if w @ x else np.nan)
    )
    assert found.value == 1
    assert (found.low, found.shape) == (None, "undefined")


def test_the_interval_always_holds_the_value() -> None:
    for seed in range(60):
        x = rng(seed).lognormal(0, 2.5, 4)
        found = estimate(U(x))
        assert found.low <= found.value <= found.high


# ------------------------------------------------------------------------------------ refusals


@pytest.mark.parametrize(
    ("units", "says"),
    [
        (U(np.zeros(0)), "no units"),
        (U(np.array([1.0, np.nan])), "unit 1 is nan"),
        (U(np.array([1.0, np.inf])), "not finite"),
        (U(np.ones(3), np.array([1.0, np.nan, 1])), "denominator of unit 1"),
        (U(np.ones(3), np.zeros(3)), "add up to 0"),
        (U(np.ones(3), np.ones(2)), "shape"),
        (U(np.ones((3, 2))), "shape"),
        (U(np.ones(3), None, np.arange(2)), "cluster"),
        (U(np.ones(3), None, np.array([0.5, 1, 2])), "integers"),
        (U(np.ones(3), value=lambda _: float("nan")), "is nan"),
    ],
)
def test_units_without_a_score_are_refused_in_one_line(units: U, says: str) -> None:
    for ask in (estimate, point_value):
        with pytest.raises(ValueError, match=says) as caught:
            ask(units, name="hit@1")
        assert "hit@1" in str(caught.value)
        assert "\n" not in str(caught.value)


# ------------------------------------------------------------------------------------ coverage

DRAWN = {
    "normal": (lambda r, n: U(r.normal(size=n)), 0.0),
    "rare hits": (lambda r, n: U((r.random(n) < 0.05) * 1.0), 0.05),
    "hits": (lambda r, n: U((r.random(n) < 0.6) * 1.0), 0.6),
    "explained variance": (lambda r, n: _explained(r, n), 0.75),
    "captions of images": (lambda r, n: _captions(r, n), 0.8),
}


def _explained(r: np.random.Generator, n: int) -> U:
    total = r.gamma(5, size=n)
    return U(total - total * r.beta(2, 6, size=n), total)


def _captions(r: np.random.Generator, n: int) -> U:
    p = r.beta(1.6, 0.4, size=n)
    hit = r.random((n, 5)) < p[:, None]
    return U(hit.ravel() * 1.0, None, np.repeat(np.arange(n), 5))


@pytest.mark.parametrize("n", [20, 200])
@pytest.mark.parametrize("name", DRAWN)
def test_95_percent_intervals_hold_the_truth_as_often_as_they_say(name: str, n: int) -> None:
    draw, truth = DRAWN[name]
    r, repeats = rng(11), 300
    found = [estimate(draw(r, n), draws=600) for _ in range(repeats)]
    held = sum(e.low <= truth <= e.high for e in found)
    lowest, highest = stats.binom.ppf([1e-3, 1 - 1e-3], repeats, [0.94, 0.965])
    assert lowest <= held <= max(highest, repeats * 0.99)


# -------------------------------------------------------------------------------------- paired


def test_paired_difference_has_the_standard_error_of_the_differences() -> None:
    shared = rng(12).normal(0, 5, 300)
    a, b = shared + rng(13).normal(0.2, 1, 300), shared + rng(14).normal(0, 1, 300)
    found = paired(U(a), U(b))
    se = (a - b).std(ddof=1) / np.sqrt(300)
    assert found.value == pytest.approx((a - b).mean())
    assert found.se == pytest.approx(se)
    assert found.p == pytest.approx(stats.ttest_rel(a, b).pvalue, abs=0.02)
    assert found.high - found.low < 0.4 * (estimate(U(a)).high - estimate(U(a)).low)


def test_paired_swaps_sign_with_its_sides() -> None:
    a, b = U(rng(15).normal(size=200)), U(rng(16).normal(size=200))
    one, other = paired(a, b), paired(b, a)
    assert one.value == -other.value
    assert (one.low, one.high) == pytest.approx((-other.high, -other.low), abs=2e-3)
    assert one.p == pytest.approx(other.p, abs=0.01)


@pytest.mark.parametrize("shift", [0.05, 0.12, 0.14, 0.16, 0.3])
def test_p_agrees_with_the_interval(shift: float) -> None:
    x = rng(17).exponential(size=(2, 150))
    a, b = U(x[0] - x[0].mean() + shift), U(np.zeros(150))
    p = paired(a, b).p
    for slack, level in ((1e-2, 1 - p * 1.02), (1e-2, 1 - p * 0.98)):
        if not 0.01 < level < 0.999:
            continue
        low = paired(a, b, level=level).low
        assert (low > 0) is (level < 1 - p) or abs(low) < slack


def test_a_difference_that_is_not_there_is_claimed_in_five_of_a_hundred() -> None:
    r, repeats = rng(18), 300
    p = [paired(U(r.exponential(size=40)), U(r.exponential(size=40)), draws=600).p
         for _ in range(repeats)]  # fmt: skip
    claimed = sum(each < 0.05 for each in p)
    assert stats.binom.ppf(1e-3, repeats, 0.05) <= claimed <= stats.binom.ppf(0.999, repeats, 0.06)


def test_identical_sides_are_the_same_with_certainty() -> None:
    x = U(rng(19).normal(size=50))
    found = paired(x, x)
    assert (found.value, found.low, found.high, found.p) == (0, 0, 0, 1)


def test_all_hits_against_none_is_not_a_point_at_small_n() -> None:
    found = paired(U(np.ones(6)), U(np.zeros(6)))
    assert found.value == found.high == 1
    assert 0 < found.low < 0.8
    assert found.se > 0
    assert found.p == pytest.approx(2.0**-5)
    assert paired(U(np.ones(50)), U(np.zeros(50))).low > found.low


def test_paired_keeps_each_sides_own_eligibility() -> None:
    a = U(np.array([1.0, 0, 1, 0, 0]), np.array([1.0, 1, 1, 0, 0]))
    b = U(np.array([0.0, 0, 1, 1, 0]), np.array([0.0, 1, 1, 1, 0]))
    found = paired(a, b)
    assert found.value == pytest.approx(0)
    assert (found.n, found.n_clusters) == (4, 4)
    pull = np.array([1 / 9, -2 / 9, 1 / 9, 0]) - np.array([0, -2 / 9, 1 / 9, 1 / 9])
    assert found.se == pytest.approx(np.sqrt(4 / 3 * (pull**2).sum()))


@pytest.mark.parametrize(
    ("a", "b", "says"),
    [
        (U(np.ones(4)), U(np.ones(5)), "4 units against 5"),
        (U(np.ones(4), None, np.arange(4)), U(np.ones(4), None, np.array([0, 1, 2, 2])), "unit 3"),
        (U(np.ones(4)), U(np.ones(4), None, np.array([0, 1, 2, 2])), "cluster 3 and 2"),
    ],
)
def test_units_that_are_not_the_same_are_never_paired(a: U, b: U, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        paired(a, b)


def test_scores_that_are_functions_pair_after_being_stored() -> None:
    x, y = rng(20).normal(size=(2, 80))
    a, b = (U(v, value=lambda w, v=v: float(np.average(v, weights=w))) for v in (x, y))
    fresh = paired(a, b)
    kept = [stored(u, estimate(u)) for u in (a, b)]
    assert all(k.value is None and k.replicates is not None for k in kept)
    again = paired(*kept)
    assert again == fresh
    assert paired(U(x), U(y), draws=500).low == pytest.approx(fresh.low)
    other = StoredUnits(x, None, None, kept[1].point, kept[1].replicates, 12345)
    with pytest.raises(ValueError, match="other bootstrap draws"):
        paired(kept[0], other)


# --------------------------------------------------------------------------------------- seeds


def test_over_seeds_is_the_formula() -> None:
    found = over_seeds([0.5, 0.6, 0.7], [0.03, 0.04, 0.05])
    items = (0.03**2 + 0.04**2 + 0.05**2) / 3
    root = np.sqrt(0.01 / 3 + items)
    assert found.value == pytest.approx(0.6)
    assert found.s_seed == pytest.approx(0.1)
    assert found.se == pytest.approx(root)
    assert found.high - found.value == pytest.approx(4.302653 * root, rel=1e-6)
    assert found.mrd == pytest.approx(1.96 * np.sqrt(2) * root)
    assert found.p == pytest.approx(2 * stats.t.sf(0.6 / root, 2))


def test_more_seeds_do_not_make_the_test_set_larger() -> None:
    many = over_seeds([0.499, 0.501] * 50, 0.04)
    assert many.se == pytest.approx(0.04, rel=1e-4)


def test_seeds_that_change_nothing_leave_the_interval_of_the_items() -> None:
    found = over_seeds([0.69, 0.69], 0.04)
    assert (found.s_seed, found.se) == (0, pytest.approx(0.04))
    assert found.high - found.value == pytest.approx(1.959964 * 0.04)
    assert found.p == pytest.approx(2 * stats.norm.sf(0.69 / 0.04))


def test_welch_degrees_meet_the_formula_where_seeds_dominate() -> None:
    scores = [0.5, 0.6, 0.7]
    for item, same in ((0.0, True), (0.2, False)):
        plain, welch = (over_seeds(scores, item, degrees=d) for d in ("seeds", "welch"))
        assert plain.se == welch.se
        assert (plain.high == pytest.approx(welch.high)) is same
    root = 0.01 / 3 + 0.04
    df = root**2 / ((0.01 / 3) ** 2 / 2)
    assert welch.high - welch.value == pytest.approx(stats.t.ppf(0.975, df) * root**0.5)


def test_one_seed_says_nothing_of_seeds() -> None:
    found = over_seeds([0.5], [0.04])
    assert (found.low, found.high, found.mrd, found.s_seed) == (None, None, None, None)
    assert (found.value, found.se, found.n_seeds) == (0.5, 0.04, 1)


@pytest.mark.parametrize(("item_se", "most"), [(0.0, 0.95), (0.01, 1.0)])
def test_over_seeds_holds_the_truth(item_se: float, most: float) -> None:
    """Exactly as often as it says where only seeds vary; more often where items do too."""
    r, held = rng(21), 0
    for _ in range(1500):
        items, seeds = r.normal(0, item_se), r.normal(0, 0.05, 3)
        found = over_seeds(0.5 + items + seeds, item_se)
        held += found.low <= 0.5 <= found.high
    assert stats.binom.ppf(1e-3, 1500, 0.95) <= held <= stats.binom.ppf(0.999, 1500, most)


@pytest.mark.parametrize(("values", "ses"), [([], []), ([0.5, np.nan], 0.1), ([0.5], [np.inf])])
def test_over_seeds_refuses_what_is_no_score(values: list[float], ses: Any) -> None:
    with pytest.raises(ValueError, match="finite"):
        over_seeds(values, ses)


def test_minimum_reliable_difference_of_two_errors() -> None:
    assert minimum_reliable_difference(0.1) == pytest.approx(0.277186, rel=1e-5)
    assert minimum_reliable_difference(0.3, 0.4) == pytest.approx(1.96 * 0.5)


# --------------------------------------------------------------------- families, tiers, agreement


def test_holm_textbook_example() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []
    with pytest.raises(ValueError, match="from 0 to 1"):
        holm([0.1, float("nan")])


def test_tiers_open_only_where_the_head_is_resolved() -> None:
    values = {"d": 0.1, "a": 0.9, "b": 0.88, "c": 0.5, "e": 0.84}
    assert tiers(values, resolved_by(values, 0.05)) == {"a": 1, "b": 1, "e": 2, "c": 3, "d": 4}
    assert list(tiers(values, resolved_by(values, 9.0)).values()) == [1] * 5
    down = tiers(values, resolved_by(values, 0.05), higher_is_better=False)
    assert down == {"d": 1, "c": 2, "e": 3, "b": 3, "a": 4}
    assert tiers({}, resolved_by({}, 0.1)) == {}


def test_tiers_do_not_depend_on_the_order_given() -> None:
    values = {"x": 0.5, "y": 0.5, "z": 0.3}
    backwards = dict(reversed(values.items()))
    assert tiers(values, resolved_by(values, 0.1)) == tiers(backwards, resolved_by(values, 0.1))


def test_tiers_ask_a_pairwise_decision_with_the_better_first() -> None:
    asked: list[tuple[str, str]] = []

    def decide(a: str, b: str) -> bool:
        asked.append((a, b))
        return b == "c"

    assert tiers({"c": 1.0, "a": 3.0, "b": 2.0}, decide) == {"a": 1, "b": 1, "c": 2}
    assert asked == [("a", "b"), ("a", "c")]


def test_kendall_tau_with_ties_and_without_an_order() -> None:
    a = {"x": 1, "y": 2, "z": 3}
    assert kendall_tau(a, a) == pytest.approx(1)
    assert kendall_tau(a, {"x": 3, "y": 2, "z": 1}) == pytest.approx(-1)
    assert kendall_tau(a, {"x": 1, "y": 1, "z": 2}) == pytest.approx(2 / np.sqrt(6))
    assert kendall_tau(a, {"x": 1, "y": 2, "q": 9}) == pytest.approx(1)
    for other in ({"x": 1, "y": 1, "z": 1}, {"x": 1}, {}):
        refused = kendall_tau(a, other)
        assert isinstance(refused, Refusal)
        assert refused.reason


# ----------------------------------------------------------------------------- floors, ceilings


def test_null_summary_is_mean_and_range_of_the_draws() -> None:
    found = null_summary(np.arange(1, 21) / 20)
    assert (found.value, found.draws) == (pytest.approx(0.525), 20)
    assert (found.low, found.high) == pytest.approx((0.07375, 0.97625))
    constant = null_summary([0.1] * 20)
    assert constant.low == constant.value == constant.high
    with pytest.raises(ValueError, match="finite"):
        null_summary([0.1, float("nan")])
    with pytest.raises(ValueError, match="one or more"):
        null_summary([])


def test_floor_is_the_null_that_is_hardest_to_pass() -> None:
    nulls = {"random": 0.2, "shuffled": 0.3}
    assert floor(nulls) == ("shuffled", 0.3)
    assert floor(nulls, higher_is_better=False) == ("random", 0.2)
    assert floor(nulls, higher_is_better=None) is None
    assert floor({}) is None


def test_normalised_or_a_reason() -> None:
    assert normalised(0.6, floor=0.2, ceiling=1.0, se=0.01) == pytest.approx(0.5)
    assert normalised(0.1, floor=0.2, ceiling=1.0, se=0.01) == pytest.approx(-0.125)
    lower = normalised(0.3, floor=0.9, ceiling=0.1, se=0.01, higher_is_better=False)
    assert lower == pytest.approx(0.75)
    for changed, says in (
        ({"ceiling": None}, "ceiling"),
        ({"floor": None}, "null"),
        ({"se": None}, "standard error"),
        ({"se": 0.3}, "under 3 standard errors"),
        ({"ceiling": 0.1}, "not better"),
        ({"higher_is_better": False}, "not better"),
        ({"higher_is_better": None}, "neither"),
    ):
        given: dict[str, Any] = {"floor": 0.2, "ceiling": 1.0, "se": 0.01, **changed}
        refused = normalised(0.6, **given)
        assert isinstance(refused, Refusal)
        assert says in refused.reason


# ----------------------------------------------------------------------------------- the machine


def test_thirty_metrics_of_ten_thousand_units_are_quick() -> None:
    r = rng(22)
    units = {f"mean{i}": U(r.random(10_000)) for i in range(15)}
    units |= {f"ratio{i}": U(r.random(10_000), r.random(10_000)) for i in range(15)}
    started = time.process_time()
    estimates(units)
    assert time.process_time() - started < 1.5


def test_statistics_import_neither_torch_nor_the_contracts() -> None:
    code = (
        "import sys, benchmark.statistics, benchmark.results, benchmark.reports.compare, "
        "benchmark.provenance; "
        "print([m for m in ('torch', 'benchmark.contracts', 'scipy.stats') if m in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"
