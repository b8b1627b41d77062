"""How kernels are launched: block sizes as powers of two, and the settings that were tuned."""

from __future__ import annotations


def power_of_two(n: int) -> int:
    """Smallest power of two that is no smaller than n, which is at least 1."""
    return 1 << max(n - 1, 0).bit_length()


SETTINGS: dict[str, dict[str, int]] = {
    "topk.maxima": {"tile": 8192, "warps": 8},
    "topk.choose": {"warps": 1},
    "topk.collect": {"warps": 4},
    "encode": {"tile": 8192, "warps": 2},
    "decode": {"tile": 4096, "warps": 1},
    "gradients": {"columns": 512, "at_once": 1, "warps": 1, "long": 64},
    "adamw": {"warps": 4},
    "coactivation": {"at_once": 4, "warps": 4},
}
"""Tile sizes and warps of each kernel, as found best on a Hopper GPU."""
