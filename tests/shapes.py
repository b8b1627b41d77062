"""Shapes in signatures, checked whenever a test calls a function of ours; nothing else is.

`jaxtyping` hands each function to `checked`, which holds arrays to their annotations: dtype, axes,
and the same letter for the same length. All other types are the type checker's business.
"""

from __future__ import annotations

import functools
import inspect
import types
import typing
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import Any

import numpy as np
from jaxtyping import AbstractArray
from torch import Tensor

Function = Callable[..., Any]


active = ContextVar("active", default=True)
"""Off where a test wants what users see, who run without these checks."""


class ShapeError(TypeError):
    """An array that is not what the signature says."""


def checked(function: Function) -> Function:
    """The same function, which raises ShapeError on an array of another shape or dtype."""
    signature = inspect.signature(function)
    hints: dict[str, Any] = {}
    known = False

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        nonlocal known
        if not known:
            hints.update(array_hints(function))
            known = True
        if not hints or not active.get():
            return function(*args, **kwargs)
        for name, value in signature.bind(*args, **kwargs).arguments.items():
            hold(function, name, value, hints)
        found = function(*args, **kwargs)
        hold(function, "return", found, hints)
        return found

    return wrapper


def hold(function: Function, name: str, value: Any, hints: Mapping[str, Any]) -> None:
    """Raises ShapeError where an array is not what its hint describes."""
    if name not in hints or not isinstance(value, Tensor | np.ndarray):
        return
    if not isinstance(value, hints[name]):
        found = f"{value.dtype}{list(value.shape)}"
        where = f"{function.__module__}.{function.__qualname__}"
        raise ShapeError(f"{where}: {name} is {found}, wanted {hints[name]}")


def array_hints(function: Function) -> dict[str, Any]:
    """Annotations that are arrays, or unions of arrays and None."""
    found: dict[str, Any] = {}
    for name, hint in inspect.get_annotations(function).items():
        if isinstance(hint, str):
            try:
                hint = eval(hint, function.__globals__)
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
