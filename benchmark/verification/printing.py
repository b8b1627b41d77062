"""The verdict for people: a table a place, reasons and notes, and one last line."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from benchmark.reports.consoles import fitting, head, note, plain, wide
from benchmark.reports.names import short
from benchmark.reports.numbers import number
from benchmark.submissions.verified import FreshScore, RefitScore, Rescored, Spot, Verification
from benchmark.submissions.words import escaped
from benchmark.verification.tolerance import TOLERANCE

LEGEND = {
    "again": "recorded, again: the same dictionaries on the public test; means over seeds",
    "fresh": "fresh: on a test that nobody had seen; ahead: how much better the public score is; "
    "MRD: minimum reliable difference of the two",
    "refit": "refit: trained again with the recorded seeds",
}


def print_verification(found: Verification, *, brief: bool = False) -> None:
    """Tables and notes unless in brief, then reasons and the verdict; all on stdout."""
    console = wide(stderr=False)
    if not brief:
        tables(found, console)
        for line in found.notes:
            note(console, f"note: {line}")
    for line in found.reasons:
        console.print(f"reason: {line}", markup=False, highlight=False, soft_wrap=True)
    console.print(Text(sentence(found), style="green" if found.verified else "red"), soft_wrap=True)


def tables(found: Verification, console: Console) -> None:
    """One table for each backend, site and variant."""
    rows = rows_of(found)
    for place in dict.fromkeys((r["backend"], r["site"], r["variant"]) for r in rows):
        here = [r for r in rows if (r["backend"], r["site"], r["variant"]) == place]
        backend, site, variant = place
        paper = " · the paper's setting" if variant == "paper" else ""
        head(console, f"{escaped(short(backend))} · {escaped(site or 'all sites')}{paper}")
        console.print(fitting(partial(table, found, here), console))
    there = {"again": found.rescored, "fresh": found.fresh, "refit": found.refit}
    for name, line in LEGEND.items():
        if there[name]:
            note(console, line)


def rows_of(found: Verification) -> list[dict[str, Any]]:
    """What is known of every main score, in the order in which they were scored."""
    merged: dict[tuple[Any, ...], dict[str, Any]] = {}
    for kind, every in kinds(found):
        for each in every:
            at = (each.backend, each.site, each.variant, each.task, each.metric, each.codes)
            row = merged.setdefault(at, {"backend": at[0], "site": at[1], "variant": at[2]})
            row[kind] = each
    return list(merged.values())


def kinds(found: Verification) -> Iterable[tuple[str, Iterable[Spot]]]:
    """The three lists of a record, by what they are called here."""
    return (("rescored", found.rescored), ("fresh", found.fresh), ("refit", found.refit))


def table(found: Verification, rows: list[dict[str, Any]], gap: int = 2) -> Table:
    """Rows are main scores; columns are there where something was done for them."""
    made = plain(gap)
    for name in ("task", "score"):
        made.add_column(name, overflow="fold")
    names = ["seeds"]
    names += ["recorded", "again"] if found.rescored else []
    names += ["fresh", "its floor", "ahead", "MRD"] if found.fresh else []
    names += ["refit"] if found.refit else []
    for name in names:
        made.add_column(name, justify="right", no_wrap=True)
    for row in rows:
        spot = row.get("rescored") or row.get("refit") or row["fresh"]
        truncated = "" if spot.codes == "full" else f" ({spot.codes})"
        cells: list[str | Text] = [escaped(spot.task), escaped(spot.metric) + truncated]
        cells.append(str(len(spot.seeds)))
        cells += again(row.get("rescored")) if found.rescored else []
        cells += fresh(row.get("fresh")) if found.fresh else []
        cells += refit(row.get("refit")) if found.refit else []
        made.add_row(*cells)
    return made


def again(row: Rescored | None) -> list[str | Text]:
    """Recorded, and the same again where it is."""
    if row is None:
        return ["", ""]
    same = row.largest <= TOLERANCE
    return [number(row.recorded), Text(number(row.again), style="" if same else "red")]


def fresh(row: FreshScore | None) -> list[str | Text]:
    """The fresh score with its floor, and by how much it is behind."""
    if row is None:
        return [""] * 4
    sign = "+" if row.ahead > 0 and number(row.ahead) != number(0.0) else ""
    ahead = Text(sign + number(row.ahead), style="red" if row.overfits else "")
    return [number(row.fresh), number(row.fresh_floor), ahead, number(row.reliable)]


def refit(row: RefitScore | None) -> list[str | Text]:
    """The mean over seeds of the fits made now."""
    if row is None:
        return [""]
    mean = sum(row.refitted) / len(row.refitted)
    return [Text(number(mean), style="" if row.agrees else "red")]


def sentence(found: Verification) -> str:
    """The verdict in a line."""
    if not found.verified:
        n = len(found.reasons)
        return f"{found.slug}: not verified, for {n} reason{'s' * (n != 1)}"
    done = [f"{len(found.keys)} cells scored again", f"{found.n_scores:,} numbers as recorded"]
    if found.fresh_seed is not None:
        done.append(f"none of {len(found.fresh)} scores overfits (fresh test {found.fresh_seed})")
    if found.refitted:
        done.append("trained again within what seeds and items explain")
    part = "" if found.whole else ", the part that was asked for"
    return f"{found.slug}: verified{part}: {', '.join(done)}"
