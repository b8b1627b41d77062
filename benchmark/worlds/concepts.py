"""The concepts of the pocket world in their one order: objects, colours, grounds, categories."""

from __future__ import annotations

from benchmark.worlds.palette import BACKGROUNDS, COLOURS
from benchmark.worlds.pictograms import CATEGORIES, OBJECTS

KINDS = {
    "object": tuple(item.name for item in OBJECTS),
    "colour": tuple(item.name for item in COLOURS),
    "background": tuple(item.name for item in BACKGROUNDS),
    "category": CATEGORIES,
}
CONCEPT_NAMES = tuple(name for names in KINDS.values() for name in names)
CONCEPT_KINDS = tuple(kind for kind, names in KINDS.items() for _ in names)
PLACES = tuple((kind, i) for kind, names in KINDS.items() for i in range(len(names)))
"""(kind, which of its kind) of every concept."""
