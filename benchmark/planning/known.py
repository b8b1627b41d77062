"""Figures of models that people ask for, by the names of the hub: what a plan assumes offline.

Each entry has as much of a model's configuration as its size follows from. Where the hub's cache
has the model, its own configuration is read instead.
"""

from __future__ import annotations

from benchmark.planning.configs import Known as Known
from benchmark.planning.known_dual import DUAL
from benchmark.planning.known_parts import PARTS
from benchmark.planning.known_vlm import VLM

MODELS: dict[str, Known] = {**DUAL, **VLM, **PARTS}
"""By the id of the hub. Gigabytes are those of the files of weights that are read."""


def known(repository: str) -> Known | None:
    """The figures of a repository of that name, upper or lower case; None where there are none."""
    wanted = repository.lower()
    return next((each for name, each in MODELS.items() if name.lower() == wanted), None)
