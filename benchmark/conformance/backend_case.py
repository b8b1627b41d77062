"""A backend with examples that it can read, and a way to open it again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from benchmark.contracts import MODALITIES, Backend, Examples, Modality, Site

N = 8
"""Examples that are read."""


@dataclass(eq=False)
class BackendCase:
    """What a backend is held against."""

    backend: Any
    examples: Examples
    reopen: Callable[[], Backend]

    @property
    def sites(self) -> tuple[Site, ...]:
        """The first, one in the middle, and the last."""
        every = tuple(self.backend.sites)
        return tuple(every[i] for i in sorted({0, len(every) // 2, len(every) - 1}))

    def rows(self, modality: Modality, site: Site, start: int = 0, stop: int = N) -> Any:
        return self.backend.encode(self.examples, modality, start, stop, site)

    def each(self) -> Iterator[tuple[Modality, Site, str]]:
        """Modality, site and how to name them."""
        for site in self.sites:
            for modality in MODALITIES:
                yield modality, site, f"encode({modality}) at {site.name}"
