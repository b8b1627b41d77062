"""The rule of a sweep by arithmetic: frontier, tolerance, ties; and words that hide nothing."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmark.configure import parse
from benchmark.results import Cell
from benchmark.statistics import StoredUnits
from benchmark.sweeps.against import gains
from benchmark.sweeps.axes import Axis
from benchmark.sweeps.grid import Point, word
from benchmark.sweeps.labelling import placed, shared
from benchmark.sweeps.rule import Keep, choose, frontier, keep_of, keeping
from benchmark.sweeps.standings import Standing, at_budget
from tests.records import cell, hits, put, score

PAIRS = st.lists(
    st.tuples(*[st.floats(-2, 2, allow_nan=False).map(lambda v: round(v, 3))] * 2),
    min_size=1,
    max_size=12,
)
Y = Axis("retrieval", "r@1", "image", True)


def test_the_frontier_is_what_no_other_point_beats() -> None:
    points = [(1.0, 0.0), (0.9, 0.5), (0.8, 0.4), (0.9, 0.4), (0.0, 0.5), (0.9, 0.5), (0.1, 0.6)]
    assert frontier(points) == [True, True, False, False, False, True, True]
    assert frontier([(0.3, 0.3)]) == [True]
    assert frontier([(0.5, 0.5), (0.5, 0.5 + 1e-12)]) == [True, True]


@given(PAIRS, st.floats(0, 3))
def test_the_choice_keeps_x_and_no_other_that_does_has_more_y(
    points: list[tuple[float, float]], amount: float
) -> None:
    keep = Keep(amount)
    chosen = choose(points, keep, [(float(i),) for i in range(len(points))])
    kept = [point for point, inside in zip(points, keeping(points, keep), strict=True) if inside]
    assert points[chosen] in kept
    assert points[chosen][1] == max(y for _, y in kept)
    on_it = [point for point, front in zip(points, frontier(points), strict=True) if front]
    assert max(x for x, _ in points) in [x for x, _ in on_it]
    assert any(y == points[chosen][1] and x >= points[chosen][0] for x, y in on_it)


def test_equal_points_are_told_apart_by_the_order_alone() -> None:
    points = [(1.0, 0.5), (0.99, 0.5 + 1e-13), (0.5, 0.9)]
    assert choose(points, Keep(0.02), [(2.0,), (1.0,), (0.0,)]) == 1
    assert choose(points, Keep(0.02), [(1.0,), (2.0,), (0.0,)]) == 0


@pytest.mark.parametrize(
    ("text", "best", "given_up"), [("0.02", 0.5, 0.02), ("2%", 0.5, 0.01), ("2%", -0.5, 0.01)]
)
def test_a_tolerance_is_in_units_of_x_or_a_share_of_the_best(
    text: str, best: float, given_up: float
) -> None:
    assert math.isclose(keep_of(text).of(best), given_up)


@pytest.mark.parametrize("text", ["", "%", "-0.1", "inf", "nan", "2 percent"])
def test_no_other_tolerance_is_taken(text: str) -> None:
    with pytest.raises(ValueError, match=r"^--keep .*: wanted a number from 0"):
        keep_of(text)


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (0.3, float),
        (1e-05, float),
        (2.0, float),
        (7, int),
        (True, bool),
        ("a", str),
        ((1, 2), tuple[int, ...]),
        (None, float | None),
    ],
)
def test_a_value_is_spelled_as_the_command_line_reads_it(value: Any, kind: Any) -> None:
    assert parse(word(value), kind, "--set") == value


def standing(folder: Path, w: float, p: float, seeds: int = 3, **facts: Any) -> Standing:
    """A point whose share of hits is p, over seeds that shuffle a little."""
    config = {"w": w}
    cells: dict[tuple[str, int], Cell] = {
        ("retrieval", s): put(folder, {"r@1": hits(p, noise=s)}, config=config, seed=s, **facts)
        for s in range(seeds)
    }
    return Standing(Point(config, config, config), cells)


def test_points_are_held_against_the_default_in_pairs_and_as_a_family(tmp_path: Path) -> None:
    default = standing(tmp_path, 0.3, 0.5)
    points = [standing(tmp_path, 0.1, 0.505), default, standing(tmp_path, 1.0, 0.6)]
    little, none, much = gains(tmp_path, Y, points, default)
    assert none is None
    assert little is not None
    assert much is not None
    assert much.resolved
    assert much.value == pytest.approx(0.1, abs=0.03)
    assert not little.resolved
    assert much.p_holm == pytest.approx(2 * (much.p or 0))
    assert gains(tmp_path, Y, [default], default) == [None]


def test_units_that_two_fits_do_not_share_are_not_paired(tmp_path: Path) -> None:
    default, other = standing(tmp_path, 0.3, 0.5), standing(tmp_path, 1.0, 0.6)
    (found,) = gains(tmp_path, Axis("retrieval", "r@1", "latent", True), [other], default)
    assert found is not None
    assert found.refused == "its units are latents, which two fits do not share"
    few = {
        ("retrieval", s): put(tmp_path, {"r@1": StoredUnits(np.ones(9))}, config={"w": 2}, seed=s)
        for s in range(3)
    }
    (found,) = gains(tmp_path, Y, [Standing(other.point, few)], default)
    assert found is not None
    assert found.refused == "9 images against 400: not the same ones"
    assert not found.resolved


def test_codes_within_the_budget_are_what_is_read() -> None:
    both = cell(scores=(score(value=0.9, ci_low=None, ci_high=None), score(variant="truncated")))
    assert at_budget(both, "r@1") == both.scores[1]
    assert at_budget(cell(), "r@1") == cell().scores[0]
    assert at_budget(cell(), "other") is None


def test_words_stand_where_they_hide_nothing() -> None:
    room = (0.0, 0.0, 300.0, 200.0)
    at = [(50.0, 100.0), (60.0, 104.0), (290.0, 195.0), (5.0, 5.0)]
    marks = [(x - 4, y - 4, x + 4, y + 4) for x, y in at]
    texts = ["0.03", "0.1", "1 · chosen", "0.3"]
    centres = [centre for centre, _ in placed(at, texts, 7.0, marks, room)]
    boxes = []
    for (x, y), text in zip(centres, texts, strict=True):
        w, h = 0.5 * 7 * len(text) / 2, 7 / 2
        boxes.append((x - w, y - h, x + w, y + h))
    for i, box in enumerate(boxes):
        assert shared(box, room) == pytest.approx((box[2] - box[0]) * (box[3] - box[1]))
        assert not any(shared(box, other) for other in [*boxes[:i], *marks])
