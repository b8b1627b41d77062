"""Backends that hold rows and no model: `synthetic…` and `embeddings:…`."""

from __future__ import annotations

from benchmark.backends import open_backend
from benchmark.contracts import Dataset
from benchmark.planning.hubs import Fetch
from benchmark.planning.outline import Outline


def outline(spec: str, size: tuple[int, int]) -> tuple[Outline, list[Fetch]]:
    """The backend itself: its rows are drawn, or lie in a file. Raises ValueError, one line."""
    del size
    found = open_backend(spec)
    data = found.data
    assert data is not None
    return (
        Outline(
            name=found.name,
            sites=found.sites,
            provides=found.provides,
            revision=found.revision,
            data=data,
            preprocessing=found.preprocessing,
            in_memory=True,
            embedded=_widths(data),
        ),
        [],
    )


def _widths(data: Dataset) -> tuple[int, int]:
    """Columns of both modalities: what a recipe says, else what the rows have."""
    recipe = getattr(data, "recipe", None)
    if recipe is not None:
        return int(recipe.d), int(recipe.d)
    val = data.split("val") if hasattr(data, "table") else data.split("train")
    return int(val.image.shape[1]), int(val.text.shape[1])  # type: ignore[attr-defined]
