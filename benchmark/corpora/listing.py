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
    """sha256 of each picture's bytes, where every picture was read once."""
    shows: Bool[np.ndarray, "n_i c"] | None = None
    """Concepts in each picture."""
    says: Bool[np.ndarray, "n_t c"] | None = None
    """Concepts that each caption asserts."""
    things: tuple[tuple[Thing, ...], ...] | None = None
    talks: tuple[Talk, ...] | None = None
    """Questions about each picture with their answers, where the data set has them."""
    places: tuple[str, ...] = ()
    """Where each picture comes from, which tells those of one name apart; else its split does."""

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
            places=tuple(self.places[i] for i in chosen) if self.places else (),
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


def written(
    captions: Sequence[Sequence[str]],
) -> tuple[tuple[str, ...], Int[np.ndarray, " n_t"], Int[np.ndarray, " n_i"]]:
    """What is said of rows: captions, the picture of each, and the row of each picture.

    Rows of which nothing is said are left out, and so are blank captions.
    """
    own = [
        [" ".join(text.split()) for text in texts if text and text.strip()] for texts in captions
    ]
    rows = np.array([row for row, texts in enumerate(own) if texts], dtype=np.int64)
    told = tuple(text for texts in own for text in texts)
    return told, np.repeat(np.arange(len(rows)), [len(own[row]) for row in rows]), rows


def together(listing: Listing) -> Listing:
    """Pictures of the same bytes as one, in the place of the first, with all that is said of it.

    Only where every picture was read; of labelled pictures each stays, since labels may differ.
    """
    place: dict[str, int] = {}
    new = np.array([place.setdefault(key, len(place)) for key in listing.digests], dtype=np.int64)
    if len(place) == len(new) or listing.shows is not None:
        return listing
    first = np.unique(new, return_index=True)[1]
    owner = new[listing.caption_of]
    texts = np.argsort(owner, kind="stable")
    talks: list[list[tuple[str, str]]] = [[] for _ in first]
    for i, talk in zip(new, listing.talks or (), strict=False):
        talks[i] += talk
    return replace(
        listing.take(first),
        captions=tuple(listing.captions[j] for j in texts),
        caption_of=owner[texts],
        talks=None if listing.talks is None else tuple(map(tuple, talks)),
    )
