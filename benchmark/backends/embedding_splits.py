"""Which split each image of an embeddings file is in; no image, and no copy of one, is in two."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
from jaxtyping import Float

from benchmark.backends.embedding_owners import Ownership

SPLIT_NAMES = ("train", "val", "test")
SPLIT_SHARES = (0.6, 0.2)
"""Train and val where the file has no `split`; test gets the rest."""
SPLIT_SALT = b"crossmodal-sae-benchmark/split/1/"


def splits_of(arrays: Mapping[str, np.ndarray], owned: Ownership, path: Path) -> np.ndarray:
    """Split of each image: the file's own, or 60/20/20 by a hash of its identity.

    Identity is the `image_id`, or else the bytes of the row: equal rows stay in one split. Raises
    ValueError, one line, where a split is empty or equal rows are in two.
    """
    image = arrays["image"][owned.rows]
    if "split" in arrays:
        split = _given_split(arrays["split"], owned, len(arrays["image"]), path)
    else:
        split = _hashed_split(image, owned.ids)
    for name in SPLIT_NAMES:
        if name not in split:
            found = f"{len(set(_bytes_of(image)))} different images in {len(image)}"
            raise ValueError(
                f"{path}: split {name!r} has no image ({found}), wanted train, val and test: "
                f"give a 'split' [{len(arrays['image'])}] with all three, or more images"
            )
    _check_copies(image, split, owned, path)
    return split


def _given_split(split: np.ndarray, owned: Ownership, n_rows: int, path: Path) -> np.ndarray:
    if split.shape != (n_rows,) or split.dtype.kind != "U":
        raise ValueError(
            f"{path}: 'split' is {split.dtype} {list(split.shape)}, wanted strings [{n_rows}]: "
            f"train, val or test for each image (as bytes or numbers they are not read)"
        )
    counts = Counter(split.tolist())
    if unknown := [name for name in sorted(counts) if name not in SPLIT_NAMES]:
        shown = ", ".join(f"{name!r} ({counts[name]} rows)" for name in unknown[:4])
        more = f" and {len(unknown) - 4} more" if len(unknown) > 4 else ""
        raise ValueError(f"{path}: 'split' names {shown}{more}, wanted only train, val and test")
    if owned.ids is not None and len(owned.rows) < n_rows:
        moved = split[owned.rows][owned.owner] != split
        if moved.any():
            image = owned.ids[owned.owner[moved.argmax()]]
            raise ValueError(f"{path}: 'image_id' {image} is in two splits, wanted one an image")
    return split[owned.rows]


def _hashed_split(image: Float[np.ndarray, "n_i d"], ids: np.ndarray | None) -> np.ndarray:
    """Shares of the distinct images in the order of their salted hash."""
    names = _bytes_of(image) if ids is None else (str(i).encode() for i in ids)
    keys = np.array([hashlib.sha256(SPLIT_SALT + name).hexdigest() for name in names])
    distinct, place = np.unique(keys, return_inverse=True)
    cuts = np.round(np.cumsum(SPLIT_SHARES) * len(distinct)).astype(int)
    return np.array(SPLIT_NAMES)[np.searchsorted(cuts, place, side="right")]


def _check_copies(
    image: Float[np.ndarray, "n_i d"], split: np.ndarray, owned: Ownership, path: Path
) -> None:
    """Raises ValueError where equal rows are in two splits: test would hold rows of train."""
    first: dict[bytes, int] = {}
    digests = (hashlib.blake2b(row, digest_size=16).digest() for row in _bytes_of(image))
    copies = [first.setdefault(digest, i) for i, digest in enumerate(digests)]
    moved = split != split[copies]
    if moved.any():
        i = int(moved.argmax())
        raise ValueError(
            f"{path}: {moved.sum()} rows of 'image' are copies of rows in another split, the first "
            f"is row {owned.rows[i]} ({split[i]}), equal to row {owned.rows[copies[i]]} "
            f"({split[copies[i]]}); wanted an image in one split only: give copies one split, "
            f"or drop them"
        )


def _bytes_of(image: Float[np.ndarray, "n_i d"]) -> Iterable[bytes]:
    return (row.tobytes() for row in image)
