"""A model, or rows that came from one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable

from jaxtyping import Float
from torch import Tensor

from benchmark.contracts.data import Dataset, Examples, Ragged, Site
from benchmark.contracts.needs import Modality, Need


@runtime_checkable
class Backend(Protocol):
    """A model, or rows that came from one, that turns examples into activations."""

    @property
    def name(self) -> str: ...

    @property
    def revision(self) -> str: ...

    @property
    def provides(self) -> frozenset[Need]: ...

    @property
    def sites(self) -> tuple[Site, ...]:
        """The first is the default."""
        ...

    @property
    def data(self) -> Dataset | None:
        """The data that a backend brings itself; None where `--data` chooses."""
        ...

    @property
    def preprocessing(self) -> str: ...

    @property
    def dtype(self) -> str: ...

    def encode(
        self, examples: Examples, modality: Modality, start: int, stop: int, site: Site
    ) -> Float[Tensor, "b d"] | Float[Tensor, "b t d"] | Ragged:
        """Rows of examples start..stop. Where the site keeps tokens: [b, t, d], or ragged where
        examples differ in length; then the backend also has `token_counts(texts, site)`.

        A backend that has several sites in one pass may also have `encode_sites`, with a list of
        sites in place of one: what `encode` gives at each of them."""
        ...

    def encode_texts(self, texts: Sequence[str], site: Site) -> Float[Tensor, "b d"] | Ragged:
        """Rows of captions that are not in the data (negatives, prompts)."""
        ...

    def patched(self, patch: Mapping[str, Tensor]) -> Backend:
        """The backend with weights replaced; this one stays untouched."""
        ...
