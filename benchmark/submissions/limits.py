"""How large a submission and its parts may be: what is larger is refused before it is read."""

from __future__ import annotations

from benchmark.submissions.records import CARD, CHECKPOINTS, DOCUMENT, METHOD, RECORD, UNITS

KB, MB = 1024, 1024**2
LARGEST: dict[str, int] = {
    RECORD: 4 * MB,
    DOCUMENT: 48 * MB,
    METHOD: 256 * KB,
    CARD: 256 * KB,
}
"""Bytes of the files that a submission has once."""
LARGEST_UNITS = 32 * MB
"""Of a file of units as it lies there; what it unpacks to has bounds of its own."""
LARGEST_CHECKPOINT = 95 * MB
"""Of a fitted dictionary: below what common hosts of repositories take."""
LARGEST_SIDECAR = 256 * KB
LARGEST_TOTAL = 1024 * MB
MOST_FILES = 5_000
UNPACKED = 64 * MB
"""Bytes that one file of units may unpack to, all arrays together."""
MOST_ARRAYS = 4_000
MOST_VALUES = 5_000_000
"""In one JSON file."""
LONGEST_TEXT = 20_000
"""Characters of one text in a JSON file."""
LARGEST_HEADER = 2 * MB
"""Of a safetensors file: its table of tensors."""
MOST_TENSORS = 10_000
LEAST_SEEDS = 3
MOST_CELLS = 5_000
MOST_SCORES = 100_000
"""Of all cells together."""
MOST_SITES = 200
"""Of one cell."""


def largest(name: str) -> int:
    """Bytes that a file may have, by its path in the folder."""
    if name in LARGEST:
        return LARGEST[name]
    if name.startswith(f"{UNITS}/"):
        return LARGEST_UNITS
    if name.startswith(f"{CHECKPOINTS}/") and name.endswith(".json"):
        return LARGEST_SIDECAR
    return LARGEST_CHECKPOINT


ALL_UNPACKED = 8_192 * MB
"""Of all files of units together."""
MOST_CLUSTERS = 200_000
"""Of one score: what is drawn again in its bootstrap."""
MOST_WORK = 300_000_000
"""Clusters of all scores together, and ten times those of each number of them in a cell: some ten
minutes of drawing them again."""
