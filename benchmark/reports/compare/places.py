"""Which cells may be compared: the same question, asked of the same model, on the same data."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace

from benchmark.messages.nearest import hint
from benchmark.reports.names import short
from benchmark.results import Cell


@dataclass(frozen=True, order=True)
class Where:
    """Everything about a cell but the method and the seed; cells are compared within one."""

    backend: str
    data: str
    site: str
    split: str
    task: str
    variant: str
    version: int
    revision: str
    data_revision: str
    limit: int
    """Rows taken by `--limit`; 0 for all."""
    centred: bool

    @property
    def label(self) -> tuple[str, ...]:
        """What a person calls it; two of the same label differ in version, revision or rows."""
        return (self.backend, self.data, self.site, self.split, self.task, self.variant)

    def __str__(self) -> str:
        """As a sentence names it."""
        return f"{self.task} on {short(self.backend)}"


@dataclass(frozen=True)
class Rows:
    """The cells of one method by place and seed, and what had to be chosen to get there."""

    name: str
    cells: dict[Where, dict[int, Cell]]
    notes: tuple[str, ...] = ()


def where(cell: Cell) -> Where:
    """The place of a cell."""
    return Where(
        backend=cell.backend.name,
        data=cell.data.name,
        site=cell.site or "all sites",
        split=cell.split,
        task=cell.task.name,
        variant=cell.variant,
        version=cell.task.version,
        revision=cell.backend.revision,
        data_revision=cell.data.revision,
        limit=cell.data.limit or 0,
        centred=cell.data.centred,
    )


def rows_of(cells: Sequence[Cell], name: str) -> Rows:
    """The scored cells of a method, one per place and seed.

    Raises ValueError for a method that is not there, and for one that is there in two
    configurations: which of them is meant cannot be guessed. Of cells that differ in code, package
    or sibling seeds alone the latest is taken, and a note says so.
    """
    do = "; what is compared has the same units, so run it into the same --output-path"
    known(name, (cell.method.name for cell in cells), "method", do)
    found: dict[Where, dict[int, list[Cell]]] = {}
    for cell in cells:
        if cell.method.name == name and cell.status == "scored":
            found.setdefault(where(cell), {}).setdefault(cell.seed, []).append(cell)
    if not found:
        reason = next(c.reason for c in cells if c.method.name == name and c.status != "scored")
        raise ValueError(f"{name} has no scored cell ({reason}): nothing to compare")
    notes: list[str] = []
    chosen: dict[Where, dict[int, Cell]] = {}
    for place, seeds in found.items():
        _check_one_configuration(name, place, seeds.values())
        chosen[place] = {seed: _chosen(seeds[seed], notes) for seed in sorted(seeds)}
    return Rows(name, chosen, tuple(dict.fromkeys(notes)))


def at_site(rows: Rows, site: str, called: str) -> Rows:
    """The cells of one site, the site under a name that two methods share.

    Raises ValueError where there are none.
    """
    there = {place: seeds for place, seeds in rows.cells.items() if place.site == site}
    if not there:
        sites = ", ".join(sorted({place.site for place in rows.cells}))
        raise ValueError(f"{rows.name} was not scored at {site}: there is {sites}")
    cells = {replace(place, site=called): seeds for place, seeds in there.items()}
    return replace(rows, cells=cells)


def known(name: str, names: Iterable[str], kind: str, do: str = "") -> None:
    """Raises ValueError with the nearest name where a name is not among those there are."""
    there = sorted(set(names))
    if name in there:
        return
    raise ValueError(f"no results of {kind} {name} in this folder: {hint(name, there)}{do}")


def unlike(a: Where, b: Where) -> str:
    """The fields in which two places of one label differ, as a phrase."""
    differing = [f.name for f in fields(Where) if getattr(a, f.name) != getattr(b, f.name)]
    words = {"version": "task version", "revision": "backend revision"}
    return ", ".join(
        f"{words.get(n, n.replace('_', ' '))} {getattr(a, n)} against {getattr(b, n)}"
        for n in differing
    )


def _check_one_configuration(name: str, place: Where, seeds: Iterable[Sequence[Cell]]) -> None:
    configs = [cell.method.config for cells in seeds for cell in cells]
    other = next((c for c in configs if c != configs[0]), None)
    if other is None:
        return
    keys = sorted(configs[0].keys() | other.keys())
    field = next(k for k in keys if configs[0].get(k) != other.get(k))
    raise ValueError(
        f"{name} is there in several configurations for {place} "
        f"({field} = {configs[0].get(field)} and {other.get(field)}): give each its own folder"
    )


def _chosen(cells: Sequence[Cell], notes: list[str]) -> Cell:
    if len(cells) > 1:
        first = cells[0]
        notes.append(
            f"{first.method.name} was run {len(cells)} times on {short(first.backend.name)} "
            f"{first.task.name} with seed {first.seed} and other code or sibling seeds: "
            f"the latest is compared"
        )
    return latest(cells)


def latest(cells: Sequence[Cell]) -> Cell:
    """Of several cells of one experiment the one that was made last."""
    return max(cells, key=lambda cell: (cell.created or "", cell.key))
