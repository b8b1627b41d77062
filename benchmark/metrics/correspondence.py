"""Is the best image latent of a concept mapped onto its best text latent? Judged on labels alone.

The image latent is chosen on one half of the images, the text latents are sorted by AUC on the
captions of the other half: no picture serves both. And the converse.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from benchmark.contracts import Subject
from benchmark.metrics.ranking import Standing, expected_hit, expected_reciprocal_rank
from benchmark.metrics.sides import Side, frequent, side

LEAST = 20
"""Positives and negatives that a concept needs in each half."""
BAR = 0.7
"""A concept whose best AUC is below this on either side is a miss: nothing there to correspond."""


@dataclass(frozen=True, eq=False)
class Correspondence:
    """One direction: where the partner stands among the candidates, concept by concept."""

    standing: Standing
    found: Bool[np.ndarray, " c"]
    """Both sides know the concept and the partner is a candidate; a miss otherwise."""
    candidates: int

    def hit(self, k: int) -> Float[np.ndarray, " c"]:
        """Expected hit@k."""
        return np.where(self.found, expected_hit(self.standing, k), 0.0)

    def reciprocal_rank(self) -> Float[np.ndarray, " c"]:
        """Expected 1 / rank."""
        return np.where(self.found, expected_reciprocal_rank(self.standing), 0.0)


def correspondences(subject: Subject) -> tuple[Correspondence, Correspondence] | None:
    """Image to text and text to image over the same concepts; None where none is frequent."""
    kept = frequent(subject, ("first", "second"), LEAST)
    if not kept.any():
        return None
    return (
        _direction(side(subject, "first", "image"), side(subject, "second", "text"), kept),
        _direction(side(subject, "first", "text"), side(subject, "second", "image"), kept),
    )


def _direction(source: Side, target: Side, kept: Bool[np.ndarray, " c"]) -> Correspondence:
    chosen, known = source.best()
    _, best = target.best()
    table = np.where(target.alive[:, None], target.auc, -1.0)
    reached = target.of(chosen)
    above = (table > reached).sum(axis=0)
    tied = (table == reached).sum(axis=0)
    found = (known >= BAR) & (best >= BAR) & target.alive[chosen]
    one = np.ones(int(kept.sum()), dtype=np.int64)
    standing = Standing(above[kept], np.maximum(tied[kept], 1), one)
    return Correspondence(standing, found[kept], int(target.alive.sum()))
