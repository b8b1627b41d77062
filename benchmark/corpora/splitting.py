"""Splits by picture: as they are given, or by a hash of each picture's key; never one in two."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping

import numpy as np

from benchmark.contracts import Split
from benchmark.corpora.listing import Listing

HELD_OUT = 0.05
"""Share of pictures that val and test each have where a data set has one part alone."""
GIVEN: dict[str, Split] = {
    "train": "train",
    "restval": "train",
    "val": "val",
    "validation": "val",
    "dev": "val",
    "test": "test",
}
"""What data sets call their splits."""
ORDER: tuple[Split, ...] = ("test", "val", "train")
"""Of a picture that is in several splits the first keeps it."""


def splits_of(parts: Mapping[Split, Listing]) -> dict[Split, Listing]:
    """Train, val and test of whatever parts there are, no picture in two of them.

    Where test is missing val is halved, where both are missing they are taken out of train.
    Raises ValueError, one line, where there is nothing to train on.
    """
    found = dict(parts)
    if "train" not in found and len(found) == 1:
        found = {"train": next(iter(found.values()))}
    if "train" not in found:
        raise ValueError(f"found {' and '.join(found)} and nothing to train on: wanted train")
    if "val" not in found and "test" not in found:
        at = fractions(found["train"])
        cuts = {"test": at < HELD_OUT, "val": (at >= HELD_OUT) & (at < 2 * HELD_OUT)}
        cuts["train"] = at >= 2 * HELD_OUT
        found = {name: found["train"].take(np.flatnonzero(cuts[name])) for name in ORDER}
    elif "val" not in found or "test" not in found:
        only = found.pop("val", None) or found.pop("test")
        half = fractions(only) < 0.5
        found["test"], found["val"] = (only.take(np.flatnonzero(h)) for h in (half, ~half))
    return disjoint(found)


def fractions(listing: Listing) -> np.ndarray:
    """A number in [0, 1) for each picture, of its key alone."""
    sums = [hashlib.sha256(key.encode()).digest()[:8] for key in listing.ids]
    return np.array([int.from_bytes(s, "big") / 2**64 for s in sums])


def disjoint(found: Mapping[Split, Listing]) -> dict[Split, Listing]:
    """Splits without the pictures that an earlier one has, by bytes where known, else by key."""
    seen: set[str] = set()
    kept: dict[Split, Listing] = {}
    for name in ORDER:
        listing = found[name]
        keys = listing.digests or listing.ids
        new = np.array([key not in seen for key in keys], dtype=bool)
        if not new.all():
            logging.getLogger("benchmark").warning(
                "%d pictures of %s are in test or val too: left out of %s", (~new).sum(), name, name
            )
            listing = listing.take(np.flatnonzero(new))
        seen.update(keys)
        kept[name] = listing
    return {name: kept[name] for name in reversed(ORDER)}
