"""A linear reader of two codes that says whether a picture and a caption belong together.

log odds = [v ⊙ t, |v − t|, cos(v, t)] @ w + b
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from scipy.optimize import minimize

from benchmark.contracts import SparseCodes
from benchmark.kernels.pair_reading.cpu import read_dense, read_sparse
from benchmark.metrics.exchanged import Pairs
from benchmark.metrics.pair_features import (
    BLOCK,
    Column,
    Features,
    Shown,
    Vector,
    by_kind,
    shown_to,
)

PENALTIES = (1.0, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001, 0.0003)
"""Weights of ½‖w‖² beside the mean log loss, tried in this order until val no longer gains."""
DIGITS = 6
"""Scores that agree to so many digits tie."""


@dataclass(frozen=True, eq=False)
class Reader:
    """score = features(v, t) @ weight + offset: the log odds that the two belong together."""

    features: Features
    weight: Vector
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
        return np.round(self.log_odds(image, text, i, c), DIGITS)

    def log_odds(
        self,
        image: SparseCodes,
        text: SparseCodes,
        i: Int[np.ndarray, " p"],
        c: Int[np.ndarray, " p"],
    ) -> Column:
        """The same before they are rounded."""
        weights = by_kind(self.features, self.weight, image.width)
        if image.indices is not None and text.indices is not None:
            return read_sparse(image.csr(), text.csr(), i, c, *weights) + self.offset
        found = np.empty(len(i))
        for at in range(0, len(i), BLOCK):
            block = slice(at, at + BLOCK)
            v, t = (
                codes[torch.from_numpy(rows[block])].dense().detach().cpu().numpy()
                for codes, rows in ((image, i), (text, c))
            )
            found[block] = read_dense(v, t, *weights)
        return found + self.offset


def fit(
    features: Features,
    train: tuple[SparseCodes, SparseCodes, Pairs],
    val: tuple[SparseCodes, SparseCodes, Pairs],
) -> Reader:
    """Logistic regression on scaled features of train, under the penalty that val likes best.

    Each fit starts from the one before it, the first from no weights at all, which is also the
    reader that is left where val gains nothing: all its scores tie.
    """
    v, t, pairs = train
    shown, y_val = shown_to(features, v, t, pairs.image, pairs.caption), val[2].true
    found = np.zeros(len(shown.mean) + 1)
    best, least = Reader(features, found[:-1], 0.0, np.inf), losses(np.zeros(len(y_val)), y_val)
    for penalty in PENALTIES:
        found = minimize(
            log_loss,
            found,
            (shown, pairs.true, penalty),
            method="L-BFGS-B",
            jac=True,
            options={"maxiter": 500, "gtol": 1e-6, "ftol": 1e-12},
        ).x
        weight = found[:-1] * shown.scale
        reader = Reader(features, weight, float(found[-1] - shown.mean @ weight), penalty)
        loss = losses(reader.log_odds(val[0], val[1], val[2].image, val[2].caption), y_val)
        if loss >= least:
            break
        best, least = reader, loss
    return best


def losses(z: Column, y: Bool[np.ndarray, " p"]) -> float:
    """Mean log loss of log odds z."""
    return float(np.mean(np.logaddexp(0, z) - z * y))


def log_loss(
    found: Float[np.ndarray, " g"], shown: Shown, true: Bool[np.ndarray, " p"], penalty: float
) -> tuple[float, Float[np.ndarray, " g"]]:
    """Penalised log loss of centred and scaled features, and its gradient."""
    w, scale = found[:-1], shown.scale
    z, off, slope = shown.gradient(w * scale, float(found[-1] - shown.mean @ (w * scale)), true)
    slope = scale * (slope / len(true) - shown.mean * off.mean()) + penalty * w
    return losses(z, true) + float(penalty * (w @ w) / 2), np.append(slope, off.mean())
