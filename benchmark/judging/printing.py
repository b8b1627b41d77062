"""What judges say of a run, as tables and as data."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from rich.console import Console

from benchmark.judging.judging import Judged, Verdicts
from benchmark.judging.sheets import Sheet
from benchmark.reports.consoles import add, head, note, plain
from benchmark.statistics import Estimate

KEPT = ("value", "low", "high", "n", "n_clusters")


def print_judged(found: Judged, console: Console) -> None:
    """A table of verdicts a sheet, what answers mention, then one of agreement."""
    for sheet, by in found.sheets:
        head(console, sheet.title)
        note(console, f"{len(sheet.judged)} of {len(sheet.of.cases)} cases; {sheet.of.latents}")
        for why, n in sheet.unjudged.items():
            note(console, f"not judged: {n} · {why}")
        _verdicts(by, console)
        _told(by, console)
        console.print()
    if found.agreements:
        _agreement(found, console)


def _verdicts(by: tuple[Verdicts, ...], console: Console) -> None:
    table = plain()
    for name in ("judge", "S2", "S1", "S0", "judged"):
        table.add_column(name)
    for each in by:
        shares = [shown(each.shares.get(name)) for name in ("s2", "s1", "s0")]
        add(table, each.judge, *shares, str(each.n))
    console.print(table)
    for each in by:
        for why, n in each.opinions.unjudged.items():
            note(console, f"{each.judge} does not judge {n}: {why}")


def _told(by: tuple[Verdicts, ...], console: Console) -> None:
    rows = [(v.judge, name, *both) for v in by for name, both in v.told.items()]
    if not rows:
        return
    table = plain()
    for name in ("by", "of the answers", "before", "after"):
        table.add_column(name)
    for judge, name, before, after in rows:
        add(table, judge, name, shown(before), shown(after))
    console.print(table)


def _agreement(found: Judged, console: Console) -> None:
    head(console, "agreement, over all of these; intervals over pictures")
    table = plain()
    for name in ("judges", "same verdict", "kappa", "weighted kappa", "n"):
        table.add_column(name)
    for each in found.agreements:
        values = [shown(each.raw), shown(each.kappa), shown(each.weighted)]
        add(table, f"{each.a} and {each.b}", *values, str(each.n))
    console.print(table)
    for each in found.agreements:
        if each.undefined:
            note(console, f"{each.a} and {each.b}: kappa is undefined, {each.undefined}")


def shown(of: Estimate | None) -> str:
    """A value and its interval; a dash where there is none."""
    if of is None:
        return "–"
    interval = "" if of.low is None or of.high is None else f" [{of.low:.2f}, {of.high:.2f}]"
    return f"{of.value:.3f}{interval}"


def as_data(found: Judged, run: str, spent: dict[str, Any]) -> dict[str, Any]:
    """Everything as plain JSON: shares, reasons, every verdict by picture, agreement, costs."""
    return {
        "run": run,
        "sheets": [_sheet(sheet, by) for sheet, by in found.sheets],
        "agreement": [
            {
                "judges": [each.a, each.b],
                "n": each.n,
                **{name: _kept(getattr(each, name)) for name in ("raw", "kappa", "weighted")},
                "undefined": each.undefined or None,
            }
            for each in found.agreements
        ],
        "spent": spent,
    }


def _sheet(sheet: Sheet, by: tuple[Verdicts, ...]) -> dict[str, Any]:
    return {
        "cell": sheet.cell.key,
        "title": sheet.title,
        "latents": sheet.of.latents,
        "unjudged": sheet.unjudged,
        "pictures": [case.picture for case in sheet.judged],
        "judges": {
            each.judge: {
                "n": each.n,
                "shares": {name: _kept(e) for name, e in each.shares.items()},
                "unjudged": each.opinions.unjudged,
                "verdicts": list(each.opinions.scores),
                "answers": {n: [_kept(b), _kept(a)] for n, (b, a) in each.told.items()},
            }
            for each in by
        },
    }


def _kept(of: Estimate | None) -> dict[str, Any] | None:
    if of is None:
        return None
    return {name: value for name, value in asdict(of).items() if name in KEPT}
