"""From the spec of a backend to its figures, what is to be fetched, and its data."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

from benchmark.backends import MODULES
from benchmark.contracts import Dataset
from benchmark.planning.corpora import PIXELS
from benchmark.planning.examples import picture_size, shown, splits_of
from benchmark.planning.hubs import Fetch
from benchmark.planning.listed import Listed, data_of, parcel
from benchmark.planning.outline import Outline
from benchmark.run.request import Request

KINDS: Mapping[str, str] = {
    "clip": "clip",
    "dual.backend": "dual",
    "llava.backend": "vlm",
    "planted": "rows",
    "embeddings": "rows",
}
"""Who outlines a backend, by the module that opens it; imported when one is asked for."""


def described(spec: str, request: Request) -> tuple[Outline, list[Fetch], Dataset]:
    """A backend by its figures, what is to be fetched, and its data or those that are asked for.

    Raises ValueError, one line, as `run` does, and where figures are known nowhere.
    """
    scheme = spec.partition(":")[0].partition("?")[0]
    kind = importlib.import_module(f"benchmark.planning.{KINDS[MODULES[scheme][0]]}")
    try:
        chosen = data_of(request.data or "scenes")
    except ValueError:
        _own(kind.outline(spec, PIXELS)[0], request)  # a run opens the model before any data
        raise
    outline, own = kind.outline(spec, picture_size(chosen))
    data = _own(outline, request)
    if data is not None:
        return outline, own, data
    if isinstance(chosen, Listed):
        own = [*own, parcel(chosen, shown(chosen, splits_of(request.split), request.limit))]
    return outline, own, chosen


def _own(outline: Outline, request: Request) -> Dataset | None:
    """The data that a model brings. Raises ValueError where others are asked for."""
    data: Any = outline.data
    if data is not None and request.data not in (None, data.name):
        raise ValueError(f"--data {request.data}: {outline.name} brings its own data, {data.name}")
    return outline.data
