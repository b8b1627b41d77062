"""Where in a picture a latent is strongest, and whether that is where its thing is."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from benchmark.contracts import Annotated, NotApplicableError, Subject
from benchmark.metrics.naming import Names

STRATA = ((0.0, 0.05), (0.05, 0.15), (0.15, 0.3), (0.3, 1.0))
"""Shares of the picture that a thing covers: over the first, up to the second."""


@dataclass(frozen=True, eq=False)
class Placed:
    """Every thing of every picture whose concept some latent is named after."""

    picture: Int[np.ndarray, " u"]
    fires: Bool[np.ndarray, " u"]
    """Whether the latent fires on any token of the picture."""
    hit: Float[np.ndarray, " u"]
    """Share of its strongest tokens (one, unless some tie) that lie on the thing."""
    chance: Float[np.ndarray, " u"]
    """Share of the picture's tokens that lie on the thing: what any token would hit."""


def grid_of(subject: Subject) -> tuple[int, int]:
    """Rows and columns of the tokens of a picture.

    Raises NotApplicableError where pictures differ in tokens or these fill no grid that is known.
    """
    test = subject.test
    counts = np.bincount(test.image_owner.cpu().numpy(), minlength=test.n_images)
    n = int(counts[0])
    if n < 2 or (counts != n).any():
        raise NotApplicableError("rows are not the patch tokens of pictures, as many of each")
    known = getattr(subject.backend, "patch_grid", None)
    if known is not None and math.prod(known) == n:
        return known[0], known[1]
    side = math.isqrt(n)
    if side * side != n:
        raise NotApplicableError(f"{n} tokens a picture fill no square, and no grid is known")
    return side, side


def latents_of_things(names: Names, things: Sequence[int]) -> dict[int, int]:
    """The latent of each thing that has one: of those named after it the one with the best F0.5."""
    found = {}
    for concept in things:
        named = np.flatnonzero(names.concept == concept)
        if len(named):
            found[concept] = int(named[names.f_half[named].argmax()])
    return found


def placed(subject: Subject, examples: Annotated, latent_of: dict[int, int]) -> Placed:
    """Where each named latent is strongest, thing by thing. Raises as `grid_of` does."""
    grid = grid_of(subject)
    native = subject.native("test", "image")
    values = abs(subject.dictionary.align(native, "image").csr()).tocsc()
    columns = {latent: values[:, [latent]].toarray() for latent in set(latent_of.values())}
    strength = {latent: of.reshape(-1, math.prod(grid)) for latent, of in columns.items()}
    rows = [
        (i, *_token(strength[latent][i], patches))
        for i, patches, latent in _asked(subject.test.n_images, examples, latent_of, grid)
    ]
    picture, fires, hit, chance = zip(*rows, strict=True) if rows else ((), (), (), ())
    return Placed(np.array(picture, int), np.array(fires, bool), np.array(hit), np.array(chance))


def _asked(
    n: int, examples: Annotated, latent_of: dict[int, int], grid: tuple[int, int]
) -> Iterator[tuple[int, Sequence[int], int]]:
    """Picture, patches and latent of each thing that has both of these."""
    for i in range(n):
        for thing in examples.things(i):
            patches = thing.patches(grid)
            if patches and thing.concept in latent_of:
                yield i, patches, latent_of[thing.concept]


def _token(strength: Float[np.ndarray, " t"], patches: Sequence[int]) -> tuple[bool, float, float]:
    """Whether it fires, the share of its strongest tokens on these patches, and chance."""
    top = strength.max()
    best = np.flatnonzero(strength == top)
    hit = float(np.isin(best, patches).mean()) if top > 0 else 0.0
    return bool(top > 0), hit, len(patches) / len(strength)
