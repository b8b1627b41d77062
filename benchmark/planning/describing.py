"""From the spec of a backend to its figures, what is to be fetched, and its data."""

from __future__ import annotations

import importlib
from collections.abc import Mapping

from benchmark.backends import MODULES
from benchmark.contracts import Dataset
from benchmark.planning.corpora import Listed, data_of, parcel
from benchmark.planning.examples import picture_size
from benchmark.planning.hubs import Fetch
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
    chosen = data_of(request.data or "scenes")
    outline, fetch = kind.outline(spec, picture_size(chosen))
    own = [fetch] if fetch is not None else []
    if outline.data is None:
        return outline, [*own, parcel(chosen)] if isinstance(chosen, Listed) else own, chosen
    if request.data not in (None, outline.data.name):
        raise ValueError(f"--data {request.data}: {spec} brings its own data, {outline.data.name}")
    return outline, own, outline.data
