"""The figure: one order of rows, axes by the bulk of values, nothing cut at an edge."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmark.reports.drawing import draw, heights, leaves
from benchmark.reports.figures import figure, present
from benchmark.reports.lineup import lineup
from benchmark.reports.panels import Panel, panels
from benchmark.reports.windows import window
from benchmark.results import Cell, ReferenceScore, Run, document
from tests.records import cell, score

FAR = -41.3


def scored(method: str, value: float, task: str = "reconstruction", **more: object) -> Cell:
    floor = ReferenceScore(name="random", kind="null", value=0.5)
    dense = ReferenceScore(name="dense", kind="baseline", value=0.7)
    facts = {"ci_low": value - 0.02, "ci_high": value + 0.02, "floor": 0.5, "ceiling": 1.0}
    references = {"references": (floor, dense)}
    return cell(
        method=method, task=task, scores=(score(value=value, **facts, **references),), **more
    )


def with_an_outlier() -> list[Cell]:
    values = {"jsae": 0.9, "posthoc": 0.8, "random": 0.55, "untrained": FAR}
    cells = [scored(method, value) for method, value in values.items()]
    return [*cells, scored("posthoc", 0.9, "other"), scored("jsae", 0.6, "other")]


def shown(cells: list[Cell]) -> list[Panel]:
    return [panel for tasks in panels(cells).values() for panel in tasks.values()]


@pytest.mark.parametrize(
    ("values", "fixed", "outside"),
    [
        ([0.9, 0.8, 0.55, -41.0], [0.5, 1.0], {-41.0}),
        ([0.9, 0.8, 0.55, -41.0, -1.3], [0.5, 1.0], {-41.0, -1.3}),
        ([0.5, 0.5, 0.51, 0.9], [0.5], set()),
        ([0.5, 0.5, 0.51, 0.9], [], set()),
        ([0.9, 0.8, 0.2, 0.1], [0.5, 1.0], set()),
        ([0.9], [-5.0], set()),
        ([0.3, 0.3], [], set()),
    ],
)
def test_only_what_squeezes_the_rest_from_below_is_left_outside(
    values: list[float], fixed: list[float], outside: set[float]
) -> None:
    view = window(values, fixed)
    assert {value for value in values if view.side(value)} == outside
    assert not any(view.side(value) for value in fixed)


def test_where_lower_is_better_the_outlier_is_above() -> None:
    view = window([1.0, 1.1, 1.2, 40.0], higher_is_better=False)
    assert [view.side(value) for value in (1.0, 1.2, 40.0)] == [0, 0, 1]


def test_an_interval_widens_an_axis_no_further_than_its_reach() -> None:
    inside = window([0.5, 0.8], [0.4], [(0.35, 0.6), (0.7, 0.9)])
    assert inside.low < 0.35
    assert inside.high > 0.9
    wide = window([0.5, 0.8], [0.4], [(-12.0, 13.0), (0.7, 0.9)])
    assert wide.side(-12.0) == -1
    assert wide.side(13.0) == 1
    assert wide.high - wide.low < 1
    with pytest.raises(ValueError, match="no values"):
        window([])


def test_every_panel_has_the_same_rows_and_the_outlier_an_arrow_with_its_value() -> None:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    found = shown(with_an_outlier())
    lines = lineup(found)
    assert leaves(found[0])
    assert not leaves(found[1])
    drawn, axes = plt.subplots(1, 2, sharey=True)
    for axis, panel in zip(axes, found, strict=True):
        draw(axis, panel, lines)
    labels = [text.get_text() for text in axes[0].get_yticklabels()]
    names = ["jsae", "posthoc", "random", "untrained", "baseline: dense", "ceiling", "floor"]
    assert labels == names
    assert list(axes[0].get_yticks()) == list(axes[1].get_yticks()) == heights(lines)[0]
    assert axes[0].get_xlim()[0] > 0
    assert "-41.30" in [text.get_text() for text in axes[0].texts]
    assert "-41.30" not in [text.get_text() for text in axes[1].texts]
    plt.close(drawn)


def test_marks_are_those_of_a_place_and_the_order_that_of_all() -> None:
    here = [scored("jsae", 0.9), scored("posthoc", 0.8), scored("dense", 0.7)]
    there = [scored("posthoc", 0.9, site="b", seed=s) for s in (0, 1, 2)]
    there.append(scored("jsae", 0.6, site="b"))
    places = [list(tasks.values()) for tasks in panels([*here, *there]).values()]
    order = lineup([panel for each in places for panel in each])
    labels = [[line.label for line in present(order, each)] for each in places]
    references = ["baseline: dense", "ceiling", "floor"]
    assert labels[0] == ["jsae", "posthoc", "dense", *references]
    assert labels[1] == ["jsae", "posthoc ×3", *references]


@pytest.mark.parametrize("method", ["jsae", "a-method-with-a-name-that-goes-on-and-on-and-on"])
def test_nothing_touches_the_edge_of_the_picture(tmp_path: Path, method: str) -> None:
    cells = [*with_an_outlier(), scored(method, 0.7, "third", seed=1)]
    path = figure(document(Run(), cells), tmp_path / "figure.png")
    assert path is not None
    pixels = np.asarray(Image.open(path).convert("L"))
    frame = (pixels[:4], pixels[-4:], pixels[:, :4], pixels[:, -4:])
    assert all((side == 255).all() for side in frame)
    assert (pixels < 100).any()


@pytest.mark.parametrize(("better", "arrow"), [(True, "↑"), (False, "↓"), (None, "")])
def test_an_arrow_is_drawn_only_where_a_direction_is_better(
    better: bool | None, arrow: str
) -> None:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    said = score(value=0.4, main=True, higher_is_better=better)
    (panel,) = shown([cell(method="jsae", scores=(said,))])
    drawn, axis = plt.subplots()
    draw(axis, panel, lineup([panel]))
    words = "".join(text.get_text() for text in axis.texts)
    plt.close(drawn)
    assert {mark for mark in "↑↓" if mark in words} == set(arrow)
