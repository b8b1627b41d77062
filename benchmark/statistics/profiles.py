"""Profiles of an effect over decoder blocks: checked, and averaged within concepts."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int


def concept_profiles(
    effects: Float[np.ndarray, "u b"], concept: Int[np.ndarray, " u"], name: str = "effects"
) -> tuple[Int[np.ndarray, " k"], Float[np.ndarray, "k b"]]:
    """The k labels in ascending order, and the mean profile of each concept's units.

    Concepts are the sample, so each counts the same, however many scenes it has.
    Raises ValueError for no units or no blocks, other shapes and numbers that are not finite.
    """
    table = np.asarray(effects, dtype=np.float64)
    if table.ndim != 2 or not table.size:
        raise ValueError(
            f"{name} has shape {table.shape}, wanted one row a unit and one column a block, at "
            f"least one of each"
        )
    bad = np.argwhere(~np.isfinite(table))
    if len(bad):
        unit, block = bad[0]
        raise ValueError(
            f"{name}: unit {unit} has {table[unit, block]} at block {block} ({len(bad)} of "
            f"{table.size} are not finite): wanted finite numbers"
        )
    labels = np.asarray(concept)
    if labels.shape != table.shape[:1] or labels.dtype.kind not in "iu":
        raise ValueError(
            f"{name}: concept is {labels.dtype}{list(labels.shape)}, wanted {len(table)} integers, "
            f"one a unit"
        )
    found, member, count = np.unique(labels, return_inverse=True, return_counts=True)
    sums = np.zeros((len(found), table.shape[1]))
    np.add.at(sums, member, table)
    return found, sums / count[:, None]
