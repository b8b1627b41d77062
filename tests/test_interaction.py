"""Block × direction against enumeration, at its edges, and by its size and power."""

from __future__ import annotations

import itertools
import time
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import stats

from benchmark.statistics import Interaction, interaction
from benchmark.statistics.calibration.rates import interaction_rates
from benchmark.statistics.calibration.settings import DIFFER, Setting, interaction_sizes
from benchmark.statistics.calibration.worlds import World
from benchmark.statistics.interaction import hotelling


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def asked(add: Any, supp: Any, *, seed: int = 0, **given: Any) -> Interaction:
    """Interaction of one scene a concept and direction."""
    add, supp = (np.asarray(each, dtype=float) for each in (add, supp))
    labels = {"add_concept": np.arange(len(add)), "supp_concept": np.arange(len(supp))}
    return interaction(add, supp, **labels, rng=rng(seed), **given)


def profiles(seed: int, k: int = 8, b: int = 6) -> tuple[np.ndarray, np.ndarray]:
    r = rng(seed)
    return r.normal(size=(k, b)) + 0.3 * np.arange(b), r.normal(size=(k, b))


def centred(x: np.ndarray) -> np.ndarray:
    return x - x.mean(1, keepdims=True)


# -------------------------------------------------------------------------------- known answers


def test_p_is_the_share_of_all_assignments_that_reach_the_statistic() -> None:
    add, supp = profiles(1)
    contrasts = centred(add - supp)

    def statistic(signs: tuple[float, ...]) -> float:
        flipped = contrasts * np.array(signs)[:, None]
        rms = np.sqrt((flipped**2).mean(0))
        unit = flipped / rms
        shrunk = 0.5 * unit.T @ unit / 8 + 0.5 * np.eye(6)
        return float(8 * unit.mean(0) @ np.linalg.solve(shrunk, unit.mean(0)))

    every = [statistic(signs) for signs in itertools.product((1.0, -1.0), repeat=8)]
    found = asked(add, supp)
    assert found.statistic == pytest.approx(every[0])
    assert found.p == pytest.approx(np.mean(np.array(every) >= every[0] - 1e-9))
    assert (found.n_concepts, found.draws) == (8, 127)


def test_difference_and_t_are_those_of_centred_profiles() -> None:
    add, supp = profiles(2)
    contrasts = centred(add) - centred(supp)
    found = asked(add, supp)
    assert found.difference == pytest.approx(contrasts.mean(0))
    assert found.difference.sum() == pytest.approx(0)
    assert found.t == pytest.approx(stats.ttest_1samp(contrasts, 0).statistic)


def test_three_concepts_that_agree_cannot_say_more_than_a_quarter() -> None:
    found = asked(np.tile([2.0, 1, 0], (3, 1)), np.zeros((3, 3)))
    assert (found.p, found.draws) == (0.25, 3)
    assert found.t is not None
    assert found.t.tolist() == [np.inf, 0, -np.inf]


def test_two_blocks_give_the_sign_flip_test_of_their_difference() -> None:
    add, supp = profiles(3, k=9, b=2)
    d = (add - supp) @ [1.0, -1.0]
    means = [abs(np.mean(d * np.array(s))) for s in itertools.product((1, -1), repeat=9)]
    assert asked(add, supp).p == pytest.approx(np.mean(np.array(means) >= means[0] - 1e-9))


def test_levels_of_scenes_concepts_and_directions_do_not_matter() -> None:
    add, supp = profiles(4)
    lifted = asked(add + 5 + rng(5).normal(size=(8, 1)), supp - 3)
    plain = asked(add, supp)
    assert lifted.difference == pytest.approx(plain.difference)
    assert lifted.p == plain.p


def test_concepts_count_the_same_however_many_scenes_they_have() -> None:
    add, supp = profiles(6)
    counts, others = np.arange(1, 9), np.arange(8, 0, -1)
    many = interaction(
        np.repeat(add, counts, 0),
        np.repeat(supp, others, 0)[::-1].copy(),
        add_concept=np.repeat(np.arange(8), counts),
        supp_concept=np.repeat(np.arange(8), others)[::-1].copy(),
        rng=rng(),
    )
    assert many.statistic == pytest.approx(asked(add, supp).statistic)
    assert many.p == asked(add, supp).p


def test_swapping_directions_swaps_signs_alone() -> None:
    add, supp = profiles(7)
    one, other = asked(add, supp), asked(supp, add)
    assert one.difference == pytest.approx(-other.difference)
    assert one.t == pytest.approx(-np.asarray(other.t))
    assert one.p == other.p


def test_a_block_counts_in_units_of_its_own_scatter() -> None:
    contrasts = rng(8).normal(size=(8, 5))
    signs = rng(9).choice([-1.0, 1.0], (20, 8))
    scaled = hotelling(contrasts * np.array([1, 10, 0.1, 1e6, 1e-6]), signs)
    assert scaled == pytest.approx(hotelling(contrasts, signs))
    dead = np.hstack([contrasts, np.zeros((8, 1))])
    assert hotelling(dead, signs) == pytest.approx(hotelling(contrasts, signs))


def test_the_callers_rng_decides_where_not_all_assignments_are_looked_at() -> None:
    add, supp = profiles(10, k=14)
    one, again, other = (asked(add, supp, seed=seed) for seed in (1, 1, 2))
    assert (one.p, one.draws) == (again.p, 1999)
    assert one.p != other.p
    assert one.statistic == other.statistic
    assert one.p == pytest.approx(other.p, abs=0.03)
    few = profiles(10, k=12)
    assert asked(*few, draws=2047).draws == 2047
    assert asked(*few, seed=1, draws=2047).p == asked(*few, seed=2, draws=2047).p


# ------------------------------------------------------------------------------------- the edges


def test_profiles_of_zeros_and_profiles_that_are_equal_do_not_differ() -> None:
    zeros = asked(np.zeros((8, 4)), np.zeros((8, 4)))
    assert (zeros.p, zeros.statistic) == (1.0, 0.0)
    assert zeros.t is not None
    assert zeros.t.tolist() == [0, 0, 0, 0]
    assert asked(np.ones((8, 4)), np.zeros((8, 4))).p == 1.0
    add = profiles(11)[0]
    assert asked(add, add).p == 1.0


def test_rounding_is_no_difference() -> None:
    """Both directions have the same scenes, summed in another order."""
    scenes = rng(12).normal(size=(8, 30, 5)) + 0.1
    concept = np.repeat(np.arange(8), 30)
    found = interaction(
        scenes.reshape(-1, 5),
        scenes[:, ::-1].reshape(-1, 5).copy(),
        add_concept=concept,
        supp_concept=concept,
        rng=rng(),
    )
    assert (found.p, found.statistic) == (1.0, 0.0)


@pytest.mark.parametrize(("k", "b"), [(1, 6), (8, 1), (1, 1)])
def test_a_single_concept_or_block_says_nothing(k: int, b: int) -> None:
    found = asked(*profiles(13, k, b))
    assert (found.p, found.t, found.statistic, found.n_concepts) == (None, None, None, k)
    assert len(found.difference) == b


def test_one_huge_concept_takes_the_claim_away() -> None:
    add, supp = profiles(14, k=12)
    add = add + 3 * np.arange(6)
    assert (asked(add, supp).p or 1) < 0.005
    add[0] += 1e6 * np.array([1.0, -1, 1, -1, 1, -1])
    assert (asked(add, supp).p or 0) > 0.05


# -------------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"add": np.full((3, 2), np.nan)}, "additions: unit 0 has nan at block 0"),
        ({"supp": np.array([[1.0, 2], [np.inf, 1], [0, 0]])}, "suppressions: unit 1 has inf"),
        ({"add": np.zeros((0, 2)), "add_concept": np.zeros(0, int)}, "at least one"),
        ({"supp": np.ones((3, 4))}, "additions at 2 blocks, suppressions at 4"),
        ({"add_concept": np.array([0, 1, 3])}, "concept 2 has no additions"),
        ({"supp_concept": np.array([0, 1, 1])}, "concept 2 has no suppressions"),
        ({"supp_concept": np.array([0, 1])}, "3 integers"),
        ({"draws": 0}, "0 draws"),
    ],
)
@pytest.mark.usefixtures("as_users_run")
def test_what_cannot_be_compared_is_refused_in_one_line(changed: dict[str, Any], says: str) -> None:
    three = np.arange(3)
    given: dict[str, Any] = {
        "add": np.ones((3, 2)), "supp": np.ones((3, 2)), "add_concept": three,
        "supp_concept": three, "rng": rng(), **changed,
    }  # fmt: skip
    with pytest.raises(ValueError, match=says) as caught:
        interaction(given.pop("add"), given.pop("supp"), **given)
    assert "wanted" in str(caught.value)
    assert "\n" not in str(caught.value)


# ------------------------------------------------------------------------- size, power and speed

REPEATS = 400
NULLS = [
    setting
    for effects in ("continuous", "mentions")
    for setting in interaction_sizes(World(effects=effects, n_concepts=12))
    if setting.test == "interaction"
]


@pytest.mark.parametrize("null", NULLS, ids=lambda each: f"{each.world.effects}, {each.name}")
def test_a_difference_that_is_not_there_is_claimed_in_five_of_a_hundred(null: Setting) -> None:
    rate = interaction_rates(null, rng(15), REPEATS)[DIFFER]
    lowest, highest = stats.binom.ppf([1e-3, 1 - 1e-3], REPEATS, 0.05) / REPEATS
    assert lowest <= rate <= highest


@pytest.mark.parametrize(("peak", "least", "most"), [(0.05, 0.05, 0.25), (0.3, 0.9, 1.0)])
def test_a_peak_of_addition_is_found_where_it_is_large(
    peak: float, least: float, most: float
) -> None:
    add, supp = (0.3, 0.3, 0.3 + peak, 0.3, 0.3, 0.3), (0.3,) * 6
    setting = Setting("interaction", "", DIFFER, World(effects="mentions"), add)
    setting = replace(setting, supp=setting.world, supp_mean=supp, shared=False)
    assert least <= interaction_rates(setting, rng(16), 200)[DIFFER] <= most


def test_twelve_hundred_profiles_are_quick() -> None:
    add, supp = rng(17).normal(size=(2, 600, 6))
    concept = np.repeat(np.arange(12), 50)
    started = time.process_time()
    interaction(add, supp, add_concept=concept, supp_concept=concept, rng=rng())
    assert time.process_time() - started < 0.2
