"""What there is to run: methods and tasks by file name, read without importing them.

The file name is the name (`_` and `-` are the same), presets are a literal `PRESETS` in the file,
`PAPER` the fields of the published setting. `path/to/file.py`, `package.module` and entry points
load the same way, by path and under a private namespace: a folder called `methods/` or `tasks/`
in the working directory never shadows ours.
"""

from __future__ import annotations

import ast
import difflib
import hashlib
import importlib.util
import sys
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

Kind = Literal["method", "task"]
ROOT = Path(__file__).resolve().parent.parent
FOLDERS: dict[Kind, Path] = {"method": ROOT / "methods", "task": ROOT / "tasks"}
VERBS: dict[Kind, str] = {"method": "fit", "task": "score"}
ENTRY_POINTS = "crossmodal_sae_benchmark.{kind}s"


@dataclass(frozen=True)
class Entry:
    """One method or task as its source says it, before anything is imported."""

    kind: Kind
    name: str
    path: Path
    class_name: str
    summary: str
    needs: tuple[str, ...]
    digest: str
    """sha256 of the file as it was read: a method's code is part of its cells' keys."""
    presets: dict[str, dict[str, Any]] = field(default_factory=dict)
    paper: dict[str, Any] = field(default_factory=dict)
    named_only: bool = False
    """A task that runs only when it is named: `NAMED_ONLY = True` in its file."""

    @property
    def names(self) -> list[str]:
        """The name and every preset's."""
        return [self.name, *(f"{self.name}-{preset}" for preset in self.presets)]


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
    if "." in name:
        return Choice(read(module_path(name, kind), kind))
    raise ValueError(unknown(kind, name, known))


def unknown(kind: str, name: str, known: Any) -> str:
    """One line that says what was not found, and the nearest name or all of them."""
    near = difflib.get_close_matches(name, list(known), n=1)
    hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(sorted(known))}"
    return f"no {kind} called {name}: {hint}"


def module_path(dotted: str, kind: Kind) -> Path:
    """The file of an importable module. Raises ValueError where there is none."""
    try:
        spec = importlib.util.find_spec(dotted)
    except (ImportError, ValueError):
        spec = None
    if spec is None or spec.origin is None:
        raise ValueError(f"no {kind} module {dotted}: not importable from here")
    return Path(spec.origin)


def read(path: Path, kind: Kind) -> Entry:
    """What one file declares, from its syntax tree. Raises ValueError in one line."""
    try:
        source = path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"cannot read the {kind} file {path}: {error}") from error
    try:
        tree = ast.parse(source)
    except SyntaxError as error:
        raise ValueError(f"{path}:{error.lineno}: {error.msg}: not a Python file") from error
    classes = [c for c in tree.body if isinstance(c, ast.ClassDef) and VERBS[kind] in _defs(c)]
    if len(classes) != 1:
        found = ", ".join(c.name for c in classes) or "none"
        wanted = f"one class with a `{VERBS[kind]}`"
        raise ValueError(f"{path} holds no single {kind}: wanted {wanted}, found {found}")
    return Entry(
        kind=kind,
        name=path.stem.replace("_", "-") if kind == "method" else path.stem,
        path=path.resolve(),
        class_name=classes[0].name,
        summary=(ast.get_docstring(tree) or "").split("\n")[0],
        needs=_needs(classes[0], kind),
        digest=hashlib.sha256(source.encode()).hexdigest(),
        presets=_literal(tree, "PRESETS", path),
        paper=_literal(tree, "PAPER", path),
        named_only=bool(_literal(tree, "NAMED_ONLY", path)),
    )


def load(entry: Entry) -> type:
    """The class itself, its file run once under a private name."""
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
        said = " ".join(f"{type(error).__name__}: {error}".split())
        raise ValueError(f"{path} cannot be run: {said}") from error
    return module


def _defs(node: ast.ClassDef) -> set[str]:
    return {f.name for f in node.body if isinstance(f, ast.FunctionDef)}


def _needs(node: ast.ClassDef, kind: Kind) -> tuple[str, ...]:
    for item in node.body:
        targets = getattr(item, "targets", [getattr(item, "target", None)])
        if any(getattr(t, "id", "") == "needs" for t in targets) and getattr(item, "value", None):
            found = {a.attr for a in ast.walk(item) if isinstance(a, ast.Attribute)}
            return tuple(sorted(found))
    return ("PAIRS",) if kind == "method" else ()


def _literal(tree: ast.Module, name: str, path: Path) -> Any:
    for item in tree.body:
        target = item.targets[0] if isinstance(item, ast.Assign) else getattr(item, "target", None)
        if getattr(target, "id", "") == name:
            try:
                return ast.literal_eval(item.value)  # type: ignore[attr-defined]
            except ValueError as error:
                raise ValueError(
                    f"{path}: {name} is not a literal: write its values out"
                ) from error
    return {}
