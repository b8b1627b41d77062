"""Where this machine keeps what runs share: activations and fits."""

from __future__ import annotations

import os
from pathlib import Path


def default_root() -> Path:
    """BENCHMARK_CACHE, or a folder of ours in the user's cache.

    Raises ValueError where there is no home folder to spell `~` out.
    """
    given = os.environ.get("BENCHMARK_CACHE") or "~/.cache/crossmodal-sae-benchmark"
    try:
        return Path(given).expanduser()
    except RuntimeError as error:
        raise ValueError(
            f"no home folder is known for {given}: set BENCHMARK_CACHE to a whole path"
        ) from error
