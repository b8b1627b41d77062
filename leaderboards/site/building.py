"""The site in a folder: every page, its assets and its data."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmark.results import write_whole
from leaderboards.board.sources import sources
from leaderboards.site import exports
from leaderboards.site.facts import Facts, gather
from leaderboards.site.pages import makers, navigation
from leaderboards.site.rendering import rendered

MANIFEST = "files.txt"
"""What a build wrote, a path a line."""
STATIC = Path(__file__).parent / "static"


def build(folder: Path) -> tuple[list[Path], list[str]]:
    """Writes the site of the bundled rows and submissions; its files, and a line for every
    submission that could not be read.
    """
    with uncollected():
        found, problems = sources()
        return written(gather(found), folder), problems


@contextmanager
def uncollected() -> Iterator[None]:
    """No search for cycles among millions of records that have none: it takes most of a build."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def written(facts: Facts, folder: Path) -> list[Path]:
    """Writes the site of these facts. Raises ValueError where two makers claim one page."""
    pages = [page for make in makers() for page in make(facts)]
    twice = [path for path, n in Counter(page.path for page in pages).items() if n > 1]
    if twice:
        raise ValueError(f"page {twice[0]} is made twice: give one of them another path")
    nav, shared = navigation(), about(facts)
    files = {page.path: rendered(page, nav, shared).encode() for page in pages}
    files |= {f"static/{file.name}": file.read_bytes() for file in sorted(STATIC.iterdir())}
    files |= exports.files(facts.board)
    clear(folder, keep=files)
    for path, content in files.items():
        write_whole(folder / path, content)
    write_whole(folder / MANIFEST, "\n".join(sorted(files)).encode())
    return [folder / path for path in files]


def clear(folder: Path, *, keep: Collection[str]) -> None:
    """Takes away what an earlier build wrote here and this one does not, and nothing else."""
    manifest = folder / MANIFEST
    if not manifest.is_file():
        return
    for path in set(manifest.read_text().splitlines()) - set(keep):
        if not path.startswith("/") and ".." not in Path(path).parts:
            (folder / path).unlink(missing_ok=True)


def about(facts: Facts) -> dict[str, Any]:
    """What header and footer of every page say."""
    return {"facts": facts, "board": facts.board}
