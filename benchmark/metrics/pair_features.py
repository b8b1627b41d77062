"""What a linear reader is shown of pairs of codes: v ⊙ t, |v − t|, cos(v, t), or v and t.

Where few values are not 0 the features are one sparse matrix. Of dense codes none is kept: they are
made again, in float64, each time that all pairs are read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import numpy as np
import scipy.sparse as sp
import torch
from jaxtyping import Bool, Float, Int
from scipy.special import expit

from benchmark.contracts import SparseCodes
from benchmark.kernels.pair_reading.cpu import gradient_dense

Rows: TypeAlias = Any
"""A float64 matrix, one row a pair: scipy CSR, or numpy where codes are dense."""
Column: TypeAlias = Float[np.ndarray, " p"]
Vector: TypeAlias = Float[np.ndarray, " f"]
Truth: TypeAlias = Bool[np.ndarray, " p"]
BY_LATENT = ("image", "text", "product", "difference")
"""Kinds of features that each latent has: v, t, v ⊙ t, |v - t|. The cosine is one for all."""
Features: TypeAlias = tuple[str, ...]
"""The kinds of features that are shown of two codes, in the order of their weights."""
COMPARED: Features = ("product", "difference", "cosine")
BESIDE: Features = ("image", "text")
"""The control, which shows no linear reader who belongs to whom."""
PUBLISHED: Features = ("image", "text", "product", "difference", "cosine")
ALIKE: Features = ("cosine",)
FEW = 0.25
"""Share of values other than 0 up to which a sparse matrix is read faster than dense codes."""
BLOCK = 4096
"""Pairs whose codes are written out at a time, where some are dense."""


class Shown(Protocol):
    """Pairs as a reader is fitted on them."""

    @property
    def mean(self) -> Vector:
        """Of each feature."""
        ...

    @property
    def scale(self) -> Vector:
        """What each feature is multiplied by: see `scaling`."""
        ...

    def gradient(self, weight: Vector, offset: float, true: Truth) -> tuple[Column, Column, Vector]:
        """Log odds z = features @ weight + offset, residuals σ(z) - true, residuals @ features.

        The last is the gradient of the summed log loss in the weights.
        """
        ...


@dataclass(frozen=True, eq=False)
class Written:
    """Features as one sparse matrix."""

    x: Rows
    mean: Vector
    scale: Vector

    def gradient(self, weight: Vector, offset: float, true: Truth) -> tuple[Column, Column, Vector]:
        """See `Shown`."""
        z = self.x @ weight + offset
        off = expit(z) - true
        return z, off, off @ self.x


@dataclass(frozen=True, eq=False)
class Made:
    """Dense codes, and which of them are a pair."""

    features: Features
    image: Float[np.ndarray, "n_i w"]
    text: Float[np.ndarray, "n_t w"]
    i: Int[np.ndarray, " p"]
    c: Int[np.ndarray, " p"]
    cosines: Column
    mean: Vector
    scale: Vector

    def gradient(self, weight: Vector, offset: float, true: Truth) -> tuple[Column, Column, Vector]:
        """See `Shown`."""
        each, common = by_kind(self.features, weight, self.image.shape[1])
        base = common * self.cosines + offset
        read = "image" in self.features, "product" in self.features
        pairs = self.i, self.c
        z, off, slope = gradient_dense(self.image, self.text, pairs, each, base, true, read)
        kinds = dict(zip(BY_LATENT, slope, strict=True)) | {"cosine": [off @ self.cosines]}
        return z, off, np.concatenate([kinds[kind] for kind in self.features])


def shown_to(
    features: Features,
    image: SparseCodes,
    text: SparseCodes,
    i: Int[np.ndarray, " p"],
    c: Int[np.ndarray, " p"],
) -> Shown:
    """Pairs of an image i and a caption c, in the form that is read faster."""
    if few(image) and few(text):
        parts = shown(features, image.csr()[i], text.csr()[c])
        mean, scale = _joined(scaling(x.mean(axis=0), (x * x).mean(axis=0)) for x in parts)
        return Written(sp.hstack(list(map(sp.csr_array, parts)), format="csr"), mean, scale)
    (v, i), (t, c) = _needed(image, i), _needed(text, c)
    moments: list[Any] = [0.0] * len(features)
    cosines = np.empty(len(i))
    for at in range(0, len(i), BLOCK):
        block = slice(at, at + BLOCK)
        rows = v[i[block]].astype(np.float64), t[c[block]].astype(np.float64)
        cosines[block] = cosine(*rows)[:, 0]
        for kind, x in enumerate(shown(features, *rows)):
            moments[kind] = moments[kind] + np.stack([x.sum(axis=0), (x * x).sum(axis=0)])
    mean, scale = _joined(scaling(*(moment / len(i))) for moment in moments)
    return Made(features, v, t, i, c, cosines, mean, scale)


def _needed(
    codes: SparseCodes, rows: Int[np.ndarray, " p"]
) -> tuple[Float[np.ndarray, "n w"], Int[np.ndarray, " p"]]:
    """The codes of these rows, each once and written out, and where each of them is."""
    once, where = np.unique(rows, return_inverse=True)
    return codes[torch.from_numpy(once)].dense().detach().cpu().numpy(), where


def few(codes: SparseCodes) -> bool:
    """Whether few values are not 0, however they are stored."""
    values = codes.values
    return codes.indices is not None or int(values.count_nonzero()) <= FEW * values.numel()


def shown(features: Features, v: Rows, t: Rows) -> tuple[Rows, ...]:
    """One matrix a kind of feature."""
    made: dict[str, Callable[[], Rows]] = {
        "image": lambda: v,
        "text": lambda: t,
        "product": lambda: v * t,
        "difference": lambda: abs(v - t),
        "cosine": lambda: cosine(v, t),
    }
    return tuple(made[kind]() for kind in features)


def cosine(v: Rows, t: Rows) -> Float[np.ndarray, "p 1"]:
    """Cosine of two codes, row by row; 0 where one is empty."""
    squares = (v * v).sum(axis=1) * (t * t).sum(axis=1)
    return ((v * t).sum(axis=1) / np.sqrt(np.where(squares > 0, squares, 1)))[:, None]


def scaling(mean: Vector, square: Vector) -> tuple[Vector, Vector]:
    """Mean of each feature of a kind, and what it is multiplied by: 1 / √(variance + their mean).

    `square` is the mean square. The mean variance of the kind keeps what hardly ever varies, as a
    rare latent, from being blown up to the size of the others. A constant feature counts for
    nothing.
    """
    variance = np.maximum(square - mean**2, 0)
    variance[variance <= 1e-12 * square] = 0
    both = np.sqrt(variance + variance.mean())
    return mean, np.divide(1.0, both, out=np.zeros_like(both), where=variance > 0)


def _joined(kinds: Iterable[tuple[Vector, Vector]]) -> tuple[Vector, Vector]:
    means, scales = zip(*kinds, strict=True)
    return np.concatenate(means), np.concatenate(scales)


def by_kind(
    features: Features, weight: Vector, width: int
) -> tuple[Float[np.ndarray, "4 w"], float]:
    """Weights of `BY_LATENT`, zeros for what is not shown, and the one of the cosine."""
    each, common, at = np.zeros((len(BY_LATENT), width)), 0.0, 0
    for kind in features:
        if kind == "cosine":
            common, at = float(weight[at]), at + 1
        else:
            each[BY_LATENT.index(kind)], at = weight[at : at + width], at + width
    return each, common
