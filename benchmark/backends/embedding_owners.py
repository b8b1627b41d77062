"""Says which image each text of an embeddings file was written for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int


@dataclass(frozen=True, eq=False)
class Ownership:
    """Distinct images of a file and the texts that belong to them."""

    owner: Int[np.ndarray, " n_t"]
    """Image, counted among the distinct ones, that each text was written for."""
    rows: Int[np.ndarray, " n_i"]
    """Row of `image` at which each distinct image stands first."""
    ids: np.ndarray | None
    """The file's own name of each distinct image."""


def ownership(arrays: Mapping[str, np.ndarray], path: Path) -> Ownership:
    """Reads `text_owner`, else `image_id`, else takes row i of both as a pair.

    Raises ValueError, one line, where the two do not fit or an image has no text.
    """
    n_i, n_t = len(arrays["image"]), len(arrays["text"])
    ids = arrays.get("image_id")
    if ids is not None and (
        ids.ndim != 1 or len(ids) not in (n_i, n_t) or ids.dtype.kind not in "iuUS"
    ):
        raise ValueError(
            f"{path}: 'image_id' is {ids.dtype} {list(ids.shape)}, wanted integers or strings "
            f"[{n_i}], one an image row, or [{n_t}], one a text"
        )
    per_image = ids if ids is not None and len(ids) == n_i else None
    if "text_owner" in arrays:
        owner = _checked(arrays["text_owner"], "text_owner", n_i, n_t, path)
        _no_repeats(per_image, path)
        return Ownership(owner, np.arange(n_i), per_image)
    if n_i == n_t:
        return _of_pairs(arrays["image"], ids, path)
    if ids is None or per_image is not None:
        raise ValueError(
            f"{path}: 'image' has {n_i} rows and 'text' {n_t}, wanted equal numbers (row i of both "
            f"is a pair) or 'text_owner' [{n_t}], the image row of each text"
        )
    return _of_text_ids(ids, n_i, n_t, path)


def _of_pairs(image: Float[np.ndarray, "n d"], ids: np.ndarray | None, path: Path) -> Ownership:
    """Row i of both is a pair; rows that share an `image_id` are one image with several texts."""
    if ids is None:
        return Ownership(np.arange(len(image)), np.arange(len(image)), None)
    _, first, inverse = np.unique(ids, return_index=True, return_inverse=True)
    order = np.argsort(first)
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    owner, rows = rank[inverse], first[order]
    kept = image[rows][owner]
    differs = np.abs(image - kept).max(1) > 1e-3 * np.abs(kept).max(1)
    if differs.any():
        first_bad = int(differs.argmax())
        raise ValueError(
            f"{path}: {differs.sum()} rows of 'image' differ from the first row with the same "
            f"'image_id', the first is row {first_bad} (id {ids[first_bad]}, as row "
            f"{rows[owner[first_bad]]}); wanted one embedding an image, or ids that differ"
        )
    return Ownership(owner, rows, ids[rows])


def _of_text_ids(ids: np.ndarray, n_i: int, n_t: int, path: Path) -> Ownership:
    """One id a text: numbers of image rows, or ids that ascend as the images do."""
    if ids.dtype.kind in "iu" and ids.min() >= 0 and ids.max() < n_i:
        return Ownership(_checked(ids, "image_id", n_i, n_t, path), np.arange(n_i), None)
    names, first, inverse = np.unique(ids, return_index=True, return_inverse=True)
    if len(names) != n_i or (np.diff(first) < 0).any():
        raise ValueError(
            f"{path}: 'image_id' names {len(names)} images for {n_i} image rows in an order that "
            f"does not tell which row is which, wanted 'text_owner' [{n_t}] instead"
        )
    return Ownership(inverse, np.arange(n_i), names)


def _checked(
    owner: np.ndarray, key: str, n_i: int, n_t: int, path: Path
) -> Int[np.ndarray, " n_t"]:
    if owner.shape != (n_t,) or owner.dtype.kind not in "iu":
        raise ValueError(
            f"{path}: {key!r} is {owner.dtype} {list(owner.shape)}, wanted integers [{n_t}]"
        )
    outside = (owner < 0) | (owner >= n_i)
    if outside.any():
        raise ValueError(
            f"{path}: {outside.sum()} of {n_t} values of {key!r} are out of range, the first "
            f"is {owner[outside.argmax()]} at row {outside.argmax()}; wanted 0 to {n_i - 1}"
        )
    lonely = np.bincount(owner.astype(np.int64), minlength=n_i) == 0
    if lonely.any():
        raise ValueError(
            f"{path}: {lonely.sum()} of {n_i} rows of 'image' have no text, the first is row "
            f"{lonely.argmax()}; wanted at least one text an image"
        )
    return owner.astype(np.int64)


def _no_repeats(ids: np.ndarray | None, path: Path) -> None:
    if ids is None:
        return
    names, counts = np.unique(ids, return_counts=True)
    if len(names) != len(ids):
        raise ValueError(
            f"{path}: 'image_id' repeats ({names[counts.argmax()]} stands {counts.max()} times) "
            f"beside 'text_owner', wanted each image row named once: drop one of the two keys"
        )
