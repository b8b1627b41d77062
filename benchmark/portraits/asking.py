"""Which fitted dictionaries a run has to show, read from its records alone. No torch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from benchmark.portraits.records import Asked
from benchmark.results import Cell

EACH, ALL, LEAST = 12, 144, 4
"""Latents of each dictionary unless told otherwise, of all together, and of each at least."""


def asks(cells: Sequence[Cell], wanted: int | None) -> list[Asked]:
    """Every dictionary that a run has kept, each once: of a cell over all blocks one a block.

    `wanted` latents of each; without it fewer of each where there are many.
    """
    found: dict[tuple[object, ...], Asked] = {}
    for cell in sorted(cells, key=_order):
        if cell.status == "scored" and cell.method.checkpoint_sha256:
            for ask in _of(cell):
                place = (ask.method, ask.variant, ask.seed, ask.backend, ask.data, ask.site)
                found.setdefault((*place, ask.limit, ask.centred), ask)
    each = latents_each(len(found), wanted)
    return [ask.model_copy(update={"n_latents": each}) for ask in found.values()]


def _order(cell: Cell) -> tuple[bool, str, str, str, str, int]:
    name = cell.method.name
    return (sweeps(cell), cell.backend.name, cell.site or "", cell.variant, name, cell.seed)


def sweeps(cell: Cell) -> bool:
    """Whether a cell speaks of the same method at several sites together."""
    return "*" in (cell.site or "") or "," in (cell.site or "")


def _of(cell: Cell) -> Iterator[Asked]:
    """One dictionary; of a cell over blocks those of its sites, in the order of the blocks.

    A record has the site first that its backend is asked at where none is named.
    """
    if not sweeps(cell):
        yield asked(cell, cell.site or "")
        return
    sites = sorted(set(cell.method.chosen) & set(cell.backend.sites), key=_depth)
    for site in sites:
        yield asked(cell, site, tuple(sites))


def _depth(site: str) -> tuple[int, str]:
    """The number in a name such as block:3."""
    return int("".join(filter(str.isdigit, site)) or 0), site


def unkept(cells: Sequence[Cell]) -> list[str]:
    """Methods that were scored and left no dictionary in a file."""
    there = {c.method.name for c in cells if c.status == "scored"}
    kept = {c.method.name for c in cells if c.method.checkpoint_sha256}
    return sorted(there - kept)


def asked(cell: Cell, site: str, parts: tuple[str, ...] = (), n_latents: int = EACH) -> Asked:
    """What a gallery of this cell's dictionary at a site depends on."""
    return Asked(
        checkpoint=cell.method.checkpoint_sha256 or "",
        parts=parts,
        method=cell.method.name,
        variant=cell.variant,
        seed=cell.seed,
        backend=cell.backend.name,
        backend_revision=cell.backend.revision,
        site=site,
        data=cell.data.name,
        data_revision=cell.data.revision,
        limit=cell.data.limit,
        centred=cell.data.centred,
        n_latents=n_latents,
    )


def latents_each(n_dictionaries: int, wanted: int | None) -> int:
    """How many latents of each dictionary: as asked, else fewer where there are many of them."""
    if wanted is not None:
        return max(1, wanted)
    return max(LEAST, min(EACH, ALL // max(1, n_dictionaries)))
