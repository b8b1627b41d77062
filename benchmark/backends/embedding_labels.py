"""Labels of an embeddings file: 0/1 for each concept, or one class an image, as named concepts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from jaxtyping import Bool

from benchmark.backends.embedding_owners import Ownership
from benchmark.contracts import Concepts


def concepts_of(arrays: Mapping[str, np.ndarray], owned: Ownership, path: Path) -> Concepts | None:
    """Labels of images; texts inherit them from their image, so on texts they are weak.

    Where one image stands in several rows, a text has the labels of its own row and the image
    those of any of its rows. Raises ValueError, one line, on labels that could mean two things.
    """
    if "labels" not in arrays:
        if "label_names" in arrays:
            raise ValueError(f"{path}: 'label_names' stand without 'labels', wanted both or none")
        return None
    n_rows = len(arrays["image"])
    names = _label_names(arrays, path)
    on_row = _on_rows(arrays["labels"], n_rows, len(names), path)
    kinds = ("label",) * len(names)
    if len(owned.rows) == n_rows:
        return Concepts(names, kinds, on_row, on_row[owned.owner])
    on_image = np.zeros((len(owned.rows), len(names)), dtype=bool)
    np.logical_or.at(on_image, owned.owner, on_row)
    return Concepts(names, kinds, on_image, on_row)


def _on_rows(labels: np.ndarray, n_rows: int, c: int, path: Path) -> Bool[np.ndarray, "n c"]:
    """Which concepts each row has: from a matrix of 0 and 1, or from one class a row."""
    if labels.shape == (n_rows,) and labels.dtype.kind in "iu" and c > 1:
        return _one_hot(labels, c, path)
    if labels.shape != (n_rows, c):
        raise ValueError(
            f"{path}: 'labels' is {labels.dtype} of shape {list(labels.shape)}, wanted 0 or 1 of "
            f"shape [{n_rows}, {c}] (one row an image, one column for each of 'label_names'), or "
            f"whole numbers [{n_rows}] where each image has one of two or more classes"
        )
    if labels.dtype.kind not in "biuf" or not np.isin(labels, (0, 1)).all():
        raise ValueError(
            f"{path}: 'labels' ({labels.dtype}) holds more than 0 and 1, wanted only these: is "
            f"the concept there or not?"
        )
    return labels.astype(bool)


def _one_hot(classes: np.ndarray, c: int, path: Path) -> Bool[np.ndarray, "n c"]:
    """One column a class; class i is `label_names[i]`."""
    outside = (classes < 0) | (classes >= c)
    if outside.any():
        first = int(outside.argmax())
        raise ValueError(
            f"{path}: {outside.sum()} of {len(classes)} classes of 'labels' are no place in "
            f"'label_names', the first is {classes[first]} at row {first}; wanted 0 to {c - 1}"
        )
    return classes[:, None] == np.arange(c)


def _label_names(arrays: Mapping[str, np.ndarray], path: Path) -> tuple[str, ...]:
    names = arrays.get("label_names")
    if names is None or names.ndim != 1 or names.dtype.kind != "U" or not len(names):
        found = "none" if names is None else f"{names.dtype} {list(names.shape)}"
        words = arrays["labels"].dtype.kind in "US"
        how = (
            ": numpy.unique(labels, return_inverse=True) makes both of a list of words"
            if words
            else ""
        )
        raise ValueError(f"{path}: 'labels' want 'label_names' [c] of strings, found {found}{how}")
    if len(set(names.tolist())) != len(names):
        raise ValueError(f"{path}: 'label_names' names a concept twice, wanted each once")
    return tuple(names.tolist())
