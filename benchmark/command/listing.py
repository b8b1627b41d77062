"""`ls`: methods, tasks, backends and data, from their sources alone (no torch)."""

from __future__ import annotations

import json
from typing import Any

from benchmark.backends import GROUPS, MODULES
from benchmark.registry import catalogue

DATA: dict[str, tuple[str, str]] = {
    "scenes": (
        "benchmark.worlds.scenes:Scenes",
        "rendered pictograms on a grid with true captions; 12,000 / 1,000 / 2,000 scenes",
    ),
}


def rows(what: str) -> list[dict[str, Any]]:
    """One dictionary a row, the columns of `ls WHAT`."""
    if what == "backends":
        named = {name: {"name": name, "summary": says} for name, (_, says) in MODULES.items()}
        groups = [{"name": g, "summary": f"group: {', '.join(m)}"} for g, m in GROUPS.items()]
        return [*named.values(), *groups]
    if what == "data":
        return [{"name": name, "summary": says} for name, (_, says) in DATA.items()]
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
    """Prints the list as a table or as JSON."""
    found = rows(what)
    if as_json:
        print(json.dumps(found, indent=2))
        return 0
    width = max(len(row["name"]) for row in found)
    for row in found:
        print(f"{row['name']:<{width}}  {row['summary']}")
        if row.get("presets"):
            print(f"{'':<{width}}  presets: {', '.join(row['presets'])}")
    return 0
