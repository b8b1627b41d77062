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
    """One a method, backend and yardstick, of fair cells over all blocks on whole test splits.

    Raises ValueError where a method has two cells of one seed.
    """
    groups: dict[tuple[str, str], list[Cell]] = {}
    for cell in cells:
        if _usual(cell):
            groups.setdefault((cell.backend.name, cell.method.name), []).append(cell)
    for (backend, method), members in groups.items():
        seeds = [cell.seed for cell in members]
        if len(set(seeds)) < len(seeds):
            raise ValueError(f"{method} on {backend} was steered twice with one seed: {seeds}")
    return [
        row
        for (backend, method), members in sorted(groups.items())
        for name, suffix in YARDSTICKS.items()
        for row in _row(backend, method, sorted(members, key=lambda c: c.seed), name, suffix)
    ]


def _usual(cell: Cell) -> bool:
    """Whether it is of the task as it comes: nothing limited, centred, set or left out."""
    of = (cell.task.name, cell.variant, cell.status, cell.site, cell.split)
    plain = cell.data.limit is None and not cell.data.centred and not cell.method.given
    return of == (TASK, "fair", "scored", "block:*", "test") and plain


def _row(
    backend: str, method: str, cells: Sequence[Cell], name: str, suffix: str
) -> Iterator[dict[str, Any]]:
    """Nothing where the cells do not have this yardstick."""
    scores = [{score.name: score for score in cell.scores} for cell in cells]
    doses = [_doses(each, suffix) for each in scores]
    if not all(doses):
        return
    peak = "peak" + "/apart" * ("apart" in suffix) + "/decode" * (suffix == "/decode")
    found: dict[str, Any] = {
        "backend": backend,
        "method": method,
        "yardstick": name,
        "seeds": [cell.seed for cell in cells],
        "peaks": [int(each[peak].value) for each in scores],
        "doses": doses,
        "curves": {},
    }
    for sign in ("add", "supp"):
        blocks = [n for n in scores[0] if n.startswith(f"{sign}{suffix}/block:")]
        found["curves"][sign] = {
            n.rpartition(":")[2]: _over([each[n] for each in scores]) for n in blocks
        }
        found[f"shape/{sign}"] = _shape([_verdict(each, f"{sign}{suffix}") for each in scores])
    found["difference"] = _over([each[f"add_minus_supp{suffix}"] for each in scores])
    found["interaction"] = [_value(each, f"interaction{suffix}/p") for each in scores]
    if "apart" in suffix:
        found["interaction"] = []
    if suffix == "/decode":
        at = [f"perplexity_ratio/decode/block:{block}" for block in found["peaks"]]
        ratios = [each[n].value for each, n in zip(scores, at, strict=True)]
        found["perplexity"] = sum(ratios) / len(ratios)
    yield found


def _doses(scores: Mapping[str, Any], suffix: str) -> list[float]:
    """At which blocks were pushed: of adding where each sign has its own; none if it is not told.

    After the last block a push of the prompt alone reaches nothing, so it has none there.
    """
    name = "dose/add/" if "apart" in suffix else "dose/decode/" * (suffix == "/decode") or "dose/"
    return [score.value for key, score in scores.items() if key.startswith(f"{name}block:")]


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
        return "no effect" if f"spread/{name}" in scores else "not told"
    return "flat" if high <= MARGIN else "not flat" if low > MARGIN else "unresolved"


def _shape(verdicts: Sequence[str]) -> str:
    """What every seed says; else what they say."""
    said = sorted(set(verdicts))
    return said[0] if len(said) == 1 else " / ".join(said)


def text(found: Sequence[Mapping[str, Any]]) -> str:
    """What it comes to for each backend, and a table: a row a method and yardstick."""
    seeds = sorted({seed for row in found for seed in row["seeds"]})
    lines = [
        *claims(found),
        "",
        f"`{TASK}`, {named('seed', seeds)}.",
        "",
        "Mean dose (of adding, where each sign has its own) and effects block by block; "
        "whether an effect is the same at every block that later ones read "
        "(equivalence within .15 of its mean, every seed); at the block where adding works best on "
        "val, adding less suppressing [95 % over seeds and concepts]; the p of one shape for both "
        "signs but for a constant, a seed each. Where methods share a row they are one experiment: "
        "directions are of the text side, which a map found afterwards leaves as it is.",
        "",
        "| backend | method | yardstick | dose, by block | adding | shape | suppressing | shape "
        "| peak | add − supp there | p, one shape |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    return "\n".join([*lines, *(_line(methods, row) for methods, row in merged(found))])


def merged(found: Sequence[Mapping[str, Any]]) -> list[tuple[list[str], Mapping[str, Any]]]:
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
        " ".join(f"{value:.2f}" for value, *_ in row["curves"][sign].values())
        for sign in ("add", "supp")
    )
    value, low, high = row["difference"]
    tested = " ".join(f"{p:.3f}" for p in row["interaction"] if p is not None) or "n/a"
    peaks = " ".join(map(str, dict.fromkeys(row["peaks"])))
    names = ", ".join(f"`{method}`" for method in methods)
    means = [f"{sum(each) / len(each):.2g}" for each in zip(*row["doses"], strict=False)]
    doses = " ".join(means + ["–"] * (len(row["curves"]["add"]) - len(means)))
    return (
        f"| `{short(row['backend'])}` | {names} | {row['yardstick']} | {doses} | {add} "
        f"| {row['shape/add']} | {supp} | {row['shape/supp']} | {peaks} "
        f"| {value:+.2f} [{low:.2f}, {high:.2f}] | {tested} |"
    )


SHAPES = {
    "flat": "the same over blocks",
    "not flat": "not the same over blocks",
    "no effect": "without an effect",
}


def claims(found: Sequence[Mapping[str, Any]]) -> list[str]:
    """The published claims on JSAE, a backend each: what every seed and both yardsticks say."""
    backends = dict.fromkeys(row["backend"] for row in found)
    return [said for backend in backends if (said := " ".join(_claims(found, backend)))]


def _claims(found: Sequence[Mapping[str, Any]], backend: str) -> Iterator[str]:
    """The best block is the one that val chose; what it gives is of test."""
    its = [row for row in found if (row["backend"], row["method"]) == (backend, "jsae")]
    rows = {row["yardstick"]: row for row in its}
    if not {"mention", "logit", "mention, own doses", "logit, own doses"} <= set(rows):
        return
    mention, logit = rows["mention, own doses"], rows["logit, own doses"]
    last = list(mention["curves"]["add"])[-1]
    yield f"On `{short(backend)}` with `jsae`, blocks 0 to {last}: adding, at doses of its own,"
    yield f"works best on val {_where(mention)}: {_size(mention)} of pictures then name it,"
    yield f"logit yes − no rises by {_size(logit)};"
    both = [rows["mention"], rows["logit"]]
    yield f"suppressing is {_agreed([row['shape/supp'] for row in both])};"
    ps = [p for row in both for p in row["interaction"]]
    tested = len(ps) == sum(len(row["seeds"]) for row in both) and None not in ps
    differ = tested and max(ps) < CLAIMED
    verdict = "is" if differ else "is not" if tested else "was not"
    yield f"that the signs' profiles differ by more than a constant {verdict} shown."
    if "mention, writing pushed" in rows:
        written = rows["mention, writing pushed"]
        yield f"Where every written token is pushed too, adding works best {_where(written)}:"
        yield f"{_size(written)} of pictures, at {written['perplexity']:.3g} times the"
        yield "perplexity of unedited answers."


def _where(row: Mapping[str, Any]) -> str:
    peaks = sorted(set(row["peaks"]))
    every = " in every seed" if len(peaks) == 1 and len(row["seeds"]) > 1 else ""
    return f"after {named('block', peaks)}{every or ' (seeds differ)' * (len(peaks) > 1)}"


def _size(row: Mapping[str, Any]) -> str:
    """The effect of adding at the block that val chose most often, the first of equal ones."""
    block = max(sorted(set(row["peaks"])), key=row["peaks"].count)
    value, low, high = row["curves"]["add"][str(block)]
    return f"{value:.2f} [{low:.2f}, {high:.2f}]"


def _agreed(verdicts: Sequence[str]) -> str:
    """What both yardsticks say of every seed."""
    doubt = "not shown to be the same over blocks, nor not to be"
    return SHAPES.get(verdicts[0], doubt) if len(set(verdicts)) == 1 else doubt


def named(what: str, numbers: Sequence[int]) -> str:
    """`seed 0`, `seeds 0, 1`."""
    return f"{what}{'s' * (len(numbers) > 1)} {', '.join(map(str, numbers))}"
