"""The exact commands that make a run, and this page, again."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import Any

from benchmark.reports.html.run_folder import RunFolder

MANY = ("method", "backend", "site", "task", "seed")
DEFAULTS: dict[str, Any] = {
    "backend": ["pocket-clip"],
    "seed": [0],
    "split": "test",
    "variant": "fair",
    "batch_size": 1024,
    "device": "auto",
    "centre": False,
}
ORDER = (*MANY, "data", "set", "split", "variant", "limit", "centre", "batch_size", "device")


def again(run: RunFolder) -> str:
    """The command that makes the cells of a run, into a folder of its own."""
    given = dict(run.document.run.arguments) or of_cells(run)
    words = ["python -m benchmark run"]
    for name in ORDER:
        value = given.get(name)
        if value in (None, [], DEFAULTS.get(name)) and name != "method":
            continue
        words += _flag(name, value)
    return _folded([*words, f"--output-path {shlex.quote(f'{run.path.name}-again')}"])


def _flag(name: str, value: Any) -> list[str]:
    flag = f"--{name.replace('_', '-')}"
    if name == "set":
        return [f"{flag} {shlex.quote(str(each))}" for each in value]
    if value is True:
        return [flag]
    many = value if isinstance(value, list) else [value]
    return [" ".join([flag, *(shlex.quote(str(each)) for each in many)])]


def of_cells(run: RunFolder) -> dict[str, Any]:
    """What a run must have been asked for, where its document is gone."""
    cells = run.cells
    first = cells[0]
    return {
        "method": _each(cell.method.name for cell in cells),
        "backend": _each(cell.backend.name for cell in cells),
        "site": _each(cell.site for cell in cells if cell.site),
        "task": _each(cell.task.name for cell in cells),
        "seed": _each(cell.seed for cell in cells),
        "split": first.split,
        "limit": first.data.limit,
        "centre": first.data.centred,
    }


def _each(values: Any) -> list[Any]:
    return list(dict.fromkeys(values))


def compare_again(run: RunFolder, methods: Sequence[str]) -> str:
    """The command that pairs the first two methods."""
    if len(methods) < 2:
        return ""
    names = " ".join(shlex.quote(name) for name in methods[:2])
    return f"python -m benchmark compare {names} --all --output-path {shlex.quote(str(run.path))}"


def _folded(words: Sequence[str]) -> str:
    """A line a flag, so that it can be read; the first two together."""
    first = " ".join(words[:2])
    return " \\\n    ".join([first, *words[2:]])
