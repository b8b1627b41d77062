"""Objects and their boxes from COCO's `instances_*.json`, and words for them in captions.

Lin et al. 2014 (1405.0312). A crowd says that a thing is there and has no box of its own.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Bool

from benchmark.contracts import Thing
from benchmark.corpora.concepts import DESCRIPTIONS, Vocabulary
from benchmark.corpora.framing import framed
from benchmark.corpora.kept import identity_of, kept_table
from benchmark.corpora.listing import Listing
from benchmark.judges.coco_words import OTHER_NAMES, names_of
from benchmark.judges.mentions import judge_of

FILE = "instances_*.json"
COLUMNS = ("image", "name", "kind", "left", "top", "right", "bottom", "width", "height", "crowd")


@dataclass(frozen=True, eq=False)
class Instances:
    """Every annotation of some files, one row each; boxes as shares of width and height."""

    table: pd.DataFrame
    images: frozenset[str]
    """Pictures that the files are about, those without any object included."""

    @property
    def names(self) -> tuple[str, ...]:
        """Classes that occur, sorted."""
        return tuple(sorted(self.table["name"].unique()))

    @property
    def kinds(self) -> dict[str, str]:
        """The supercategory of each class."""
        return dict(zip(self.table["name"], self.table["kind"], strict=True))


def annotation_files(folder: Path) -> list[Path]:
    """Files of a folder, or of `annotations` in it."""
    found = [*folder.glob(FILE), *folder.glob(f"annotations/{FILE}")]
    return sorted(file for file in found if file.is_file())


def read(files: Sequence[Path]) -> Instances:
    """Annotations of all files together. Raises ValueError, one line, for another file."""
    tables = [indexed(file) for file in files]
    whole = pd.concat(tables, ignore_index=True)
    return Instances(whole[whole["name"] != ""], frozenset(whole["image"].unique()))


def indexed(file: Path) -> pd.DataFrame:
    """Rows of a file, from this machine's cache where it is the same file as then."""
    of = json.dumps([COLUMNS, identity_of(file)])
    return kept_table("instances", of, lambda: parsed(file))


def parsed(file: Path) -> pd.DataFrame:
    """One row an annotation, and one without a name for each picture."""
    try:
        facts = json.loads(file.read_text(encoding="utf-8"))
        sizes = {each["id"]: (each["width"], each["height"]) for each in facts["images"]}
        classes = {c["id"]: (c["name"], c["supercategory"]) for c in facts["categories"]}
        rows: list[tuple[object, ...]] = [
            (str(i), "", "", 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, False) for i in sizes
        ]
        for each in facts["annotations"]:
            (x, y, w, h), (width, height) = each["bbox"], sizes[each["image_id"]]
            box = (x / width, y / height, (x + w) / width, (y + h) / height)
            names, crowd = classes[each["category_id"]], bool(each["iscrowd"])
            rows.append((str(each["image_id"]), *names, *box, width, height, crowd))
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f"{file} is no file of COCO's instances ({type(error).__name__}: {error}): wanted "
            "images, annotations and categories"
        ) from None
    return pd.DataFrame(rows, columns=list(COLUMNS))


def vocabulary(found: Instances) -> Vocabulary:
    """Classes as things, then their supercategories."""
    kinds = tuple(sorted(set(found.kinds.values()) - set(found.names)))
    place = {kind: len(found.names) + i for i, kind in enumerate(kinds)}
    return Vocabulary(
        names=(*found.names, *kinds),
        kinds=(*("object",) * len(found.names), *("category",) * len(kinds)),
        thing_names=(*map(names_of, found.names), *((),) * len(kinds)),
        categories=(*(place.get(found.kinds[n]) for n in found.names), *(None,) * len(kinds)),
        other_names=OTHER_NAMES,
        placed=True,
    )


def labelled(listing: Listing, found: Instances, known: Vocabulary) -> Listing:
    """A split with what the central squares of its pictures show, and its captions say.

    Raises ValueError, one line, for pictures that no annotation file is about.
    """
    lost = [key for key in listing.ids if key not in found.images]
    if lost:
        raise ValueError(
            f"{len(lost)} of {len(listing.ids)} pictures are in none of the files of instances, "
            f"{lost[0]} first: wanted those of the same year, of train and val"
        )
    place = {key: i for i, key in enumerate(listing.ids)}
    number = {name: c for c, name in enumerate(known.names)}
    shows = np.zeros((len(listing.ids), len(known.names)), dtype=bool)
    things: list[list[Thing]] = [[] for _ in listing.ids]
    mine = found.table[found.table["image"].isin(place)]
    for row in mine.sort_values(["image", "top", "left", "name"]).itertuples(index=False):
        i, c = place[row.image], number[row.name]
        box = framed((row.left, row.top, row.right, row.bottom), row.width, row.height)
        if box is None:
            continue
        shows[i, c] = True
        above = known.categories[c]
        if above is not None:
            shows[i, above] = True
        if not row.crowd:
            things[i].append(Thing(c, box))
    says = mentioned(listing.captions, known)
    return replace(listing, shows=shows, says=says, things=tuple(map(tuple, things)))


def mentioned(captions: Sequence[str], known: Vocabulary) -> Bool[np.ndarray, "n c"]:
    """Concepts that each caption names; a name of several things asserts none of them."""
    judge = judge_of(known.thing_names, DESCRIPTIONS, known.other_names)
    says = np.zeros((len(captions), len(known.names)), dtype=bool)
    memo: dict[str, list[int]] = {}
    for j, caption in enumerate(captions):
        if caption not in memo:
            told = judge.read("", caption).mentions
            memo[caption] = [next(iter(each)) for each in told if len(each) == 1]
        for c in memo[caption]:
            says[j, c] = True
            above = known.categories[c]
            if above is not None:
                says[j, above] = True
    return says
