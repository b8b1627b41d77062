"""Real data sets by their sizes: what a plan assumes of data that are not on this machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

from benchmark.contracts import Dataset, Need, Planted, Split, silent
from benchmark.corpora.known import KNOWN
from benchmark.planning.hubs import Fetch
from benchmark.run.materials import open_data

PIXELS = (480, 640)
"""Height and width of a picture as these data sets have them, about."""
DECODE_S = 0.008
"""Seconds to read and decode one such picture on a core."""


@dataclass(frozen=True)
class Corpus:
    """One data set: pictures of each split, captions of each, and what fetching it takes."""

    images: Mapping[str, int]
    captions: float
    """Captions a picture."""
    words: float
    """Words a caption."""
    download_gb: float
    gated: str = ""
    """The page whose terms are to be accepted."""
    labelled: bool = False
    concepts: int = 0
    distinct: float = 0.98
    """Share of captions that no other picture has as well."""


def _splits(train: int, val: int, test: int) -> dict[str, int]:
    return {"train": train, "val": val, "test": test, "all": train + val + test}


IMAGENET = "https://huggingface.co/datasets/ILSVRC/imagenet-1k"
CORPORA: dict[str, Corpus] = {
    "coco": Corpus(_splits(113_287, 5_000, 5_000), 5, 10.5, 19),
    "flickr30k": Corpus(_splits(29_000, 1_014, 1_000), 5, 12.3, 4.4),
    "cc3m": Corpus(_splits(2_900_000, 6_700, 6_700), 1, 10.3, 250),
    "llava-pretrain": Corpus(_splits(502_300, 27_900, 27_900), 1, 9.0, 27),
    "imagenet": Corpus(
        _splits(1_281_167, 25_000, 25_000),
        1,
        6,
        155,
        gated=IMAGENET,
        labelled=True,
        concepts=1000,
        distinct=0.001,
    ),
}
"""By the name that `--data` takes. Of imagenet a caption is one that its class is told in."""


@dataclass(frozen=True)
class Listed:
    """A data set of the table: it answers to what a cell asks of data, and has no rows."""

    name: str
    corpus: Corpus
    revision: str = ""
    licence: str = ""
    provides: frozenset[Need] = field(default_factory=lambda: frozenset({Need.PAIRS}))
    planted: Planted | None = None

    def split(self, name: Split) -> NoReturn:
        """Raises ValueError: its sizes are known, its examples are not here."""
        raise ValueError(f"{self.name}: split {name} is known by its sizes alone")


def data_of(name: str) -> Dataset:
    """Data that are here, opened; what would come from the hub as the table has it.

    Raises ValueError, one line, as `run` does, and where only the hub knows the size.
    """
    plain = name.partition("?")[0]
    corpus = CORPORA.get(plain)
    if corpus is not None:
        more = {Need.CONCEPTS} if corpus.labelled else set()
        provides = frozenset({Need.PAIRS, *more})
        return Listed(plain, corpus, licence=KNOWN[plain].licence, provides=provides)
    if plain.startswith("hub:"):
        raise ValueError(
            f"--data {name}: how many pictures it has, and how large it is, cannot be told before "
            f"it is fetched: plan with {', '.join(CORPORA)}, or with a folder of it"
        )
    return open_data(name, silent)


def parcel(data: Listed) -> Fetch:
    """What fetching a data set of the table takes, and how much of it is in the hub's cache."""
    from huggingface_hub import constants

    repository = KNOWN[data.name].repository.partition("@")[0]
    blobs = Path(constants.HF_HUB_CACHE) / f"datasets--{repository.replace('/', '--')}" / "blobs"
    here = sum(file.stat().st_size for file in blobs.iterdir()) if blobs.is_dir() else 0
    corpus, name = data.corpus, f"data {data.name}"
    gated, size = bool(corpus.gated), corpus.download_gb * 1e9
    return Fetch(name, size, float(here), gated, corpus.gated, "assumed")
