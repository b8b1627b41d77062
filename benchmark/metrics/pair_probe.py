"""A linear reader of two codes that says whether a picture and a caption belong together.

log odds = [v ⊙ t, |v − t|, cos(v, t)] @ w + b
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import scipy.sparse as sp
import torch
from jaxtyping import Bool, Float, Int
from scipy.optimize import minimize
from scipy.special import expit

from benchmark.contracts import SparseCodes
from benchmark.kernels.pair_reading.cpu import read_dense, read_sparse
from benchmark.metrics.exchanged import Pairs

Rows: TypeAlias = Any
"""A float64 matrix, one row a pair: scipy CSR, or numpy where codes are dense."""
BY_LATENT = ("image", "text", "product", "difference")
"""Kinds of features that each latent has: v, t, v ⊙ t, |v - t|. The cosine is one for all."""
Features: TypeAlias = tuple[str, ...]
"""The kinds of features that are shown of two codes, in the order of their weights."""
COMPARED: Features = ("product", "difference", "cosine")
BESIDE: Features = ("image", "text")
"""The control, which shows no linear reader who belongs to whom."""
PUBLISHED: Features = ("image", "text", "product", "difference", "cosine")
ALIKE: Features = ("cosine",)
Column = Float[np.ndarray, " p"]
PENALTIES = (1.0, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001, 0.0003)
"""Weights of ½‖w‖² beside the mean log loss, tried in this order until val no longer gains."""
BLOCK = 4096
"""Pairs whose codes are written out at a time, where some are dense."""
DIGITS = 6
"""Scores that agree to so many digits tie."""


def rows_of(image: SparseCodes, text: SparseCodes) -> tuple[Rows, Rows]:
    """Codes as matrices of one form: sparse, or both written out where one is dense."""
    if image.indices is not None and text.indices is not None:
        return image.csr(), text.csr()
    v, t = (codes.dense().detach().cpu().numpy().astype(np.float64) for codes in (image, text))
    return v, t


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


def stacked(parts: tuple[Rows, ...]) -> Rows:
    """Features side by side, sparse if the first are."""
    return sp.hstack(parts, format="csr") if sp.issparse(parts[0]) else np.hstack(parts)


@dataclass(frozen=True, eq=False)
class Reader:
    """score = features(v, t) @ weight + offset: the log odds that the two belong together."""

    features: Features
    weight: Float[np.ndarray, " f"]
    offset: float = 0.0
    penalty: float = 0.0

    def read(self, image: SparseCodes, text: SparseCodes, pairs: Pairs) -> Column:
        """The score of each of these pairs."""
        return self.scores(image, text, pairs.image, pairs.caption)

    def scores(
        self,
        image: SparseCodes,
        text: SparseCodes,
        i: Int[np.ndarray, " p"],
        c: Int[np.ndarray, " p"],
    ) -> Column:
        """Of each pair of an image i and a caption c, rounded so that what ties does so exactly."""
        weights = self.by_kind(image.width)
        if image.indices is not None and text.indices is not None:
            found = read_sparse(image.csr(), text.csr(), i, c, *weights)
            return np.round(found + self.offset, DIGITS)
        found = np.empty(len(i))
        for at in range(0, len(i), BLOCK):
            block = slice(at, at + BLOCK)
            v, t = (
                codes[torch.from_numpy(rows[block])].dense().detach().cpu().numpy()
                for codes, rows in ((image, i), (text, c))
            )
            found[block] = read_dense(v, t, *weights)
        return np.round(found + self.offset, DIGITS)

    def by_kind(self, width: int) -> tuple[Float[np.ndarray, "4 w"], float]:
        """Weights of `BY_LATENT`, zeros for what is not read, and the one of the cosine."""
        each, common, at = np.zeros((len(BY_LATENT), width)), 0.0, 0
        for kind in self.features:
            if kind == "cosine":
                common, at = float(self.weight[at]), at + 1
            else:
                each[BY_LATENT.index(kind)], at = self.weight[at : at + width], at + width
        return each, common


def featured(
    features: Features,
    image: SparseCodes,
    text: SparseCodes,
    i: Int[np.ndarray, " p"],
    c: Int[np.ndarray, " p"],
) -> tuple[Rows, ...]:
    """Features of each pair of an image i and a caption c."""
    return shown(features, *rows_of(image[torch.from_numpy(i)], text[torch.from_numpy(c)]))


def fit(
    features: Features,
    train: tuple[SparseCodes, SparseCodes, Pairs],
    val: tuple[SparseCodes, SparseCodes, Pairs],
) -> Reader:
    """Logistic regression on scaled features of train, under the penalty that val likes best.

    Each fit starts from the one before it, the first from no weights at all, which is also the
    reader that is left where val gains nothing: all its scores tie.
    """
    shown, judged = (featured(features, v, t, p.image, p.caption) for v, t, p in (train, val))
    x, x_val, y, y_val = stacked(shown), stacked(judged), train[2].true, val[2].true
    mean, scale = (np.concatenate(column) for column in zip(*map(scaling, shown), strict=True))
    found = np.zeros(len(mean) + 1)
    best, least = Reader(features, found[:-1], 0.0, np.inf), losses(np.zeros(len(y_val)), y_val)
    for penalty in PENALTIES:
        found = minimize(
            log_loss,
            found,
            (x, y, mean, scale, penalty),
            method="L-BFGS-B",
            jac=True,
            options={"maxiter": 500, "gtol": 1e-6, "ftol": 1e-12},
        ).x
        weight = found[:-1] * scale
        offset = float(found[-1] - mean @ weight)
        loss = losses(x_val @ weight + offset, y_val)
        if loss >= least:
            break
        best, least = Reader(features, weight, offset, penalty), loss
    return best


def scaling(x: Rows) -> tuple[Float[np.ndarray, " f"], Float[np.ndarray, " f"]]:
    """Mean of each feature of a kind, and what it is multiplied by: 1 / √(variance + their mean).

    The mean variance of the kind keeps what hardly ever varies, as a rare latent, from being blown
    up to the size of the others. A constant feature counts for nothing.
    """
    mean, square = x.mean(axis=0), (x * x).mean(axis=0)
    variance = np.maximum(square - mean**2, 0)
    variance[variance <= 1e-12 * square] = 0
    both = np.sqrt(variance + variance.mean())
    return mean, np.divide(1.0, both, out=np.zeros_like(both), where=variance > 0)


def losses(z: Column, y: Bool[np.ndarray, " p"]) -> float:
    """Mean log loss of log odds z."""
    return float(np.mean(np.logaddexp(0, z) - z * y))


def log_loss(
    found: Float[np.ndarray, " g"],
    x: Rows,
    y: Bool[np.ndarray, " p"],
    mean: Float[np.ndarray, " f"],
    scale: Float[np.ndarray, " f"],
    penalty: float,
) -> tuple[float, Float[np.ndarray, " g"]]:
    """Penalised log loss of centred and scaled features and its gradient; x stays as it is."""
    w = found[:-1]
    z = x @ (w * scale) + (found[-1] - mean @ (w * scale))
    off = expit(z) - y
    slope = scale * (off @ x / len(y) - mean * off.mean()) + penalty * w
    return losses(z, y) + float(penalty * (w @ w) / 2), np.append(slope, off.mean())
