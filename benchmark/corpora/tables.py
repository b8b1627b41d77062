"""Tables of pictures that `datasets` opens: a row a picture or a caption, or a class.

Parquet files, or pictures in folders with a `metadata.csv` or `metadata.jsonl`. Rows are of one
picture if its bytes are the same: every picture is read once for that.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int

from benchmark.contracts import Progress, Split, silent
from benchmark.corpora.classes import IMAGENET_CLASSES, imagenet_names, labelled
from benchmark.corpora.concepts import NOTHING, Vocabulary
from benchmark.corpora.contents import hashed
from benchmark.corpora.kept import identity_of_all
from benchmark.corpora.listing import Listing, written
from benchmark.corpora.pictures import Column
from benchmark.corpora.splitting import GIVEN

SUFFIX = "*.parquet"
IMAGE = ("image", "jpg", "img", "picture")
CAPTION = ("captions", "caption", "text", "sentences", "alt_text")
SEVERAL = re.compile(r"captions?_?[0-9]+")
"""Captions in columns of their own."""
LABEL, SPLIT = "label", "split"
METADATA = ("metadata.csv", "metadata.jsonl", "metadata.parquet")
KEY = ("cocoid", "image_id", "img_id", "imgid", "filename", "id")
"""Names of columns, the likeliest first; all are common on the hub."""


def table_files(folder: Path) -> list[Path]:
    """Every table under a folder, by name."""
    return sorted(file for file in folder.rglob(SUFFIX) if file.is_file())


def opened(folder: Path) -> Mapping[str, Any]:
    """Tables of a folder by split, as `datasets` tells them apart. Raises ValueError."""
    from datasets import load_dataset
    from datasets.exceptions import DatasetsError

    files = table_files(folder)
    named: dict[str, list[str]] = {}
    for file in files:
        words = [file.stem.split("-")[0], file.parent.name]
        split = next((word for word in words if word in GIVEN), "train")
        named.setdefault(split, []).append(str(file))
    try:
        found: Mapping[str, Any] = load_dataset("parquet", data_files=named)
    except (DatasetsError, OSError, ValueError) as error:
        reason = " ".join(str(error).split())[:160]
        raise ValueError(f"{folder} does not open as tables of datasets: {reason}") from None
    return found


def has_metadata(folder: Path) -> bool:
    """Whether a folder, or one of a split in it, says what is in its pictures."""
    return any((at / name).is_file() for at in (folder, *folder.glob("*/")) for name in METADATA)


def opened_pictures(folder: Path) -> Mapping[str, Any]:
    """Pictures with a metadata file, as tables. Raises ValueError."""
    from datasets import load_dataset
    from datasets.exceptions import DatasetsError

    try:
        found: Mapping[str, Any] = load_dataset("imagefolder", data_dir=str(folder))
    except (DatasetsError, OSError, ValueError) as error:
        reason = " ".join(str(error).split())[:160]
        raise ValueError(f"{folder} does not open as pictures with metadata: {reason}") from None
    return found


def read(
    tables: Mapping[str, Any], folder: Path, progress: Progress = silent
) -> tuple[dict[Split, Listing], Vocabulary]:
    """Every split, as tables or a column of theirs tell it, and classes where rows have labels.

    Raises ValueError, one line, where a column of pictures or captions is missing.
    """
    every = table_files(folder) or [f for f in sorted(folder.rglob("*")) if f.is_file()]
    source = identity_of_all(every)
    rows: dict[Split, list[Any]] = {}
    try:
        for name, table in tables.items():
            for split, part in split_again(name, table):
                rows.setdefault(split, []).append(part)
        whole = {split: together(each) for split, each in rows.items()}
        if all(LABEL in t.column_names and not caption_columns(t) for t in whole.values()):
            found, known = of_classes(whole, source)
        else:
            known = NOTHING
            found = {s: of_captions(s, table, f"{s} of {source}") for s, table in whole.items()}
        return {split: hashed(listing, progress) for split, listing in found.items()}, known
    except ValueError as error:
        raise ValueError(f"{folder}: {error}") from None


def split_again(name: str, table: Any) -> list[tuple[Split, Any]]:
    """A table by its column of splits, where it has one that names them."""
    if SPLIT in table.column_names:
        named = np.array([GIVEN.get(str(cell), "") for cell in table[SPLIT]])
        if (named != "").all():
            splits: list[Split] = [split for split in GIVEN.values() if split in named]
            return [(s, table.select(np.flatnonzero(named == s))) for s in dict.fromkeys(splits)]
    return [(GIVEN.get(name, "train"), table)]


def together(tables: Sequence[Any]) -> Any:
    """Tables of one split one after another."""
    from datasets import concatenate_datasets

    return tables[0] if len(tables) == 1 else concatenate_datasets(list(tables))


def of_captions(split: Split, table: Any, source: str) -> Listing:
    """One split, a row a picture."""
    columns = caption_columns(table)
    if not columns:
        raise ValueError(_missing(table, CAPTION))
    texts = zip(*(table[name] for name in columns), strict=True)
    key = next((name for name in KEY if name in table.column_names), None)
    own = [[text for cell in cells for text in said(cell)] for cells in texts]
    captions, caption_of, rows = written(own)
    named = None if key is None else list(map(str, table[key]))
    ids = tuple(named[row] if named else f"{split}-{row:08d}" for row in rows)
    return Listing(ids, captions, caption_of, pictures_of(table, rows, source))


def of_classes(tables: Mapping[Split, Any], source: str) -> tuple[dict[Split, Listing], Vocabulary]:
    """Splits of labelled pictures, prompts about their classes as captions.

    Rows with a label below 0, as in a test that is kept secret, are left out.
    """
    names = class_names(next(iter(tables.values())))
    found: dict[Split, Listing] = {}
    for split, table in tables.items():
        label = np.array(table[LABEL], dtype=np.int64)
        known = np.flatnonzero(label >= 0)
        if len(known):
            ids = [f"{split}-{row:08d}" for row in known]
            pictures = pictures_of(table, known, f"{split} of {source}")
            found[split] = labelled(ids, label[known], names, pictures)
    return found, Vocabulary(names, ("object",) * len(names), tuple((name,) for name in names))


def class_names(table: Any) -> tuple[str, ...]:
    """What the classes of a table are called. Raises ValueError where nothing says it."""
    own = getattr(table.features[LABEL], "names", None)
    if own is not None and len(own) == IMAGENET_CLASSES:
        return imagenet_names()
    if own is None:
        raise ValueError("the column label has no names of classes: wanted a ClassLabel")
    return tuple(name.partition(",")[0].replace("_", " ").strip() for name in own)


def pictures_of(table: Any, rows: Int[np.ndarray, " n"], source: str) -> Column:
    """The column of pictures, as files have them."""
    from datasets import Image

    image = next((name for name in IMAGE if name in table.column_names), None)
    if image is None:
        raise ValueError(_missing(table, IMAGE))
    raw = table.select_columns([image]).cast_column(image, Image(decode=False))
    return Column(raw, image, np.asarray(rows), source)


def caption_columns(table: Any) -> list[str]:
    """The columns that say what a picture shows: one by its usual name, or numbered ones."""
    for name in CAPTION:
        if name in table.column_names:
            return [name]
    return sorted(name for name in table.column_names if SEVERAL.fullmatch(name))


def said(cell: Any) -> list[str]:
    """Captions of a cell: one, several, or sentences as Karpathy's files have them."""
    if isinstance(cell, str):
        return [cell]
    return [each["raw"] if isinstance(each, Mapping) else str(each) for each in cell or ()]


def _missing(table: Any, names: Sequence[str]) -> str:
    found = ", ".join(table.column_names)
    return f"found the columns {found}: wanted one called {' or '.join(names)}"
