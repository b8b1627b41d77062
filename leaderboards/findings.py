"""Answers to questions about pairs of methods: `python -m leaderboards.findings FOLDER [FOLDER…]`.

Each folder holds the cells of runs. Every number comes from them, paired on the same units and
seeds, p adjusted by Holm over all rows of a question; nothing is claimed that is not resolved. What
was found at other places before stays, and is of the same family. `--only N…` leaves all but these
questions as they are.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from benchmark.reports.compare import Compared, compare
from benchmark.reports.compare.places import Where
from benchmark.reports.names import short
from benchmark.results import Cell, read_cells, write_whole
from benchmark.statistics import holm
from leaderboards import steering

FOUND = Path(__file__).parent / "results" / "findings.json"


@dataclass(frozen=True)
class Question:
    """Whether a differs from b in these metrics, wherever both were run at such sites."""

    asks: str
    a: str
    b: str
    metrics: tuple[str, ...]
    sites: str = "*"
    """A shell pattern."""
    variants: tuple[str, ...] = ("fair",)


EDITS = ("s2/removal", "ms/removal", "s2/replacement", "ms/replacement")
QUESTIONS = (
    Question(
        asks="Do text-given names of latents match pictures better where the projector was "
        "trained to fit text dictionaries in blocks 0 and 1?",
        a="vista",
        b="vista-nosae",
        metrics=("excess/precision@3", "any@3", "norm/image", "norm_ratio/image"),
        sites="block:[2-5]/tokens",
        variants=("fair", "paper"),
    ),
    Question(
        asks="Do edits along text-given latents succeed more often there?",
        a="vista",
        b="vista-nosae",
        metrics=EDITS,
        sites="block:2/tokens",
        variants=("fair", "paper"),
    ),
    *(
        Question(
            asks=f"Do they succeed more often than edits before the projector, along latents of "
            f"{what} that labels of pictures chose?",
            a="vista@block:2/tokens",
            b=vision_only,
            metrics=tuple(f"{name}/by_labels" for name in EDITS),
            variants=("fair", "paper"),
        )
        for vision_only, what in (
            ("patch-sae@tower/tokens", "patch tokens"),
            ("vision-sae@tower", "whole pictures"),
        )
    ),
    Question(
        asks="Does a projector that is trained to fit text dictionaries in blocks 0 and 1 make "
        "image tokens fit them in later blocks, which are not constrained?",
        a="vista",
        b="vista-nosae",
        metrics=("fvu/image", "l0/image", "norm/image", "norm_ratio/image", "spliced/ce_clean"),
        sites="block:[2-5]/tokens",
    ),
)


def answered(
    question: Question, folders: Sequence[Path], before: Sequence[Mapping[str, Any]] = ()
) -> dict[str, Any] | None:
    """All rows of a question from all folders; None where no folder has both methods.

    Rows of `before` stay where nothing new is said of their place. Raises ValueError where two
    folders answer for the same place, or an old row has no p of its own to adjust again.
    """
    rows: dict[tuple[Where, str], Compared] = {}
    for folder in folders:
        for row in _compared(question, folder):
            if (row.where, row.metric) in rows:
                raise ValueError(f"{folder}: {row.where} is answered by another folder as well")
            rows[row.where, row.metric] = row
    tested = [(row, row.p) for row in rows.values() if row.p is not None]
    if not tested:
        return None
    plain = [_plain(row) for row, _ in tested]
    new = {(_place(row), row["metric"]) for row in plain}
    plain = [dict(row) for row in before if (_place(row), row["metric"]) not in new] + plain
    if not all("p" in row for row in plain):
        raise ValueError(f"{question.asks!r} has rows without p: answer all of it anew")
    adjusted = holm([row["p"] for row in plain])
    plain = [row | {"p_holm": p} for row, p in zip(plain, adjusted, strict=True)]
    head = {"asks": question.asks, "a": question.a, "b": question.b}
    return head | {"metrics": list(question.metrics), "rows": plain}


def _compared(question: Question, folder: Path) -> Iterator[Compared]:
    """Rows of a folder in the variants that are asked for, on whole test splits as they are."""
    methods = {each.partition("@")[0] for each in (question.a, question.b)}
    if not methods <= {cell.method.name for cell in _scored([folder])}:
        return
    for row in compare(folder, question.a, question.b).rows:
        at = row.where
        usual = (at.split, at.limit, at.centred) == ("test", 0, False)
        asked = row.metric in question.metrics and at.variant in question.variants
        asked = asked and fnmatchcase(at.site, question.sites)
        if usual and asked and row.variant == "full":
            yield row


def _plain(row: Compared) -> dict[str, Any]:
    kept = ("metric", "a", "b", "difference", "low", "high", "n", "p")
    where = {"backend": row.where.backend, "site": row.where.site, "seeds": list(row.seeds)}
    where |= {} if row.where.variant == "fair" else {"variant": row.where.variant}
    return where | {name: getattr(row, name) for name in kept}


def frontier(folders: Sequence[Path], method: str, field: str) -> list[dict[str, Any]]:
    """What fits of a method chose and measured on val, by one field of theirs; means over seeds.

    Raises ValueError where they differ in another field too.
    """
    fits: dict[tuple[str, float], dict[int, Mapping[str, Any]]] = {}
    others = set()
    for cell in _scored(folders):
        config = dict(cell.method.config)
        if cell.variant == "fair" and cell.method.name.split("-")[0] == method and field in config:
            value = float(config.pop(field))
            others.add(json.dumps(config, sort_keys=True))
            fits.setdefault((cell.backend.name, value), {})[cell.seed] = cell.method.chosen
    if len(others) > 1:
        raise ValueError(f"fits of {method} differ in more than {field}: {' and '.join(others)}")
    found = []
    for (backend, value), seeds in sorted(fits.items()):
        names = [name for name in next(iter(seeds.values())) if name.startswith("val/")]
        means = {n: sum(float(c[n]) for c in seeds.values()) / len(seeds) for n in names}
        found.append({"backend": backend, field: value, "seeds": sorted(seeds)} | means)
    return found


def _scored(folders: Iterable[Path]) -> list[Cell]:
    return [c for folder in folders for c in read_cells(folder)[0] if c.status == "scored"]


def text() -> str:
    """Every answered question as a table, and the frontier of λ."""
    if not FOUND.is_file():
        return "None yet."
    found = json.loads(FOUND.read_text())
    parts = [_answer(each) for each in found["questions"]]
    parts += [_frontier(found["frontier"])] if found["frontier"] else []
    parts += [steering.text(found["steering"])] if found.get("steering") else []
    return "\n\n".join(parts)


def _answer(found: Mapping[str, Any]) -> str:
    """One question: a row a place, a column a metric, each a − b with its interval."""
    seeds = sorted({seed for row in found["rows"] for seed in row["seeds"]})
    lines = [
        f"**{found['asks']}** `{found['a']}` − `{found['b']}`, seeds {', '.join(map(str, seeds))}, "
        f"[95 % over seeds and items]; in parentheses what is not resolved at p < .05 (Holm over "
        f"all {len(found['rows'])} rows):",
        "",
        f"| backend | site | {' | '.join(f'`{m}`' for m in found['metrics'])} |",
        f"|---|---|{'---|' * len(found['metrics'])}",
    ]
    places = dict.fromkeys(map(_place, found["rows"]))
    for place in sorted(places):
        its = {row["metric"]: row for row in found["rows"] if _place(row) == place}
        cells = [_difference(its[m]) if m in its else "" for m in found["metrics"]]
        backend, site, variant = place
        as_published = f", {variant}" if variant else ""
        lines.append(f"| `{short(backend)}` | `{site}`{as_published} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _place(row: Mapping[str, Any]) -> tuple[str, str, str]:
    return row["backend"], row["site"], row.get("variant", "")


def _difference(row: Mapping[str, Any]) -> str:
    sides = f"{row['a']:.3g} − {row['b']:.3g}"
    size = f"{row['difference']:+.3g} [{row['low']:.3g}, {row['high']:.3g}]"
    return f"{sides}<br>{size}" if row["p_holm"] < 0.05 else f"({sides}<br>{size})"


def _frontier(rows: Sequence[Mapping[str, Any]]) -> str:
    """What λ buys and costs on val, where it was chosen."""
    names = [name for name in rows[0] if name.startswith("val/")]
    heads = " | ".join(f"`{name.removeprefix('val/')}`" for name in names)
    lines = [
        "**What the weight λ buys and costs**, on val, where it was chosen; mean over seeds:",
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


def main() -> int:
    """Rewrites the bundled answers."""
    words = argparse.ArgumentParser(prog="python -m leaderboards.findings")
    words.add_argument("folders", nargs="+", metavar="FOLDER", type=Path)
    words.add_argument("--only", nargs="+", type=int, metavar="N", choices=NUMBERS)
    given = words.parse_args()
    folders = [f / "cells" if (f / "cells").is_dir() else f for f in given.folders]
    missing = [folder for folder in folders if not (folder.is_dir() and _scored([folder]))]
    if missing:
        print(f"error: no cell was scored in {missing[0]}, wanted a run's folder", file=sys.stderr)
        return 2
    stored = json.loads(FOUND.read_text()) if FOUND.is_file() else {"questions": []}
    try:
        whole = renewed(stored, folders, given.only)
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    write_whole(FOUND, (json.dumps(whole, indent=1) + "\n").encode())
    known = len(whole["questions"])
    print(f"{known} of {len(QUESTIONS)} questions answered in {FOUND}", file=sys.stderr)
    return 0


def renewed(
    stored: Mapping[str, Any], folders: Sequence[Path], only: Iterable[int] | None
) -> dict[str, Any]:
    """Answers from folders to questions of these numbers; the other answers, and the frontier, as
    they were. None: all of it.
    """
    before = {each["asks"]: each for each in stored["questions"]}
    questions = []
    for number, question in enumerate(QUESTIONS, start=1):
        old = before.get(question.asks)
        new = None
        if only is None or number in only:
            new = answered(question, folders, old["rows"] if old else ())
        questions += [each for each in (new or old,) if each]
    known = stored.get("frontier", [])
    weights = (frontier(folders, "vista", "weight") or known) if only is None else known
    steered = stored.get("steering", [])
    if only is None or STEERING in only:
        steered = _beside(steered, steering.rows(_scored(folders)))
    return {"questions": questions, "frontier": weights, "steering": steered}


def _beside(
    before: Sequence[Mapping[str, Any]], new: Sequence[Mapping[str, Any]]
) -> list[Mapping[str, Any]]:
    """New rows of steering, and old ones of other methods and backends."""
    known = {(row["backend"], row["method"]) for row in new}
    kept = [row for row in before if (row["backend"], row["method"]) not in known]
    return sorted([*kept, *new], key=lambda row: (row["backend"], row["method"]))


STEERING = len(QUESTIONS) + 1
"""The number of the question about steering, which is no pair of methods."""
NUMBERS = range(1, STEERING + 1)


if __name__ == "__main__":
    sys.exit(main())
