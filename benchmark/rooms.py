"""The rooms of the house: which modules play which part, and from which rooms they may import.

`contracts` is the hall; methods see ready-made parts, tasks see measures and references, and
neither sees a backend, the runner or another of its kind. A new module is added here.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Room:
    """Modules, as shell patterns, and the doors to the rooms that they may import from."""

    modules: tuple[str, ...]
    doors: tuple[str, ...]
    light: bool = False
    """Imported without torch, so that what needs only these starts at once."""
    closed: bool = False
    """Its modules do not import each other."""


def ours(modules: str, doors: str = "", *, light: bool = False) -> Room:
    """A room of modules of `benchmark`."""
    return Room(tuple(f"benchmark.{name}" for name in modules.split()), tuple(doors.split()), light)


_PARTS = "contracts codes parts"
_MEASURES = "contracts codes measures"
_MACHINERY = f"{_PARTS} references worlds store backends names statistics"
ROOMS: dict[str, Room] = {
    "contracts": ours("contracts"),
    "codes": ours("topk coactivation", "contracts"),
    "parts": ours(
        "alignment auxk checkpoints dense_maps dictionaries frames gates kernels* mapping "
        "plain_dictionaries sae sparse_step sparsity training",
        "contracts codes",
    ),
    "measures": ours(
        "auc averages correlations correspondence heterogeneity metrics* negatives probe ranking "
        "sides similarity splitting subsets transfer",
        "contracts codes",
    ),
    "references": ours("planted_truth references side_references standings", f"{_PARTS} measures"),
    "worlds": ours("worlds*", "contracts"),
    "store": ours("activations encoding journal prefetch store views", "contracts"),
    "backends": ours("backends.* clip_* embedding_* hooks pixels", "contracts worlds"),
    "names": ours(
        "arguments backends configure house_rules listing registry rooms", "contracts", light=True
    ),
    "statistics": ours("statistics*", light=True),
    "results": ours("results* provenance", "statistics", light=True),
    "reports": ours("compar* figures panels tables", "statistics results", light=True),
    "runner": ours(
        "cells fitting materials request runner running scoring shelf",
        f"{_MACHINERY} results reports",
    ),
    "conformance": ours("conformance*", _MACHINERY),
    "recipes": ours("recipes*", "contracts worlds backends"),
    "command": ours("__main__", "names runner reports conformance", light=True),
    "methods": Room(("methods.*",), tuple(_PARTS.split()), closed=True),
    "tasks": Room(("tasks.*",), (*_MEASURES.split(), "references"), closed=True),
    "leaderboards": Room(
        ("leaderboards*",), ("names", "statistics", "results", "reports"), light=True
    ),
}
