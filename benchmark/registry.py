"""What there is to run: methods and tasks by file name, read without importing them.

The file name is the name (`_` and `-` are the same), presets are a literal `PRESETS` in the file,
`PAPER` the fields of the published setting. `path/to/file.py`, `package.module` and entry points
load the same way, by path and under a private namespace: a folder called `methods/` or `tasks/`
in the working directory never shadows ours.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

from benchmark.messages.nearest import hint
from benchmark.messages.raised import place, with_kind
from benchmark.sources import Entry, Kind, read

ROOT = Path(__file__).resolve().parent.parent
FOLDERS: dict[Kind, Path] = {"method": ROOT / "methods", "task": ROOT / "tasks"}
ENTRY_POINTS = "crossmodal_sae_benchmark.{kind}s"


@dataclass(frozen=True)
class Choice:
    """An entry and the preset that was named with it."""

    entry: Entry
    preset: str = ""

    @property
    def name(self) -> str:
        return f"{self.entry.name}-{self.preset}" if self.preset else self.entry.name

    @property
    def fields(self) -> dict[str, Any]:
        return self.entry.presets[self.preset] if self.preset else {}


@cache
def catalogue(kind: Kind) -> dict[str, Entry]:
    """Every registered method or task by name, ours first, then those of installed packages."""
    files = sorted(p for p in FOLDERS[kind].glob("*.py") if not p.name.startswith("_"))
    entries = {entry.name: entry for entry in (read(path, kind) for path in files)}
    for point in entry_points(group=ENTRY_POINTS.format(kind=kind)):
        entry = read(module_path(point.value.split(":")[0], kind), kind)
        if point.name in entries:
            raise ValueError(f"{kind} {point.name} is registered twice: {entry.path} and ours")
        entries[point.name] = entry
    return entries


def find(kind: Kind, name: str) -> Choice:
    """The method or task that a user named: registered, a preset, a file or a module."""
    if name.endswith(".py"):
        return Choice(read(Path(name), kind))
    known = {n: Choice(e, n[len(e.name) + 1 :]) for e in catalogue(kind).values() for n in e.names}
    wanted = name if name in known else name.replace("_", "-") if kind == "method" else name
    if kind == "task":
        wanted = name.replace("-", "_")
    if wanted in known:
        return known[wanted]
    if os.sep in name:
        raise ValueError(f"{name} is no {kind} file: wanted one that ends in .py, or a name")
    if "." in name:
        return Choice(read(module_path(name, kind), kind))
    raise ValueError(unknown(kind, name, known))


def unknown(kind: str, name: str, known: Any) -> str:
    """One line that says what was not found, and the nearest name or all of them."""
    return f"no {kind} called {name or repr(name)}: {hint(name, sorted(known))}"


def module_path(dotted: str, kind: Kind) -> Path:
    """The file of an importable module. Raises ValueError where there is none."""
    try:
        spec = importlib.util.find_spec(dotted)
    except Exception as error:  # whatever the packages above it raise when they are imported
        said = f"not importable from here ({with_kind(error)})"
        raise ValueError(f"no {kind} module {dotted}: {said}") from error
    if spec is None or not (spec.origin or "").endswith(".py"):
        raise ValueError(f"no {kind} module {dotted}: not importable from here")
    return Path(str(spec.origin))


def load(entry: Entry) -> type:
    """The class itself, its file run once under a private name."""
    if entry.made is not None:
        return entry.made
    module = _run(entry.path, f"_benchmark_{entry.kind}s.{entry.path.stem}_{entry.digest[:12]}")
    return getattr(module, entry.class_name)


def _run(path: Path, name: str) -> ModuleType:
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        said = with_kind(error) + place(error, path)
        raise ValueError(f"{path} cannot be run: {said}") from error
    return module
