"""Tables that are read off large files once: kept in this machine's cache by what the file is."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd

from benchmark.activations.root import default_root
from benchmark.results import write_whole


def kept_table(room: str, identity: str, make: Callable[[], pd.DataFrame]) -> pd.DataFrame:
    """What `make` returns, from the cache where it was made of the same before."""
    name = hashlib.sha256(identity.encode()).hexdigest()
    file = default_root() / room / f"{name}.parquet"
    if file.is_file():
        return pd.read_parquet(file)
    found = make()
    held = io.BytesIO()
    found.to_parquet(held)
    write_whole(file, held.getvalue())
    return found


def identity_of(file: Path) -> str:
    """Place, size and time of the last change of a file."""
    stat = file.stat()
    return json.dumps([str(file.resolve()), stat.st_size, stat.st_mtime_ns])


def identity_of_all(files: Sequence[Path]) -> str:
    """One digest over the same of many files. Raises ValueError, one line, where one is gone."""
    sums = hashlib.sha256()
    try:
        for file in files:
            stat = file.stat()
            sums.update(f"{file}\0{stat.st_size}\0{stat.st_mtime_ns}\n".encode())
    except OSError as error:
        raise ValueError(f"cannot read {error.filename}: {error.strerror}") from None
    return sums.hexdigest()
