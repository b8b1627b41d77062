"""Data sets that have a name: what they are, what they may be used for, where the hub has them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Known:
    """A data set that has a name."""

    says: str
    licence: str
    repository: str
    """On the hub, where `NAME` alone takes it from."""
    patterns: tuple[str, ...]
    """What of it is fetched."""
    formats: tuple[str, ...]
    """Names of the formats that it is distributed in: by its authors, and on the hub."""
    wanted: str
    """The same in words."""
    file: str = ""
    """What its own annotations are called, where other data sets have a file of the format too."""
    labelled: bool = False
    """Whether its pictures have classes and no captions."""
    gated: bool = False
    """Whether the hub hands it out to those alone who accepted its terms."""

    @property
    def page(self) -> str:
        """Where the hub shows it."""
        return f"https://huggingface.co/datasets/{self.repository.partition('@')[0]}"


KNOWN: Mapping[str, Known] = {
    "coco": Known(
        "COCO in Karpathy's splits, five captions a picture; 113,287 / 5,000 / 5,000",
        "annotations CC BY 4.0; pictures under the terms of Flickr",
        "undefined443/coco-karpathy-wds",
        ("*.tar",),
        ("karpathy", "shards"),
        "dataset_coco.json with train2014/ and val2014/, or the hub's *.tar",
        "dataset_coco.json",
    ),
    "flickr30k": Known(
        "Flickr30k in Karpathy's splits, five captions a picture; 29,000 / 1,014 / 1,000",
        "non-commercial research and education; pictures under the terms of Flickr",
        "nlphuji/flickr30k@refs/convert/parquet",
        ("*.parquet",),
        ("karpathy", "tables"),
        "dataset_flickr30k.json with flickr30k-images/, or the hub's *.parquet",
        "dataset_flickr30k.json",
    ),
    "cc3m": Known(
        "Conceptual Captions, one caption of the web a picture; 2.9 M / 6,700 / 6,700",
        "free for any use with attribution (Google); pictures under the terms of their owners",
        "pixparse/cc3m-wds",
        ("*.tar",),
        ("shards",),
        "*.tar",
    ),
    "imagenet": Known(
        "ImageNet-1k, pictures of a thousand classes with prompts about them as captions",
        "non-commercial research and education, terms of access of image-net.org",
        "ILSVRC/imagenet-1k",
        ("data/*.parquet",),
        ("classes", "tables"),
        "train/n01440764/… and val/…, or the hub's *.parquet",
        labelled=True,
        gated=True,
    ),
    "llava-pretrain": Known(
        "LLaVA-Pretrain, one question and its answer a picture; 502,000 / 28,000 / 28,000, about",
        "CC-3M/BLIP captions; see the page, liuhaotian/LLaVA-Pretrain",
        "liuhaotian/LLaVA-Pretrain",
        ("blip_laion_cc_sbu_558k.json", "images.zip"),
        ("conversations",),
        "blip_laion_cc_sbu_558k.json with 00000/…",
        "blip_laion_cc_sbu_558k.json",
    ),
}
