"""What a method's or task's file says of itself, read from its syntax tree: it is not run."""

from __future__ import annotations

import ast
import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from benchmark.messages.raised import one_line

Kind = Literal["method", "task"]
VERBS: dict[Kind, str] = {"method": "fit", "task": "score"}


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
    made: type | None = None
    """The class, where it is not the one of a file: of a checkpoint that was opened."""

    @property
    def names(self) -> list[str]:
        """The name and every preset's."""
        return [self.name, *(f"{self.name}-{preset}" for preset in self.presets)]


def read(path: Path, kind: Kind) -> Entry:
    """What one file declares, from its syntax tree. Raises ValueError in one line."""
    try:
        source = path.read_text()
    except OSError as error:
        raise ValueError(f"cannot read the {kind} file {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ValueError(f"cannot read the {kind} file {path}: it is no utf-8 text") from error
    try:
        tree = ast.parse(source)
    except SyntaxError as error:
        line = f":{error.lineno}" if error.lineno else ""
        raise ValueError(f"{path}{line}: {error.msg}: not a Python file") from error
    except (RecursionError, MemoryError) as error:
        raise ValueError(f"{path}: {one_line(error)}: not a Python file") from error
    classes = [c for c in tree.body if isinstance(c, ast.ClassDef) and VERBS[kind] in _defs(c)]
    if len(classes) != 1:
        found = ", ".join(c.name for c in classes) or "none"
        wanted = f"one class with a `{VERBS[kind]}`"
        hint = "" if classes else _of_other_kind(tree, kind)
        raise ValueError(f"{path} holds no single {kind}: wanted {wanted}, found {found}{hint}")
    return Entry(
        kind=kind,
        name=path.stem.replace("_", "-") if kind == "method" else path.stem,
        path=path.resolve(),
        class_name=classes[0].name,
        summary=(ast.get_docstring(tree) or "").split("\n")[0],
        needs=_needs(classes[0], kind),
        digest=hashlib.sha256(source.encode()).hexdigest(),
        presets=_presets(tree, path),
        paper=_fields(_literal(tree, "PAPER", path), f"{path}: PAPER"),
        named_only=bool(_literal(tree, "NAMED_ONLY", path)),
    )


def _of_other_kind(tree: ast.Module, kind: Kind) -> str:
    """What to do with a file that holds the other kind of class."""
    other: Kind = "task" if kind == "method" else "method"
    for c in tree.body:
        if isinstance(c, ast.ClassDef) and VERBS[other] in _defs(c):
            how = "name it with --task" if other == "task" else "name it as a method"
            return f"; {c.name} has a `{VERBS[other]}`, so it is a {other}: {how}"
    return ""


def _defs(node: ast.ClassDef) -> set[str]:
    return {f.name for f in node.body if isinstance(f, ast.FunctionDef)}


def _needs(node: ast.ClassDef, kind: Kind) -> tuple[str, ...]:
    for item in node.body:
        targets = getattr(item, "targets", [getattr(item, "target", None)])
        if any(getattr(t, "id", "") == "needs" for t in targets) and getattr(item, "value", None):
            found = {a.attr for a in ast.walk(item) if isinstance(a, ast.Attribute)}
            return tuple(sorted(found))
    return ("PAIRS",) if kind == "method" else ()


def _presets(tree: ast.Module, path: Path) -> dict[str, dict[str, Any]]:
    """`PRESETS = {"suffix": {"field": value}}`; nothing where the file has none."""
    presets = _fields(_literal(tree, "PRESETS", path), f"{path}: PRESETS")
    return {name: _fields(given, f"{path}: PRESETS[{name!r}]") for name, given in presets.items()}


def _fields(given: Any, where: str) -> dict[str, Any]:
    if not isinstance(given, dict) or not all(isinstance(name, str) for name in given):
        raise ValueError(f"{where} is {given!r}, wanted a mapping from names to values")
    return given


def _literal(tree: ast.Module, name: str, path: Path) -> Any:
    for item in tree.body:
        target = item.targets[0] if isinstance(item, ast.Assign) else getattr(item, "target", None)
        if getattr(target, "id", "") == name:
            try:
                return ast.literal_eval(item.value)  # type: ignore[attr-defined]
            except (ValueError, TypeError) as error:
                raise ValueError(
                    f"{path}: {name} is not a literal: write its values out"
                ) from error
    return {}
