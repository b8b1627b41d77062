"""Writes FINDINGS.md and the generated parts of the README; `--check` only compares."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmark.registry import ROOT, catalogue
from benchmark.reports.panels import bundled_cells
from benchmark.reports.tables import SAW, TWO_SEEDS
from leaderboards import finding_pages, speeds
from leaderboards.board.making import board
from leaderboards.board.sources import Source
from leaderboards.board.tables import Entry, Table

README = ROOT / "README.md"
FINDINGS = ROOT / "FINDINGS.md"
TIMES = Path(__file__).parent / "results" / "times.json"
COMPARISONS = TIMES.with_name("comparisons.json")
COLUMNS = 5
"""Of a table that a page can hold."""
DOUBT = "failed its audit on this backend: not to be ranked by (FINDINGS.md says why)"
BLOCK = re.compile(r"(<!-- generated: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def generated(text: str) -> str:
    """The README with every generated block made anew."""
    makers = {
        "timing": timing,
        "tasks": tasks,
        "methods": methods,
        "leaderboard": leaderboard,
        "comparisons": comparisons,
        "findings": finding_pages.summary,
        "kernels": speeds.text,
    }
    return BLOCK.sub(lambda m: f"{m[1]}{makers[m[2]]()}\n{m[3]}", text)


def timing() -> str:
    """How long the two commands take, and what to expect, as measured."""
    if not TIMES.is_file():
        return "Not measured yet."
    times = json.loads(TIMES.read_text())
    lines = [f"Measured on {times['machine']}:", "", "| step | time |", "|---|---|"]
    lines += [f"| {name} | {duration(seconds)} |" for name, seconds in times["seconds"].items()]
    lines += ["", *expected()]
    return "\n".join(lines)


def duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.1f} min"


def expected() -> list[str]:
    """The main scores that the first run should show; of one seed, which looks at no other."""
    cells = [c for c in bundled_cells() if c.method.name == "jsae" and c.seed == 0]
    mains = [
        f"`{s.name}` {s.value:.3f}"
        for c in cells
        if c.backend.name == "pocket-clip" and not c.siblings
        for s in c.scores
        if s.main and s.variant == "full"
    ]
    says = f"The first run should show, for `jsae` on `pocket-clip`: {', '.join(mains)}"
    return [f"{says}; another processor has moved them by up to 0.008."] * bool(mains)


COMPARED = ("modality_split", "reconstruction", "retrieval")
"""Tasks whose comparisons the README shows; the site has all."""


def comparisons() -> str:
    """Which of two reference methods is better, by how much, and whether that is more than luck."""
    if not COMPARISONS.is_file():
        return "Not compared yet."
    lines = ["| question | metric | difference | p | answer |", "|---|---|---|---|---|"]
    for pair in json.loads(COMPARISONS.read_text()):
        question = f"`{pair['a']}` against `{pair['b']}`"
        for row in pair["rows"]:
            if row["task"] not in COMPARED or row["low"] is None:
                continue
            size = f"{row['difference']:+.3f} [{row['low']:.3f}, {row['high']:.3f}]"
            p = f"{row['p_holm']:.3f}"
            lines.append(f"| {question} | `{row['metric']}` | {size} | {p} | {answer(pair, row)} |")
            question = ""
    return "\n".join(lines)


def answer(pair: Mapping[str, Any], row: Mapping[str, Any]) -> str:
    """The better one's name, or that none is."""
    if row["low"] == row["high"] == 0:
        return "the same on every unit"
    if row["p_holm"] >= 0.05:
        return "no difference resolved"
    return f"`{pair['a'] if row['difference'] > 0 else pair['b']}`"


def tasks() -> str:
    """One line a task, from its source."""
    rows = [f"| `{entry.name}` | {entry.summary} |" for entry in catalogue("task").values()]
    return "\n".join(["| task | what it asks |", "|---|---|", *rows])


def methods() -> str:
    """One line a method, with its presets."""
    rows = []
    for entry in catalogue("method").values():
        presets = ", ".join(f"`-{preset}`" for preset in entry.presets)
        rows.append(f"| `{entry.name}` | {entry.summary} | {presets} |")
    return "\n".join(["| method | what it is | presets |", "|---|---|---|", *rows])


def leaderboard() -> str:
    """A table a backend: every reference row, mean over seeds with its interval."""
    tables = [its[0] for its in board([Source(bundled_cells())]).backends.values()]
    return "\n\n".join(map(table, tables)) or "None yet."


def table(made: Table) -> str:
    """The first columns of a backend's first table."""
    shown = made.columns[:COLUMNS]
    rows = [row for row in made.rows if any(c.task in row.entries for c in shown)]
    seeds = sorted(
        {seed for row in rows for entry in row.entries.values() for seed, _ in entry.value.seeds}
    )
    head = [f"{c.task}<br>`{c.metric}`" + " ⚠" * bool(c.doubt) for c in shown]
    lines = [
        f"{made.place.told}, seeds {', '.join(map(str, seeds))}, mean [95 % over seeds and items], "
        "first tier in bold:",
        "",
        f"| method | {' | '.join(head)} |",
        f"|---|{'---|' * len(shown)}",
    ]
    for row in rows:
        mark = " †" * ("supervised" in row.marks)
        said = (entry(row.entries.get(c.task)) for c in shown)
        lines.append(f"| `{row.name}`{mark} | {' | '.join(said)} |")
    for label in ("ceiling", "floor"):
        values = [getattr(column, label) for column in shown]
        lines.append(
            f"| *{label}* | {' | '.join('' if v is None else f'{v:.3f}' for v in values)} |"
        )
    more = len(made.columns) - len(shown)
    notes = [
        (f"{more} tasks more are on the leaderboard's pages", more > 0),
        (f"† {SAW}; shown, not ranked, as controls are", any("†" in line for line in lines)),
        (f"‡ {TWO_SEEDS}", any("‡" in line for line in lines)),
        (f"⚠ {DOUBT}", any("⚠" in each for each in head)),
    ]
    return "\n".join([*lines, *(f"\n{note}." for note, holds in notes if holds)])


def entry(found: Entry | None) -> str:
    """A row's main score, or n/a."""
    if found is None:
        return "n/a"
    value = found.value
    ends = "" if value.low is None else f" [{value.low:.3f}, {value.high:.3f}]"
    mean = f"**{value.value:.3f}**" if found.tier == 1 else f"{value.value:.3f}"
    return mean + ends + "‡" * value.wide


def main() -> int:
    """Rewrites README and findings; with `--check` exits 1 where that would change one."""
    wanted = {README: generated(README.read_text()), FINDINGS: finding_pages.page()}
    stale = [
        path for path, text in wanted.items() if not path.is_file() or path.read_text() != text
    ]
    if "--check" in sys.argv:
        for path in stale:
            print(f"{path.name} is stale: run make docs", file=sys.stderr)
        return int(bool(stale))
    for path in stale:
        path.write_text(wanted[path])
    return 0


if __name__ == "__main__":
    sys.exit(main())
