"""Which latents are shown: drawn by a rule that is told, from a seed that nobody chooses.

Half are of concepts: drawn from all concepts that some latent is named after, each by the latent
that tasks take for it. The other half are drawn from the latents that are alive, as many from each
quarter of them by how often they fire. Some that are silent and some that fire on most inputs come
on top.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from benchmark.contracts import derived_seed

MOST_OF = 0.5
"""Share of the train examples of a modality above which a latent is on for most inputs."""
ASIDE = 2
"""Silent latents that are shown, and latents that are on for most inputs."""
QUARTERS = ("rarest", "second", "third", "commonest")


@dataclass(frozen=True)
class Chosen:
    """A latent and the part of the rule that it is shown by."""

    index: int
    why: str


def chosen(
    n: int,
    checkpoint: str,
    rate: Float[np.ndarray, " w"],
    alive: Bool[np.ndarray, " w"],
    concept: Int[np.ndarray, " w"],
    f_half: Float[np.ndarray, " w"],
    names: Sequence[str],
) -> tuple[Chosen, ...]:
    """n latents, and up to ASIDE silent and ASIDE always-on ones after them.

    `rate` is the share of train examples that a latent fires on, of the modality where it fires
    more; `concept` -1 where it has no name. The seed is derived from the checkpoint, so that it
    cannot be picked. The same facts give the same latents.
    """
    rng = np.random.default_rng(derived_seed("portraits", checkpoint, n))
    found = list(_of_concepts(n // 2, rng, np.where(alive, concept, -1), f_half, names))
    taken = {each.index for each in found}
    found += _by_rate(n - len(found), rng, rate, alive, taken)
    taken |= {each.index for each in found}
    for mask, why in (
        (alive & (rate > MOST_OF), "on for most inputs"),
        (~alive, "silent: fires on next to nothing"),
    ):
        left = np.array([j for j in np.flatnonzero(mask) if j not in taken], dtype=np.int64)
        drawn = sorted(rng.choice(left, min(ASIDE, len(left)), replace=False).tolist())
        found += [Chosen(index, why) for index in drawn]
    return tuple(found)


def _of_concepts(
    n: int,
    rng: np.random.Generator,
    concept: Int[np.ndarray, " w"],
    f_half: Float[np.ndarray, " w"],
    names: Sequence[str],
) -> Iterator[Chosen]:
    """Concepts that are carried, drawn; of each the latent with the best F0.5 on train."""
    carried = np.unique(concept[concept >= 0])
    for c in sorted(rng.choice(carried, min(n, len(carried)), replace=False).tolist()):
        own = np.flatnonzero(concept == c)
        best = int(own[f_half[own].argmax()])
        yield Chosen(best, f"drawn among named concepts: {names[c]}")


def _by_rate(
    n: int,
    rng: np.random.Generator,
    rate: Float[np.ndarray, " w"],
    alive: Bool[np.ndarray, " w"],
    taken: set[int],
) -> list[Chosen]:
    """As many from each quarter of what is alive; what a quarter lacks the next ones give."""
    order = np.lexsort((np.arange(len(rate)), rate))
    quarters = np.array_split(order[alive[order]], len(QUARTERS))
    left = [[int(j) for j in rng.permutation(q) if int(j) not in taken] for q in quarters]
    found: list[Chosen] = []
    while len(found) < n and any(left):
        for name, quarter in zip(QUARTERS, left, strict=True):
            if quarter and len(found) < n:
                found.append(Chosen(quarter.pop(), f"drawn among the {name} quarter by firing"))
    order_of = {j: i for i, j in enumerate(order.tolist())}
    return sorted(found, key=lambda each: order_of[each.index])


def rule(n: int, named: int) -> str:
    """The rule as a reader is told it."""
    half = f"{min(n // 2, named)} of concepts drawn at random from the {named} that some latent is "
    half += "named after, each by its latent with the best F0.5 on train captions; "
    return (
        f"{half if named else ''}the other{'' if named else ' (here all)'} of {n} drawn in equal "
        f"parts from the rarest to the commonest quarter of living latents by how often they fire "
        f"on train; on top up to {ASIDE} that fire on more than half of train, and up to {ASIDE} "
        "silent ones. The draw is seeded by the dictionary's own checksum: nobody picked."
    )
