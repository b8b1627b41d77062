"""Splits by picture: as they are given, or by a hash of what each picture is; never one in two."""

from __future__ import annotations

import hashlib
import logging
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from benchmark.contracts import Progress, Split, silent
from benchmark.corpora.contents import hashed, keys_of
from benchmark.corpora.listing import Listing, together

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


def splits_of(parts: Mapping[Split, Listing], progress: Progress = silent) -> dict[Split, Listing]:
    """Train, val and test of whatever parts there are, no picture in two of them.

    Where test is missing val is halved, where both are missing they are taken out of train: by the
    digest of each picture, so that its rows fall together whatever they are called. Raises
    ValueError, one line, where there is nothing to train on.
    """
    found = dict(parts)
    if "train" not in found and len(found) == 1:
        found = {"train": next(iter(found.values()))}
    if "train" not in found:
        there = " and ".join(found) or "no pictures"
        raise ValueError(f"found {there} and nothing to train on: wanted train")
    found = {split: together(listing) for split, listing in found.items()}
    found = named(disjoint(found, progress))
    if len(found) == 1:
        whole = together(hashed(found["train"], progress))
        at = fractions(whole)
        cuts = {"test": at < HELD_OUT, "val": (at >= HELD_OUT) & (at < 2 * HELD_OUT)}
        cuts["train"] = at >= 2 * HELD_OUT
        found = {name: whole.take(np.flatnonzero(cuts[name])) for name in ORDER}
    elif len(found) == 2:
        only = together(hashed(found.pop("val" if "val" in found else "test"), progress))
        half = fractions(only) < 0.5
        found["test"], found["val"] = (only.take(np.flatnonzero(h)) for h in (half, ~half))
    return {name: found[name] for name in reversed(ORDER)}


def fractions(listing: Listing) -> np.ndarray:
    """A number in [0, 1) for each picture, of its digest alone."""
    sums = [hashlib.sha256(key.encode()).digest()[:8] for key in listing.digests]
    return np.array([int.from_bytes(s, "big") / 2**64 for s in sums])


def disjoint(found: Mapping[Split, Listing], progress: Progress) -> dict[Split, Listing]:
    """Val without the pictures of test, train without those of both; a line each says so.

    Raises ValueError, one line, where nothing of a split is left.
    """
    if len(found) == 1:
        return dict(found)
    keys = keys_of(found, progress)
    kept: dict[Split, Listing] = {}
    seen: dict[str, Split] = {}
    for name in (each for each in ORDER if each in found):
        where = [seen.get(key) for key in keys[name]]
        new = np.array([each is None for each in where], dtype=bool)
        others = " or ".join(each for each in ORDER if each in where)
        if others and not new.any():
            raise ValueError(
                f"every picture of {name} is in {others} too: wanted other pictures in one of them"
            )
        if others:
            logging.getLogger("benchmark").warning(
                "%d pictures of %s are in %s too: left out of %s", (~new).sum(), name, others, name
            )
        kept[name] = found[name].take(np.flatnonzero(new)) if others else found[name]
        seen |= dict.fromkeys(keys[name], name)
    return kept


def named(found: Mapping[Split, Listing]) -> dict[Split, Listing]:
    """Splits with ids that no two pictures share.

    Where pictures have one name its place stands before it, and a number behind it where even
    that is the same; other ids stay as they are.
    """
    n = Counter(key for listing in found.values() for key in listing.ids)
    if len(n) == n.total():
        return dict(found)
    again: Counter[str] = Counter()
    made: dict[Split, Listing] = {}
    for split, listing in found.items():
        ids = []
        for key, place in zip(
            listing.ids, listing.places or (split,) * len(listing.ids), strict=True
        ):
            own = key if n[key] == 1 else f"{place}/{key}"
            again[own] += 1
            ids.append(own if again[own] == 1 else f"{own}~{again[own]}")
        made[split] = replace(listing, ids=tuple(ids))
    return made
