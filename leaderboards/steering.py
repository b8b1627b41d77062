"""What the findings say of steering: where adding works, where suppressing, and whether it is flat.

A row is a method on a backend, over its seeds. What is claimed of shapes is claimed only where
every seed says it, and on both yardsticks: mention in answers, and yes against no in logits.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
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
        "doses": [_doses(each, suffix) for each in scores],
        "curves": {},
    }
    for sign in ("add", "supp"):
        blocks = [n for n in scores[0] if n.startswith(f"{sign}{suffix}/block:")]
        found["curves"][sign] = [_over([each[n] for each in scores]) for n in blocks]
        found[f"shape/{sign}"] = _shape([_verdict(each, f"{sign}{suffix}") for each in scores])
    found["difference"] = _over([each[f"add_minus_supp{suffix}"] for each in scores])
    found["interaction"] = [_value(each, f"interaction{suffix}/p") for each in scores]
    if suffix == "/decode":
        blocks = [n for n in scores[0] if n.startswith("perplexity_ratio/decode/block:")]
        found["perplexity"] = [sum(each[n].value for each in scores) / len(scores) for n in blocks]
    return found


def _doses(scores: Mapping[str, Any], suffix: str) -> list[float]:
    """At which each block was pushed: of adding where each sign has its own."""
    name = "dose/add/block:" if "apart" in suffix else "dose/block:"
    return [score.value for key, score in scores.items() if key.startswith(name)]


def _over(scores: Sequence[Any]) -> list[float]:
    """Mean and interval over seeds and concepts."""
    if len(scores) == 1:
        one = scores[0]
        ends = [one.value if end is None else end for end in (one.ci_low, one.ci_high)]
        return [one.value, *ends]
    whole = over_seeds([s.value for s in scores], [s.se or 0.0 for s in scores])
    ends = [whole.value if end is None else end for end in (whole.low, whole.high)]
    return [whole.value, *ends]


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
    """What it comes to for each backend, and a table: a row a method and yardstick."""
    if not found:
        return ""
    seeds = sorted({seed for row in found for seed in row["seeds"]})
    lines = [
        "**Does adding a concept work best in middle to late blocks, and suppressing it as well in "
        f"all?** `{TASK}`, {named('seed', seeds)}. {' '.join(_claims(found))}",
        "",
        "Mean dose (of adding, where each sign has its own) and effects block by block; "
        "whether an effect is the same at every block that later ones read "
        "(equivalence within .15 of its mean, every seed); at the block where adding works best on "
        "val, adding less suppressing [95 % over seeds and concepts]; the p of one shape for both "
        "signs, a seed each. Methods in one row are the same here: directions are of the text "
        "side, which a map found afterwards leaves as it is.",
        "",
        "| backend | method | yardstick | dose, by block | adding | shape | suppressing | shape "
        "| peak | add − supp there | p, one shape |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    return "\n".join([*lines, *(_line(methods, row) for methods, row in _merged(found))])


def _merged(found: Sequence[Mapping[str, Any]]) -> list[tuple[list[str], Mapping[str, Any]]]:
    """Rows with all methods that have the same numbers."""
    merged: list[tuple[list[str], Mapping[str, Any]]] = []
    for row in found:
        facts = {name: value for name, value in row.items() if name != "method"}
        same = [
            m for m, known in merged if {k: v for k, v in known.items() if k != "method"} == facts
        ]
        if same:
            same[0].append(row["method"])
        else:
            merged.append(([row["method"]], row))
    return merged


def _line(methods: Sequence[str], row: Mapping[str, Any]) -> str:
    add, supp = (
        " ".join(f"{value:.2f}" for value, *_ in row["curves"][sign]) for sign in ("add", "supp")
    )
    value, low, high = row["difference"]
    tested = " ".join(f"{p:.3f}" for p in row["interaction"] if p is not None) or "n/a"
    peaks = " ".join(map(str, dict.fromkeys(row["peaks"])))
    names = ", ".join(f"`{method}`" for method in methods)
    doses = " ".join(f"{sum(each) / len(each):.2g}" for each in zip(*row["doses"], strict=True))
    return (
        f"| `{short(row['backend'])}` | {names} | {row['yardstick']} | {doses} | {add} "
        f"| {row['shape/add']} | {supp} | {row['shape/supp']} | {peaks} "
        f"| {value:+.2f} [{low:.2f}, {high:.2f}] | {tested} |"
    )


def _claims(found: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """The published claims on JSAE, backend by backend; made only where both yardsticks agree."""
    for backend in dict.fromkeys(row["backend"] for row in found):
        rows = {
            row["yardstick"]: row
            for row in found
            if row["backend"] == backend and row["method"] == "jsae"
        }
        if len(rows) < len(YARDSTICKS):
            continue
        own = [rows["mention, own doses"], rows["logit, own doses"]]
        both = [rows["mention"], rows["logit"]]
        peaks = sorted({_best(row) for row in own})
        last = len(own[0]["curves"]["add"]) - 1
        yield (
            f"On `{short(backend)}` with `jsae` adding works best after {named('block', peaks)} "
            f"of 0 to {last} by both yardsticks, each sign at its own dose: {_sizes(own)};"
        )
        yield f"suppressing is {_agreed([row['shape/supp'] for row in both])} over blocks;"
        ps = [p for row in both for p in row["interaction"] if p is not None]
        told = bool(ps) and max(ps) < CLAIMED
        yield f"that both signs have one shape is {'rejected' if told else 'not rejected'}."
        written = rows["mention, writing pushed"]
        at = _best(written)
        yield (
            f"Where every written token is pushed too, as published, adding works best after block "
            f"{at} ({_size(written, at)}), where steered answers have "
            f"{written['perplexity'][at]:.3g} times the perplexity of unedited ones."
        )


def named(what: str, numbers: Sequence[int]) -> str:
    """`seed 0`, `seeds 0, 1`."""
    return f"{what}{'s' * (len(numbers) > 1)} {', '.join(map(str, numbers))}"


def _best(row: Mapping[str, Any]) -> int:
    values = [value for value, *_ in row["curves"]["add"]]
    return values.index(max(values))


def _size(row: Mapping[str, Any], block: int) -> str:
    value, low, high = row["curves"]["add"][block]
    return f"{value:.2f} [{low:.2f}, {high:.2f}]"


def _sizes(rows: Sequence[Mapping[str, Any]]) -> str:
    mention, logit = (_size(row, _best(row)) for row in rows)
    return f"named in {mention} of pictures, {logit} in logits"


def _agreed(verdicts: Sequence[str]) -> str:
    """What both yardsticks say of every seed."""
    return verdicts[0] if len(set(verdicts)) == 1 and "/" not in verdicts[0] else "not shown flat"
