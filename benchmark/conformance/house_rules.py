"""Who imports whom, read from the source and held against the doors between the rooms.

Nothing here runs what it reads.
"""

from __future__ import annotations

import ast
import fnmatch
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from benchmark.conformance.rooms import ROOMS
from benchmark.registry import ROOT

OURS = ("benchmark", "methods", "tasks", "leaderboards")


def room_of(module: str) -> str | None:
    """The room of a module of ours; an exact name goes before a pattern."""
    for name, room in ROOMS.items():
        if module in room.modules:
            return name
    for name, room in ROOMS.items():
        if any(fnmatch.fnmatchcase(module, pattern) for pattern in room.modules):
            return name
    return None


@cache
def modules() -> dict[str, Path]:
    """Every module of ours by its dotted name."""
    found = {}
    for top in OURS:
        for path in sorted((ROOT / top).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@dataclass(frozen=True)
class Import:
    """One import: its line, the module, and whether it happens as soon as the file is loaded."""

    line: int
    module: str
    at_once: bool


def imports(path: Path, package: str = "") -> Iterator[Import]:
    """Every import of a file, those inside functions and `import_module("…")` included.

    `package` resolves relative ones; without it they keep their dots.
    """
    tree = ast.parse(path.read_text())
    later = {id(n) for node in ast.walk(tree) if _is_later(node) for n in ast.walk(node)}
    for node in ast.walk(tree):
        for name in _named(node, package):
            yield Import(node.lineno, name, id(node) not in later)  # type: ignore[attr-defined]


def _is_later(node: ast.AST) -> bool:
    """A function body, or a block for the type checker alone."""
    if isinstance(node, ast.If):
        return "TYPE_CHECKING" in ast.unparse(node.test)
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)


def _named(node: ast.AST, package: str) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        base = node.module or ""
        if node.level and package:
            above = package.split(".")
            kept = above[: len(above) - node.level + 1]
            base = ".".join([*kept, base]).strip(".")
        elif node.level:
            base = "." * node.level + base
        for alias in node.names:
            whole = f"{base}.{alias.name}"
            yield whole if whole in modules() else base
    elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
        called = ast.unparse(node.func)
        if called.split(".")[-1] in ("import_module", "__import__"):
            yield str(node.args[0].value)


def forbidden(path: Path, room: str, package: str = "") -> Iterator[str]:
    """Imports of ours that this room has no door to, a line each."""
    doors = ROOMS[room].doors
    may = f"{room} import {', '.join(doors) or 'nothing of ours'} and packages"
    for each in dict.fromkeys(imports(path, package)):
        if each.module.split(".")[0] == "tests":
            yield f"line {each.line} imports {each.module}: tests are not installed"
        elif each.module.startswith("."):
            yield f"line {each.line} imports {each.module}: files load by path, name it in full"
        elif each.module.split(".")[0] in OURS and each.module not in OURS[:1]:
            found = room_of(each.module)
            if found == room and not ROOMS[room].closed:
                continue
            if found not in doors:
                where = found or "in no room: add it to benchmark/rooms.py"
                yield f"line {each.line} imports {each.module} ({where}): {may}"
