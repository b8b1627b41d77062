"""Checks the arrays of an embeddings file: rows, labels, captions and splits."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int

from benchmark.backends.embedding_files import read_arrays
from benchmark.backends.embedding_owners import Ownership, ownership
from benchmark.contracts import Concepts

SPLIT_NAMES = ("train", "val", "test")
SPLIT_SHARES = (0.6, 0.2)
"""Train and val where the file has no `split`; test gets the rest."""
SPLIT_SALT = b"crossmodal-sae-benchmark/split/1/"


@dataclass(frozen=True, eq=False)
class Table:
    """Checked rows of both modalities, in original units and in the order of the file."""

    image: Float[np.ndarray, "n_i d_i"]
    text: Float[np.ndarray, "n_t d_t"]
    owner: Int[np.ndarray, " n_t"]
    """Image that each text was written for; every image has at least one."""
    ids: tuple[str, ...]
    captions: tuple[str, ...]
    concepts: Concepts | None
    split: np.ndarray
    """train, val or test, per image."""


def read_table(path: Path) -> Table:
    """The checked table of a file. Raises ValueError, one line: file, key, found and wanted."""
    arrays = dict(read_arrays(path))
    for key in ("image", "text"):
        arrays[key] = _rows(arrays, key, path)
    owned = ownership(arrays, path)
    ids = range(len(owned.rows)) if owned.ids is None else owned.ids
    return Table(
        image=arrays["image"][owned.rows],
        text=arrays["text"],
        owner=owned.owner,
        ids=tuple(str(name) for name in ids),
        captions=_captions(arrays, path),
        concepts=_concepts(arrays, owned, path),
        split=_splits(arrays, owned, path),
    )


def _rows(arrays: Mapping[str, np.ndarray], key: str, path: Path) -> Float[np.ndarray, "n d"]:
    """One matrix as float32, finite and without zero rows."""
    if key not in arrays:
        raise ValueError(f"{path}: found no {key!r}, wanted float rows [n, d] under that key")
    found = arrays[key]
    if found.dtype.kind != "f":
        raise ValueError(f"{path}: {key!r} has dtype {found.dtype}, wanted float16, 32 or 64")
    if found.ndim != 2 or not all(found.shape):
        raise ValueError(f"{path}: {key!r} has shape {list(found.shape)}, wanted [n, d] without 0")
    with np.errstate(over="ignore"):
        rows = np.ascontiguousarray(found, dtype=np.float32)
    for bad, what in (
        (~np.isfinite(rows).all(1), "NaN or infinite values"),
        (~rows.any(1), "only zeros"),
    ):
        if bad.any():
            raise ValueError(
                f"{path}: {bad.sum()} of {len(rows)} rows of {key!r} hold {what}, "
                f"the first is row {bad.argmax()}; wanted none: drop or repair them"
            )
    return rows


def _concepts(arrays: Mapping[str, np.ndarray], owned: Ownership, path: Path) -> Concepts | None:
    """Labels of images; texts inherit them from their image, so on texts they are weak.

    Where one image stands in several rows, a text has the labels of its own row and the image
    those of any of its rows.
    """
    if "labels" not in arrays:
        return None
    labels, n_rows = arrays["labels"], len(arrays["image"])
    names = _label_names(arrays, path)
    if labels.shape != (n_rows, len(names)):
        raise ValueError(
            f"{path}: 'labels' has shape {list(labels.shape)}, wanted [{n_rows}, {len(names)}]: "
            f"one row an image, one column for each of 'label_names'"
        )
    if labels.dtype.kind not in "biuf" or not np.isin(labels, (0, 1)).all():
        raise ValueError(f"{path}: 'labels' ({labels.dtype}) holds more than 0 and 1")
    on_row = labels.astype(bool)
    kinds = ("label",) * len(names)
    if len(owned.rows) == n_rows:
        return Concepts(names, kinds, on_row, on_row[owned.owner])
    on_image = np.zeros((len(owned.rows), len(names)), dtype=bool)
    np.logical_or.at(on_image, owned.owner, on_row)
    return Concepts(names, kinds, on_image, on_row)


def _label_names(arrays: Mapping[str, np.ndarray], path: Path) -> tuple[str, ...]:
    names = arrays.get("label_names")
    if names is None or names.ndim != 1 or names.dtype.kind != "U" or not len(names):
        found = "none" if names is None else f"{names.dtype} {list(names.shape)}"
        raise ValueError(f"{path}: 'labels' want 'label_names' [c] of strings, found {found}")
    if len(set(names.tolist())) != len(names):
        raise ValueError(f"{path}: 'label_names' names a concept twice, wanted each once")
    return tuple(names.tolist())


def _captions(arrays: Mapping[str, np.ndarray], path: Path) -> tuple[str, ...]:
    """The captions; where there are none, names that differ from each other."""
    n_t = len(arrays["text"])
    captions = arrays.get("captions")
    if captions is None:
        return tuple(f"text {i}" for i in range(n_t))
    if captions.shape != (n_t,) or captions.dtype.kind != "U":
        raise ValueError(
            f"{path}: 'captions' is {captions.dtype} {list(captions.shape)}, "
            f"wanted strings [{n_t}], one a text"
        )
    return tuple(captions.tolist())


def _splits(arrays: Mapping[str, np.ndarray], owned: Ownership, path: Path) -> np.ndarray:
    """Split of each image: the file's own, or 60/20/20 by a hash of its identity.

    Identity is the `image_id`, or else the bytes of the row: equal rows stay in one split.
    """
    if "split" in arrays:
        split = _given_split(arrays["split"], owned, len(arrays["image"]), path)
    else:
        split = _hashed_split(arrays["image"][owned.rows], owned.ids)
    for name in SPLIT_NAMES:
        if name not in split:
            raise ValueError(
                f"{path}: split {name!r} has no image, wanted train, val and test: "
                f"give a 'split' [{len(arrays['image'])}] with all three, or more images"
            )
    return split


def _given_split(split: np.ndarray, owned: Ownership, n_rows: int, path: Path) -> np.ndarray:
    if split.shape != (n_rows,) or split.dtype.kind != "U":
        raise ValueError(
            f"{path}: 'split' is {split.dtype} {list(split.shape)}, wanted strings [{n_rows}]: "
            f"train, val or test for each image"
        )
    if unknown := sorted(set(split.tolist()) - set(SPLIT_NAMES)):
        raise ValueError(f"{path}: 'split' names {unknown[0]!r}, wanted train, val or test")
    if owned.ids is not None and len(owned.rows) < n_rows:
        moved = split[owned.rows][owned.owner] != split
        if moved.any():
            image = owned.ids[owned.owner[moved.argmax()]]
            raise ValueError(f"{path}: 'image_id' {image} is in two splits, wanted one an image")
    return split[owned.rows]


def _hashed_split(image: Float[np.ndarray, "n_i d"], ids: np.ndarray | None) -> np.ndarray:
    """Shares of the distinct images in the order of their salted hash."""
    names = (row.tobytes() for row in image) if ids is None else (str(i).encode() for i in ids)
    keys = np.array([hashlib.sha256(SPLIT_SALT + name).hexdigest() for name in names])
    distinct, place = np.unique(keys, return_inverse=True)
    cuts = np.round(np.cumsum(SPLIT_SHARES) * len(distinct)).astype(int)
    return np.array(SPLIT_NAMES)[np.searchsorted(cuts, place, side="right")]
