"""Pairs that ship: the numbers of `compare`, each pair once, none that outlives its cells."""

from __future__ import annotations

import gzip
import json
import math
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmark.reports import panels
from benchmark.reports.compare import compare
from benchmark.results import (
    Cell,
    Run,
    document,
    read_cells,
    read_some_units,
    write_cell,
    write_document,
)
from benchmark.results import write_bundle as write_cells
from benchmark.statistics import StoredUnits, estimate, holm, over_seeds, paired, stored
from benchmark.statistics.resampling import draws_id
from leaderboards import bundle, pairs
from leaderboards.pairs import FULL, TRUNCATED, Pair, Table
from tests.records import cell, hits, put, score

RNG = np.random.default_rng(3)
NAMES = ("jsae", "posthoc", "separated")


def read_from(folder: Path) -> pairs.Reader:
    def read(cell: Cell, names: Collection[str]) -> Mapping[str, StoredUnits]:
        return read_some_units(folder, cell, names)

    return read


def tables(folder: Path) -> list[Table]:
    return list(pairs.computed(read_cells(folder).cells, read_from(folder)))


def value_units(shift: float, n: int = 60) -> StoredUnits:
    """Units of a score that is no ratio of sums: a median, as records keep it."""
    x = np.sort(RNG.normal(shift, 1, n))
    draws = np.array([np.median(RNG.choice(x, n)) for _ in range(500)])
    return StoredUnits(x, None, None, float(np.median(x)), draws, draws_id(n))


def eligible(p: float, n: int = 300) -> StoredUnits:
    """Successes of eligible units, other ones for each method."""
    may = (RNG.random(n) < 0.6) * 1.0
    return StoredUnits((RNG.random(n) < p) * may, may)


def clustered(p: float, n: int = 200) -> StoredUnits:
    return StoredUnits(RNG.random(n) * p, None, np.repeat(np.arange(n // 2), 2))


KINDS: dict[str, Callable[[float, int], StoredUnits]] = {
    "proportion": lambda p, s: hits(p, noise=s),
    "ratio": lambda p, _: StoredUnits(RNG.random(80) * p, RNG.random(80) + 0.1),
    "eligible": lambda p, _: eligible(p),
    "clustered": lambda p, _: clustered(p),
    "value": lambda p, _: value_units(p),
    "rare": lambda p, _: StoredUnits((RNG.random(30) < p) * 1.0, (np.arange(30) < 12) * 1.0),
    "equal": lambda _, __: hits(0.5),
    "apart": lambda p, _: StoredUnits(np.full(50, p > 0.5) * 1.0),
}


def world(folder: Path, seeds: Sequence[int], names: Sequence[str] = NAMES) -> Path:
    """Every kind of units as a task, three methods, seeds; one method has truncated codes."""
    for task, kind in KINDS.items():
        for i, name in enumerate(names):
            for s in seeds:
                units = {"main": kind(0.2 + 0.3 * i, 10 * s + i)}
                if name == "jsae" and task != "value":
                    units["main#truncated"] = kind(0.15, s)
                write(folder, units, task=task, method=name, seed=s)
    return folder


def write(folder: Path, units: dict[str, StoredUnits], **facts: object) -> Cell:
    scores, kept = [], {}
    for key, each in units.items():
        metric, _, codes = key.partition("#")
        found = estimate(replace(each, replicates=None, point=None, draws_id=None))
        value = found.value if each.point is None else each.point
        more = {"ci_low": None, "ci_high": None, "name": metric, "variant": codes or FULL}
        scores.append(score(value=value, unit=facts.get("unit", "image"), **more))
        kept[key] = each if each.point is not None else stored(each, found)
    facts.pop("unit", None)
    return write_cell(folder, cell(scores=tuple(scores), **facts), kept)


# ------------------------------------------------------------------------- the numbers of compare


@pytest.mark.parametrize("seeds", [(0,), (0, 1), (0, 1, 2, 3, 4)])
def test_every_pair_is_what_compare_says(tmp_path: Path, seeds: tuple[int, ...]) -> None:
    world(tmp_path, seeds)
    found = {(t.where, t.metric, t.codes): t for t in tables(tmp_path)}
    said = 0
    for a, b in combinations(NAMES, 2):
        for row in compare(tmp_path, a, b).rows:
            pair = found[row.where, row.metric, row.variant].of(a, b)
            assert pair is not None
            assert pair.seeds == seeds
            assert bool(row.refused) == bool(pair.refused)
            if row.refused is None:
                numbers = (pair.difference, pair.low, pair.high, pair.p)
                known = (row.difference, row.low, row.high, row.p)
                assert numbers == pytest.approx(known, abs=1e-12, rel=1e-12)
                assert pair.n == row.n
            said += 1
    assert said >= len(KINDS) * 3


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_joining_seeds_without_draws_is_what_draws_would_say(tmp_path: Path, kind: str) -> None:
    """What is spared is never what is told: each seed resampled, then joined, is the same."""
    sides = [[KINDS[kind](p, s) for s in range(3)] for p in (0.3, 0.6)]
    for name, side in zip(("a", "b"), sides, strict=True):
        for s, units in enumerate(side):
            write(tmp_path, {"main": units}, method=name, seed=s)
    each = [paired(x, y) for x, y in zip(*sides, strict=True)]
    assert all(d.se is not None for d in each)
    known = over_seeds([d.value for d in each], [d.se or 0.0 for d in each])
    p = known.p if known.se else max(d.p or 0.0 for d in each)
    (table,) = tables(tmp_path)
    pair = table.pairs["a", "b"]
    numbers = (pair.difference, pair.low, pair.high, pair.p)
    assert numbers == pytest.approx((known.value, known.low, known.high, p), abs=1e-12, rel=1e-12)


def test_a_pair_is_kept_once_and_read_both_ways(tmp_path: Path) -> None:
    world(tmp_path, (0,))
    for table in tables(tmp_path):
        assert all(a < b for a, b in table.pairs)
        for a, b in table.pairs:
            one, other = table.of(a, b), table.of(b, a)
            assert one is not None
            assert other is not None
            assert (one.difference, one.low, one.high) == (
                -(other.difference or 0),
                -(other.high or 0),
                -(other.low or 0),
            )
            assert one.p == other.p
        assert table.of("posthoc", "nobody") is None


def test_a_turned_pair_is_what_compare_says_of_the_turned_question(tmp_path: Path) -> None:
    world(tmp_path, (0,))
    found = {(t.where, t.codes): t for t in tables(tmp_path)}
    for row in compare(tmp_path, "separated", "posthoc").rows:
        pair = found[row.where, row.variant].of("separated", "posthoc")
        assert pair is not None
        known = (row.difference, row.low, row.high, row.p)
        assert (pair.difference, pair.low, pair.high, pair.p) == pytest.approx(known, abs=1e-9)


def test_a_method_within_the_budget_meets_truncated_codes_as_it_is(tmp_path: Path) -> None:
    cut, whole, other = hits(0.3, noise=1), hits(0.5, noise=2), hits(0.6, noise=3)
    write(tmp_path, {"main": whole, "main#truncated": cut}, method="jsae")
    write(tmp_path, {"main": other}, method="posthoc")
    write(tmp_path, {"main": hits(0.1, noise=4)}, method="separated")
    full, truncated = tables(tmp_path)
    assert (full.codes, truncated.codes) == (FULL, TRUNCATED)
    known = paired(cut, other)
    assert truncated.pairs["jsae", "posthoc"].difference == known.value
    assert truncated.pairs["jsae", "posthoc"].p == known.p
    assert ("posthoc", "separated") in full.pairs
    assert ("posthoc", "separated") not in truncated.pairs


# ------------------------------------------------------------------------------- what is refused


def refused(folder: Path) -> str | None:
    (table,) = tables(folder)
    (pair,) = table.pairs.values()
    assert (pair.difference, pair.low, pair.high, pair.p, pair.n) == (None,) * 5
    return pair.refused


@pytest.mark.parametrize(
    ("first", "second", "unit", "reason"),
    [
        (hits(0.5, n=40), hits(0.5, n=50), "image", "units"),
        (hits(0.5, n=40), hits(0.5, n=50), "latent", "latents"),
        (
            StoredUnits(np.arange(4.0), None, np.array([0, 0, 1, 1])),
            StoredUnits(np.arange(4.0), None, np.array([0, 1, 1, 1])),
            "image",
            "clusters",
        ),
        (
            StoredUnits(np.arange(4.0), None, np.zeros(4, int)),
            StoredUnits(np.ones(4), None, np.zeros(4, int)),
            "image",
            "one cluster",
        ),
        (
            StoredUnits(np.arange(4.0), None, None, 1.5, np.arange(500.0), 1),
            StoredUnits(np.arange(4.0), None, None, 1.5, np.arange(500.0), 1),
            "image",
            "draws",
        ),
    ],
)
def test_what_makes_no_pairs_has_its_reason(
    tmp_path: Path, first: StoredUnits, second: StoredUnits, unit: str, reason: str
) -> None:
    for seed in (0, 1):
        write(tmp_path, {"main": first}, method="a", seed=seed, unit=unit)
        write(tmp_path, {"main": second}, method="b", seed=seed, unit=unit)
    assert refused(tmp_path) == reason
    assert next(r.refused for r in compare(tmp_path, "a", "b").rows)


def test_seeds_in_common_alone_count_and_none_is_a_reason(tmp_path: Path) -> None:
    for name, seeds in (("a", (0, 1)), ("b", (1, 2)), ("c", (2,))):
        for seed in seeds:
            put(tmp_path, {"r@1": hits(0.5, noise=seed)}, method=name, seed=seed)
    (table,) = tables(tmp_path)
    assert table.pairs["a", "b"].seeds == (1,)
    assert table.pairs["a", "c"] == Pair(refused="seeds")
    assert table.cells["a"].keys() == {1}


def test_units_that_were_not_kept_are_a_reason(tmp_path: Path) -> None:
    write_cell(tmp_path, cell(method="a"))
    put(tmp_path, {"r@1": hits(0.5)}, method="b")
    assert refused(tmp_path) == "not kept"


def test_other_versions_and_revisions_never_meet(tmp_path: Path) -> None:
    put(tmp_path, {"r@1": hits(0.5)}, method="a")
    put(tmp_path, {"r@1": hits(0.5)}, method="b", version=2)
    put(tmp_path, {"r@1": hits(0.5)}, method="c", revision="r2")
    assert tables(tmp_path) == []


def test_two_configurations_of_a_method_are_one_line(tmp_path: Path) -> None:
    for k in (8, 16):
        put(tmp_path, {"r@1": hits(0.5)}, method="a", config={"k": k})
    put(tmp_path, {"r@1": hits(0.5)}, method="b")
    with pytest.raises(ValueError, match=r"a is there in several configurations"):
        tables(tmp_path)


# ------------------------------------------------------------------------------------- on disk


def test_what_is_read_is_what_was_written_but_for_digits_that_say_nothing(tmp_path: Path) -> None:
    found = tables(world(tmp_path / "cells", (0, 1, 2)))
    path = pairs.pairs_file(tmp_path, "synthetic:tiny,alpha=0.5")
    pairs.write_pairs(path, found)
    again = {table.key: table for table in pairs.read_pairs(path)}
    assert again.keys() == {table.key for table in found}
    for table in found:
        read = again[table.key]
        assert (read.unit, read.cells) == (table.unit, table.cells)
        for names, pair in table.pairs.items():
            kept = read.pairs[names]
            assert (kept.n, kept.seeds, kept.refused) == (pair.n, pair.seeds, pair.refused)
            if pair.difference is None or pair.low is None or pair.high is None:
                continue
            assert kept.difference is not None
            assert kept.low is not None
            assert kept.high is not None
            width = pair.high - pair.low
            assert kept.low <= kept.difference <= kept.high
            for one, other in ((kept.difference, pair.difference), (kept.low, pair.low)):
                assert one == pytest.approx(other, abs=1e-3 * width + 1e-12)
            assert kept.p == pytest.approx(pair.p, rel=1e-3)
    pairs.write_pairs(tmp_path / "again.json.gz", again.values())
    assert (tmp_path / "again.json.gz").read_bytes() == path.read_bytes()


def test_the_same_pairs_are_the_same_bytes_in_any_order(tmp_path: Path) -> None:
    found = tables(world(tmp_path / "cells", (0,)))
    first, second = tmp_path / "a.json.gz", tmp_path / "b.json.gz"
    pairs.write_pairs(first, found)
    pairs.write_pairs(second, found[::-1])
    assert first.read_bytes() == second.read_bytes()
    text = gzip.decompress(first.read_bytes()).decode()
    assert not [word for word in ("NaN", "Infinity", "-0.0,") if word in text]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        gzip.compress(b"{}", mtime=0),
        gzip.compress(b'{"schema_version": 2, "tables": []}', mtime=0),
        gzip.compress(b'{"schema_version": 1, "tables": [{"where": {}}]}', mtime=0),
        gzip.compress(b"\xff", mtime=0),
        gzip.compress(b"[]", mtime=0),
    ],
    ids=range(7),
)
def test_a_file_of_something_else_is_one_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.json.gz"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"x\.json\.gz is no file of pairs") as raised:
        pairs.read_pairs(path)
    assert "\n" not in str(raised.value)


def test_an_unknown_reason_is_refused(tmp_path: Path) -> None:
    put(tmp_path / "c", {"r@1": hits(0.5, n=40)}, method="a")
    put(tmp_path / "c", {"r@1": hits(0.5, n=50)}, method="b")
    path = tmp_path / "x.json.gz"
    pairs.write_pairs(path, tables(tmp_path / "c"))
    whole = json.loads(gzip.decompress(path.read_bytes()))
    whole["tables"][0]["refused"] = {"0": "<script>"}
    path.write_bytes(gzip.compress(json.dumps(whole).encode()))
    with pytest.raises(ValueError, match="is no reason"):
        pairs.read_pairs(path)


# ------------------------------------------------------------------------------------- bundling


def bundled(root: Path, *runs: Path) -> dict[tuple[str, str], Pair]:
    """Bundles documents beside what `root` holds; the pairs that ship then."""
    whole = bundle.bundled(kept(root), [c for run in runs for c in read_cells(run).cells])
    write_cells(root / "all.jsonl.xz", whole)
    new = bundle.bundled([], [c for run in runs for c in read_cells(run).cells])
    folders = {c.key: run for run in runs for c in read_cells(run).cells}
    n = pairs.bundle_pairs(new, folders, whole, root)
    found = {names: pair for t in pairs.shipped(root) for names, pair in t.pairs.items()}
    assert n == len(found)
    return found


def kept(root: Path) -> tuple[Cell, ...]:
    path = root / "all.jsonl.xz"
    return panels.read_bundle(path) if path.is_file() else ()


def test_a_row_goes_where_its_task_no_longer_applies(tmp_path: Path) -> None:
    folder = run_of(tmp_path, {"a": 0.3, "b": 0.5}, (0,))
    old = list(read_cells(folder).cells)
    without = {"scores": (), "units_file": None, "units_sha256": None, "reason": "it draws nothing"}
    gone = old[0].model_copy(update={"status": "not_applicable", **without})
    failed = old[1].model_copy(update={"status": "failed", **without})
    assert bundle.bundled(old, [gone, failed]) == [old[1]]


def run_of(folder: Path, methods: Mapping[str, float], seeds: Sequence[int], **more: Any) -> Path:
    for i, (name, p) in enumerate(methods.items()):
        for seed in seeds:
            put(folder, {"r@1": hits(p, noise=7 * seed + i)}, method=name, seed=seed, **more)
    return folder


def test_one_more_method_adds_its_own_pairs_and_is_the_whole_at_once(tmp_path: Path) -> None:
    first = run_of(tmp_path / "first", {"a": 0.3, "b": 0.5}, (0, 1))
    second = run_of(tmp_path / "second", {"c": 0.6}, (0, 1))
    before = bundled(tmp_path / "step", first)
    after = bundled(tmp_path / "step", first, second)
    assert before == {("a", "b"): after["a", "b"]}
    assert after == bundled(tmp_path / "whole", first, second)
    files = [next((tmp_path / each).glob("*.json.gz")) for each in ("step", "whole")]
    assert files[0].read_bytes() == files[1].read_bytes()


def test_a_method_run_alone_takes_nothing_away(tmp_path: Path) -> None:
    first = run_of(tmp_path / "first", {"a": 0.3, "b": 0.5}, (0, 1))
    before = bundled(tmp_path / "root", first)
    alone = run_of(tmp_path / "alone", {"c": 0.6}, (0, 1))
    assert bundled(tmp_path / "root", alone) == before


def test_a_run_of_one_seed_does_not_undo_more_and_one_of_more_does(tmp_path: Path) -> None:
    before = bundled(tmp_path / "root", run_of(tmp_path / "x", {"a": 0.3, "b": 0.5}, (0, 1)))
    one = bundled(tmp_path / "root", run_of(tmp_path / "y", {"a": 0.3, "b": 0.5}, (2,)))
    assert one == before
    more = bundled(tmp_path / "root", run_of(tmp_path / "z", {"a": 0.3, "b": 0.5}, (0, 1, 2)))
    assert more["a", "b"].seeds == (0, 1, 2)


def test_a_pair_goes_with_its_cells(tmp_path: Path) -> None:
    """Another code of a method is another cell: what was compared does not ship any more."""
    methods = {"a": 0.3, "b": 0.5, "c": 0.6}
    before = bundled(tmp_path / "root", run_of(tmp_path / "x", methods, (0, 1)))
    assert set(before) == {("a", "b"), ("a", "c"), ("b", "c")}
    changed = run_of(tmp_path / "y", {"a": 0.4}, (0, 1), code="n3w")
    assert bundled(tmp_path / "root", changed) == {("b", "c"): before["b", "c"]}


def test_a_file_without_pairs_goes(tmp_path: Path) -> None:
    bundled(tmp_path / "root", run_of(tmp_path / "x", {"a": 0.3, "b": 0.5}, (0,)))
    bundled(tmp_path / "root", run_of(tmp_path / "y", {"a": 0.3, "b": 0.5}, (0,), revision="r2"))
    assert len(list((tmp_path / "root").glob("*.json.gz"))) == 1
    assert pairs.bundle_pairs([], {}, [], tmp_path / "root") == 0
    assert list((tmp_path / "root").glob("*.json.gz")) == []


def test_the_command_ships_pairs_beside_the_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    names = sorted({name for pair in bundle.PAIRS for name in pair})
    run_of(tmp_path / "cells", {name: 0.2 + 0.1 * i for i, name in enumerate(names)}, (0, 1))
    cells = read_cells(tmp_path / "cells").cells
    write_document(tmp_path / "document.json", document(Run(), cells))
    rows = tmp_path / "shipped" / "reference"
    monkeypatch.setattr(panels, "BUNDLED", rows)
    monkeypatch.setattr(bundle, "BUNDLED", rows)
    monkeypatch.setattr(bundle, "COMPARISONS", tmp_path / "shipped" / "comparisons.json")
    monkeypatch.setattr("sys.argv", ["bundle", str(tmp_path / "document.json")])
    assert bundle.main() == 0
    n = math.comb(len(names), 2)
    assert f"{n} pairs" in capsys.readouterr().err
    (table,) = pairs.shipped()
    assert len(table.pairs) == n
    known = compare(tmp_path / "cells", "jsae", "posthoc").rows[0]
    pair = table.of("jsae", "posthoc")
    assert pair is not None
    assert pair.difference == pytest.approx(known.difference, abs=1e-3)


def test_a_run_of_one_method_keeps_what_the_readme_compares(tmp_path: Path) -> None:
    rows = [{"backend": "elsewhere"}]
    before = [{"a": "posthoc", "b": "separated", "rows": rows}, {"a": "x", "b": "y"}]
    run_of(tmp_path, {"jsae": 0.4, "posthoc": 0.5}, (0, 1))
    found = bundle.comparisons(tmp_path, before)
    assert [(each["a"], each["b"]) for each in found] == [
        ("posthoc", "separated"),
        ("jsae", "posthoc"),
    ]
    assert found[0] == before[0]
    other = [{"a": "jsae", "b": "posthoc", "rows": rows}]
    assert bundle.comparisons(tmp_path, other)[-1] == other[0], "a run of another backend"


def test_a_document_far_from_its_cells_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cells = read_cells(run_of(tmp_path / "run" / "cells", {"a": 0.4}, (0,))).cells
    write_document(tmp_path / "document.json", document(Run(), cells))
    for path, says in (("document.json", "no cells beside it"), ("other.json", "no result")):
        monkeypatch.setattr("sys.argv", ["bundle", str(tmp_path / path)])
        assert bundle.main() == 2
        said = capsys.readouterr().err
        assert says in said
        assert said.count("\n") == 1


# ------------------------------------------------------------------------------------- families


def test_a_column_is_adjusted_over_all_that_stand_against_its_best(tmp_path: Path) -> None:
    run_of(tmp_path, {"a": 0.3, "b": 0.5, "c": 0.55, "best": 0.6}, (0, 1, 2))
    (table,) = tables(tmp_path)
    found = pairs.against(table, "best", table.methods)
    assert set(found) == {"a", "b", "c"}
    ps = [pair.p for pair, _ in found.values()]
    assert [p for _, p in found.values()] == holm([p or 0.0 for p in ps])
    assert all((pair.difference or 0) > 0 for pair, _ in found.values())


def test_a_pair_says_what_compare_says(tmp_path: Path) -> None:
    for task, (p, q) in {"x": (0.3, 0.6), "y": (0.5, 0.5), "z": (0.4, 0.7)}.items():
        run_of(tmp_path, {"a": p, "b": q}, (0, 1, 2), task=task)
    rows = compare(tmp_path, "a", "b").rows
    found = {table.where.task: table for table in tables(tmp_path)}
    adjusted = pairs.holm_over({task: table.pairs["a", "b"] for task, table in found.items()})
    for row in rows:
        table = found[row.where.task]
        pair = table.pairs["a", "b"]
        judged = adjusted[row.where.task]
        made = pairs.as_compared(table, ("a", "b"), pair, judged, (row.a, row.b))
        assert made.p_holm == pytest.approx(row.p_holm)
        said, known = (each.verdict.partition(" by ")[0] for each in (made, row))
        assert said.partition(":")[0] == known.partition(":")[0]


# ---------------------------------------------------------------------------------------- speed


def test_twenty_methods_of_two_thousand_units_take_seconds(tmp_path: Path) -> None:
    """190 pairs over three seeds; each pair resampled by itself would take half a minute."""
    for m in range(20):
        for seed in range(3):
            units = hits(0.2 + 0.02 * m, n=2000, noise=50 * seed + m)
            write_cell(
                tmp_path, cell(method=f"m{m:02d}", seed=seed, scores=(score(),)), {"r@1": units}
            )
    started = time.process_time()
    (table,) = tables(tmp_path)
    assert len(table.pairs) == 190
    assert time.process_time() - started < 10
