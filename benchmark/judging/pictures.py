"""The pictures that a cell was asked about, from the data of its run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmark.contracts import Answered, Dataset, silent
from benchmark.results import Cell


@dataclass(frozen=True)
class Gallery:
    """Opens data once; `spec` is how the run named them, where it named any."""

    spec: str | None = None
    missing: list[str] = field(default_factory=list)
    """Why pictures were not at hand, for each time they were not."""
    opened: dict[str, Dataset | None] = field(default_factory=dict)
    """By the revision of a run's data; empty where no judge looked at pictures."""

    def of(self, cell: Cell, cases: Sequence[Answered]) -> list[Any] | None:
        """The picture of each case; None where the data are not at hand, or other data by now."""
        data = self._data(cell)
        if data is None:
            return None
        examples = data.split(cell.split)  # type: ignore[arg-type]
        if any(c.row >= len(examples.ids) or examples.ids[c.row] != c.picture for c in cases):
            self.missing.append(f"{cell.data.name} has other pictures than the run's")
            return None
        return [examples.images(case.row, case.row + 1)[0] for case in cases]

    def _data(self, cell: Cell) -> Dataset | None:
        revision = cell.data.revision
        if revision not in self.opened:
            try:
                self.opened[revision] = data_of(cell, self.spec)
            except ValueError as error:
                self.opened[revision] = None
                self.missing.append(str(error))
        return self.opened[revision]


def data_of(cell: Cell, spec: str | None) -> Dataset:
    """The data of a record. Raises ValueError, one line, where they are not at hand any more."""
    wanted = cell.data.revision
    found = next((data for data in _known(cell, spec) if data.revision == wanted), None)
    if found is None:
        raise ValueError(f"{cell.data.name} is another revision by now than the run's")
    return found


def _known(cell: Cell, spec: str | None) -> Iterator[Dataset]:
    """Data that the record may be about."""
    from benchmark.worlds.scenes import Scenes

    if cell.data.name == Scenes.name:
        yield Scenes()
        from benchmark.backends.llava.backend import SIZES

        yield Scenes(sizes=SIZES)
        return
    from benchmark.run.materials import open_data

    yield open_data(spec or cell.data.name, silent)
