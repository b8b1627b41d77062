"""Pages that need several rows: comparison, agreement, trade-offs, kernels, findings, metrics."""

from __future__ import annotations

import itertools
import json
import math
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from html5lib import HTMLParser
from scipy.stats import kendalltau

from benchmark.kernels.bench import stages
from benchmark.statistics import holm
from leaderboards import finding_pages, speeds
from leaderboards.board.places import place_of
from leaderboards.board.sources import Source
from leaderboards.pairs import FULL
from leaderboards.site.axes import axis, decades, rounds
from leaderboards.site.building import about
from leaderboards.site.curves import curves
from leaderboards.site.drawing import Scale
from leaderboards.site.embedding import embedded
from leaderboards.site.facts import Facts, gather
from leaderboards.site.labels import Spot, inside, overlap, placed
from leaderboards.site.pages import (
    Page,
    agreement,
    compare,
    findings,
    home,
    kernels,
    metrics,
    navigation,
    papers,
    steering,
    tradeoffs,
    weights,
)
from leaderboards.site.pages.tasks import ticks
from leaderboards.site.pairing import Paired, best_row
from leaderboards.site.rendering import rendered
from leaderboards.site.scatter import Point, front, scatter
from tests.paired_board import METHODS, cells, facts

SCRIPT = "<script>alert(1)</script>"
TURNED = "\u202egnp"
MODULES = (
    agreement,
    compare,
    findings,
    home,
    kernels,
    metrics,
    papers,
    steering,
    tradeoffs,
    weights,
)


@pytest.fixture(scope="module")
def known() -> Facts:
    return facts()


def text_of(page: Page, known: Facts) -> str:
    return rendered(page, navigation(), about(known))


def made(module: Any, known: Facts) -> dict[str, str]:
    """Pages of a module by path, as text."""
    return {page.path: text_of(page, known) for page in module.make(known)}


def data_in(text: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="pairs">(.*?)</script>', text, re.S)
    assert found
    whole: dict[str, Any] = json.loads(found[1])
    return whole


# ------------------------------------------------------------------------------------- every page


@pytest.mark.parametrize("module", MODULES, ids=lambda m: m.__name__.rpartition(".")[2])
def test_pages_are_valid_and_say_something_with_rows_and_without(module: Any, known: Facts) -> None:
    for given in (known, gather([Source([])])):
        for path, text in made(module, given).items():
            parser = HTMLParser(strict=False)
            parser.parse(text)
            assert not [code for _, code, _ in parser.errors], path
            main = text.partition("<main")[2].partition("</main>")[0]
            assert len(main) > 400, path
            assert "None" not in re.sub(r"None (yet|ship)", "", re.sub(r"<[^>]*>", " ", main)), path
            assert " style=" not in main


def test_the_first_page_tells_of_scores_that_nobody_wins() -> None:
    few = [cell for cell in cells() if cell.seed < 2 or cell.task.name != "stability"]
    text = made(home, facts(few))["index.html"]
    row = next(row for row in text.split("<tr>") if "stability" in row)
    assert row.count("scored, none ranked") == 3
    assert text.count("scored, none ranked") == 3


def test_sections_of_findings_are_reached_from_each_other(known: Facts) -> None:
    paths = [page.path for m in (findings, steering, weights, papers) for page in m.make(known)]
    for module in (findings, steering, weights, papers):
        for path, text in made(module, known).items():
            tabs = text.partition('aria-label="Findings"')[2].partition("</nav>")[0]
            assert [f"../{each}" for each in paths] == re.findall(r'href="([^"]*)"', tabs)
            assert f'href="../{path}" aria-current="page"' in tabs
    assert sum(each.path.startswith("findings/") for each in navigation()) == 1


# ------------------------------------------------------------------------------------- comparison


def test_the_script_has_every_pair_that_ships_and_its_numbers(known: Facts) -> None:
    (table, *_) = known.board.tables
    page = next(iter(compare.make(known)))
    data = data_in(text_of(page, known))
    rows = [row for row in table.rows if not row.slug]
    assert [each["name"] for each in data["rows"]] == [row.name for row in rows]
    paired = Paired(table, known.pairs)
    said = 0
    for column, sent in zip(table.columns, data["columns"], strict=True):
        pairs = list(itertools.combinations(rows, 2))
        assert len(sent["pairs"]) == 5 * len(pairs)
        for i, (a, b) in enumerate(pairs):
            value, low, high, p, over = sent["pairs"][5 * i : 5 * i + 5]
            pair = paired.of(column, a, b)
            if pair is None:
                assert over == -1
            elif pair.refused:
                assert sent["over"][over] == pair.refused
            else:
                assert sent["over"][over] == [pair.n, list(pair.seeds)]
                numbers = [x / sent["scale"] for x in (value, low, high)]
                wanted = (pair.difference, pair.low, pair.high)
                assert numbers == pytest.approx(wanted, abs=0.6 / sent["scale"])
                assert p / data["steps"] == pytest.approx(pair.p, abs=1e-5)
                said += 1
    assert said > 30


def test_without_script_every_method_stands_against_the_best(known: Facts) -> None:
    table = known.board.tables[0]
    column = table.column("retrieval")
    assert column is not None
    best = best_row(table, column)
    assert best is not None
    paired = Paired(table, known.pairs)
    others = [row for row in table.rows if paired.of(column, row, best)]
    ps = [paired.of(column, row, best).p for row in others]  # type: ignore[union-attr]
    context = compare.context_of(known, table, paired)
    at = [c.task for c, _ in context["columns"]].index("retrieval")
    found = {
        row.key: cells[at]
        for (row, _), cells in zip(context["rows"], context["matrix"], strict=True)
    }
    assert found[best.key]["best"]
    assert [found[row.key]["p"] for row in others] == holm([p or 0.0 for p in ps])
    text = text_of(next(iter(compare.make(known))), known)
    outside = re.sub(r"<script.*?</script>", "", text, flags=re.S)
    assert outside.count("told apart</span>") == sum(
        1 for cells in context["matrix"] for c in cells if c and c["pair"] and not c["best"]
    )
    assert f"best: {best.name}" in outside
    assert '<p id="plain">' in outside
    assert re.search(r"<form[^>]*data-compare hidden", outside)


def test_refused_pairs_say_why(known: Facts) -> None:
    text = text_of(next(iter(compare.make(known))), known)
    assert 'title="latents differ' in text or 'title="not the same units' in text


def test_truncated_codes_meet_whole_ones_that_are_no_denser(known: Facts) -> None:
    table = known.board.tables[0]
    paired = Paired(table, known.pairs)
    column = table.column("retrieval")
    assert column is not None
    row = {each.name: each for each in table.rows}
    assert paired.of(column, row["jsae (truncated)"], row["posthoc"]) is not None
    assert paired.of(column, row["jsae"], row["posthoc"]) is not None
    assert paired.of(column, row["jsae"], row["jsae (truncated)"]) is None
    one = paired.within(column, row["jsae"], row["posthoc"])
    other = paired.within(column, row["jsae (truncated)"], row["posthoc"])
    assert one is not None
    assert other is not None
    assert (one.codes, other.codes) == (FULL, "truncated")


def test_pairs_of_cells_that_ship_no_more_are_not_shown(known: Facts) -> None:
    """Facts drop a pair whose cell was replaced, however it came about."""
    newer = [
        cell.model_copy(update={"key": "f" * 64}) if cell.method.name == "jsae" else cell
        for cell in known.cells
    ]
    from leaderboards.pairs import merged

    left = merged(known.pairs, [], newer)
    assert left
    assert not [names for table in left for names in table.pairs if "jsae" in names]


def test_other_versions_are_not_compared(known: Facts) -> None:
    table = known.board.tables[0]
    old = [replace(each, where=replace(each.where, version=9)) for each in known.pairs]
    assert not Paired(table, old)
    assert Paired(table, known.pairs)


def test_places_without_pairs_have_no_page_and_none_at_all_says_how(known: Facts) -> None:
    few = [each for each in known.pairs if each.where.backend == "pocket-llava"]
    pages = list(compare.make(replace(known, pairs=few)))
    assert [page.path for page in pages] == ["compare/index.html"]
    assert "pocket-llava" in pages[0].title
    (empty,) = compare.make(replace(known, pairs=()))
    assert "leaderboards.bundle" in text_of(empty, known)


def test_text_of_others_cannot_act(known: Facts) -> None:
    evil = f"{SCRIPT}{TURNED}</script>&amp;"
    changed = [
        cell.model_copy(update={"method": cell.method.model_copy(update={"name": evil})})
        if cell.method.name == "shared"
        else cell
        for cell in known.cells
    ]
    hostile = facts(list(changed))
    for module in (compare, agreement, tradeoffs):
        for path, text in made(module, hostile).items():
            assert SCRIPT not in text, path
            assert TURNED not in text, path
            assert "\\u202e" not in text, path
            assert text.count("<script") == text.count("</script>") <= 3
    rows = data_in(next(iter(made(compare, hostile).values())))["rows"]
    assert any(each["name"].startswith(SCRIPT + "\ufffd") for each in rows)


def test_embedded_data_comes_back_and_cannot_end_its_element() -> None:
    value = {"a": ["</script><!--", "x&y", 1.5, None, True], "b\u2028": "é\u202e"}
    text = str(embedded(value))
    assert not set(text) & set("<>&\u2028é")
    assert json.loads(text) == {"a": value["a"], "b\ufffd": "é\ufffd"}
    with pytest.raises(ValueError, match="JSON compliant"):
        embedded(math.nan)


# -------------------------------------------------------------------------------------- agreement


def test_tau_is_that_of_tiers(known: Facts) -> None:
    tables = {name: its[0] for name, its in known.board.backends.items()}
    asked = list(agreement.questions(known.board.tasks, tables))
    assert [each.task for each in asked]
    told = 0
    for each in asked:
        for a, b in itertools.combinations(each.ranked, 2):
            found = each.between(a, b)
            assert found is not None
            common = sorted(each.ranked[a].keys() & each.ranked[b].keys())
            assert found.n == len(common)
            sides = [[each.ranked[side][name] for name in common] for side in (a, b)]
            if found.tau is not None:
                assert found.tau == pytest.approx(kendalltau(*sides).statistic)
                told += 1
            else:
                assert found.reason
                assert found.shade == "none"
    assert told
    names = {name for each in asked for side in each.ranked.values() for name in side}
    assert "labelled" not in names
    assert "identity" not in names


def test_versions_are_not_mixed() -> None:
    found = cells(sites={"pocket-clip": ("embedding",), "pocket-llava": ("block:2",)})
    older = [
        cell.model_copy(update={"task": cell.task.model_copy(update={"version": 2})})
        if cell.backend.name == "pocket-llava" and cell.task.name == "retrieval"
        else cell
        for cell in found
    ]
    known = gather([Source(older)])
    tables = {name: its[0] for name, its in known.board.backends.items()}
    tasks = [each.task for each in agreement.questions(known.board.tasks, tables)]
    assert "retrieval" not in tasks
    assert "modality_split" in tasks


def test_the_five_shades() -> None:
    taus = {1.0: "much", 0.6: "much", 0.3: "some", 0.0: "little", -0.3: "against", -1.0: "reversed"}
    assert {tau: agreement.Agreed(tau, 3, "").shade for tau in taus} == taus


# ------------------------------------------------------------------------------------- trade-offs


def test_the_front_is_what_nothing_beats_in_both() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        points = [tuple(p) for p in rng.integers(0, 6, (12, 2)).tolist()]
        found = front(points)
        for i, p in enumerate(points):
            beaten = any(
                q[0] >= p[0] and q[1] >= p[1] and q != p for j, q in enumerate(points) if j != i
            )
            if i in found:
                assert not beaten
            else:
                assert beaten or p in [points[j] for j in found]
        xs = [points[i][0] for i in found]
        assert xs == sorted(xs)


def test_controls_and_supervised_rows_are_shown_and_set_no_front(known: Facts) -> None:
    found = tradeoffs.section(known, known.board.tables[0])
    assert found is not None
    lines = {line.row.name: line for line in found["lines"]}
    assert set(METHODS) <= set(lines)
    assert not lines["labelled"].fronts
    assert not lines["identity"].fronts
    assert any("reconstruction" in line.fronts for line in lines.values())
    assert any("time to fit" in line.fronts for line in lines.values())


def test_every_point_is_a_link_that_says_its_numbers(known: Facts) -> None:
    text = made(tradeoffs, known)["tradeoffs.html"]
    points = re.findall(r'<a href="(methods/[^"]*)" class="point [^"]*" aria-label="([^"]*)"', text)
    assert len(points) > 10
    assert all(re.search(r": (explained_variance|fitted in) [\d.]+", says) for _, says in points)


def test_a_fit_is_timed_by_the_cell_that_made_it(known: Facts) -> None:
    row = next(r for r in known.board.tables[0].rows if r.name == "posthoc")
    assert tradeoffs.cost(row).seconds == pytest.approx(2.0 + len("posthoc") + 0.1)
    assert tradeoffs.cost(row).parameters == 526_592


@pytest.mark.parametrize("seed", range(8))
def test_labels_never_lie_over_each_other_or_out_of_the_frame(seed: int) -> None:
    rng = np.random.default_rng(seed)
    frame = (50.0, 10.0, 700.0, 400.0)
    spots = [
        Spot(float(x), float(y), 4.0, "m" * int(n))
        for x, y, n in zip(
            rng.normal(600, 60, 40).clip(60, 690),
            rng.normal(150, 50, 40).clip(20, 390),
            rng.integers(3, 25, 40),
            strict=True,
        )
    ]
    labels = placed(spots, frame)
    assert sum(label is not None for label in labels) >= 10
    from leaderboards.site import labels as own

    boxes = []
    for spot, label in zip(spots, labels, strict=True):
        if label is None:
            continue
        box = next(box for each, box in own.around(spot) if each == label)
        assert inside(box, frame)
        assert not any(overlap(box, other) for other in boxes)
        boxes.append(box)


def test_a_name_without_a_place_is_there_for_whoever_reaches_its_point() -> None:
    points = [
        Point(f"method-{i}", "x.html", 0.5, 0.5, None, None, "method", f"method-{i}: .5")
        for i in range(80)
    ]
    points.append(Point("far", "x.html", 90.0, 0.5, None, None, "control", "far: 90"))
    drawn = scatter(points, ("x", "y"))
    assert [point.name for point in drawn.outside] == ["far"]
    assert drawn.svg.count("<text") >= 80
    assert 'class="point method late"' in drawn.svg


def test_round_numbers_are_round_and_few() -> None:
    for low, high in ((0.0, 1.0), (0.843, 0.981), (-3.0, 70.0), (1e-6, 3e-6), (0.0, 12345.0)):
        found = rounds(low, high)
        assert 3 <= len(found) <= 9
        assert all(low - 1e-12 <= value <= high + 1e-12 for value in found)
    for low, high in ((0.7, 40.0), (2.0, 9.0), (1e-3, 1e5)):
        assert 2 <= len(decades(low, high)) <= 9
    flat = axis([2.0, 2.0], 0, 100)
    assert flat(2.0) == 50.0
    texts = [said for _, said in axis([0.84, 0.98], 0, 100).ticks()]
    assert len(set(texts)) == len(texts)
    below = [said for _, said in ticks(Scale(-0.33, 0.51, 320))]
    assert below == ["-0.2", "0.0", "0.2", "0.4"]


# ---------------------------------------------------------------------------- kernels and findings


def test_every_time_that_was_measured_is_in_the_table(known: Facts) -> None:
    text = made(kernels, known)["kernels.html"]
    for file in speeds.FOLDER.glob("*.json"):
        document = json.loads(file.read_text())
        assert document["device"] in text
        for op in {row["op"] for row in document["rows"]}:
            assert f"<code>{op}</code>" in text
        for step in stages.steps(document):
            assert f"<td>{step.rest:.3g}</td>" in text
    n = sum(len(json.loads(f.read_text())["rows"]) for f in speeds.FOLDER.glob("*.json"))
    assert len(re.findall(r'<tr class="(?:ours|other)">', text)) == n


def test_ours_come_first_and_compiled_is_what_it_is_held_against() -> None:
    row = {"op": "step", "dtype": "float32", "shape": "s", "mode": "m", "median_ms": 4.0}
    by = {
        "reference": row | {"median_ms": 8.0},
        "dense compiled": row | {"median_ms": 2.0},
        "triton": row | {"median_ms": 1.0},
    }
    found = kernels.cased("s", "float32", "m", by)
    assert [line.provider for line in found.lines] == ["triton", "dense compiled", "reference"]
    assert [line.compiled for line in found.lines] == [2.0, 1.0, 0.25]


def test_every_question_has_its_answer_and_every_number(known: Facts) -> None:
    text = made(findings, known)["findings/index.html"]
    stored = finding_pages.stored()["questions"]
    assert stored
    assert all(f'id="q{i}"' in text for i in range(1, len(stored) + 1))
    rows = sum(len(each["rows"]) for each in stored)
    assert text.count("resolved</span>") == rows
    clear = sum(row["p_holm"] < 0.05 for each in stored for row in each["rows"])
    assert text.count('<td class="apart">') == clear


def test_hostile_answers_are_inert(known: Facts, monkeypatch: pytest.MonkeyPatch) -> None:
    row = {
        "pair": [SCRIPT, "b"],
        "backend": SCRIPT,
        "site": SCRIPT,
        "seeds": [0],
        "metric": SCRIPT,
        "a": 1.0,
        "b": 0.5,
        "difference": 0.5,
        "low": 0.1,
        "high": 0.9,
        "n": 3,
        "p": 0.01,
        "p_holm": 0.01,
    }
    question = {"asks": SCRIPT, "of": SCRIPT, "metrics": [SCRIPT], "rows": [row]}
    stored = {"questions": [question], "steering": [], "frontier": []}
    monkeypatch.setattr(finding_pages, "stored", lambda: stored)
    text = made(findings, known)["findings/index.html"]
    assert SCRIPT not in text
    assert "&lt;script&gt;" in text


def test_curves_hold_every_mean_and_cut_what_reaches_too_far() -> None:
    curve = [(0.1, -0.1, 0.3), (0.4, 0.3, 0.5), (0.0, -9.0, 9.0)]
    drawn = curves({"add": curve, "supp": curve[::-1]}, f"says {SCRIPT}")
    assert drawn.count("<circle") == 6
    assert SCRIPT not in drawn
    heights = [float(y) for y in re.findall(r'cy="([\d.]+)"', drawn)]
    assert all(10 <= y <= 160 for y in heights)
    assert max(heights) - min(heights) > 20


def test_what_failed_stands_with_its_reason(known: Facts) -> None:
    text = made(metrics, known)["metrics.html"]
    failed = [row for row in known.audited if row["verdict"] == "unreliable"]
    assert failed
    for row in failed:
        assert row["reason"].split(" (")[0] in text
    assert text.count('<strong class="warn">unreliable') >= len(failed)
    assert "stays" in text


@pytest.mark.parametrize(
    ("found", "kind", "said"),
    [
        ({"must": "must fall", "rho": 0.95, "told from": 0.25}, "follows", "0.95"),
        ({"must": "must fall", "rho": 0.5, "told from": None}, "loose", "0.50"),
        ({"must": "must fall", "rho": -0.5, "told from": None}, "loose", "−0.50"),
        ({"must": "must fall", "rho": None, "told from": None}, "loose", "n/a"),
        ({"must": "must not move", "rho": 0.0, "told from": None}, "stays", "stays"),
        ({"must": "may move", "rho": 0.4, "told from": None}, "free", "–"),
        (None, "none", ""),
    ],
)
def test_a_metric_under_a_degradation(found: Any, kind: str, said: str) -> None:
    assert (metrics.under(found).kind, metrics.under(found).text) == (kind, said)


def test_smallest_differences_are_those_of_the_board(known: Facts) -> None:
    tables = {table.place: columns for table, columns in metrics.resolved(known.board.tables)}
    assert place_of(known.cells[0]) in tables
    assert all(column.reliable for columns in tables.values() for column in columns)


def test_static_files_name_no_other_place() -> None:
    folder = Path(compare.__file__).parent.parent / "static"
    for name in ("compare.js", "analysis.css"):
        text = (folder / name).read_text()
        assert "http" not in text.replace("http://www.w3.org", ""), name
        assert "innerHTML" not in text
        assert "eval(" not in text
