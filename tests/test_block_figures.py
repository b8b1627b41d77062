"""The figure over blocks: which scores stand in it, where, with what beside them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmark.reports.block_drawing import draw, looks, seen
from benchmark.reports.blocks import blocks, grid
from benchmark.reports.over_blocks import BlockPanel, Mark, marks_of, methods_of, over_blocks
from benchmark.results import Cell, ReferenceScore, Run, Score, document
from tests.records import cell, score

N_BLOCKS, SIX = 6, ("jsae", "jsae-topk", "posthoc", "separated", "shared", "vista")
RESTS = ("", "_logit", "/decode", "/apart", "_logit/apart", "/common")
RANDOM, MEANS = Mark("null", "random direction"), Mark("baseline", "difference of means")
TOLD, REDRAWN = Mark("baseline", "told in the prompt"), Mark("ceiling", "redrawn picture")


def reference(mark: Mark, value: float) -> ReferenceScore:
    return ReferenceScore(name=mark.name, kind=mark.kind, value=value)


def effects(method: int, seed: int) -> Iterator[Score]:
    """As of steering: peaks in the middle, larger where a concept is suppressed."""
    rng = np.random.default_rng((method, seed))
    for sign, most in (("add", 0.25), ("supp", 0.6)):
        for rest in RESTS:
            unit = 6.0 if "logit" in rest else 1.0
            for b in range(N_BLOCKS):
                shape = np.exp(-0.5 * ((b - 1 - method / 3) / 1.2) ** 2) * (b < N_BLOCKS - 1)
                value = unit * most * shape * (0.4 + method / 8) + 0.02 * unit * rng.normal()
                ends = {"ci_low": value - 0.08 * unit, "ci_high": value + 0.1 * unit}
                beside = [reference(RANDOM, 0.01 * unit * method), reference(MEANS, value_at(b))]
                if rest in ("", "_logit"):
                    beside += [reference(TOLD, 0.2 * unit), reference(REDRAWN, 1.5 * unit)]
                yield score(
                    name=f"{sign}{rest}/block:{b}",
                    main=False,
                    value=value,
                    se=0.04 * unit,
                    n=12,
                    unit="concept",
                    references=tuple(beside),
                    **ends,
                )
    for b in range(N_BLOCKS):
        yield score(name=f"dose/block:{b}", main=False, higher_is_better=None)
    yield score(name="add_minus_supp")


def value_at(block: int) -> float:
    return 0.3 - 0.05 * block


def steered(methods: Sequence[str] = SIX, seeds: Sequence[int] = (0, 1, 2)) -> list[Cell]:
    facts = {"task": "steering_asymmetry", "backend": "pocket-llava", "site": "block:*"}
    return [
        cell(method=name, seed=s, scores=tuple(effects(i, s)), **facts)
        for i, name in enumerate(methods)
        for s in seeds
    ]


def at_sites(task: str, pool: str = "", blocks: Sequence[int] = range(4)) -> list[Cell]:
    def one(method: str, b: int) -> Score:
        value = 0.6 + 0.05 * b + 0.1 * ("random", "posthoc", "jsae").index(method)
        nulls = [reference(Mark("null", name), v) for name, v in (("a", 0.5), ("b", 0.52))]
        ends = {"ci_low": value - 0.03, "ci_high": value + 0.03}
        return score(name="auc", value=value, floor=0.52, references=tuple(nulls), **ends)

    facts = {"task": task, "backend": "pocket-llava"}
    return [
        cell(method=name, site=f"block:{b}{pool}", scores=(one(name, b),), **facts)
        for name in ("jsae", "posthoc", "random")
        for b in blocks
    ]


def test_families_are_what_something_stands_beside_and_each_is_one_panel() -> None:
    ((there, task), panels) = next(iter(over_blocks(steered()).items()))
    assert task == "steering_asymmetry"
    assert there[2] == "block:*"
    assert [p.name for p in panels] == [f"{sign}{r}" for sign in ("add", "supp") for r in RESTS]
    assert all(list(p.rows) == list(SIX) and p.blocks == [*range(N_BLOCKS)] for p in panels)
    row = panels[0].rows["jsae"][2]
    assert row.seeds == 3
    values = [s.value for c in steered(["jsae"]) for s in c.scores if s.name == "add/block:2"]
    assert row.value == pytest.approx(np.mean(values))


def test_adding_stands_over_suppressing_and_the_plainest_scores_come_first() -> None:
    (panels,) = over_blocks(steered()).values()
    rows = [[panel.name for panel in row] for row in grid(panels)]
    assert rows == [[f"{sign}{rest}" for rest in RESTS[:4]] for sign in ("add", "supp")]
    names = ["object_removal", "object_replacement", "matching_rate", "retrieval", "layer_probe"]
    shown = grid([BlockPanel(name, "auc", "image") for name in names])
    assert [len(row) for row in shown] == [4, 1]


def test_a_reference_is_one_line_where_methods_agree() -> None:
    (panels,) = over_blocks(steered()).values()
    assert panels[0].spread(RANDOM)[2] == pytest.approx((0.0, 0.025, 0.05))
    for b, spread in panels[0].spread(MEANS).items():
        assert spread == pytest.approx([value_at(b)] * 3)
    levels = [panels[0].level(mark) for mark in (RANDOM, MEANS, REDRAWN)]
    assert levels == [None, None, pytest.approx(1.5)]
    assert marks_of(panels) == [RANDOM, MEANS, TOLD, REDRAWN]


def test_sites_of_several_blocks_make_a_panel_a_task_and_pools_stay_apart() -> None:
    cells = [*at_sites("layer_probe"), *at_sites("retrieval"), *at_sites("retrieval", "/tokens")]
    found = over_blocks([*cells, *at_sites("localization", "/tokens", [2])])
    assert [(there[2], [p.name for p in each]) for (there, _), each in found.items()] == [
        ("block:*", ["layer_probe", "retrieval"]),
        ("block:*/tokens", ["retrieval"]),
    ]
    panel = next(iter(found.values()))[0]
    assert panel.metric == "auc"
    assert [(m.name, m.kind) for m in methods_of([panel])][-1] == ("random", "control")
    assert marks_of([panel]) == [Mark("null", "floor")]


def test_an_axis_holds_every_method_and_only_references_that_leave_them_readable() -> None:
    (panels,) = over_blocks(steered()).values()
    view = seen(panels[:1])
    values = [row.value for rows in panels[0].rows.values() for row in rows.values()]
    assert not any(view.side(value) for value in [0.0, 0.2, *values])
    assert view.side(1.5) == 1
    (probe,) = over_blocks(at_sites("layer_probe")).values()
    assert seen(probe).low > 0.4  # zero is far from all of them


def test_what_is_outside_is_pointed_at_and_ticks_are_blocks() -> None:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    (panels,) = over_blocks(steered()).values()
    drawn, axis = plt.subplots()
    draw(axis, panels[0], looks(methods_of(panels), marks_of(panels)), seen(panels[:1]))
    said = [text.get_text() for text in axis.texts]
    assert "↑ redrawn picture 1.500" in said
    assert not [text for text in said if "told" in text]
    assert list(axis.get_xticks()) == list(range(N_BLOCKS))
    plt.close(drawn)


def test_methods_look_different_and_controls_are_grey() -> None:
    names = [*SIX, "text-sae", "vision-sae", "random", "untrained"]
    methods = methods_of(over_blocks(steered(names, (0,))).popitem()[1])
    styles = looks(methods, [RANDOM, MEANS, TOLD, REDRAWN])
    assert len({(look.colour, look.dashes, look.marker) for look in styles.values()}) == 14
    colours = [styles[name].colour for name in ("random", "untrained")]
    assert all(c[1:3] == c[3:5] == c[5:7] for c in colours)


def test_nothing_is_drawn_where_there_is_one_block(tmp_path: Path) -> None:
    cells = [*at_sites("retrieval", blocks=[3]), cell(method="shared")]
    assert blocks(document(Run(), cells), tmp_path / "blocks.png") is None
    assert not list(tmp_path.iterdir())


def test_nothing_touches_the_edge_of_the_picture(tmp_path: Path) -> None:
    cells = [*steered(), *at_sites("layer_probe")]
    path = blocks(document(Run(), cells), tmp_path / "blocks.png")
    assert path is not None
    pixels = np.asarray(Image.open(path).convert("L"))
    frame = (pixels[:4], pixels[-4:], pixels[:, :4], pixels[:, -4:])
    assert all((side == 255).all() for side in frame)
    assert (pixels < 100).any()
