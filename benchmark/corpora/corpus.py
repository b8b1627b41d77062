"""A real data set as tasks see it: three splits by picture, and what is known by name."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Int
from PIL import Image

from benchmark.contracts import Concepts, Need, Split, Talk, Thing
from benchmark.corpora.concepts import DESCRIPTIONS, NOTHING, Vocabulary
from benchmark.corpora.framing import square
from benchmark.corpora.listing import Listing
from benchmark.corpora.pictures import opened

LIST = "List the objects in this image, separated by commas."


@dataclass(frozen=True, eq=False)
class CorpusExamples:
    """One split: pictures in their own sizes, captions as they were written."""

    listing: Listing
    known: Vocabulary = NOTHING
    negatives: None = None

    @property
    def ids(self) -> tuple[str, ...]:
        """What the data set calls each picture."""
        return self.listing.ids

    @property
    def captions(self) -> tuple[str, ...]:
        """Every caption, picture by picture."""
        return self.listing.captions

    @property
    def caption_of(self) -> Int[np.ndarray, " n_t"]:
        """Index of the picture that each caption was written for."""
        return self.listing.caption_of

    @property
    def concepts(self) -> Concepts | None:
        """What pictures show and captions name, where that is annotated."""
        shows, says = self.listing.shows, self.listing.says
        if shows is None or says is None:
            return None
        return Concepts(self.known.names, self.known.kinds, shows, says)

    def images(self, start: int, stop: int) -> list[Image.Image]:
        """Pictures start..stop, RGB; their central squares where it is known where things are."""
        found = opened(self.listing.pictures, start, min(stop, len(self.ids)))
        return [square(each) for each in found] if self.known.placed else found

    def true_pairs(self) -> Int[np.ndarray, "p 2"]:
        """The written pairs: nobody looked whether a caption is true of another picture."""
        return np.stack([self.caption_of, np.arange(len(self.captions))], axis=1)


@dataclass(frozen=True, eq=False)
class DiscussedExamples(CorpusExamples):
    """A split whose pictures come with questions and their answers."""

    def talks(self, start: int, stop: int) -> Sequence[Talk]:
        """The talk about each picture start..stop."""
        return (self.listing.talks or ())[start:stop]


@dataclass(frozen=True, eq=False)
class AnnotatedExamples(CorpusExamples):
    """A split of which it is known what things are in its pictures, and what these are called."""

    descriptions: frozenset[str] = DESCRIPTIONS
    list_question: str = LIST

    @property
    def thing_names(self) -> tuple[tuple[str, ...], ...]:
        """Every way to call each concept that is a thing."""
        return self.known.thing_names

    @property
    def other_names(self) -> frozenset[str]:
        """What holds the name of a thing and is none; a picture may show things without a name."""
        return self.known.other_names

    def things(self, i: int) -> tuple[Thing, ...]:
        """The things in picture i, from top to bottom."""
        return () if self.listing.things is None else self.listing.things[i]

    def replacements(self, i: int, thing: int) -> list[int]:
        """Things of the same kind that are not in picture i; any, where kinds are not known."""
        here = {each.concept for each in self.things(i)}
        if self.listing.shows is not None:  # a crowd is there too, without a box
            here |= set(np.flatnonzero(self.listing.shows[i]).tolist())
        own = self.things(i)[thing].concept
        absent = [c for c, names in enumerate(self.thing_names) if names and c not in here]
        kinds = self.known.categories or (None,) * len(self.thing_names)
        return [c for c in absent if kinds[c] == kinds[own]] or absent


@dataclass(frozen=True, eq=False)
class Corpus:
    """A data set of real pictures."""

    name: str
    licence: str
    splits: Mapping[Split, Listing]
    known: Vocabulary = NOTHING
    commit: str = ""
    """Of the hub's repository that it came from."""
    planted: None = None

    @property
    def provides(self) -> frozenset[Need]:
        """What tasks have of it."""
        return self.known.provides()

    @cached_property
    def revision(self) -> str:
        """Digest of every split; pictures that are exchanged, added or lost change it."""
        parts = [self.splits[name].digest() for name in ("train", "val", "test")]
        digest = hashlib.sha256("".join(parts).encode()).hexdigest()[:16]
        return f"{self.commit[:12]}+{digest}" if self.commit else digest

    def split(self, name: Split) -> CorpusExamples:
        """One split. Raises ValueError, one line, for all of it together."""
        if name == "all":
            raise ValueError(
                f"--split all: {self.name} is scored on the split that its authors keep for it; "
                "wanted test or val"
            )
        listing = self.splits[name]
        if listing.talks is not None:
            return DiscussedExamples(listing, self.known)
        kind = AnnotatedExamples if self.known.thing_names else CorpusExamples
        return kind(listing, self.known)
