"""Pictures on disk: whole or not there at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmark.messages.storage import StorageError


def saved(drawn: Any, path: Path, dpi: int) -> Path:
    """Writes a figure and closes it. Raises StorageError where it cannot be written."""
    import matplotlib.pyplot as plt

    unfinished = path.with_suffix(".part.png")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        drawn.savefig(unfinished, dpi=dpi)
        unfinished.replace(path)
    except OSError as error:
        raise StorageError(f"cannot write {path}: {error.strerror}") from None
    finally:
        plt.close(drawn)
    return path
