"""Where edits are made, and how it is told what became of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, Protocol

import numpy as np
from jaxtyping import Float
from torch import Tensor

from benchmark.contracts import Annotated, Box, Editable, Examples
from benchmark.interviews.cases import Case, Shown
from benchmark.judges.reading import Reading

Asked = Literal["val", "test"]
KEPT = "unedited"
"""In a subject's cache: what no edit of any kind can change."""


class Setting(Protocol):
    """A subject as edits meet it: pictures whose rows can be pushed, and a reader of them."""

    @property
    def things(self) -> Sequence[int]:
        """Concepts that can be taken out or exchanged."""
        ...

    @property
    def norm(self) -> float:
        """Median norm of the rows that are pushed, on train: what doses are shares of."""
        ...

    @property
    def doses(self) -> Sequence[float]:
        """Those that are tried, in rising order."""
        ...

    @property
    def least_kept(self) -> float:
        """The least share of other things that a sound dose leaves told."""
        ...

    @property
    def grid(self) -> tuple[int, int] | None:
        """Rows and columns of patches; None where a picture is one row."""
        ...

    def pictures(self, split: Asked) -> Iterable[Shown]:
        """What is in the pictures of a split, in their order."""
        ...

    def plain(self, split: Asked, cases: Sequence[Case]) -> list[Reading]:
        """What is told of the pictures as they are."""
        ...

    def pushed(
        self,
        split: Asked,
        cases: Sequence[Case],
        push: Float[Tensor, "n d"],
        where: Sequence[Sequence[int]],
    ) -> list[Reading]:
        """What is told after a push of each case's own, at some patches of its picture."""
        ...

    def redrawn(self, split: Asked, cases: Sequence[Case]) -> list[Reading]:
        """What is told where each picture is drawn anew without the thing, or with the new one."""
        ...

    def name_of(self, concept: int) -> str:
        """What a thing is called."""
        ...

    def picture(self, case: Case) -> Any:
        """The picture of a case of test, as it is; None where it is not at hand."""
        ...

    def boxes(self, case: Case) -> tuple[Box, ...]:
        """What is edited of the picture; nothing where it is one row."""
        ...

    def means(self) -> Mapping[int, Float[Tensor, " d"]]:
        """Difference of means on train: rows that show a thing less all rows."""
        ...

    def beside(
        self, cases: Sequence[Case], push: Float[Tensor, "n d"] | None
    ) -> dict[str, Float[np.ndarray, " n"]]:
        """Other numbers of each case of test, by name; before any push without one."""
        ...


def redrawing(examples: Editable, case: Case) -> Any:
    """The picture of a case as it would be after the edit."""
    if case.new is None:
        return examples.without(case.picture, case.thing)
    return examples.replaced(case.picture, case.thing, case.new)


def annotated(examples: Mapping[Any, Examples], split: str) -> Annotated | None:
    """A split of whose pictures it is known what is where; None where that is not known."""
    found = examples.get(split)
    return found if isinstance(found, Annotated) else None


def editable(examples: Mapping[Any, Examples], split: str) -> Editable | None:
    """A split whose pictures can be drawn again; None where it cannot."""
    found = examples.get(split)
    return found if isinstance(found, Editable) else None
