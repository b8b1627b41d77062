"""The checked table of an embeddings file: rows, their owners, labels, captions and splits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int

from benchmark.backends.embedding_files import read_arrays
from benchmark.backends.embedding_labels import concepts_of
from benchmark.backends.embedding_owners import ownership
from benchmark.backends.embedding_splits import splits_of
from benchmark.contracts import Concepts

LARGEST = 1e15
"""Values beyond this have squares that float32 cannot add up."""


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
        concepts=concepts_of(arrays, owned, path),
        split=splits_of(arrays, owned, path),
    )


def _rows(arrays: Mapping[str, np.ndarray], key: str, path: Path) -> Float[np.ndarray, "n d"]:
    """One matrix as float32, finite and without zero rows."""
    found = arrays[key]
    if found.dtype.kind != "f":
        raise ValueError(
            f"{path}: {key!r} has dtype {found.dtype}, wanted float16, 32 or 64: if its values are "
            f"embeddings, save it with .astype('float32')"
        )
    if found.ndim != 2 or not all(found.shape):
        raise ValueError(
            f"{path}: {key!r} has shape {list(found.shape)}, wanted [n, d]: a row for each "
            f"{key}, at least one row and one column"
        )
    with np.errstate(over="ignore", invalid="ignore"):
        rows = np.ascontiguousarray(found, dtype=np.float32)
        largest = np.maximum(rows.max(1), -rows.min(1))
    for bad, what in (
        (~np.isfinite(rows).all(1), "NaN or infinite values"),
        (~rows.any(1), "only zeros"),
        (largest > LARGEST, f"values beyond ±{LARGEST:g}"),
    ):
        if bad.any():
            raise ValueError(
                f"{path}: {bad.sum()} of {len(rows)} rows of {key!r} hold {what}, "
                f"the first is row {bad.argmax()}; wanted none: drop or repair them"
            )
    return rows


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
