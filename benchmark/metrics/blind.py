"""What directions that are drawn blindly score, by how often they fire.

Whatever cuts a corner off the activations finds rows that are alike, and the smaller the corner the
more alike: a latent has to be held against blind directions that fire as often as it does.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
import torch
from jaxtyping import Float, Int
from torch import Tensor

from benchmark.contracts import Modality, PairedActivations
from benchmark.contracts.pooling import rows_are_examples
from benchmark.metrics.monosemanticity import Attributes, any_two, likeness

DIRECTIONS, RATES = 256, 12
AT_ONCE = 32
"""Directions that are scored at a time."""
ROWS = 16_384
"""Rows that are projected at a time."""


@dataclass(frozen=True, eq=False)
class Curve:
    """Mean score of blind directions by the number of rows on which they fire."""

    counts: Float[np.ndarray, " g"]
    values: Float[np.ndarray, " g"]

    def at(self, fires: Int[np.ndarray, " w"]) -> Float[np.ndarray, " w"]:
        """What is expected at these counts: straight lines over their logarithm."""
        return np.interp(np.log(np.maximum(fires, 1)), np.log(self.counts), self.values)


def curve(
    read: PairedActivations,
    modality: Modality,
    known: Attributes,
    least: int,
    rng: np.random.Generator,
) -> Curve:
    """The curve of one modality, from `least` rows to all of them; of the data, of no method.

    Every direction is used with its opposite, which halves the error of the mean. Like latents they
    count where they fire for `least` different pictures; where rows are all the same none does, and
    any two rows are what is expected.
    """
    n = known.unit.shape[0]
    counts = np.unique(np.geomspace(min(least, n), n, RATES).round().astype(np.int64))
    total, scored = np.zeros(len(counts)), np.zeros(len(counts), dtype=np.int64)
    for _ in range(DIRECTIONS // AT_ONCE):
        half = directions(read, modality, AT_ONCE // 2, rng)
        shown = projections(read, modality, torch.cat([half, -half], dim=1))
        corners = (corner(shown[:, j], int(f)) for f in counts for j in range(AT_ONCE))
        found = likeness(as_codes(corners, n), known)
        real = found.paired(least).reshape(len(counts), AT_ONCE)
        total += np.where(real, found.score.reshape(real.shape), 0.0).sum(1)
        scored += real.sum(1)
    there = scored > 0
    if not there.any():
        return Curve(np.array([float(n)]), np.array([any_two(known)]))
    return Curve(counts[there].astype(np.float64), total[there] / scored[there])


def directions(
    read: PairedActivations, modality: Modality, n: int, rng: np.random.Generator
) -> Float[Tensor, "d r"]:
    """So many random directions, of any length: it does not matter to what lies farthest."""
    d = read.rows(modality).shape[1]
    return torch.from_numpy(rng.standard_normal((d, n), dtype=np.float32))


def projections(
    read: PairedActivations, modality: Modality, along: Float[Tensor, "d r"]
) -> Float[np.ndarray, "n r"]:
    """Examples along some directions; where rows are tokens the farthest of an example's."""
    x, owner, n = read.rows(modality), read.owner(modality).cpu(), read.n_examples(modality)
    parts = [part.cpu().float() @ along for part in x.split(ROWS)]
    if rows_are_examples(owner, n):
        return torch.cat(parts).numpy()
    best = torch.full((n, along.shape[1]), -torch.inf)
    for part, own in zip(parts, owner.split(ROWS), strict=True):
        best.scatter_reduce_(0, own[:, None].expand_as(part), part, "amax")
    return best.numpy()


def corner(
    shown: Float[np.ndarray, " n"], fires: int
) -> tuple[Int[np.ndarray, " f"], Float[np.ndarray, " f"]]:
    """The farthest rows along a direction, and how far each lies beyond the next one.

    Rows that tie with that next one are silent; where all rows fire the nearest is at 0.
    """
    n = len(shown)
    fires = min(fires, n)
    edge = max(n - fires - 1, 0)
    order = np.argpartition(shown, edge)
    rows = order[n - fires :]
    return rows, shown[rows].astype(np.float64) - float(shown[order[edge]])


def as_codes(
    corners: Iterable[tuple[Int[np.ndarray, " f"], Float[np.ndarray, " f"]]], n: int
) -> sp.csr_array:
    """Columns of a code from the rows on which each fires, zeros dropped."""
    rows, values = zip(*corners, strict=True)
    starts = np.concatenate([[0], np.cumsum([len(each) for each in rows])])
    made = sp.csc_array(
        (np.concatenate(values), np.concatenate(rows), starts), shape=(n, len(rows))
    )
    made.eliminate_zeros()
    return made.tocsr()
