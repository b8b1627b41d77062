"""Where tables are printed: how wide it is there, and tables plain enough to fit."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from benchmark.messages.visible import visible

PIPE_WIDTH = 140


def wide(*, stderr: bool = True) -> Console:
    """The terminal; a file or a pipe gets $COLUMNS or lines of its own width, not eighty."""
    console = Console(stderr=stderr, highlight=False)
    if console.is_terminal:
        return console
    columns = shutil.get_terminal_size((PIPE_WIDTH, 50)).columns
    return Console(stderr=stderr, highlight=False, width=columns)


def plain(gap: int = 2) -> Table:
    """A table with one rule, under its head: columns are told apart by space."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, gap - 1, 0, 0))
    table.show_edge = False
    return table


def add(table: Table, *cells: str, **more: Any) -> None:
    """A row of texts as they stand: what names hold is no markup, and obeys no terminal."""
    table.add_row(*(Text(visible(cell, kept="\n")) for cell in cells), **more)


def fits(table: Table, console: Console) -> bool:
    """Whether the console is wide enough for every column to stay whole."""
    options = console.options.update(width=10_000)
    return console.measure(table, options=options).maximum <= console.width


def fitting(made: Callable[[int], Table], console: Console) -> Table:
    """The table as airy as the console allows: two spaces between columns, or one."""
    airy = made(2)
    return airy if fits(airy, console) else made(1)


def head(console: Console, text: str) -> None:
    """What stands over a table."""
    console.print(visible(text, kept="\n"), style="bold", highlight=False, markup=False)


def note(console: Console, text: str) -> None:
    """A line beside the numbers, read as it stands."""
    console.print(visible(text, kept="\n"), style="dim", highlight=False, markup=False)
