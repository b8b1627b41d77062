"""What the findings say of steering: where adding works, where suppressing, and whether it is flat.

A row is a method on a backend, over its seeds. What is claimed of shapes is claimed only where
every seed says it, and on both yardsticks: mention in answers, and yes against no in logits.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from benchmark.reports.names import short
from benchmark.results import Cell
from benchmark.statistics import over_seeds
from benchmark.statistics.flatness import MARGIN

TASK = "steering_asymmetry"
YARDSTICKS = {"mention": "", "logit": "_logit", "mention, own doses": "/apart"}
YARDSTICKS["logit, own doses"] = "_logit/apart"
YARDSTICKS["mention, writing pushed"] = "/decode"
CLAIMED = 0.05


def rows(cells: Iterable[Cell]) -> list[dict[str, Any]]:
    """One a method, backend and yardstick, of fair cells over all blocks."""
    groups: dict[tuple[str, str], list[Cell]] = {}
    for cell in cells:
        if cell.task.name == TASK and cell.variant == "fair" and cell.status == "scored":
            groups.setdefault((cell.backend.name, cell.method.name), []).append(cell)
    return [
        _row(backend, method, sorted(members, key=lambda cell: cell.seed), name, suffix)
        for (backend, method), members in sorted(groups.items())
        for name, suffix in YARDSTICKS.items()
    ]


def _row(
    backend: str, method: str, cells: Sequence[Cell], name: str, suffix: str
) -> dict[str, Any]:
    scores = [{score.name: score for score in cell.scores} for cell in cells]
    peak = "peak/apart" if "apart" in suffix else "peak"
    found: dict[str, Any] = {
        "backend": backend,
        "method": method,
        "yardstick": name,
        "seeds": [cell.seed for cell in cells],
        "peaks": [int(each[peak].value) for each in scores],
        "curves": {},
    }
    for sign in ("add", "supp"):
        blocks = [n for n in scores[0] if n.startswith(f"{sign}{suffix}/block:")]
        found["curves"][sign] = [_over([each[n] for each in scores]) for n in blocks]
        found[f"shape/{sign}"] = _shape([_verdict(each, f"{sign}{suffix}") for each in scores])
    found["difference"] = _over([each[f"add_minus_supp{suffix}"] for each in scores])
    found["interaction"] = [_value(each, f"interaction{suffix}/p") for each in scores]
    return found


def _over(scores: Sequence[Any]) -> list[float]:
    """Mean and interval over seeds and concepts."""
    if len(scores) == 1:
        one = scores[0]
        ends = (one.value if end is None else end for end in (one.ci_low, one.ci_high))
        return [one.value, *ends]
    whole = over_seeds([s.value for s in scores], [s.se or 0.0 for s in scores])
    return [whole.value, whole.low, whole.high]


def _value(scores: Mapping[str, Any], name: str) -> float | None:
    return scores[name].value if name in scores else None


def _verdict(scores: Mapping[str, Any], name: str) -> str:
    """Whether an effect is the same at every block, of one seed."""
    low, high = (_value(scores, f"share/{name}/{end}") for end in ("low", "high"))
    if low is None or high is None:
        return "no effect"
    return "flat" if high <= MARGIN else "not flat" if low > MARGIN else "unresolved"


def _shape(verdicts: Sequence[str]) -> str:
    """What every seed says; else what they say."""
    said = sorted(set(verdicts))
    return said[0] if len(said) == 1 else " / ".join(said)


def text(found: Sequence[Mapping[str, Any]]) -> str:
    """A table, a row a method and yardstick."""
    if not found:
        return ""
    seeds = sorted({seed for row in found for seed in row["seeds"]})
    lines = [
        "**Where does adding a concept work, and is suppressing it as good everywhere?** "
        f"`{TASK}`, seeds {', '.join(map(str, seeds))}: effects block by block; at the block where "
        "adding works best on val, adding less suppressing [95 % over seeds and concepts]; whether "
        "an effect is the same at every block that later ones read (equivalence within .15 of the "
        "mean); and the p of one shape for both signs, a seed each.",
        "",
        "| backend | method | yardstick | adding, by block | shape | suppressing, by block | shape "
        "| peak | add − supp there | p, one shape |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for row in found:
        add, supp = (
            " ".join(f"{value:.2f}" for value, *_ in row["curves"][sign])
            for sign in ("add", "supp")
        )
        value, low, high = row["difference"]
        ps = [p for p in row["interaction"] if p is not None]
        tested = " ".join(f"{p:.3f}" for p in ps) or "n/a"
        peaks = " ".join(map(str, dict.fromkeys(row["peaks"])))
        lines.append(
            f"| `{short(row['backend'])}` | `{row['method']}` | {row['yardstick']} | {add} "
            f"| {row['shape/add']} | {supp} | {row['shape/supp']} | {peaks} "
            f"| {value:+.2f} [{low:.2f}, {high:.2f}] | {tested} |"
        )
    return "\n".join(lines)
