"""`ls`: methods, tasks, backends and data, from their sources alone (no torch)."""

from __future__ import annotations

import json
import shutil
import textwrap
from typing import Any

from benchmark.backends import GROUPS, MODULES
from benchmark.corpora.known import KNOWN
from benchmark.registry import catalogue

SCENES = "rendered pictograms on a grid with true captions; 12,000 / 1,000 / 2,000 scenes"
DATA: dict[str, str] = {
    "scenes": SCENES,
    **{name: known.says for name, known in KNOWN.items()},
    "hub": "any data set of the hub with pictures and captions: hub:ORG/NAME[@REVISION]",
    "FOLDER": "your own: dataset_*.json, *.tar, *.parquet, metadata.csv, conversations, classes",
}
"""Names of `--data`; those of real pictures take a folder behind a colon: coco:FOLDER."""
PIPE_WIDTH = 140


def rows(what: str) -> list[dict[str, Any]]:
    """One dictionary a row, the columns of `ls WHAT`."""
    if what == "backends":
        named = {name: {"name": name, "summary": says} for name, (_, says) in MODULES.items()}
        groups = [{"name": g, "summary": f"group: {', '.join(m)}"} for g, m in GROUPS.items()]
        return [*named.values(), *groups]
    if what == "data":
        return [{"name": name, "summary": says} for name, says in DATA.items()]
    return [
        {
            "name": entry.name,
            "summary": entry.summary,
            "presets": list(entry.names[1:]),
            "needs": [need.lower() for need in entry.needs],
        }
        for entry in catalogue("method" if what == "methods" else "task").values()
    ]


def ls(what: str, as_json: bool) -> int:
    """Prints the list, no wider than the terminal, or as JSON."""
    found = rows(what)
    if as_json:
        print(json.dumps(found, indent=2))
        return 0
    indent = max(len(row["name"]) for row in found) + 2
    columns = shutil.get_terminal_size((PIPE_WIDTH, 50)).columns
    for row in found:
        for start, line in lines(row):
            hang = indent + (len(line.partition(": ")[0]) + 2) * (not start)
            print(
                textwrap.fill(
                    line,
                    max(columns, hang + 30),
                    initial_indent=f"{start:<{indent}}",
                    subsequent_indent=" " * hang,
                    break_on_hyphens=False,
                )
            )
    return 0


def lines(row: dict[str, Any]) -> list[tuple[str, str]]:
    """The name with what it is, then presets and unusual needs, each with what stands before it."""
    needs = [need.replace("_", " ") for need in row.get("needs", ()) if need != "pairs"]
    more = [("presets", row.get("presets")), ("needs", needs)]
    return [
        (row["name"], without_name(row["name"], row["summary"])),
        *(("", f"{title}: {', '.join(found)}") for title, found in more if found),
    ]


def without_name(name: str, summary: str) -> str:
    """A summary that opens with the name of its row, without it."""
    opening, colon, rest = summary.partition(": ")
    if not colon or opening.lower().replace("-", "") != name.replace("-", ""):
        return summary
    return rest[:1].upper() + rest[1:]
