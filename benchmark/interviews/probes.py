"""Linear probes of things: what can be read off one row that stands for a whole picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np
from jaxtyping import Bool, Float
from sklearn.linear_model import LogisticRegression
from torch import Tensor

from benchmark.contracts import PairedActivations
from benchmark.judges.reading import Reading

LEAST = 5
"""Pictures with a thing, and without it, that a probe is fitted on."""


@dataclass(frozen=True, eq=False)
class Probes:
    """A logistic regression for each thing that has examples enough."""

    things: tuple[int, ...]
    weight: Float[np.ndarray, "t d"]
    bias: Float[np.ndarray, " t"]

    def present(self, rows: Float[Tensor, "n d"]) -> Bool[np.ndarray, "n t"]:
        """Whether each thing is more likely there than not."""
        return rows.double().cpu().numpy() @ self.weight.T + self.bias > 0

    def read(self, rows: Float[Tensor, "n d"], names: Sequence[str]) -> list[Reading]:
        """What is there, row by row."""
        found = [[self.things[t] for t in np.flatnonzero(row)] for row in self.present(rows)]
        return [
            Reading(tuple(frozenset({c}) for c in here), said=", ".join(names[c] for c in here))
            for here in found
        ]


def probes_of(train: PairedActivations, things: tuple[int, ...]) -> Probes:
    """Probes fitted on every other picture of train, the second first; fitted once."""
    kept = _FITTED.setdefault(train, {})
    if things not in kept:
        kept[things] = _fitted(train, things)
    return kept[things]


_FITTED: WeakKeyDictionary[PairedActivations, dict[tuple[int, ...], Probes]] = WeakKeyDictionary()


def _fitted(train: PairedActivations, things: tuple[int, ...]) -> Probes:
    """In the units of the rows: what standardising does is folded into weights and bias."""
    x = train.image[1::2].double().cpu().numpy()
    present = train.labels("image")[1::2]
    centre, spread = x.mean(0), x.std(0)
    scale = 1 / np.where(spread > 0, spread, 1)
    known = [c for c in things if LEAST <= present[:, c].sum() <= len(x) - LEAST]
    weight, bias = np.zeros((len(known), x.shape[1])), np.zeros(len(known))
    for i, c in enumerate(known):
        one = LogisticRegression(max_iter=500).fit((x - centre) * scale, present[:, c])
        weight[i] = one.coef_[0] * scale
        bias[i] = float(one.intercept_[0]) - weight[i] @ centre
    return Probes(tuple(known), weight, bias)
