"""Tables of what sweeps, weights and experiments of papers came to, for FINDINGS.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from benchmark.reports.names import short


def reproduced(found: Mapping[str, Any]) -> str:
    """What `reproduce` found of an experiment."""
    seeds = ", ".join(map(str, found["seeds"]))
    lines = [
        f"**{found['asks']}** `{found['experiment']}` ({found['source']}); here {found['size']}; "
        f"seeds {seeds}.",
        "",
        "| what | ours | wanted or published | |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| {row['says']} | {row['ours']} | {row['wanted']} | {row['verdict']} |"
        for row in found["rows"]
    ]
    return "\n".join([*lines, *(["", f"Not here: {found['not_here']}."] * bool(found["not_here"]))])


def swept(found: Mapping[str, Any]) -> str:
    """What the fields of a method buy and cost, from the record of a sweep."""
    x, y = (found["metrics"][axis] for axis in "xy")
    fields = list(found["grid"])
    seeds = ", ".join(map(str, found["seeds"]))
    lines = [
        f"## What do the weights of `{found['method']}` buy and cost?",
        "",
        f"On val, seeds {seeds}, mean [95 % over seeds and items]. "
        f"Chosen: {found['rule']['says']}.",
        "",
        f"| backend | {' | '.join(f'`{field}`' for field in fields)} | `{x['name']}` "
        f"| `{y['name']}` | |",
        f"|---|{'---|' * len(fields)}---|---|---|",
    ]
    for place in found["places"]:
        for point in place["points"]:
            means = {each["name"]: each for each in point["metrics"]}
            marks = ("chosen",) * point["chosen"] + ("frontier",) * point["frontier"]
            cells = [f"{point['values'][field]:g}" for field in fields]
            cells += [_mean(means[axis["name"]]) for axis in (x, y)]
            row = " | ".join([f"`{short(place['backend'])}`", *cells, ", ".join(marks)])
            lines.append(f"| {row} |")
    return "\n".join(lines)


def _mean(found: Mapping[str, Any]) -> str:
    return f"{found['mean']:.3f} [{found['ci_low']:.3f}, {found['ci_high']:.3f}]"


def frontier(rows: Sequence[Mapping[str, Any]]) -> str:
    """What λ buys and costs on val, where it was chosen."""
    names = [name for name in rows[0] if name.startswith("val/")]
    heads = " | ".join(f"`{name.removeprefix('val/')}`" for name in names)
    lines = [
        "## What does the weight λ of `vista` buy and cost?",
        "",
        "On val, where it was chosen; mean over seeds.",
        "",
        f"| backend | λ | seeds | {heads} |",
        f"|---|---|---|{'---|' * len(names)}",
    ]
    for row in rows:
        cells = " | ".join(f"{row[name]:.3g}" for name in names)
        lines.append(
            f"| `{short(row['backend'])}` | {row['weight']:g} | {len(row['seeds'])} | {cells} |"
        )
    return "\n".join(lines)
