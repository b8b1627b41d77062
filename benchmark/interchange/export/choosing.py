"""Which dictionary of a run is meant: its cells, and the file that it was kept in."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmark.messages.nearest import hint
from benchmark.results import Cell, read_cells
from benchmark.sae.checkpoints import digest, load, load_patch
from benchmark.sae.dictionaries import Paired
from benchmark.sae.frames import Frame

PATCH = ".patch.safetensors"


@dataclass(frozen=True)
class Wanted:
    """A method of a run, and what tells its fits apart; None for any."""

    method: str
    seed: int | None = None
    backend: str | None = None
    site: str | None = None
    variant: str | None = None

    def is_met_by(self, cell: Cell) -> bool:
        """Whether a cell is one of those."""
        pairs = (
            (self.method, cell.method.name),
            (self.seed, cell.seed),
            (self.backend, cell.backend.name),
            (self.site, cell.site),
            (self.variant, cell.variant),
        )
        return all(asked in (None, there) for asked, there in pairs)


@dataclass(frozen=True, eq=False)
class Fitted:
    """A kept dictionary and the cells that were scored with it."""

    dictionary: Paired
    cells: tuple[Cell, ...]
    file: Path
    patch: Path | None
    k: int | None
    """Latents an input that the budget allows."""

    @property
    def cell(self) -> Cell:
        return self.cells[0]

    @property
    def frame(self) -> Frame:
        return self.dictionary.frame


def fitted(run: Path, wanted: Wanted) -> Fitted:
    """The one dictionary that is wanted. Raises ValueError, one line, unless there is just one."""
    cells = scored_cells(run, wanted)
    digests = sorted({cell.method.checkpoint_sha256 or "" for cell in cells})
    places = {(c.backend.name, c.site, c.variant, c.seed) for c in cells}
    if len(digests) > 1 or len(places) > 1:
        raise ValueError(
            f"{run} has {len(places)} fits of {wanted.method}, wanted one: say {differing(cells)}"
        )
    file = kept_file(run / "fits", digests[0])
    facts = json.loads(file.with_suffix(".json").read_text())
    patch = file.with_suffix(PATCH)
    k = facts.get("k")
    return Fitted(load(file), tuple(cells), file, patch if patch.is_file() else None, k)


def scored_cells(run: Path, wanted: Wanted) -> list[Cell]:
    """Cells of one site each that a kept dictionary was scored in."""
    if not (run / "cells").is_dir():
        raise ValueError(f"{run} holds no cells/: wanted the results folder of a run")
    every = read_cells(run / "cells").cells
    there = sorted({cell.method.name for cell in every})
    if wanted.method not in there:
        raise ValueError(f"{run} has no cells of {wanted.method}: {hint(wanted.method, there)}")
    mine = [cell for cell in every if wanted.is_met_by(cell) and cell.status == "scored"]
    single = [c for c in mine if c.site and not set("*,") & set(c.site)]
    kept = [cell for cell in single if cell.method.checkpoint_sha256]
    if not mine:
        of = [cell for cell in every if cell.method.name == wanted.method]
        raise ValueError(
            f"{run} has no scored cell of that fit of {wanted.method}: {differing(of)}"
        )
    if not kept:
        raise ValueError(
            f"{wanted.method} left no dictionary in a file: there is nothing to export of it"
        )
    return sorted(kept, key=lambda cell: (cell.task.name, cell.split, cell.key))


def differing(cells: Sequence[Cell]) -> str:
    """The flags whose values tell these cells apart, with those values."""
    values: dict[str, set[str]] = {
        "--seed": {str(cell.seed) for cell in cells},
        "--backend": {cell.backend.name for cell in cells},
        "--site": {cell.site or "" for cell in cells},
        "--variant": {cell.variant for cell in cells},
    }
    told = [f"{flag} {' or '.join(sorted(v))}" for flag, v in values.items() if len(v) > 1]
    if not told:
        configs = {json.dumps(cell.method.given, sort_keys=True) for cell in cells}
        return f"another --output-path for each configuration ({' or '.join(sorted(configs))})"
    return ", ".join(told)


def kept_file(folder: Path, wanted: str) -> Path:
    """The file of a dictionary by its digest. Raises ValueError, one line, where it is gone."""
    for file in sorted(folder.glob("*.safetensors")):
        if file.name.endswith(PATCH) or not file.with_suffix(".json").is_file():
            continue
        try:
            dictionary, patch = load(file), file.with_suffix(PATCH)
            there = (dictionary, load_patch(patch)) if patch.is_file() else dictionary
        except ValueError:
            continue
        if digest(there) == wanted:
            return file
    raise ValueError(
        f"{folder} has no whole fit {wanted[:12]}, which the cells name: run the same command again"
    )
