"""Shapes in signatures, checked whenever a test calls a function of ours; nothing else is.

Modules that have such shapes are compiled with `checked` around each function and `checked_fields`
around each dataclass: arrays are held to their annotations, that is dtype, axes, and the same
letter for the same length. All other types are the type checker's business.
"""

from __future__ import annotations

import ast
import functools
import inspect
import sys
import types
import typing
from collections.abc import Callable, Collection, Mapping
from contextvars import ContextVar
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from typing import Any

import numpy as np
from jaxtyping import AbstractArray, jaxtyped
from torch import Tensor

Function = Callable[..., Any]


active = ContextVar("active", default=True)
"""Off where a test wants what users see, who run without these checks."""


class ShapeError(TypeError):
    """An array that is not what the signature says."""


def checked(function: Function) -> Function:
    """The same function, which raises ShapeError on an array of another shape or dtype."""
    hints_of = functools.cache(lambda: array_hints(function))
    signature = functools.cache(lambda: inspect.signature(function))

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        hints = hints_of()
        if not hints or not active.get():
            return function(*args, **kwargs)
        with jaxtyped("context"):
            for name, value in signature().bind(*args, **kwargs).arguments.items():
                hold(function, name, value, hints)
            found = function(*args, **kwargs)
            hold(function, "return", found, hints)
        return found

    return wrapper


def checked_fields(kind: type) -> type:
    """The same dataclass, which raises ShapeError on a field of another shape or dtype."""
    made = kind.__init__
    hints_of = functools.cache(lambda: array_hints(kind))

    @functools.wraps(made)
    def init(self: Any, *args: Any, **kwargs: Any) -> None:
        made(self, *args, **kwargs)
        hints = hints_of()
        if hints and active.get():
            with jaxtyped("context"):
                for name in hints:
                    hold(kind, name, getattr(self, name), hints)

    kind.__init__ = init  # type: ignore[misc]
    return kind


def hold(of: Function | type, name: str, value: Any, hints: Mapping[str, Any]) -> None:
    """Raises ShapeError where an array is not what its hint describes."""
    if name not in hints or not isinstance(value, Tensor | np.ndarray):
        return
    if not isinstance(value, hints[name]):
        found = f"{value.dtype}{list(value.shape)}"
        where = f"{of.__module__}.{of.__qualname__}"
        raise ShapeError(f"{where}: {name} is {found}, wanted {hints[name]}")


def array_hints(of: Function | type) -> dict[str, Any]:
    """Annotations that are arrays, or unions of arrays and None, once its module has its names."""
    found: dict[str, Any] = {}
    for name, hint in inspect.get_annotations(of).items():
        if isinstance(hint, str):
            try:
                hint = eval(hint, vars(sys.modules[of.__module__]))
            except NameError:
                continue
        parts = typing.get_args(hint) if is_union(hint) else (hint,)
        if any(map(is_array, parts)) and all(p is type(None) or is_array(p) for p in parts):
            found[name] = hint
    return found


def is_union(hint: Any) -> bool:
    return typing.get_origin(hint) in (typing.Union, types.UnionType)


def is_array(hint: Any) -> bool:
    return isinstance(hint, type) and issubclass(hint, AbstractArray)


class Checks(ast.NodeTransformer):
    """Puts the checks around every function and dataclass of a module."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        self.generic_visit(node)
        node.decorator_list.append(self.named(checked))
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.ClassDef:
        self.generic_visit(node)
        if any("dataclass" in ast.unparse(each) for each in node.decorator_list):
            node.decorator_list.insert(0, self.named(checked_fields))
        return node

    @staticmethod
    def named(check: Function) -> ast.expr:
        """The check, wherever the module has its own names from."""
        of = f"__import__({__name__!r}, fromlist=['']).{check.__name__}"
        return ast.parse(of, mode="eval").body


class CheckedLoader(SourceFileLoader):
    """Compiles the checks in, and keeps nothing of it in a cache that users read."""

    def get_code(self, fullname: str) -> types.CodeType:  # noqa: ARG002
        tree = Checks().visit(ast.parse(self.get_data(self.path), self.path))
        whole = ast.fix_missing_locations(tree)
        code: types.CodeType = compile(whole, self.path, "exec", dont_inherit=True)
        return code


class CheckedFinder(MetaPathFinder):
    """Finds these modules, and no other."""

    def __init__(self, modules: Collection[str]) -> None:
        self.modules = frozenset(modules)

    def find_spec(self, name: str, path: Any, target: Any = None) -> ModuleSpec | None:
        spec = PathFinder.find_spec(name, path, target) if name in self.modules else None
        if spec and spec.origin:
            spec.loader = CheckedLoader(name, spec.origin)
        return spec
