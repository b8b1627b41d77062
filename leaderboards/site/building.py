"""The site in a folder: every page, its assets and its data."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from benchmark.reports.panels import bundled_cells
from benchmark.results import write_whole
from leaderboards.site.facts import Facts, gather
from leaderboards.site.pages import Page, makers, navigation
from leaderboards.site.rendering import rendered

STATIC = Path(__file__).parent / "static"


def build(folder: Path) -> list[Path]:
    """Writes the site of the bundled rows and submissions; the files, in order."""
    return written(gather(bundled_cells()), folder)


def written(facts: Facts, folder: Path) -> list[Path]:
    """Writes the site of these facts. Raises ValueError where two makers claim one page."""
    pages = [page for make in makers() for page in make(facts)]
    twice = [path for path, n in Counter(page.path for page in pages).items() if n > 1]
    if twice:
        raise ValueError(f"page {twice[0]} is made twice: give one of them another path")
    nav, shared = navigation(), about(facts)
    files = {page.path: rendered(page, nav, shared).encode() for page in pages}
    files |= {f"static/{file.name}": file.read_bytes() for file in sorted(STATIC.iterdir())}
    for path, content in files.items():
        write_whole(folder / path, content)
    return [folder / path for path in files]


def about(facts: Facts) -> dict[str, Any]:
    """What header and footer of every page say."""
    first, last = facts.dates
    return {"first_day": first, "last_day": last, "n_cells": len(facts.cells), "facts": facts}


__all__ = ["Page", "build", "written"]
