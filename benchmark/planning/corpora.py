"""Real data sets by their sizes: what a plan assumes of data that are not on this machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

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
    shards: Mapping[str, int] | None = None
    """Tar files of each split on the hub, where their number is known."""
    concepts: int = 0
    distinct: float = 0.98
    """Share of captions that no other picture has as well."""


def _splits(train: int, val: int, test: int) -> dict[str, int]:
    return {"train": train, "val": val, "test": test}


CORPORA: dict[str, Corpus] = {
    "coco": Corpus(_splits(113_287, 5_000, 5_000), 5, 10.5, 19),
    "flickr30k": Corpus(_splits(29_000, 1_014, 1_000), 5, 12.3, 4.4),
    "cc3m": Corpus(_splits(2_900_000, 6_700, 6_700), 1, 10.3, 250, shards=_splits(576, 16, 16)),
    "llava-pretrain": Corpus(_splits(502_300, 27_900, 27_900), 1, 9.0, 27),
    "imagenet": Corpus(
        _splits(1_281_167, 25_000, 25_000), 1, 6, 155, concepts=1000, distinct=0.001
    ),
}
"""By the name that `--data` takes. Of imagenet a caption is one that its class is told in; val and
test of cc3m are halves of the same shards."""
