"""COCO and Flickr30k as Karpathy split them: `dataset_*.json` beside folders of pictures.

Karpathy and Fei-Fei 2015 (1412.2306). `restval` of COCO belongs to train, as is usual.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from benchmark.contracts import Split
from benchmark.corpora.beside import root_of
from benchmark.corpora.listing import Listing
from benchmark.corpora.pictures import Files
from benchmark.corpora.splitting import GIVEN

FILE = "dataset_*.json"
PLACES = (".", "images", "flickr30k-images", "flickr30k_images", "..", "../images")
"""Where pictures lie, seen from the file."""


def annotation_files(folder: Path, name: str = FILE) -> list[Path]:
    """Files of a folder, or of `annotations` in it, that are called so; of one name the first."""
    found = [*sorted(folder.glob(name)), *sorted(folder.glob(f"annotations/{name}"))]
    return list({file.name: file for file in reversed(found) if file.is_file()}.values())[::-1]


def read(file: Path) -> dict[Split, Listing]:
    """Every split of a file. Raises ValueError, one line, for another file and lost pictures."""
    try:
        images = json.loads(file.read_text(encoding="utf-8"))["images"]
        rows: dict[Split, list[dict[str, Any]]] = {}
        for image in images:
            rows.setdefault(GIVEN[image["split"]], []).append(image)
        root = root_of(file, name_of(images[0]), PLACES)
        return {split: listed(root, each) for split, each in rows.items()}
    except (KeyError, TypeError, IndexError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ValueError(
            f"{file} is no caption file of Karpathy's ({type(error).__name__}: {error}): wanted "
            '{"images": [{"filename", "split", "sentences": [{"raw"}]}]}'
        ) from None


def name_of(image: dict[str, Any]) -> str:
    """Folder and name of a picture: COCO has two folders, Flickr30k none."""
    return "/".join(part for part in (image.get("filepath"), image["filename"]) if part)


def listed(root: Path, images: list[dict[str, Any]]) -> Listing:
    """One split in the order of the file. Raises ValueError where pictures are missing."""
    names = [name_of(image) for image in images]
    lost = [name for name in names if not (root / name).is_file()]
    if lost:
        raise ValueError(
            f"{len(lost)} of {len(names)} pictures are not under {root}, {lost[0]} first: "
            "download what is missing"
        )
    own = [[s["raw"] for s in image["sentences"] if s["raw"].strip()] for image in images]
    return Listing(
        ids=tuple(str(image.get("cocoid", image["filename"])) for image in images),
        captions=tuple(" ".join(text.split()) for texts in own for text in texts),
        caption_of=np.repeat(np.arange(len(own)), [len(texts) for texts in own]),
        pictures=Files(tuple(root / name for name in names)),
    )
