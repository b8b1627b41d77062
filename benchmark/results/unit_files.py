"""Units of a cell as one .npz: no pickles, the same bytes for the same content."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Collection, Mapping
from pathlib import Path

import numpy as np

from benchmark.statistics import StoredUnits

COLUMNS = ("numerator", "denominator", "cluster", "point", "replicates", "draws_id")
EPOCH = (1980, 1, 1, 0, 0, 0)


def packed(units: Mapping[str, StoredUnits]) -> bytes:
    """A compressed .npz with one array `<score>|<column>` for every column that is there."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in _arrays(units).items():
            data = io.BytesIO()
            np.lib.format.write_array(data, array, allow_pickle=False)
            archive.writestr(
                zipfile.ZipInfo(f"{name}.npy", EPOCH),
                data.getvalue(),
                compress_type=zipfile.ZIP_DEFLATED,
                compresslevel=1,
            )
    return out.getvalue()


def unpacked(path: Path, only: Collection[str] | None = None) -> dict[str, StoredUnits]:
    """The units in a file, of all scores or of some; names that are not there are left out.

    Raises ValueError in one line where the file is damaged or holds a pickle.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            wanted = [k for k in archive.files if only is None or k.rpartition("|")[0] in only]
            arrays = {name: archive[name] for name in wanted}
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile, zipfile.error) as error:
        raise ValueError(f"{path} is no whole file of units: {error}; run the cell again") from None
    columns: dict[str, dict[str, np.ndarray]] = {}
    for key, array in arrays.items():
        name, _, column = key.rpartition("|")
        if column not in COLUMNS:
            raise ValueError(f"{path} holds {key}, which no unit file has")
        columns.setdefault(name, {})[column] = array
    return {name: _units(path, name, found) for name, found in columns.items()}


def content_sha256(units: Mapping[str, StoredUnits]) -> str:
    """Checksum of names, types, shapes and values: what the compressor does is no content."""
    digest = hashlib.sha256()
    for name, array in sorted(_arrays(units).items()):
        digest.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def _arrays(units: Mapping[str, StoredUnits]) -> dict[str, np.ndarray]:
    found = {}
    for name, each in units.items():
        for column in COLUMNS:
            value = getattr(each, column)
            if value is not None:
                kind = "<i8" if column in ("cluster", "draws_id") else "<f8"
                found[f"{name}|{column}"] = np.asarray(value, dtype=kind, order="C")
    return found


def _units(path: Path, name: str, found: Mapping[str, np.ndarray]) -> StoredUnits:
    if "numerator" not in found:
        raise ValueError(f"{path} holds no numerators of {name}")
    point, draws = found.get("point"), found.get("draws_id")
    return StoredUnits(
        found["numerator"],
        found.get("denominator"),
        found.get("cluster"),
        None if point is None else float(point),
        found.get("replicates"),
        None if draws is None else int(draws),
    )
