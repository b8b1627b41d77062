"""Ranks as tiers: who is resolved from the best of a group, and how far two rankings agree."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from jaxtyping import Int

from benchmark.statistics.anchors import Refusal


def tiers(
    values: Mapping[str, float],
    resolved: Callable[[str, str], bool],
    *,
    higher_is_better: bool = True,
) -> dict[str, int]:
    """Tier of each name, 1 for the best; read it as "not shown to be worse than its tier's head".

    Names are taken from best to worst (equal values by name). A name opens a new tier when it is
    resolved from the head, that is the best, of the current one, and joins it otherwise. So two of
    one tier may differ, and neighbours across a border may not be resolved from each other: a
    total order is not claimed. `resolved(head, name)` is asked with the better one first.
    """
    sign = -1 if higher_is_better else 1
    order = sorted(values, key=lambda name: (sign * values[name], name))
    found: dict[str, int] = {}
    head, tier = "", 0
    for name in order:
        if tier == 0 or resolved(head, name):
            head, tier = name, tier + 1
        found[name] = tier
    return found


def resolved_by(
    values: Mapping[str, float], smallest: float | Callable[[str, str], float]
) -> Callable[[str, str], bool]:
    """The decision "differs by more than the minimum reliable difference", for `tiers`."""

    def decide(a: str, b: str) -> bool:
        limit = smallest(a, b) if callable(smallest) else smallest
        return abs(values[a] - values[b]) > limit

    return decide


def kendall_tau(a: Mapping[str, int], b: Mapping[str, int]) -> float | Refusal:
    """Kendall's τ-b between two tierings of the same names, ties counted; 1 is the same order.

    Refused where one side has a single tier or fewer than two names are shared: τ is undefined.
    """
    names = sorted(set(a) & set(b))
    if len(names) < 2:
        return Refusal(f"{len(names)} names on both sides: an order needs at least two")
    for side in (a, b):
        if len({side[name] for name in names}) == 1:
            return Refusal(f"all {len(names)} share one tier on a side: there is no order to agree")
    first, second = (_signs([side[name] for name in names]) for side in (a, b))
    agree = float((first * second).sum())
    return agree / float(np.sqrt((first**2).sum() * (second**2).sum()))


def _signs(ranks: Sequence[int]) -> Int[np.ndarray, " pairs"]:
    """Which of each two comes first, 0 for a tie: τ-b is the cosine of two of these."""
    order = np.sign(np.subtract.outer(ranks, ranks))
    return order[np.triu_indices(len(ranks), 1)]
