"""The board: seeds combined, tiers that claim no order, and what is shown without being ranked."""

from __future__ import annotations

import hashlib
import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from benchmark.results import Cell, Score
from benchmark.statistics import minimum_reliable_difference, over_seeds
from leaderboards.board import tables
from leaderboards.board.making import board
from leaderboards.board.places import place_of
from leaderboards.board.sources import Source, sources
from leaderboards.board.tables import Board, Row, Table
from leaderboards.board.values import value_of
from tests import records
from tests.leaderboard_worlds import folders, made, reference_cells, submission, submitted

WHERE = ("retrieval", "pocket-clip", "embedding")


def cells(method: str, level: float, seeds: int = 3, **changes: Any) -> list[Cell]:
    return [made(method, *WHERE, seed, level=level, **changes) for seed in range(seeds)]


def only(*groups: list[Cell], more: tuple[Source, ...] = ()) -> Table:
    """The one table of these reference cells."""
    found = board([Source([c for group in groups for c in group]), *more], {})
    (table,) = found.tables
    return table


def row(table: Table, key: str) -> Row:
    return next(each for each in table.rows if each.key == key)


def tier(table: Table, key: str) -> int | None:
    return row(table, key).entries["retrieval"].tier


def unranked(table: Table, key: str) -> str:
    return row(table, key).entries["retrieval"].unranked


def test_a_value_is_the_mean_over_seeds_with_their_interval() -> None:
    its = cells("shared", 0.5)
    value = row(only(its), "shared").entries["retrieval"].value
    mains = [next(s for s in cell.scores if s.main) for cell in its]
    wanted = over_seeds([s.value for s in mains], [0.01] * 3)
    assert (value.value, value.low, value.high) == (wanted.value, wanted.low, wanted.high)
    assert value.seeds == tuple((cell.seed, s.value) for cell, s in zip(its, mains, strict=True))


def test_one_seed_keeps_its_own_interval_over_items() -> None:
    (cell,) = cells("shared", 0.5, seeds=1)
    value = row(only([cell]), "shared").entries["retrieval"].value
    assert (value.low, value.high) == (cell.scores[0].ci_low, cell.scores[0].ci_high)


def test_rows_apart_by_less_than_is_reliable_share_a_tier() -> None:
    table = only(cells("a", 0.70), cells("b", 0.69), cells("c", 0.3), cells("d", 0.305))
    assert [tier(table, name) for name in "abcd"] == [1, 1, 2, 2]
    (column,) = table.columns
    assert column.n_tiers == 2
    each = [row(table, name).entries["retrieval"].value for name in "abcd"]
    errors = sorted(value.se for value in each)
    assert column.reliable == pytest.approx(minimum_reliable_difference(sum(errors[1:3]) / 2))


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"method": "labelled"}, "supervised"),
        ({"method": "identity"}, "control"),
        ({"method": "untrained-separated"}, "control"),
        ({"method": "few", "seeds": 2}, "2 seeds, 3 are needed"),
        ({"method": "one", "seeds": 1}, "1 seed, 3 are needed"),
    ],
)
def test_what_is_shown_and_not_ranked(changes: dict[str, Any], why: str) -> None:
    table = only(cells("shared", 0.5), cells(changes["method"], 0.9, changes.get("seeds", 3)))
    assert unranked(table, changes["method"]) == why
    assert tier(table, changes["method"]) is None
    assert tier(table, "shared") == 1


def test_a_metric_that_failed_its_audit_is_not_ranked_by() -> None:
    known = {("pocket-clip", "retrieval", 1, "r@1"): "follows quality only loosely"}
    (table,) = board([Source(cells("a", 0.7) + cells("b", 0.3))], known).tables
    assert table.columns[0].doubt == "follows quality only loosely"
    assert {unranked(table, name) for name in "ab"} == {"the metric failed its audit"}
    newer = board([Source(cells("a", 0.7, version=2) + cells("b", 0.3, version=2))], known)
    assert newer.tables[0].columns[0].doubt == ""


@pytest.mark.parametrize(
    "older", [{"version": 1}, {"revision": "r0", "version": 2}], ids=["task", "backend"]
)
def test_a_stale_row_is_never_ranked_beside_fresh_ones(older: dict[str, Any]) -> None:
    old = {"created": "2026-01-01T00:00:00+00:00", **older}
    table = only(cells("fresh", 0.5, version=2), cells("stale", 0.9, **old))
    entry = row(table, "stale").entries["retrieval"]
    assert (entry.fresh, entry.tier, entry.unranked) == (False, None, "stale")
    assert row(table, "stale").stale
    assert "stale" in row(table, "stale").marks
    assert tier(table, "fresh") == 1
    assert table.columns[0].pin.version == 2


def test_the_fresh_cells_of_a_method_go_before_its_stale_ones() -> None:
    old = {"created": "2026-01-01T00:00:00+00:00"}
    table = only(cells("a", 0.9, seeds=5, **old), cells("a", 0.5, version=2))
    entry = row(table, "a").entries["retrieval"]
    assert entry.fresh
    assert len(entry.value.seeds) == 3
    assert entry.value.value == pytest.approx(0.5, abs=0.05)


def test_a_submission_does_not_decide_what_is_fresh() -> None:
    mine = cells("mine", 0.9, version=7, created="2030-01-01T00:00:00+00:00")
    claimed = Source(mine, "self-reported", submission("mine", "mine"))
    table = only(cells("shared", 0.5), more=(claimed,))
    assert table.columns[0].pin.version == 1
    assert unranked(table, "mine/mine") == "stale"


def test_a_self_reported_row_is_told_its_tier_and_moves_no_other() -> None:
    ours = cells("a", 0.7), cells("b", 0.3)
    alone = only(*ours)
    levels = {"top": 0.99, "mid": 0.69, "low": 0.05}
    claims = tuple(
        Source(cells(name, level), "self-reported", submission(name, name))
        for name, level in levels.items()
    )
    table = only(*ours, more=claims)
    for name in "ab":
        assert row(table, name).entries == row(alone, name).entries
    told = {name: row(table, f"{name}/{name}").entries["retrieval"] for name in levels}
    assert {name: entry.tier for name, entry in told.items()} == {"top": 1, "mid": 1, "low": 3}
    assert all(entry.provisional for entry in told.values())
    assert table.columns[0].n_tiers == 2


def test_a_verified_row_is_ranked_like_a_reference_row() -> None:
    checked = Source(cells("new", 0.9), "verified", submission("new", "new"))
    table = only(cells("a", 0.5), more=(checked,))
    assert (tier(table, "new/new"), tier(table, "a")) == (1, 2)
    assert not row(table, "new/new").entries["retrieval"].provisional


def test_a_submission_takes_no_name_of_ours_and_brings_its_own_method_alone() -> None:
    brought = cells("jsae-copy", 0.9) + cells("shared", 0.99)
    claimed = Source(brought, "self-reported", submission("copy", "jsae-copy"))
    table = only(cells("shared", 0.5), more=(claimed,))
    assert [each.key for each in table.rows] == [
        "copy/jsae-copy",
        "copy/jsae-copy (truncated)",
        "shared",
    ]
    assert row(table, "shared").entries["retrieval"].value.value < 0.6


def test_a_submission_is_no_control_whatever_it_is_called() -> None:
    claimed = Source(cells("random-x", 0.9), "verified", submission("r", "random-x"))
    assert tier(only(cells("a", 0.5), more=(claimed,)), "r/random-x") == 1


def test_marks_come_from_records() -> None:
    names = ("posthoc", "posthoc-cca", "posthoc-nocut", "labelled", "vista", "jsae")
    table = only(*(cells(name, 0.5) for name in names))
    said = {each.key: each.marks for each in table.rows}
    assert said["posthoc"] == ()
    assert said["posthoc-cca"] == ("dense map",)
    assert said["posthoc-nocut"] == ("uncut map",)
    assert said["labelled"] == ("supervised",)
    assert said["vista"] == ("patched",)
    assert said["jsae (truncated)"] == ("truncated",)
    assert set().union(*said.values()) <= set(tables.MARKS)


def test_two_seeds_that_differ_are_marked_wide() -> None:
    assert "two seeds" in row(only(cells("a", 0.5, seeds=2)), "a").marks


def test_the_published_setting_and_limited_rows_are_tables_of_their_own() -> None:
    limited = [records.cell(limit=100, seed=seed) for seed in range(3)]
    found = board([Source([*cells("a", 0.5), *cells("a", 0.5, variant="paper"), *limited])], {})
    assert len(found.tables) == 3
    paper = next(each for each in found.tables if each.place.variant == "paper")
    assert row(paper, "a").marks == ("paper",)
    assert {place_of(cell).limit for cell in limited} == {100}


def test_seeds_of_two_configurations_are_never_one_value() -> None:
    few = cells("a", 0.9, seeds=2, config={"k": 99})
    value = row(only(cells("a", 0.5), few), "a").entries["retrieval"].value
    assert [seed for seed, _ in value.seeds] == [0, 1, 2]
    assert value.value < 0.6


def test_of_one_seed_the_latest_cell_counts() -> None:
    newer = [made("a", *WHERE, 0, level=0.9, created="2026-12-01T00:00:00+00:00", config={"k": 16})]
    old = [made("a", *WHERE, 0, level=0.1, config={"k": 16})]
    old = [c.model_copy(update={"siblings": (1,)}) for c in old]
    assert row(only(newer, old), "a").entries["retrieval"].value.value > 0.8


def test_what_could_not_be_scored_says_why() -> None:
    absent = records.cell(
        method="pca", status="not_applicable", reason="needs sparse latents", scores=()
    )
    table = only(cells("a", 0.5), [absent.model_copy(update={"data": cells("a", 1)[0].data})])
    assert row(table, "pca").absent["retrieval"].reason == "needs sparse latents"
    assert not row(table, "pca").entries


def test_anchors_are_the_hardest_floor_and_what_all_rows_share() -> None:
    its = cells("a", 0.5)
    high = [
        c.model_copy(
            update={"scores": tuple(s.model_copy(update={"floor": 0.2}) for s in c.scores)}
        )
        for c in cells("b", 0.4)
    ]
    (column,) = only(its, high).columns
    assert column.floor == 0.2
    assert column.baselines == {"dense": 0.8}
    assert column.ceiling is None


def test_nothing_of_the_board_is_over_tasks() -> None:
    """A row has values by task and no number of its own, a table none over its columns."""
    for kind in (Row, Table, Board):
        numbers = {f.name for f in fields(kind) if f.type in ("int", "float", "float | None")}
        assert numbers <= {"n_cells"}


@pytest.mark.parametrize(("level", "under"), [(0.05, True), (0.4, False)])
def test_a_value_under_its_floor_says_so(level: float, under: bool) -> None:
    entry = row(only(cells("shared", level), cells("jsae", 0.6)), "shared").entries["retrieval"]
    assert entry.floor == 0.1
    assert entry.under is under


def test_the_order_of_cells_does_not_matter() -> None:
    its = reference_cells(("jsae", "shared", "posthoc"), {"pocket-clip": ("embedding",)}, range(3))
    assert board([Source(its)], {}) == board([Source(its[::-1])], {})


def test_bundled_rows_make_a_board() -> None:
    found, problems = sources()
    made_of = board(found)
    assert not problems
    assert made_of.n_cells == len(found[0].cells)
    ranked = [e for t in made_of.tables for r in t.rows for e in r.entries.values() if e.tier]
    assert all(entry.fresh and len(entry.value.seeds) >= 3 for entry in ranked)


def test_folders_are_read_by_their_main_scores_and_make_the_same_board(tmp_path: Path) -> None:
    whole = submitted(3, ("pocket-clip", "pocket-llava-frozen"))
    folders(tmp_path, whole)
    found, problems = sources(tmp_path)
    assert not problems
    kept = {source.slug: source.cells for source in found[1:]}
    for source in whole:
        assert len(kept[source.slug]) == len(source.cells)
        for cell, its in zip(source.cells, kept[source.slug], strict=True):
            assert len(cell.scores) > len(its.scores)
            mains = tuple(score for score in cell.scores if score.main)
            assert its == cell.model_copy(update={"scores": mains})
    told = [source for source in whole if source.lane == "self-reported"]
    read = [source for source in found if source.slug in {source.slug for source in told}]
    assert board([found[0], *read], {}) == board([found[0], *told], {})


@pytest.mark.parametrize(
    "broken", [{"scores": 3}, {"scores": [{"value": 0.5}]}, {"status": "scored", "scores": []}]
)
def test_a_folder_of_faults_is_named_and_left_out(tmp_path: Path, broken: dict[str, Any]) -> None:
    folders(tmp_path, submitted(2))
    document, record = (
        tmp_path / "sub-0001" / f"{name}.json" for name in ("document", "submission")
    )
    content = json.loads(document.read_text())
    content["cells"][0] |= broken
    document.write_text(json.dumps(content))
    said = json.loads(record.read_text())
    read = document.read_bytes()
    told = {"sha256": hashlib.sha256(read).hexdigest(), "bytes": len(read)}
    said["files"]["document.json"] |= told
    record.write_text(json.dumps(said))
    found, problems = sources(tmp_path)
    assert [source.slug for source in found] == ["", "sub-0000"]
    (line,) = problems
    assert "sub-0001" in line
    assert "is no result document" in line


def test_an_interval_over_few_seeds_ends_where_a_score_can_be() -> None:
    facts: dict[str, Any] = {"name": "acc@1", "main": True, "unit": "concept", "n": 33}
    shares = [
        Score(**facts, value=v, se=0.05, ci_low=v - 0.1, ci_high=min(1.0, v + 0.1), interval=kind)
        for kind in ("wilson", "bca")
        for v in (0.88, 0.93, 0.9)
    ]
    wilson, bca = (list(enumerate(part)) for part in (shares[:3], shares[3:]))
    assert (value_of(bca).high or 0) > 1
    assert value_of(wilson).high == 1.0
    topped = [(i, s.model_copy(update={"ceiling": 1.0, "higher_is_better": True})) for i, s in bca]
    assert value_of(topped).high == 1.0
    assert value_of(topped).low == value_of(bca).low
