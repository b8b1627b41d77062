"""Comparisons on planted cells: what is better, what is not resolved, what is never compared."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from benchmark.__main__ import main
from benchmark.backends.planted import canonical, parse
from benchmark.reports.compare import (
    Compared,
    Comparison,
    across_table,
    compare,
    compare_across,
)
from benchmark.reports.comparing import print_comparison
from benchmark.results import write_cell
from benchmark.statistics import estimate, holm, over_seeds, paired
from benchmark.statistics.resampling import draws_id
from tests.records import cell, hits, put


def planted(folder: Path, *, seeds: tuple[int, ...] = (0, 1, 2), **more: object) -> Path:
    """posthoc .6 over separated .3 on the same 400 items; `twin` is posthoc but for noise."""
    for seed in seeds:
        for number, (method, p) in enumerate(
            {"posthoc": 0.6, "separated": 0.3, "twin": 0.6}.items()
        ):
            units = {"r@1": hits(p, noise=10 * seed + number), "mrr": hits(p, seed=5)}
            put(folder, units, method=method, seed=seed, **more)
    return folder


def text_of(*tables: object) -> str:
    console = Console(width=200, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    with console.file:
        for table in tables:
            console.print(table)
        return console.export_text()


def told(comparison: Comparison, *, every: bool = False, width: int = 200) -> str:
    """What `compare` prints, lines as wide as asked."""
    console = Console(width=width, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    with console.file:
        print_comparison(comparison, console, every=every)
        return console.export_text()


def main_row(comparison: Comparison) -> Compared:
    (row,) = (r for r in comparison.rows if r.main)
    return row


# ---------------------------------------------------------------------------------- two methods


def test_one_seed_is_the_paired_difference(tmp_path: Path) -> None:
    found = main_row(compare(planted(tmp_path, seeds=(0,)), "posthoc", "separated"))
    known = paired(hits(0.6, noise=0), hits(0.3, noise=1))
    assert (found.difference, found.low, found.high) == (known.value, known.low, known.high)
    assert found.p == found.p_holm == known.p
    assert found.mrd is None
    assert found.verdict.startswith("posthoc is better by 0.")
    assert "one seed" in found.verdict


def test_three_seeds_follow_the_formula(tmp_path: Path) -> None:
    found = main_row(compare(planted(tmp_path), "posthoc", "separated"))
    each = [paired(hits(0.6, noise=10 * s), hits(0.3, noise=10 * s + 1)) for s in range(3)]
    known = over_seeds([d.value for d in each], [d.se for d in each])
    assert found.difference == pytest.approx(known.value)
    assert (found.low, found.high) == pytest.approx((known.low, known.high))
    assert found.p == pytest.approx(known.p)
    assert found.mrd is not None
    assert found.seeds == (0, 1, 2)
    assert 0.1 < found.low < found.difference < found.high < 0.5
    assert found.mrd < 0.1
    assert "one seed" not in found.verdict


def test_the_other_way_round_is_the_same_with_another_sign(tmp_path: Path) -> None:
    planted(tmp_path)
    one = main_row(compare(tmp_path, "posthoc", "separated"))
    other = main_row(compare(tmp_path, "separated", "posthoc"))
    assert other.difference == pytest.approx(-one.difference)
    assert other.verdict == one.verdict
    assert other.verdict.startswith("posthoc is better")


def test_twins_are_not_told_apart(tmp_path: Path) -> None:
    found = main_row(compare(planted(tmp_path), "posthoc", "twin"))
    assert found.low < 0 < found.high
    assert found.verdict.startswith("no difference resolved")
    assert "minimum reliable difference" in found.verdict


def test_equal_units_are_the_same(tmp_path: Path) -> None:
    for method in ("posthoc", "separated"):
        for seed in (0, 1):
            put(tmp_path, {"r@1": hits(0.4)}, method=method, seed=seed)
    found = main_row(compare(tmp_path, "posthoc", "separated"))
    assert found.verdict == "the same on all 400 units"
    assert found.p == 1


def test_lower_can_be_better_or_neither(tmp_path: Path) -> None:
    put(tmp_path, {"r@1": hits(0.6)}, method="a", higher_is_better=False)
    put(tmp_path, {"r@1": hits(0.3)}, method="b", higher_is_better=False)
    assert main_row(compare(tmp_path, "a", "b")).verdict.startswith("b is better by 0.")
    put(tmp_path, {"r@1": hits(0.6)}, method="a", higher_is_better=None, site="x")
    put(tmp_path, {"r@1": hits(0.3)}, method="b", higher_is_better=None, site="x")
    row = next(r for r in compare(tmp_path, "a", "b").rows if r.where.site == "x")
    assert row.verdict.startswith("a has 0.")
    assert "better by" not in row.verdict


def test_holm_is_over_the_main_metrics_alone(tmp_path: Path) -> None:
    for i, (p, q) in enumerate(((0.5, 0.45), (0.5, 0.49), (0.6, 0.2))):
        for name, share in (("a", p), ("b", q)):
            units = {"r@1": hits(share, n=100, seed=i), "mrr": hits(share, seed=i + 9)}
            put(tmp_path, units, method=name, task=f"task{i}")
    rows = compare(tmp_path, "a", "b").rows
    main = [row for row in rows if row.main]
    assert [row.p_holm for row in main] == holm([row.p or 0.0 for row in main])
    assert main[0].p_holm > main[0].p
    assert all(row.p_holm is None for row in rows if not row.main)
    assert [row.metric for row in rows] == ["r@1", "mrr"] * 3


def test_methods_of_different_sites_are_compared_where_both_sites_are_named(
    tmp_path: Path,
) -> None:
    for seed in (0, 1):
        for method, site, p in (("posthoc", "here", 0.6), ("separated", "there", 0.3)):
            put(tmp_path, {"r@1": hits(p, noise=seed)}, method=method, seed=seed, site=site)
    with pytest.raises(ValueError, match="site here against there"):
        compare(tmp_path, "posthoc", "separated")
    row = main_row(compare(tmp_path, "posthoc@here", "separated@there"))
    assert row.where.site == "here against there"
    assert row.seeds == (0, 1)
    assert row.difference == pytest.approx(row.a - row.b)
    assert row.difference > 0.2
    with pytest.raises(ValueError, match="name a site with both"):
        compare(tmp_path, "posthoc@here", "separated")
    with pytest.raises(ValueError, match="posthoc was not scored at there: there is here"):
        compare(tmp_path, "posthoc@there", "separated@there")


def test_only_common_seeds_are_compared(tmp_path: Path) -> None:
    for method, seeds in (("a", (0, 1)), ("b", (1, 2))):
        for seed in seeds:
            put(tmp_path, {"r@1": hits(0.5, noise=seed)}, method=method, seed=seed)
    assert main_row(compare(tmp_path, "a", "b")).seeds == (1,)


def test_functions_of_weights_are_paired_by_their_draws(tmp_path: Path) -> None:
    sides = {"a": hits(0.6), "b": hits(0.5)}
    for name, units in sides.items():
        found = estimate(units, draws=500)
        kept = replace(
            units, point=found.value, replicates=found.replicates, draws_id=draws_id(400)
        )
        write_cell(tmp_path, cell(method=name), {"r@1": kept})
    row = main_row(compare(tmp_path, "a", "b"))
    known = paired(*sides.values(), draws=500)
    assert (row.low, row.high, row.p) == pytest.approx((known.low, known.high, known.p))


# ----------------------------------------------------------------------- what is never compared


def test_unknown_names_get_the_nearest(tmp_path: Path) -> None:
    planted(tmp_path, seeds=(0,))
    with pytest.raises(ValueError, match=r"posthok.*did you mean posthoc"):
        compare(tmp_path, "posthok", "separated")
    with pytest.raises(ValueError, match="there are: posthoc, separated, twin"):
        compare(tmp_path, "posthoc", "xyzzy")
    with pytest.raises(ValueError, match="name two methods"):
        compare(tmp_path, "posthoc", "posthoc")
    with pytest.raises(ValueError, match="holds no results"):
        compare(tmp_path / "nowhere", "posthoc", "separated")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"version": 2}, "task version 1 against 2"),
        ({"revision": "r2"}, "backend revision r1 against r2"),
        ({"limit": 50}, "limit 0 against 50"),
    ],
)
def test_versions_and_revisions_are_never_mixed(
    tmp_path: Path, change: dict[str, object], says: str
) -> None:
    put(tmp_path, {"r@1": hits(0.5)}, method="a")
    put(tmp_path, {"r@1": hits(0.4)}, method="b", **change)
    with pytest.raises(ValueError, match=f"nothing in common.*{says}"):
        compare(tmp_path, "a", "b")
    put(tmp_path, {"r@1": hits(0.5)}, method="a", task="other")
    put(tmp_path, {"r@1": hits(0.4)}, method="b", task="other")
    found = compare(tmp_path, "a", "b")
    assert [row.where.task for row in found.rows] == ["other"]
    assert any(says in note for note in found.notes)


def test_nothing_in_common_is_one_line(tmp_path: Path) -> None:
    put(tmp_path, {"r@1": hits(0.5)}, method="a", backend="x")
    put(tmp_path, {"r@1": hits(0.5)}, method="b", backend="y")
    with pytest.raises(ValueError, match="nothing in common") as caught:
        compare(tmp_path, "a", "b")
    assert "\n" not in str(caught.value)


def test_no_seed_in_common_is_an_error_and_seeds_left_out_are_told(tmp_path: Path) -> None:
    for method, seeds in (("a", (0, 1)), ("b", (2,))):
        for seed in seeds:
            put(tmp_path, {"r@1": hits(0.5, noise=seed)}, method=method, seed=seed)
    with pytest.raises(ValueError, match=r"no seed in common, of a 0, 1 and b 2: retrieval on"):
        compare(tmp_path, "a", "b")
    put(tmp_path, {"r@1": hits(0.5)}, method="b", seed=1)
    found = compare(tmp_path, "a", "b")
    assert main_row(found).seeds == (1,)
    assert found.notes == (
        "compared over common seeds, of a 0, 1 and b 1, 2: retrieval on pocket-clip",
    )


def test_tasks_that_one_method_has_no_scores_of_are_told_with_the_reason(tmp_path: Path) -> None:
    planted(tmp_path, seeds=(0,))
    for i in range(8):
        put(tmp_path, {"r@1": hits(0.5)}, method="posthoc", task=f"task{i}")
    reason = "needs sparse latents"
    absent = cell(method="separated", task="task0", status="not_applicable", reason=reason)
    write_cell(tmp_path, absent)
    rest = ", ".join(f"task{i} on pocket-clip" for i in range(1, 7))
    for pair in (("posthoc", "separated"), ("separated", "posthoc")):
        assert compare(tmp_path, *pair).notes == (
            f"separated has no scores (not applicable: {reason}) of task0 on pocket-clip",
            f"separated has no scores (not run there) of {rest}, 1 more",
        )


def test_two_configurations_of_one_name_are_refused(tmp_path: Path) -> None:
    planted(tmp_path, seeds=(0,))
    put(tmp_path, {"r@1": hits(0.5)}, method="posthoc", config={"k": 32})
    with pytest.raises(ValueError, match=r"several configurations.*k = "):
        compare(tmp_path, "posthoc", "separated")


def test_of_two_codes_the_latest_is_taken_and_said(tmp_path: Path) -> None:
    put(tmp_path, {"r@1": hits(0.2)}, method="a", created="2026-01-01")
    put(tmp_path, {"r@1": hits(0.9)}, method="a", code="new", created="2026-02-01")
    put(tmp_path, {"r@1": hits(0.5)}, method="b")
    found = compare(tmp_path, "a", "b")
    assert main_row(found).a == pytest.approx(0.9, abs=0.06)
    assert any("latest" in note for note in found.notes)


def test_a_method_without_a_scored_cell_says_why(tmp_path: Path) -> None:
    planted(tmp_path, seeds=(0,))
    reason = "needs sparse latents"
    write_cell(tmp_path, cell(method="identity", status="not_applicable", reason=reason))
    with pytest.raises(ValueError, match=r"identity has no scored cell .needs sparse latents"):
        compare(tmp_path, "posthoc", "identity")


def test_units_that_differ_refuse_the_row_and_say_so(tmp_path: Path) -> None:
    put(tmp_path, {"r@1": hits(0.5), "mrr": hits(0.4, n=50)}, method="a")
    put(tmp_path, {"r@1": hits(0.4), "mrr": hits(0.4, n=60)}, method="b")
    found = compare(tmp_path, "a", "b")
    refused = next(row for row in found.rows if row.metric == "mrr")
    assert "50 images against 60: not the same ones" in refused.verdict
    assert "limited" not in refused.verdict
    assert refused.p is None
    assert main_row(found).p is not None
    assert "n/a: 50 images against 60" in told(found, every=True)


def test_latents_of_two_methods_are_no_pairs_by_nature(tmp_path: Path) -> None:
    for name, n in (("a", 50), ("b", 60)):
        kept = put(tmp_path, {"r@1": hits(0.5), "density": hits(0.4, n=n)}, method=name)
        path = tmp_path / f"{kept.key}.json"
        record = json.loads(path.read_text())
        record["scores"][1]["unit"] = "latent"
        path.write_text(json.dumps(record))
    (row,) = (row for row in compare(tmp_path, "a", "b").rows if not row.main)
    assert row.refused == "latents differ between methods by nature, so there are no pairs"


def test_damaged_units_and_records_are_said_in_one_line(tmp_path: Path) -> None:
    planted(tmp_path, seeds=(0,))
    (tmp_path / f"{'0' * 64}.json").write_text("{")
    assert any("no whole result record" in n for n in compare(tmp_path, "posthoc", "twin").notes)
    for path in tmp_path.glob("*.npz"):
        path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(ValueError, match="no whole file of units"):
        compare(tmp_path, "posthoc", "separated")


# ---------------------------------------------------------------------------------- two backends


def ranked(folder: Path, backend: str, shares: dict[str, float], **more: object) -> None:
    for method, share in shares.items():
        for seed in (0, 1, 2):
            units = {"r@1": hits(share, n=2000, noise=seed)}
            put(folder, units, method=method, backend=backend, seed=seed, **more)


def test_tiers_on_two_backends_and_their_agreement(tmp_path: Path) -> None:
    ranked(tmp_path, "x", {"a": 0.8, "b": 0.795, "c": 0.4, "d": 0.1})
    ranked(tmp_path, "y", {"a": 0.5, "b": 0.4, "c": 0.2, "d": 0.01}, site="block 3")
    ranked(tmp_path, "x", {"labelled": 0.99}, supervised=True)
    found = compare_across(tmp_path, ("x", "y"), ["a", "d"])
    (row,) = found.rows
    assert row.first == {"a": 1, "b": 1, "c": 2, "d": 3}
    assert row.second == {"a": 1, "b": 2, "c": 3, "d": 4}
    assert row.tau == pytest.approx(5 / np.sqrt(5 * 6))
    assert any("labelled" in note for note in found.notes)
    shown = text_of(across_table(found))
    assert "a, b > c > d" in shown
    assert "0.8" not in shown


def test_opposite_orders_and_no_order(tmp_path: Path) -> None:
    ranked(tmp_path, "x", {"a": 0.8, "b": 0.4})
    ranked(tmp_path, "y", {"a": 0.4, "b": 0.8})
    ranked(tmp_path, "z", {"a": 0.5, "b": 0.5})
    assert compare_across(tmp_path, ("x", "y")).rows[0].tau == pytest.approx(-1)
    (row,) = compare_across(tmp_path, ("x", "z")).rows
    assert row.tau is None
    assert "one tier" in (row.reason or "")
    assert "none: " in text_of(across_table(compare_across(tmp_path, ("x", "z"))))


def test_across_ranks_at_the_site_that_most_methods_have(tmp_path: Path) -> None:
    ranked(tmp_path, "x", {"a": 0.8, "b": 0.4}, site="block:1")
    ranked(tmp_path, "x", {"a": 0.1}, site="block:0")
    ranked(tmp_path, "y", {"a": 0.8, "b": 0.4})
    found = compare_across(tmp_path, ("x", "y"))
    assert found.rows[0].tau == pytest.approx(1)
    assert any("ranked at block:1, left out: block:0" in note for note in found.notes)


def test_across_refuses_what_it_cannot_mean(tmp_path: Path) -> None:
    ranked(tmp_path, "pocket-clip", {"a": 0.8, "b": 0.4})
    ranked(tmp_path, "other", {"a": 0.8, "c": 0.4}, version=2)
    with pytest.raises(ValueError, match="did you mean pocket-clip"):
        compare_across(tmp_path, ("pocket-clop", "other"))
    with pytest.raises(ValueError, match=r"method \(on other\) b"):
        compare_across(tmp_path, ("pocket-clip", "other"), ["b"])
    with pytest.raises(ValueError, match="other against itself: name two backends"):
        compare_across(tmp_path, ("other", "other"))
    with pytest.raises(ValueError, match="no scored task in common"):
        compare_across(tmp_path, ("pocket-clip", "other"))
    ranked(tmp_path, "pocket-clip", {"a": 0.7}, limit=50)
    with pytest.raises(ValueError, match="two places"):
        compare_across(tmp_path, ("pocket-clip", "other"))


# ---------------------------------------------------------------------------------------- shown


def test_main_metrics_are_shown_and_all_where_asked(tmp_path: Path) -> None:
    planted(tmp_path)
    planted(tmp_path, task="other", limit=100)
    found = compare(tmp_path, "posthoc", "separated")
    shown = told(found)
    assert "mrr" not in shown
    assert "first 100" in shown
    assert "--all adds the other 2" in shown
    assert "parentheses:" not in shown
    assert told(found, every=True).count("mrr") == 2
    assert found.as_json()["rows"][0]["where"]["backend"] == "pocket-clip"


def test_the_difference_has_columns_of_its_own_and_p_is_explained(tmp_path: Path) -> None:
    planted(tmp_path)
    found = compare(tmp_path, "posthoc", "separated")
    row = main_row(found)
    (line,) = (line for line in told(found).splitlines() if line.startswith("r@1"))
    cells = line.split()
    assert cells[1:4] == [f"{row.a:.3f}", f"{row.b:.3f}", f"+{row.difference:.3f}"]
    assert " ".join(cells[4:6]) == f"[{row.low:.3f}, {row.high:.3f}]"
    assert cells[-1] == "posthoc"
    every = told(found, every=True)
    assert "all main metrics of this comparison (1)" in every
    (other,) = (line for line in every.splitlines() if line.startswith("mrr"))
    assert "(<0.001)" in other
    assert "(p) in parentheses: in no family, not adjusted" in every


@pytest.mark.parametrize("width", [80, 120])
def test_no_number_is_wrapped_or_cut(tmp_path: Path, width: int) -> None:
    for name in ("jsae-noalign-posthoc", "separated"):
        put(tmp_path, {"r@1": hits(0.5 + len(name) / 100), "mrr": hits(0.4)}, method=name)
    shown = told(compare(tmp_path, "jsae-noalign-posthoc", "separated"), every=True, width=width)
    (line,) = (line for line in shown.splitlines() if line.startswith("r@1"))
    assert "…" not in shown
    assert line.count("]") == 1
    assert ("A = jsae-noalign-posthoc, B = separated" in shown) is (width == 80)


def test_two_seeds_are_marked_and_three_are_not(tmp_path: Path) -> None:
    for seeds, marked in (((0, 1), True), ((0, 1, 2), False)):
        folder = tmp_path / str(len(seeds))
        shown = told(compare(planted(folder, seeds=seeds), "posthoc", "separated"))
        assert ("two seeds: interval wide by construction" in shown) is marked
        assert ("]‡" in shown) is marked
    assert "one seed:" not in shown


def test_presets_are_shown_and_understood_by_their_short_names(tmp_path: Path) -> None:
    tiny = canonical(parse("synthetic:tiny"))
    planted(tmp_path, backend=tiny, data=tiny)
    planted(tmp_path)
    shown = told(compare(tmp_path, "posthoc", "separated"))
    assert "synthetic:tiny · test split" in shown
    assert "n_shared" not in shown
    across = compare_across(tmp_path, ("synthetic:tiny", "pocket-clip"))
    assert across.backends == (tiny, "pocket-clip")
    assert "tiers on synthetic:tiny" in text_of(across_table(across))
    with pytest.raises(ValueError, match="did you mean synthetic:tiny"):
        compare_across(tmp_path, ("synthetic:tinny", "pocket-clip"))


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--json", "."), "--json . is a folder: wanted a file, or - for stdout"),
        (("--across", "x", "y", "--all"), "--all goes with two methods"),
        (("--output-path", "nowhere"), "no results in nowhere: name the folder of a run"),
    ],
)
def test_words_that_make_no_sense_are_one_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    says: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    planted(tmp_path / "results" / "cells", seeds=(0,))
    assert main(["compare", "posthoc", "separated", *words]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith(f"error: {says}")
    assert captured.err.count("\n") == 1
