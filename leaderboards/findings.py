"""Answers to questions about pairs of methods: `python -m leaderboards.findings FOLDER [FOLDER…]`.

Each folder holds the cells of runs. Every number comes from them, paired on the same units and
seeds, p adjusted by Holm over all rows of a question; nothing is claimed that is not resolved.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmark.reports.compare import Compared, compare
from benchmark.reports.names import short
from benchmark.results import Cell, read_cells, write_whole
from benchmark.statistics import holm

FOUND = Path(__file__).parent / "results" / "findings.json"


@dataclass(frozen=True)
class Question:
    """Whether a differs from b in these metrics, wherever both were run."""

    asks: str
    a: str
    b: str
    metrics: tuple[str, ...]


QUESTIONS = (
    Question(
        asks="Does a projector that is trained to fit text dictionaries in blocks 0 and 1 make "
        "image tokens fit them in later blocks, which are not constrained?",
        a="vista",
        b="vista-nosae",
        metrics=("fvu/image", "l0/image", "norm/image", "norm_ratio/image", "spliced/ce_clean"),
    ),
)


def answered(question: Question, folders: Sequence[Path]) -> dict[str, Any] | None:
    """All rows of a question from all folders; None where no folder has both methods."""
    rows: list[Compared] = []
    for folder in folders:
        names = {cell.method.name for cell in read_cells(folder)[0] if cell.status == "scored"}
        if {question.a, question.b} <= names:
            found = compare(folder, question.a, question.b).rows
            rows += [r for r in found if r.metric in question.metrics and r.variant == "full"]
    if not rows:
        return None
    kept = [row for row in rows if row.p is not None]
    adjusted = holm([row.p for row in kept if row.p is not None])
    plain = [_plain(row, p) for row, p in zip(kept, adjusted, strict=True)]
    head = {"asks": question.asks, "a": question.a, "b": question.b}
    return head | {"metrics": list(question.metrics), "rows": plain}


def _plain(row: Compared, p_holm: float) -> dict[str, Any]:
    kept = ("metric", "a", "b", "difference", "low", "high", "n")
    where = {"backend": row.where.backend, "site": row.where.site, "seeds": list(row.seeds)}
    return where | {name: getattr(row, name) for name in kept} | {"p_holm": p_holm}


def frontier(folders: Sequence[Path], method: str, field: str) -> list[dict[str, Any]]:
    """What fits of a method chose and measured on val, by a field of theirs; means over seeds."""
    fits: dict[tuple[str, float], dict[int, Mapping[str, Any]]] = {}
    for cell in _scored(folders):
        if cell.method.name.split("-")[0] == method and field in cell.method.config:
            place = (cell.backend.name, float(cell.method.config[field]))
            fits.setdefault(place, {})[cell.seed] = cell.method.chosen
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
    return "\n\n".join([*parts, *([_frontier(found["frontier"])] if found["frontier"] else [])])


def _answer(found: Mapping[str, Any]) -> str:
    """One question: a row a place, a column a metric, each a − b with its interval."""
    seeds = sorted({seed for row in found["rows"] for seed in row["seeds"]})
    lines = [
        f"**{found['asks']}** `{found['a']}` − `{found['b']}`, seeds {', '.join(map(str, seeds))}, "
        f"[95 % over seeds and items]; in brackets what is not resolved at p < .05 (Holm over all "
        f"{len(found['rows'])} rows):",
        "",
        f"| backend | site | {' | '.join(f'`{m}`' for m in found['metrics'])} |",
        f"|---|---|{'---|' * len(found['metrics'])}",
    ]
    places = dict.fromkeys((row["backend"], row["site"]) for row in found["rows"])
    for backend, site in sorted(places):
        its = {
            r["metric"]: r for r in found["rows"] if (r["backend"], r["site"]) == (backend, site)
        }
        cells = [_difference(its[m]) if m in its else "" for m in found["metrics"]]
        lines.append(f"| `{short(backend)}` | `{site}` | {' | '.join(cells)} |")
    return "\n".join(lines)


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
    folders = [Path(name) for name in sys.argv[1:]]
    if not folders or not all(folder.is_dir() for folder in folders):
        print("usage: python -m leaderboards.findings FOLDER-OF-CELLS…", file=sys.stderr)
        return 2
    questions = [found for q in QUESTIONS if (found := answered(q, folders))]
    whole = {"questions": questions, "frontier": frontier(folders, "vista", "weight")}
    write_whole(FOUND, (json.dumps(whole, indent=1) + "\n").encode())
    print(f"{len(questions)} of {len(QUESTIONS)} questions answered in {FOUND}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
