"""A diff in lines: who is in one run alone, whose status turned, and how to read the numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from benchmark.reports.compare.tables import scored_at
from benchmark.reports.diff.records import Change, Diff, Named, Turned
from benchmark.reports.names import short
from benchmark.reports.tables import TWO_SEEDS

SAME = ("same",)
CHANGED = ("changed", "not significant", "significant", "unjudged")
LEFT = ("beside", "only")
MOST = 5
"""Metrics that are named with a reason."""


def alone(cells: Sequence[Named]) -> list[str]:
    """Cells of one run alone, a line a method and place: its tasks and seeds."""
    groups: dict[tuple[str, str, str], dict[str, set[int]]] = {}
    for cell in cells:
        where = cell.where
        at = scored_at(where, ()).rpartition(" · ")[0]
        kind = "" if cell.status == "scored" else f" ({cell.status.replace('_', ' ')})"
        its = groups.setdefault((cell.method, at, kind), {})
        its.setdefault(where.task, set()).add(cell.seed)
    lines = []
    for (method, at, kind), tasks in groups.items():
        by_seeds: dict[str, list[str]] = {}
        for task, seeds in tasks.items():
            by_seeds.setdefault(_seeds(sorted(seeds)), []).append(task)
        for over, names in by_seeds.items():
            lines.append(f"{method} · {at} · {over}: {', '.join(names)}{kind}")
    return lines


def turned(cells: Sequence[Turned]) -> list[str]:
    """Cells whose status is another one, seeds of one story together."""
    groups: dict[tuple[str, str, str], list[int]] = {}
    for cell in cells:
        where = cell.a.where
        story = f"{_status(cell.a)} → {_status(cell.b)}"
        at = f"{cell.a.method} · {where.task} on {short(where.backend)}, {where.site}"
        groups.setdefault((at, where.split, story), []).append(cell.a.seed)
    return [f"{at} · {_seeds(sorted(seeds))}: {story}" for (at, _, story), seeds in groups.items()]


def _seeds(seeds: Sequence[int]) -> str:
    return f"seed{'s' * (len(seeds) > 1)} {', '.join(map(str, seeds))}"


def _status(cell: Named) -> str:
    status = cell.status.replace("_", " ")
    return f"{status} ({cell.reason})" if cell.reason else status


def counted(changes: Sequence[Change], *, judged: bool) -> str:
    """`11 main metrics: 7 the same to the last digit, 4 changed (1 significantly)`."""
    n = {state: sum(each.state == state for each in changes) for state in (*SAME, *CHANGED, *LEFT)}
    changed = sum(n[state] for state in CHANGED)
    parts = [f"{n['same']} the same to the last digit"]
    if n["beside"]:
        parts.append(f"{n['beside']} the same with something else beside it")
    if changed and judged:
        told = [f"{n['significant']} significantly", f"{n['not significant']} not"]
        told += [f"{n['unjudged']} with nothing to judge by"] * bool(n["unjudged"])
        parts.append(f"{changed} changed ({', '.join(told)})")
    elif changed:
        parts.append(f"{changed} changed (--all judges them)")
    if n["only"]:
        parts.append(f"{n['only']} in one run alone")
    return ", ".join(parts)


def footer(diff: Diff, shown: Sequence[Change]) -> Iterator[str]:
    """How to read the columns that occur."""
    family = sum(each.p_holm is not None for each in diff.changes)
    if any(each.low is not None for each in shown):
        yield (
            f"p: paired over the same units and seeds, two-sided, adjusted by Holm over all main "
            f"metrics of this diff ({family}); the interval is not adjusted; significant: p ≤ .05"
        )
    if any(each.low is not None and each.p_holm is None for each in shown):
        yield "(p) in parentheses: in no family, not adjusted; to explore with, not to claim by"
    if any(each.limit is not None for each in shown):
        yield "> or ≤ in place of p: no pairs, so held to the minimum reliable difference of rows"
    if any(each.state in CHANGED and len(each.seeds) == 1 for each in shown):
        yield "one seed: judged over items alone, not by what another seed would change"
    if any(each.wide for each in shown):
        yield f"‡ {TWO_SEEDS}"
    yield from _reasons(shown)


def _reasons(shown: Sequence[Change]) -> Iterator[str]:
    """Why units make no pairs and what stands beside a value, metrics of one reason together."""
    reasons: dict[str, dict[str, list[str]]] = {}
    for each in shown:
        if each.unpaired:
            why = f"no pairs: {each.unpaired}"
        elif each.says:
            why = f"{'beside it' if each.state == 'beside' else 'in one alone'}: {each.says}"
        else:
            continue
        reasons.setdefault(why, {}).setdefault(each.method, []).append(each.metric)
    for why, methods in reasons.items():
        named = [f"{method} {_some(metrics)}" for method, metrics in methods.items()]
        yield f"{why} ({'; '.join(named)})"


def _some(names: Sequence[str]) -> str:
    """The first names, and how many more there are."""
    more = [f"{len(names) - MOST} more"] if len(names) > MOST else []
    return ", ".join([*names[:MOST], *more])
