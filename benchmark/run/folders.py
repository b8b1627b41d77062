"""Whether a folder that a run will write to can be written, asked before anything is computed."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from benchmark.messages.storage import StorageError


def writable(folder: Path, remedy: str) -> Path:
    """The folder, made if need be. Raises StorageError, one line, where nothing can be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=folder, prefix=".writable-")
        try:
            os.write(handle, b"\0" * 4096)
        finally:
            os.close(handle)
            os.unlink(name)
    except FileExistsError:
        raise StorageError(f"cannot write to {folder}: it is no folder; {remedy}") from None
    except OSError as error:
        raise StorageError(f"cannot write to {folder}: {error.strerror}; {remedy}") from None
    return folder
