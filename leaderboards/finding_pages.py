"""FINDINGS.md: every question with its answer in words, then the numbers."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmark.reports.names import short
from leaderboards import audits, findings, steering
from leaderboards.finding_tables import frontier, reproduced, swept

LEVEL = 0.05
SWEEPS = Path(__file__).parent / "sweeps"
REPRODUCED = SWEEPS.with_name("reproduced")
HEAD = """# Findings

What the papers claim and what they leave open, on the models that ship with this benchmark. Every
number is computed from results of runs, paired on the same units and seeds, in its 95 % interval
over seeds and items; p is adjusted by Holm over all rows of a question. "Not resolved" says that
this many seeds and items do not tell, not that there is no difference. Nothing here is a claim
about other models.

This page is generated (`python -m leaderboards.findings FOLDER…`, then `make docs`)."""


def page() -> str:
    """The whole page."""
    found = stored()
    parts = [HEAD, *(answer(each) for each in found["questions"])]
    parts += [frontier(found["frontier"])] if found.get("frontier") else []
    parts += [swept(json.loads(path.read_text())) for path in sorted(SWEEPS.glob("*.json"))]
    again = sorted(REPRODUCED.glob("*.json"))
    if again:
        parts.append("## Experiments of the papers, run again")
        parts += [reproduced(json.loads(path.read_text())) for path in again]
    if known := audits.stored():
        parts.append(f"## Which metrics can be trusted?\n\n{audits.text(known)}")
    if found.get("steering"):
        parts.append("## Where in a model do adding and suppressing a concept work?")
        parts.append(steering.text(found["steering"]))
    return "\n\n".join(parts) + "\n"


def summary() -> str:
    """A line a question, for the README."""
    found = stored()
    lines = [f"- {each['asks']} {verdict(each)}" for each in found["questions"]]
    lines += [f"- {claim}" for claim in steering.claims(found.get("steering", []))]
    return "\n".join(lines) or "None yet."


def stored() -> dict[str, Any]:
    """The bundled answers."""
    if not findings.FOUND.is_file():
        return {"questions": []}
    whole: dict[str, Any] = json.loads(findings.FOUND.read_text())
    return whole


def answer(found: Mapping[str, Any]) -> str:
    """One question: what is resolved in words, then a table a pair."""
    rows = found["rows"]
    source = f" ({found['of']})" if found.get("of") else ""
    lines = [
        f"## {found['asks']}",
        "",
        f"{verdict(found)}{source}",
        "",
        f"Seeds {seeds_of(rows)}. In parentheses what is not resolved at p < {LEVEL:g} "
        f"(Holm over all {len(rows)} rows).",
    ]
    for pair in dict.fromkeys(tuple(row["pair"]) for row in rows):
        its = [row for row in rows if tuple(row["pair"]) == pair]
        lines += ["", *table(pair, found["metrics"], its)]
    return "\n".join(lines)


def seeds_of(rows: Sequence[Mapping[str, Any]]) -> str:
    """The seeds behind some rows, backend by backend where these have different ones."""
    found: dict[str, set[int]] = {}
    for row in rows:
        found.setdefault(short(row["backend"]), set()).update(row["seeds"])
    said = {name: ", ".join(map(str, sorted(seeds))) for name, seeds in found.items()}
    if len(set(said.values())) == 1:
        return next(iter(said.values()))
    return "; ".join(f"{seeds} on `{name}`" for name, seeds in said.items())


def verdict(found: Mapping[str, Any]) -> str:
    """What is resolved, pair by pair, in a sentence each; every metric higher is not better."""
    return " ".join(_sentences(found))


def _sentences(found: Mapping[str, Any]) -> Iterator[str]:
    for pair in dict.fromkeys(tuple(row["pair"]) for row in found["rows"]):
        its = [row for row in found["rows"] if tuple(row["pair"]) == pair]
        clear = [row for row in its if row["p_holm"] < LEVEL]
        named = f"`{pair[0]}` against `{pair[1]}`"
        if not clear:
            yield f"{named}: not resolved at this n."
            continue
        told = ", ".join(
            f"{'higher' if row['difference'] > 0 else 'lower'} `{row['metric']}`{_at(row)}"
            for row in clear
        )
        rest = len(its) - len(clear)
        yield f"{named}: {told}{f'; {rest} more not resolved' if rest else ''}."


def _at(row: Mapping[str, Any]) -> str:
    """Where a row is, short."""
    paper = ", paper" if row.get("variant") else ""
    return f" ({short(row['backend'])}{paper}, {row['difference']:+.3g})"


def table(
    pair: tuple[str, ...], metrics: Sequence[str], rows: Sequence[Mapping[str, Any]]
) -> list[str]:
    """A row a place, a column a metric, each a − b with its interval."""
    shown = [m for m in metrics if any(row["metric"] == m for row in rows)]
    lines = [
        f"`{pair[0]}` − `{pair[1]}`:",
        "",
        f"| backend | site | {' | '.join(f'`{m}`' for m in shown)} |",
        f"|---|---|{'---|' * len(shown)}",
    ]
    places = dict.fromkeys(map(_place, rows))
    for place in sorted(places):
        its = {row["metric"]: row for row in rows if _place(row) == place}
        cells = [_difference(its[m]) if m in its else "" for m in shown]
        backend, site, variant = place
        as_published = f", {variant}" if variant else ""
        lines.append(f"| `{short(backend)}` | `{site}`{as_published} | {' | '.join(cells)} |")
    return lines


def _place(row: Mapping[str, Any]) -> tuple[str, str, str]:
    return row["backend"], row["site"], row.get("variant", "")


def _difference(row: Mapping[str, Any]) -> str:
    sides = f"{row['a']:.3g} − {row['b']:.3g}"
    size = f"{round(row['difference'], 9):+.3g} [{row['low']:.3g}, {row['high']:.3g}]"
    return f"{sides}<br>{size}" if row["p_holm"] < LEVEL else f"({sides}<br>{size})"
