"""Labelled: latent j is concept j by construction, from the labels of train; a supervised oracle.

    W_dec[j] = unit(mean of rows with concept j - mean of rows without)     for each modality
    z_j = ReLU(x · s_j - t_j),   s = regularised least-squares detector,   t = its threshold

The decoder is the difference of means that steering and naming need. Reading with it would confuse
concepts that go together, so the encoder is a ridge detector fitted to the same labels.
Labels are of examples: where rows are tokens "rows" above are mean activations of examples, and
t is the threshold for the strongest token, since that is the code of an example.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn.functional import normalize

from benchmark.contracts import Artifact, Method, Modality, Need, TrainingData, averaged
from benchmark.sae.dictionaries import Paired, Tower
from benchmark.sae.frames import Same
from benchmark.sae.training import rows


@dataclass(frozen=True)
class Labelled(Method):
    """As many latents as there are concepts; one without examples, or without others, is dead."""

    needs: ClassVar[frozenset[Need]] = frozenset({Need.CONCEPTS})
    ridge: float = 0.01
    """Relative to the variance of a column: keeps rare concepts from fitting noise."""

    def fit(self, data: TrainingData) -> Artifact:
        image, text = self._tower(data, "image"), self._tower(data, "text")
        return Artifact(Paired(image, text, Same(image.d_sae)), data.site)

    def _tower(self, data: TrainingData, modality: Modality) -> Tower:
        source = rows(data, modality)
        owner, n = data.train.owner(modality), data.train.n_examples(modality)
        has = data.train.labels(modality)
        tokens = source.x.cpu().double() * source.scale
        u = averaged(source.x.cpu(), owner, n)
        centre = (u.mean(0, dtype=torch.float64) * source.scale).float()
        u = u.double() * source.scale - centre
        y = torch.from_numpy(np.ascontiguousarray(has)).double()
        real = (y.sum(0) > 0) & (y.sum(0) < len(y))
        difference = _difference(u, y) * real[:, None]
        W_enc = _detectors(u, y, self.ridge) * real
        b_enc = -_thresholds(_strongest((tokens - source.mean.cpu()) @ W_enc, owner, n), has)
        return Tower(
            W_enc=W_enc.float().contiguous(),
            b_enc=torch.where(real, b_enc, -1.0).float(),
            W_dec=normalize(difference, dim=1).float(),
            b_dec=source.mean.cpu(),
            scale=source.scale,
            activation="relu",
        )


def _strongest(
    scores: Float[Tensor, "r c"], owner: Int[Tensor, " r"], n: int
) -> Float[Tensor, "n c"]:
    """The highest score of each example's rows: what its code will be."""
    best = scores.new_full((n, scores.shape[1]), -torch.inf)
    return best.scatter_reduce_(0, owner[:, None].expand_as(scores), scores, "amax")


def _difference(u: Float[Tensor, "n d"], y: Float[Tensor, "n c"]) -> Float[Tensor, "c d"]:
    """Mean of rows with each concept minus mean of rows without."""
    with_, without = y.sum(0).clamp_min(1), (1 - y).sum(0).clamp_min(1)
    return (y.T @ u) / with_[:, None] - ((1 - y).T @ u) / without[:, None]


def _detectors(
    u: Float[Tensor, "n d"], y: Float[Tensor, "n c"], ridge: float
) -> Float[Tensor, "d c"]:
    """Ridge regression of every label on centred rows, scaled: a typical positive reads 1."""
    gram = u.T @ u / len(u)
    gram.diagonal().add_(ridge * gram.diagonal().mean())
    raw = torch.linalg.solve(gram, u.T @ (y - y.mean(0)) / len(u))
    gap = ((_difference(u, y).T) * raw).sum(0)
    return raw / gap.clamp_min(1e-12)


def _thresholds(scores: Float[Tensor, "n c"], has: Bool[np.ndarray, "n c"]) -> Float[Tensor, " c"]:
    """For each concept a score above which as many rows lie as have the concept: half way between
    the last that is not and the first that is, so that rounding moves none."""
    rate = torch.from_numpy(has.mean(0))
    ordered = scores.sort(dim=0).values
    place = ((1 - rate) * len(scores)).round().long().sub(1).clamp(0, len(scores) - 1)
    next_one = (place + 1).clamp(max=len(scores) - 1)
    return (ordered.gather(0, place[None])[0] + ordered.gather(0, next_one[None])[0]) / 2
