"""Pictures sorted into folders by class, as ImageNet is: `train/n01440764/*.JPEG`, `val/…`.

Each picture has one caption, a published prompt about its class drawn by its own name, so that
pairs are the same for every method. Names of ImageNet's classes, and the prompts, are those that
open_clip carries.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from benchmark.contracts import Split, Thing
from benchmark.corpora.concepts import Vocabulary
from benchmark.corpora.listing import Listing
from benchmark.corpora.pictures import Files, Pictures
from benchmark.corpora.splitting import GIVEN

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp"})
IMAGENET_CLASSES = 1000
WHOLE = (0.0, 0.0, 1.0, 1.0)


def parts_of(folder: Path) -> dict[Split, Path]:
    """Folders of splits, each with a folder a class; a folder of classes alone is train."""
    found: dict[Split, Path] = {}
    for each in sorted(p for p in folder.iterdir() if p.is_dir()):
        if each.name in GIVEN and any(p.is_dir() for p in each.iterdir()):
            found[GIVEN[each.name]] = each
    alone = class_names(folder)
    if found or not alone or any(name.rstrip("0123456789") in GIVEN for name in alone):
        return found
    return {"train": folder}


def class_names(folder: Path) -> list[str]:
    """Folders that hold pictures, sorted."""
    named = (p for p in folder.iterdir() if p.is_dir())
    return sorted(p.name for p in named if any(f.suffix.lower() in SUFFIXES for f in p.iterdir()))


def read(parts: Mapping[Split, Path]) -> tuple[dict[Split, Listing], Vocabulary]:
    """Every split, and its classes as concepts. Raises ValueError where splits differ in these."""
    names = {split: class_names(path) for split, path in parts.items()}
    every = sorted({name for own in names.values() for name in own})
    for split, own in names.items():
        lost = sorted(set(every) - set(own))
        if lost:
            raise ValueError(
                f"{parts[split]} has {len(own)} of {len(every)} classes, {lost[0]} is not there: "
                "wanted the same classes in every split"
            )
    said = [spoken(name, every) for name in every]
    found = {split: listed(path, every, said) for split, path in parts.items()}
    names_of = tuple((name,) for name in said)
    return found, Vocabulary(tuple(said), ("object",) * len(said), names_of)


def listed(folder: Path, classes: Sequence[str], said: Sequence[str]) -> Listing:
    """One split: class after class, pictures by name."""
    paths = [
        (path, c)
        for c, name in enumerate(classes)
        for path in sorted((folder / name).iterdir())
        if path.suffix.lower() in SUFFIXES
    ]
    ids = tuple("/".join(path.parts[-3:]) for path, _ in paths)
    label = np.array([c for _, c in paths], dtype=np.int64)
    return labelled(ids, label, said, Files(tuple(path for path, _ in paths)))


def labelled(
    ids: Sequence[str], label: np.ndarray, said: Sequence[str], pictures: Pictures
) -> Listing:
    """Pictures of one class each, with a prompt about it as the caption."""
    shows = np.zeros((len(ids), len(said)), dtype=bool)
    shows[np.arange(len(ids)), label] = True
    captions = tuple(prompt(key, said[c]) for key, c in zip(ids, label, strict=True))
    things = tuple((Thing(int(c), WHOLE),) for c in label)
    return Listing(tuple(ids), captions, np.arange(len(ids)), pictures, (), shows, shows, things)


def prompt(key: str, name: str) -> str:
    """One of the published prompts, drawn by the picture's own key."""
    from open_clip.zero_shot_metadata import OPENAI_IMAGENET_TEMPLATES as PROMPTS

    draw = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big")
    return PROMPTS[draw % len(PROMPTS)](name)


def spoken(name: str, every: Sequence[str]) -> str:
    """What a class is called: ImageNet's by their places among all, others by their folder."""
    if len(every) == IMAGENET_CLASSES and all(is_synset(each) for each in every):
        return imagenet_names()[every.index(name)]
    return name.replace("_", " ").replace("-", " ").strip()


def is_synset(name: str) -> bool:
    """Whether a folder is named after a noun of WordNet, as in n01440764."""
    return len(name) == 9 and name[0] == "n" and name[1:].isdigit()


def imagenet_names() -> tuple[str, ...]:
    """What open_clip calls the thousand classes, in their usual order."""
    from open_clip.zero_shot_metadata import IMAGENET_CLASSNAMES

    return tuple(IMAGENET_CLASSNAMES)
