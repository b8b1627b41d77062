"""How far two judges agree beyond chance: Cohen's kappa, with raw agreement beside it.

    kappa = 1 - sum w_ij o_ij / sum w_ij e_ij

o_ij: share of cases with verdicts i and j; e_ij: the same if both judged blindly, each as often 2,
1 and 0 as it does. w_ij is 1 where i differs from j (Cohen 1960), or |i - j| (weighted kappa, Cohen
1968): 2 against 0 is further apart than 2 against 1. Intervals are drawn over pictures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from benchmark.contracts import Units
from benchmark.statistics import Estimate, estimates

LABELS = (0, 1, 2)


@dataclass(frozen=True)
class Agreement:
    """Two judges on the cases that both of them judged."""

    a: str
    b: str
    n: int
    raw: Estimate | None
    """Share of cases with the same verdict; None without a case."""
    kappa: Estimate | None
    weighted: Estimate | None
    undefined: str = ""
    """Why there is no kappa; empty where there is one."""


def agreement(
    names: tuple[str, str],
    verdicts: tuple[Sequence[int | None], Sequence[int | None]],
    pictures: Sequence[str],
) -> Agreement:
    """Agreement on cases with two verdicts; `pictures` says which of them belong together.

    Kappa is undefined where a judge gives one verdict to every case: chance then explains whatever
    agreement there is. Raises ValueError where the lists differ in length.
    """
    both = [
        (a, b, picture)
        for a, b, picture in zip(*verdicts, pictures, strict=True)
        if a is not None and b is not None
    ]
    if not both:
        return Agreement(*names, 0, None, None, None, "no case was judged by both")
    first, second = (np.array([row[i] for row in both], dtype=np.int64) for i in (0, 1))
    _, cluster = np.unique([picture for *_, picture in both], return_inverse=True)
    same = Units((first == second).astype(np.float64), cluster=cluster)
    for name, own in zip(names, (first, second), strict=True):
        if len(np.unique(own)) == 1:
            why = f"{name} gives S{own[0]} to every case"
            return Agreement(*names, len(both), estimates({"raw": same})["raw"], None, None, why)
    units = {"raw": same} | {
        name: Units(
            np.ones(len(both)),
            cluster=cluster,
            value=lambda w, far=far: kappa(first, second, w, far),  # type: ignore[misc]
        )
        for name, far in (("kappa", False), ("weighted", True))
    }
    found = estimates(units)
    return Agreement(*names, len(both), found["raw"], found["kappa"], found["weighted"])


def kappa(
    a: Int[np.ndarray, " n"],
    b: Int[np.ndarray, " n"],
    weight: Float[np.ndarray, " n"],
    far: bool = False,
) -> float:
    """Kappa of weighed cases, linearly weighted with `far`; NaN where a judge says one thing."""
    seen = np.zeros((len(LABELS), len(LABELS)))
    np.add.at(seen, (a, b), weight)
    rows, columns = seen.sum(1), seen.sum(0)
    if (rows > 0).sum() < 2 or (columns > 0).sum() < 2:
        return float("nan")
    apart = np.abs(np.subtract.outer(LABELS, LABELS))
    lost = apart if far else apart > 0
    blind = np.outer(rows, columns) / seen.sum()
    return float(1 - (lost * seen).sum() / (lost * blind).sum())
