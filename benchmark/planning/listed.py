"""A data set of the table as a plan asks of it: its sizes, its options, and what fetching takes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NoReturn

from benchmark.backends.hub import HUB_ID, Repository
from benchmark.contracts import Dataset, Need, Planted, Split, silent
from benchmark.corpora.known import KNOWN
from benchmark.planning.corpora import CORPORA, Corpus
from benchmark.planning.hubs import Fetch
from benchmark.run.materials import open_data


@dataclass(frozen=True)
class Listed:
    """A data set of the table: it answers to what a cell asks of data, and has no rows."""

    name: str
    corpus: Corpus
    shards: int | None = None
    """Of each split, where not all are read."""
    stream: bool = False
    """Whether shards stay on the hub."""
    revision: str = ""
    licence: str = ""
    provides: frozenset[Need] = field(default_factory=lambda: frozenset({Need.PAIRS}))
    planted: Planted | None = None

    def split(self, name: Split) -> NoReturn:
        """Raises ValueError: its sizes are known, its examples are not here."""
        raise ValueError(f"{self.name}: split {name} is known by its sizes alone")

    def images(self, split: Split) -> int:
        """Pictures of a split, of as many shards as are read. Raises ValueError as a run does."""
        if split == "all":
            from benchmark.corpora.corpus import Corpus as Opened

            Opened(self.name, self.licence, {}).split(split)
        whole, there = self.corpus.images[split], self.corpus.shards
        if self.shards is None or there is None:
            return whole
        return max(1, round(whole * min(1.0, self.shards / there[split])))

    @property
    def every(self) -> int:
        """Pictures of all splits that are read."""
        splits: tuple[Split, ...] = ("train", "val", "test")
        return sum(self.images(split) for split in splits)

    @property
    def bytes(self) -> float:
        """Of the files that are read: as many of all as of the pictures."""
        return self.corpus.download_gb * 1e9 * self.every / sum(self.corpus.images.values())

    @property
    def notes(self) -> tuple[str, ...]:
        """What its options leave unknown."""
        found = []
        if self.shards is not None and not _has_shards(self.name):
            found.append(f"{self.name} has no *.tar: shards={self.shards} changes nothing")
        elif self.shards is not None and self.corpus.shards is None:
            found.append(
                f"how many shards {self.name} has is not known here: all of it is counted, "
                f"shards={self.shards} takes less"
            )
        if self.stream:
            found.append("the time that the network takes to stream pictures is not counted")
        return tuple(found)


def data_of(name: str) -> Dataset:
    """Data that are here, opened; what would come from the hub as the table has it.

    Raises ValueError, one line, as `run` does, and where only the hub knows the size.
    """
    plain, _, options = name.partition("?")
    kind, _, place = plain.partition(":")
    if plain in CORPORA:
        return _listed(name, plain, options)
    if kind == "hub" and HUB_ID.fullmatch(place):
        from benchmark.corpora.naming import options_of

        options_of(name, options)
        raise ValueError(
            f"--data {name}: how many pictures it has, and how large it is, cannot be told before "
            f"it is fetched: plan with {', '.join(CORPORA)}, or with a folder of it"
        )
    return open_data(name, silent)


def _listed(spec: str, name: str, options: str) -> Listed:
    """A data set of the table with its options. Raises ValueError, one line, as a run does."""
    from benchmark.corpora.naming import options_of

    asked, corpus = options_of(spec, options), CORPORA[name]
    if asked.stream and not _has_shards(name):
        open_data(spec, silent)  # there are no shards to stream: it raises
    more = {Need.CONCEPTS} if KNOWN[name].labelled else set()
    return Listed(
        name,
        corpus,
        asked.shards,
        asked.stream,
        licence=KNOWN[name].licence,
        provides=frozenset({Need.PAIRS, *more}),
    )


def _has_shards(name: str) -> bool:
    return "shards" in KNOWN[name].formats


def parcel(data: Listed, shown: int) -> Fetch:
    """What fetching a data set of the table takes, and how much of it is in the hub's cache.

    Shards that are streamed are read once to see what is in them, and of their pictures those that
    are `shown` to a model once more.
    """
    from benchmark.corpora.fetching import command

    told, size = KNOWN[data.name], data.bytes
    made = Fetch(f"data {data.name}", size, 0.0, told.gated, told.page, "assumed")
    if data.stream:
        return replace(made, total=size * (1 + shown / data.every), kept=False)
    of = Repository.named(told.repository)
    whole = command(of) if data.shards is None else ""  # fewer shards are chosen as a run goes
    return replace(made, here=min(size, _held(of)), command=whole)


def _held(of: Repository) -> float:
    """Bytes of a data set in the hub's cache."""
    from huggingface_hub import constants

    blobs = Path(constants.HF_HUB_CACHE) / f"datasets--{of.id.replace('/', '--')}" / "blobs"
    return float(sum(file.stat().st_size for file in blobs.iterdir())) if blobs.is_dir() else 0.0
