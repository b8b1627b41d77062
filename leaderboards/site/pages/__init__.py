"""Pages and who makes them: every module of this package that has a `make` adds its own.

A maker takes the site's `Facts` and gives `Page`s; a module that belongs in the navigation says so
with `NAV = Nav(label, path, order)`. Nothing else has to be registered.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from leaderboards.site.facts import Facts


@dataclass(frozen=True)
class Page:
    """One file of the site. `path` is relative to its root, with slashes: `methods/jsae.html`."""

    path: str
    title: str
    template: str
    context: Mapping[str, Any] = field(default_factory=dict)
    section: str = ""
    """`path` of the navigation's entry that is lit on this page; by default its own."""
    wide: bool = False
    """Whether it may use the whole width of the window, as a table of many columns does."""


@dataclass(frozen=True, order=True)
class Nav:
    """An entry of the navigation; small orders come first."""

    order: int
    label: str
    path: str
    says: str = ""
    """What is found there, in a few words; the first page shows it."""


HERE = str(Path(__file__).parent)
Maker = Callable[["Facts"], Iterable[Page]]


def modules() -> list[ModuleType]:
    """The modules of this package, by name."""
    names = sorted(found.name for found in pkgutil.iter_modules([HERE]))
    return [importlib.import_module(f"{__name__}.{name}") for name in names]


def makers() -> list[Maker]:
    """Every module's `make`."""
    return [module.make for module in modules() if hasattr(module, "make")]


def navigation() -> list[Nav]:
    """Every module's `NAV`, in the order that they are shown."""
    return sorted(module.NAV for module in modules() if hasattr(module, "NAV"))
