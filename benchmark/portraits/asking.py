"""Which fitted dictionaries a run has to show, read from its records alone. No torch."""

from __future__ import annotations

from collections.abc import Sequence

from benchmark.portraits.records import Asked
from benchmark.results import Cell

EACH, ALL, LEAST = 12, 144, 4
"""Latents of each dictionary unless told otherwise, of all together, and of each at least."""


def fitted(cells: Sequence[Cell]) -> list[Cell]:
    """One scored cell of every dictionary that was kept: each seed, site and variant its own."""
    found: dict[tuple[str, str, str | None], Cell] = {}
    for cell in sorted(cells, key=_order):
        if cell.status == "scored" and cell.method.checkpoint_sha256 and cell.site:
            place = (cell.method.checkpoint_sha256, cell.backend.name, cell.site)
            found.setdefault(place, cell)
    swept = {(c.method.name, c.seed) for c in found.values() if "*" not in (c.site or "")}
    return [
        cell
        for cell in found.values()
        if not sweeps(cell) or (cell.method.name, cell.seed) not in swept
    ]


def _order(cell: Cell) -> tuple[str, str, str, str, int]:
    return (cell.backend.name, cell.site or "", cell.variant, cell.method.name, cell.seed)


def sweeps(cell: Cell) -> bool:
    """Whether a cell speaks of the same method at several sites together."""
    return "*" in (cell.site or "") or "," in (cell.site or "")


def unkept(cells: Sequence[Cell]) -> list[str]:
    """Methods that were scored and left no dictionary in a file."""
    there = {c.method.name for c in cells if c.status == "scored"}
    kept = {c.method.name for c in cells if c.method.checkpoint_sha256}
    return sorted(there - kept)


def asked(cell: Cell, n_latents: int) -> Asked:
    """What a gallery of this cell's dictionary depends on."""
    return Asked(
        checkpoint=cell.method.checkpoint_sha256 or "",
        method=cell.method.name,
        variant=cell.variant,
        seed=cell.seed,
        backend=cell.backend.name,
        backend_revision=cell.backend.revision,
        site=cell.site or "",
        data=cell.data.name,
        data_revision=cell.data.revision,
        limit=cell.data.limit,
        centred=cell.data.centred,
        n_latents=n_latents,
    )


def latents_each(n_dictionaries: int, wanted: int | None) -> int:
    """How many latents of each dictionary: as asked, else fewer where there are many of them."""
    if wanted is not None:
        return wanted
    return max(LEAST, min(EACH, ALL // max(1, n_dictionaries)))
