"""What the table says of one repository, and pieces that configurations have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Config = dict[str, Any]


@dataclass(frozen=True)
class Known:
    """One repository: its configuration in brief, and what fetching it takes."""

    config: Config
    download_gb: float
    gated: bool = False
    side: int = 0
    """Pixels a side at which pictures are shown, where that is not the tower's own size."""
    pinpoints: tuple[tuple[int, int], ...] = ()
    """Sizes of finer views."""


def blocks(width: int, inner: int, n: int, heads: int) -> Config:
    """Sizes of a stack of blocks."""
    return {
        "hidden_size": width,
        "intermediate_size": inner,
        "num_hidden_layers": n,
        "num_attention_heads": heads,
    }


BASE, LARGE = blocks(768, 3072, 12, 12), blocks(1024, 4096, 24, 16)
