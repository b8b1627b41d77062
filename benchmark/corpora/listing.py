"""Pictures of one split with their captions and what is known of them; no picture is read yet."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Int

from benchmark.contracts import Talk, Thing
from benchmark.corpora.pictures import Pictures

N_PROBES = 64
"""Pictures whose bytes go into the digest; of all others it has the size."""


@dataclass(frozen=True, eq=False)
class Listing:
    """One split."""

    ids: tuple[str, ...]
    captions: tuple[str, ...]
    caption_of: Int[np.ndarray, " n_t"]
    """Index of the picture that each caption was written for."""
    pictures: Pictures
    digests: tuple[str, ...] = ()
    """Of each picture's bytes, where every picture was read once."""
    shows: Bool[np.ndarray, "n_i c"] | None = None
    """Concepts in each picture."""
    says: Bool[np.ndarray, "n_t c"] | None = None
    """Concepts that each caption asserts."""
    things: tuple[tuple[Thing, ...], ...] | None = None
    talks: tuple[Talk, ...] | None = None
    """Questions about each picture with their answers, where the data set has them."""

    def take(self, chosen: Int[np.ndarray, " m"]) -> Listing:
        """Some pictures, in rising order, and all that belongs to them."""
        new = np.full(len(self.ids), -1)
        new[chosen] = np.arange(len(chosen))
        texts = np.flatnonzero(new[self.caption_of] >= 0)
        return replace(
            self,
            ids=tuple(self.ids[i] for i in chosen),
            captions=tuple(self.captions[j] for j in texts),
            caption_of=new[self.caption_of[texts]],
            pictures=self.pictures.take(chosen),
            digests=tuple(self.digests[i] for i in chosen) if self.digests else (),
            shows=None if self.shows is None else self.shows[chosen],
            says=None if self.says is None else self.says[texts],
            things=None if self.things is None else tuple(self.things[i] for i in chosen),
            talks=None if self.talks is None else tuple(self.talks[i] for i in chosen),
        )

    def digest(self) -> str:
        """sha256 over ids, what is said and known, sizes of pictures, and the bytes of some."""
        n, sums = len(self.ids), hashlib.sha256()
        for words in (self.ids, self.captions):
            sums.update(json.dumps(words).encode())
        sums.update(np.asarray(self.caption_of, dtype="<i8").tobytes())
        for labels in (self.shows, self.says):
            sums.update(b"" if labels is None else np.packbits(labels).tobytes())
        sums.update(repr(self.things).encode())
        sums.update(b"" if self.talks is None else json.dumps(self.talks).encode())
        sums.update(np.array([self.pictures.size(i) for i in range(n)], dtype="<i8").tobytes())
        for i in np.unique(np.linspace(0, max(n - 1, 0), min(N_PROBES, n)).astype(int)):
            sums.update(self.pictures.raw(int(i), int(i) + 1)[0])
        return sums.hexdigest()


def grouped(
    keys: Sequence[str], captions: Sequence[Sequence[str]]
) -> tuple[tuple[str, ...], tuple[str, ...], Int[np.ndarray, " n_t"], Int[np.ndarray, " n_i"]]:
    """Rows of one picture put together: ids, captions, picture of each caption, first row of each.

    Captions of a picture stand together, in the order of their rows; blank ones are left out.
    """
    place: dict[str, int] = {}
    first: list[int] = []
    own: list[list[str]] = []
    for row, (key, texts) in enumerate(zip(keys, captions, strict=True)):
        if key not in place:
            place[key] = len(first)
            first.append(row)
            own.append([])
        own[place[key]] += [" ".join(text.split()) for text in texts if text and text.strip()]
    kept = [i for i, texts in enumerate(own) if texts]
    ids = list(place)
    return (
        tuple(ids[i] for i in kept),
        tuple(text for i in kept for text in own[i]),
        np.repeat(np.arange(len(kept)), [len(own[i]) for i in kept]),
        np.array([first[i] for i in kept], dtype=np.int64),
    )
