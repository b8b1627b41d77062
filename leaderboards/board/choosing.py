"""Which of a method's cells make its value in a column: one pin, one configuration, one a seed."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from benchmark.results import Cell, MethodRecord, Score, canonical
from leaderboards.board.places import Pin, pin_of
from leaderboards.board.tables import Mark

K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True)
class Chosen:
    """The cells behind one value, by seed."""

    cells: tuple[Cell, ...]
    pin: Pin

    @property
    def kinds(self) -> list[str]:
        """How codes were taken: "full" and, where they are not k-sparse, "truncated"."""
        return list(dict.fromkeys(s.variant for cell in self.cells for s in cell.scores))

    def mains(self, kind: str) -> list[tuple[int, Score]]:
        """Main scores by seed."""
        return [(c.seed, s) for c in self.cells for s in c.scores if s.main and s.variant == kind]


def chosen(cells: Sequence[Cell], fresh: Pin) -> Chosen:
    """Of scored cells of one method, place and task, those to show.

    The fresh pin goes before any other, the one with most seeds before those with fewer, the
    latest before older ones; of cells of one seed the latest counts.
    """
    by_pin = _grouped(cells, pin_of)
    pin = fresh if fresh in by_pin else max(by_pin, key=lambda each: _weight(by_pin[each]))
    by_configuration = _grouped(by_pin[pin], lambda cell: canonical(cell.method.config))
    kept = max(by_configuration.values(), key=_weight)
    latest = {cell.seed: cell for cell in sorted(kept, key=_age)}
    return Chosen(tuple(latest[seed] for seed in sorted(latest)), pin)


def _grouped(cells: Sequence[Cell], by: Callable[[Cell], K]) -> dict[K, list[Cell]]:
    found: dict[K, list[Cell]] = {}
    for cell in cells:
        found.setdefault(by(cell), []).append(cell)
    return found


def _weight(cells: Sequence[Cell]) -> tuple[int, tuple[str, str]]:
    return len({cell.seed for cell in cells}), max(map(_age, cells))


def _age(cell: Cell) -> tuple[str, str]:
    return cell.created or "", cell.key


def marks_of(method: MethodRecord, variant: str, codes: str) -> tuple[Mark, ...]:
    """What a reader must know of a row, as its records say it.

    A map that was assigned counts its `matches`; one without mixes whole codes.
    """
    mapped = method.chosen.get("map") is not None
    matched = "matches" in method.chosen
    said: dict[Mark, bool] = {
        "supervised": method.supervised,
        "patched": method.patched is not None,
        "dense map": mapped and not matched,
        "uncut map": matched and "cut" in method.chosen and method.chosen["cut"] is None,
        "truncated": codes != "full",
        "paper": variant == "paper",
    }
    return tuple(mark for mark, holds in said.items() if holds)
