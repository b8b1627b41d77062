"""What a method may reach while it fits: the backend, but of its data train and val alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Int
from torch import Tensor

from benchmark.contracts import (
    Backend,
    Concepts,
    Dataset,
    Examples,
    Modality,
    Need,
    Planted,
    Ragged,
    Site,
    Split,
    Talk,
    talks_of,
)

SEEN: tuple[Split, ...] = ("train", "val")


@dataclass(frozen=True)
class VisibleExamples:
    """One split as a method may read it: labels and answers only where it declared the need."""

    inner: Examples
    needs: frozenset[Need]

    @property
    def ids(self) -> Sequence[str]:
        return self.inner.ids

    @property
    def captions(self) -> Sequence[str]:
        return self.inner.captions

    @property
    def caption_of(self) -> Int[np.ndarray, " n_t"]:
        return self.inner.caption_of

    @property
    def concepts(self) -> Concepts | None:
        return self.inner.concepts if Need.CONCEPTS in self.needs else None

    @property
    def negatives(self) -> None:
        """None: false captions are for judging."""
        return None

    def images(self, start: int, stop: int) -> Any:
        """Pictures start..stop, as the data give them."""
        return self.inner.images(start, stop)

    def talks(self, start: int, stop: int) -> Sequence[Talk]:
        """Questions and answers about pictures start..stop, for a method that trains a projector.

        Raises ValueError for any other: answers say what a picture shows, as labels do.
        """
        if Need.PROJECTOR not in self.needs:
            raise ValueError(
                f"a fit asked for talks, but its method does not declare the need of "
                f"{Need.PROJECTOR.value}"
            )
        return talks_of(self.inner, start, stop)

    def true_pairs(self) -> Int[np.ndarray, "p 2"]:
        """The written pairs: which other captions are true is for judging."""
        written = np.asarray(self.caption_of)
        return np.stack([written, np.arange(len(written))], axis=1)


@dataclass(frozen=True)
class VisibleData:
    """A data set without its test split, its truth and, unless needed, its labels."""

    inner: Dataset
    needs: frozenset[Need]

    @property
    def name(self) -> str:
        return self.inner.name

    @property
    def revision(self) -> str:
        return self.inner.revision

    @property
    def licence(self) -> str:
        return self.inner.licence

    @property
    def provides(self) -> frozenset[Need]:
        return self.inner.provides

    @property
    def planted(self) -> Planted | None:
        return self.inner.planted if Need.PLANTED in self.needs else None

    def split(self, name: Split) -> Examples:
        """Train or val. Raises ValueError for what a fit must never see."""
        if name not in SEEN:
            raise ValueError(f"a fit asked for the {name} split: it may see {' and '.join(SEEN)}")
        return VisibleExamples(self.inner.split(name), self.needs)


class VisibleBackend:
    """A backend whose `data` is what a fit may see; everything else is the backend's own."""

    def __init__(self, inner: Backend, data: Dataset, needs: frozenset[Need]) -> None:
        self._inner, self._seen, self._needs = inner, data, needs

    @property
    def data(self) -> Dataset:
        return VisibleData(self._seen, self._needs)

    def encode(
        self, examples: Examples, modality: Modality, start: int, stop: int, site: Site
    ) -> Tensor | Ragged:
        """Rows of train or val examples, as the backend itself reads them."""
        inner = examples.inner if isinstance(examples, VisibleExamples) else examples
        return self._inner.encode(inner, modality, start, stop, site)

    def patched(self, patch: Mapping[str, Tensor]) -> VisibleBackend:
        """The backend with weights replaced, no more open than this one."""
        return VisibleBackend(self._inner.patched(patch), self._seen, self._needs)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)
