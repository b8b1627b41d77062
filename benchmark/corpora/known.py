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


KNOWN: Mapping[str, Known] = {
    "coco": Known(
        "COCO in Karpathy's splits, five captions a picture; 113,287 / 5,000 / 5,000",
        "annotations CC BY 4.0; pictures under the terms of Flickr",
        "undefined443/coco-karpathy-wds",
        ("*.tar",),
    ),
    "flickr30k": Known(
        "Flickr30k in Karpathy's splits, five captions a picture; 29,000 / 1,014 / 1,000",
        "non-commercial research and education; pictures under the terms of Flickr",
        "nlphuji/flickr30k@refs/convert/parquet",
        ("*.parquet",),
    ),
    "cc3m": Known(
        "Conceptual Captions, one caption of the web a picture; 2.9 M / 6,700 / 6,700",
        "free for any use with attribution (Google); pictures under the terms of their owners",
        "pixparse/cc3m-wds",
        ("*.tar",),
    ),
    "imagenet": Known(
        "ImageNet-1k, pictures of a thousand classes with prompts about them as captions",
        "non-commercial research and education, terms of access of image-net.org",
        "ILSVRC/imagenet-1k",
        ("data/*.parquet",),
    ),
    "llava-pretrain": Known(
        "LLaVA-Pretrain, one question and its answer a picture; 502,000 / 28,000 / 28,000, about",
        "CC-3M/BLIP captions; see the page, liuhaotian/LLaVA-Pretrain",
        "liuhaotian/LLaVA-Pretrain",
        ("blip_laion_cc_sbu_558k.json", "images.zip"),
    ),
}
