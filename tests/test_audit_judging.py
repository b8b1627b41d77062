"""Verdicts of an audit on curves whose answer is known by arithmetic."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from benchmark.audit.expectations import (
    DEGRADATIONS,
    FALL,
    FREE,
    STILL,
    Row,
    check_directions,
    declared,
    row_of,
)
from benchmark.audit.judging import Measured, curve, verdict
from benchmark.audit.levels import count, grid
from benchmark.audit.records import Curve

LEVELS = grid(9)
DRAWS = 5


def seen(
    value: Callable[[float, int], float | None],
    expected: Any = FALL,
    up: bool | None = True,
    item_se: float = 0.0,
    levels: Sequence[float] = LEVELS,
) -> Curve:
    """The curve of a stub metric: its value at a level, draw by draw; the whole never varies."""
    values = [[value(level, draw if level else 0) for draw in range(DRAWS)] for level in levels]
    return curve(Measured("dropped", expected, levels, values, [item_se] * len(levels), up))


def noise(level: float, draw: int) -> float:
    return float(np.random.default_rng([int(1e4 * level), draw]).standard_normal())


def test_a_metric_that_follows_quality_passes() -> None:
    found = seen(lambda level, draw: 1 - level + 0.001 * noise(level, draw))
    assert found.holds
    assert found.spearman == pytest.approx(1.0)
    assert found.reason is None


def test_a_metric_that_falls_as_an_error_does_passes() -> None:
    assert seen(lambda level, draw: level + 0.001 * noise(level, draw), up=False).holds


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (noise, "does not follow quality when latents are dropped (ρ "),
        (lambda *_: 0.7, "does not move when latents are dropped"),
        (lambda level, _: 0.7 + level, "gets better when latents are dropped (ρ -1.00)"),
        (lambda level, _: float(level < 0.3), "follows quality only loosely when latents are"),
        (
            lambda level, _: None if level > 0.1 else 1 - level,
            "has a value at only 3 of 9 levels when latents are dropped",
        ),
    ],
    ids=["noise", "constant", "rises", "step", "gone"],
)
def test_a_metric_that_does_not_follow_fails_in_words(value: Any, words: str) -> None:
    found = seen(value)
    assert found.holds is False
    assert found.reason is not None
    assert found.reason.startswith(words)
    assert verdict([found]) == ("unreliable", found.reason)


def test_a_step_says_how_many_levels_share_a_score() -> None:
    assert "one score at 5 of 9 levels" in (seen(lambda level, _: float(level < 0.3)).reason or "")


def test_spearman_of_a_step_by_arithmetic() -> None:
    """Five levels at 1, four at 0: ρ = √(1 − ((5³ − 5) + (4³ − 4)) / (9³ − 9))."""
    found = seen(lambda level, _: float(level < 0.3))
    assert found.spearman == pytest.approx((1 - (120 + 60) / 720) ** 0.5)


def test_what_must_not_move_may_not_move_at_all() -> None:
    still = seen(lambda *_: 0.3, STILL)
    assert still.holds
    assert seen(lambda level, _: 0.3 + 1e-13 * level, STILL).holds
    moved = seen(lambda level, draw: 0.3 - 1e-6 * (level == LEVELS[1] and draw == 2), STILL)
    assert moved.holds is False
    assert moved.reason == "moves when latents are dropped, by up to 1e-06, and must not"
    gone = seen(lambda level, _: None if level == 1 else 0.3, STILL)
    assert gone.reason == "loses its value at 1 levels when latents are dropped, and must not"


def test_large_scores_are_held_to_their_own_rounding() -> None:
    assert seen(lambda level, _: 1e6 + 1e-4 * level, STILL).holds
    assert not seen(lambda level, _: 1e6 + 1e-2 * level, STILL).holds


def test_what_may_move_is_never_judged() -> None:
    found = seen(lambda level, _: 1 - level, FREE, up=None)
    assert (found.holds, found.reason, found.resolved) == (None, None, None)
    assert verdict([found]) == ("no claim", None)


def test_minimum_reliable_difference_by_arithmetic() -> None:
    """Draws at ±0.1 of the mean: s = 0.1·√(5/4) for −1, −1, 0, 1, 1; items 0.05."""
    shift = (-1, -1, 0, 1, 1)
    found = seen(lambda level, draw: 1 - level + 0.1 * shift[draw] * (level > 0), item_se=0.05)
    assert found.noise == pytest.approx(0.1)
    se = (0.1**2 / 5 + 0.05**2) ** 0.5
    assert found.se == pytest.approx(se)
    assert found.mrd == pytest.approx(1.96 * 2**0.5 * se)
    assert found.resolved == min(level for level in LEVELS if level > 1.96 * 2**0.5 * se)


def test_nothing_is_resolved_of_what_gets_better_or_moves_less_than_noise() -> None:
    assert seen(lambda level, _: level).resolved is None
    assert seen(lambda level, _: 1 - 1e-3 * level, item_se=0.1).resolved is None


def test_the_interval_of_spearman_is_over_draws() -> None:
    same = seen(lambda level, _: 1 - level)
    assert same.spearman_low == pytest.approx(1.0)
    some = seen(lambda level, draw: level if draw == 0 and level else 1 - level)
    assert some.spearman is not None
    assert some.spearman_low is not None
    assert some.spearman_low < some.spearman < 1


def test_levels_lie_closer_where_little_is_damaged() -> None:
    assert grid(9)[0] == 0
    assert grid(9)[-1] == 1
    assert np.diff(grid(9), 2).min() > 0
    assert [count(level, 96) for level in (0, 0.0156, 0.5, 1)] == [0, 2, 48, 96]
    assert count(0.0156, 4) == 1


def test_the_first_row_that_holds_a_metric_speaks_for_it() -> None:
    table = {"r@1": Row(*[FALL] * 4), "r@*": Row(*[STILL] * 4)}
    assert row_of("r@1", table).of("mixed") == FALL
    assert row_of("r@5", table).of("mixed") == STILL
    assert [row_of("l0", table).of(kind) for kind in DEGRADATIONS] == [FREE] * 4


@pytest.mark.parametrize(
    ("literal", "says"),
    [
        ({"scor": {"rotated": FALL}}, "AUDIT names scor: did you mean score?"),
        ({"score": {"rotate": FALL}}, "AUDIT names rotate: did you mean rotated?"),
        ({"score": {"rotated": "falls"}}, "AUDIT says score 'falls', wanted one of must fall"),
        ({"score": FALL}, "wanted {"),
        ([], "AUDIT is [], wanted"),
    ],
)
def test_a_literal_that_is_wrong_is_one_line(literal: Any, says: str) -> None:
    with pytest.raises(ValueError, match=r"mine\.py: ") as error:
        declared(literal, ["score", "other"], "mine.py")
    assert says in str(error.value)
    assert "\n" not in str(error.value)


def test_a_metric_without_a_direction_cannot_fall() -> None:
    table = declared({"score": {"mixed": FALL}}, ["score"], "mine.py")
    with pytest.raises(ValueError, match="neither direction is better"):
        check_directions(table, {"score": None}, "mine.py")
    check_directions(table, {"score": False}, "mine.py")
