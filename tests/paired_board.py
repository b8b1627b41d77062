"""A small board whose rows are paired: cells from seeds, units drawn beside them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

import numpy as np

from benchmark.results import Cell
from benchmark.statistics import StoredUnits
from leaderboards.board.sources import Source
from leaderboards.pairs import Table, computed
from leaderboards.site.facts import Facts, gather
from tests.leaderboard_worlds import reference_cells

METHODS = ("identity", "jsae", "labelled", "posthoc", "posthoc-cca", "separated", "shared")
TASKS = ("reconstruction", "retrieval", "modality_split", "stability")
SITES = {"pocket-clip": ("embedding",), "pocket-llava": ("block:2",), "synthetic:n=1": ("x",)}


def cells(
    methods: Collection[str] = METHODS, sites: Mapping[str, tuple[str, ...]] | None = None
) -> list[Cell]:
    """Rows of three seeds; every fit is timed."""
    found = reference_cells(tuple(methods), dict(sites or SITES), range(3), TASKS)
    return [
        cell.model_copy(
            update={
                "units_file": f"{cell.key}.npz",
                "units_sha256": "0" * 64,
                "timing": {"fit": 2.0 + len(cell.method.name) + cell.seed / 10},
            }
        )
        for cell in found
    ]


def units(cell: Cell, names: Collection[str]) -> Mapping[str, StoredUnits]:
    """Units around each score, the same items hard for every method; other latents a method."""
    hard = np.random.default_rng(7).normal(0, 0.2, 120)
    n = 100 + len(cell.method.name) if cell.task.name == "stability" else 120
    found = {}
    for score in cell.scores:
        key = score.name if score.variant == "full" else f"{score.name}#{score.variant}"
        if key in names:
            noise = np.random.default_rng([cell.seed, len(cell.method.name)]).normal(0, 0.02, 120)
            found[key] = StoredUnits((score.value + hard + noise)[:n].repeat(2)[:n])
    return found


def pairs(found: list[Cell]) -> list[Table]:
    """All pairs of these cells; those of stability are of other latents each."""
    return list(computed(found, units))


def facts(found: list[Cell] | None = None) -> Facts:
    """Everything pages draw on, with pairs of these cells alone."""
    found = cells() if found is None else found
    return replace(gather([Source(found)]), pairs=pairs(found))
