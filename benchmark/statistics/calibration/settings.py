"""Where the tests are tried: at the edge of their claims, well inside, and along curves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from benchmark.statistics.calibration.worlds import World
from benchmark.statistics.flatness import MARGIN

Test = Literal["flatness", "interaction", "interaction within concepts"]
Kind = Literal["exact", "at most", "other", "power"]
CONCEPTS = (6, 8, 12, 20)
CURVES = (8, 12, 20)
SHARES = (0.0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 0.8, 1.2)
PEAKS = (0.05, 0.1, 0.15, 0.2, 0.3, 0.4)
DIFFER = "p ≤ .05"


@dataclass(frozen=True)
class Setting:
    """What is drawn, and the claim whose rate is asked for."""

    test: Test
    name: str
    claim: str
    world: World
    mean: tuple[float, ...]
    """Population's mean effect at each block; of addition, where there are two directions."""
    kind: Kind = "at most"
    """The rate must be 5 %; at most that; is told only; grows with what there is to find."""
    supp: World | None = None
    supp_mean: tuple[float, ...] | None = None
    shared: bool = True
    """A concept deviates alike in both directions."""


def settings() -> Iterator[Setting]:
    """Every setting, for continuous effects and for mentions."""
    for effects in ("continuous", "mentions"):
        for n in CONCEPTS:
            world = World(effects=effects, n_concepts=n)
            yield from flatness_sizes(world)
            yield from interaction_sizes(world)
            if n in CURVES:
                yield from flatness_powers(world)
                yield from interaction_powers(world)


def mean_of(world: World) -> float:
    return 0.5 if world.effects == "mentions" else 1.0


def quiet(world: World) -> World:
    """Scatter so narrow that a contrast at the margin leaves all others well inside."""
    if world.effects == "mentions":
        return replace(world, own=0.0, scene=2.0, n_scenes=(60, 60))
    return replace(world, own=0.03, noise=0.1)


def spread(shape: str, mean: float, share: float, n_blocks: int = 6) -> tuple[float, ...]:
    """A profile of this mean whose max − min is this share of it."""
    steps = {
        "pair": np.r_[0.5, np.zeros(n_blocks - 2), -0.5],
        "halves": np.repeat([0.5, -0.5], n_blocks // 2),
        "slope": np.linspace(-0.5, 0.5, n_blocks),
    }
    return tuple((mean * (1 + share * steps[shape])).round(12).tolist())


def flatness_sizes(world: World) -> Iterator[Setting]:
    """Profiles exactly at the margin, inside it, and of no effect.

    t is exact for normal concepts. Means of 60 mentions come near from 12 concepts on; with fewer,
    with unequal numbers of scenes and far from a half (no effect is), it claims less.
    """
    mentions = world.effects == "mentions"
    even = replace(world, n_scenes=(60, 60)) if mentions else world
    exact: Kind = "at most" if mentions and world.n_concepts < 12 else "exact"
    of_means: Kind = "at most" if mentions else "exact"
    narrow, wide = quiet(world), replace(world, own=0.5, noise=1.0)
    two, pair = (spread("pair", mean_of(world), MARGIN, n) for n in (2, 6))
    halves, level = spread("halves", mean_of(world), MARGIN), spread("pair", mean_of(world), 0)
    rows: list[tuple[str, str, World, tuple[float, ...], Kind]] = [
        ("two blocks at the margin", "flat", even, two, exact),
        ("one pair at the margin, others inside", "flat", narrow, pair, exact),
        ("nine pairs at the margin", "flat", narrow, halves, "at most"),
        ("one pair at the margin, wide scatter", "flat", wide, pair, "at most"),
        ("one pair at the margin, others inside", "not flat", narrow, pair, "at most"),
        ("nine pairs at the margin", "not flat", narrow, halves, "at most"),
        ("nine pairs at the margin, wide scatter", "not flat", wide, halves, "at most"),
        ("all blocks alike", "not flat", world, level, "at most"),
        ("no effect", "an effect", replace(even, lost=0.3), (0.0,) * 6, of_means),
    ]
    if mentions:
        rows.append(("no effect, rare mentions", "an effect", world, (0.0,) * 6, "at most"))
    else:
        skewed = replace(world, own=0.2, deviation="skewed")
        rows.append(("two blocks at the margin, skewed concepts", "flat", skewed, two, "other"))
    for name, claim, each, mean, kind in rows:
        yield Setting("flatness", name, claim, each, mean, kind)


def interaction_sizes(world: World) -> Iterator[Setting]:
    """Directions of one mean profile, whose concepts and scenes scatter in several ways.

    With six concepts p has 32 values: at most one of them is claimed, in 3.1 %.
    """
    mean = spread("slope", 0.5, 0.6)
    many, few = replace(world, n_scenes=(40, 60)), replace(world, n_scenes=(10, 15))
    if world.effects == "continuous":
        few = replace(few, noise=1.5)
    own = replace(world, own=0.4)
    wave, skewed = replace(own, deviation="one shape"), replace(own, deviation="skewed")
    exact: Kind = "exact" if world.n_concepts > 6 else "at most"
    rows: list[tuple[str, World, World, Kind]] = [
        ("one distribution", world, world, exact),
        ("other numbers and variances", many, few, exact),
        ("concepts deviate by direction", own, own, exact),
        ("concepts deviate along one shape", wave, wave, exact),
    ]
    if world.effects == "continuous":
        rows.append(("concepts deviate, skewed in addition", skewed, own, "other"))
    for name, add, supp, kind in rows:
        shared = "deviate" not in name
        row = Setting("interaction", name, DIFFER, add, mean, kind, supp, mean, shared)
        yield row
        if world.n_concepts == 12:
            yield replace(row, test="interaction within concepts", kind="other")


def flatness_powers(world: World) -> Iterator[Setting]:
    """From all blocks alike to far apart, with concepts that deviate and that do not."""
    for scatter, each in (("", world), (", narrow scatter", quiet(world))):
        for share in SHARES:
            mean = spread("slope", mean_of(world), share)
            name = f"slope of {share:g} of the mean{scatter}"
            yield Setting("flatness", name, "flat", each, mean, "power")


def interaction_powers(world: World) -> Iterator[Setting]:
    """Addition gains at one block over a suppression that is the same everywhere."""
    for peak in PEAKS:
        add, supp = [0.3] * 6, (0.3,) * 6
        add[2] = round(0.3 + peak, 2)
        name = f"peak of {peak:g} at one block"
        yield Setting(
            "interaction", name, DIFFER, world, tuple(add), "power", world, supp, shared=False
        )
