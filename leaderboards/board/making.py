"""From cells to the board: rows grouped, seeds combined, stale values set apart, columns ranked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from benchmark.reports.lineup import CONTROLS
from benchmark.results import Cell
from leaderboards import audits
from leaderboards.board.choosing import Chosen, chosen, marks_of
from leaderboards.board.columns import Doubts, column, doubts, worst_floor
from leaderboards.board.places import Pin, Place, freshest, place_of, task_order
from leaderboards.board.ranking import ranked
from leaderboards.board.sources import Source
from leaderboards.board.tables import Absent, Board, Column, Entry, Kind, Mark, Row, Table
from leaderboards.board.values import value_of

SLACK = 1e-9
"""By which a value may be under its floor for rounding."""


@dataclass
class Group:
    """The cells of one method from one source in one place, by task."""

    source: Source
    method: str
    cells: dict[str, list[Cell]] = field(default_factory=dict)
    picked: dict[str, Chosen] = field(default_factory=dict)


def board(sources: Sequence[Source], known: Doubts | None = None) -> Board:
    """Every place that any source has cells of. `known`: by default what audits found."""
    known = doubts(audits.stored()) if known is None else known
    places: dict[Place, dict[tuple[str, str], Group]] = {}
    for source in sources:
        for cell in source.cells:
            if source.record is not None and cell.method.name != source.record.method:
                continue
            groups = places.setdefault(place_of(cell), {})
            key = (source.slug, cell.method.name)
            group = groups.get(key) or groups.setdefault(key, Group(source, cell.method.name))
            group.cells.setdefault(cell.task.name, []).append(cell)
    made = [table(place, list(groups.values()), known) for place, groups in places.items()]
    trusted = [cell for source in sources if source.record is None for cell in source.cells]
    days = sorted(cell.created[:10] for cell in trusted if cell.created)
    first, last = (days[0], days[-1]) if days else ("", "")
    return Board(tuple(sorted(made, key=_by_backend)), first, last, len(trusted))


def _by_backend(made: Table) -> tuple[str, int, Place]:
    """Places of one backend together: the fair setting first, of it those with most columns, then
    those with most rows.
    """
    place, size = made.place, len(made.columns) * 10**4 + len(made.rows)
    return place.backend, (place.variant == "paper") * 10**7 - size, place


def table(place: Place, groups: Sequence[Group], known: Doubts) -> Table:
    """One place with its columns ranked."""
    columns = []
    for task in sorted({task for group in groups for task in group.cells}, key=task_order):
        pin = fresh_pin(groups, task)
        if pin is None:
            continue
        for group in groups:
            scored = [cell for cell in group.cells.get(task, ()) if cell.status == "scored"]
            if scored:
                group.picked[task] = chosen(scored, pin)
        read = read_against(groups, task, pin)
        made = column(task, pin, place.backend, read, known)
        columns += [made] if made else []
    rows = sorted((r for g in groups for r in rows_of(g, place, columns)), key=_by_name)
    told: dict[str, dict[str, Entry]] = {row.key: {} for row in rows}
    for i, each in enumerate(columns):
        entries, columns[i] = ranked(rows, each)
        for key, entry in entries.items():
            told[key][each.task] = entry
    return Table(place, tuple(columns), tuple(finished(row, told[row.key]) for row in rows))


def _by_name(row: Row) -> tuple[bool, str, bool, str]:
    """Methods, then controls, each by name with the codes that were cut under the whole ones."""
    return row.kind == "control", row.method, row.codes != "full", row.key


def fresh_pin(groups: Sequence[Group], task: str) -> Pin | None:
    """What the column is ranked at: the freshest of reference rows, of any where there are none."""
    cells = [
        (group.source.lane == "reference", cell)
        for group in groups
        for cell in group.cells.get(task, ())
        if cell.status == "scored"
    ]
    ours = [cell for reference, cell in cells if reference]
    every = ours or [cell for _, cell in cells]
    return freshest(every) if every else None


def read_against(groups: Sequence[Group], task: str, pin: Pin) -> list[Chosen]:
    """Fresh cells of reference rows, of any where there are none: what anchors are read from."""
    fresh = [g for g in groups if task in g.picked and g.picked[task].pin == pin]
    ours = [group for group in fresh if group.source.lane == "reference"]
    return [group.picked[task] for group in ours or fresh]


def rows_of(group: Group, place: Place, columns: Sequence[Column]) -> Iterator[Row]:
    """The row of a method, and another of its truncated codes."""
    kinds = dict.fromkeys(kind for each in group.picked.values() for kind in each.kinds)
    cells = [cell for each in group.picked.values() for cell in each.cells]
    absent = {task: _absent(cells) for task, cells in group.cells.items()}
    absent = {task: why for task, why in absent.items() if task not in group.picked}
    latest = max(
        cells or [cell for each in group.cells.values() for cell in each],
        key=lambda cell: (cell.created or "", cell.key),
    )
    record, submitted = latest.method, group.source.record
    control = submitted is None and is_control(group.method)
    kind: Kind = "control" if control else "method"
    for codes in kinds or ("full",):
        name = group.method if codes == "full" else f"{group.method} ({codes})"
        yield Row(
            key=f"{group.source.slug}/{name}" if group.source.slug else name,
            name=name,
            method=group.method,
            codes=codes,
            lane=group.source.lane,
            slug=group.source.slug,
            title=submitted.title if submitted else "",
            kind=kind,
            marks=marks_of(record, place.variant, codes),
            entries=dict(_entries(group, codes, columns)),
            absent=absent,
            record=record,
            cells={task: each.cells for task, each in group.picked.items()},
        )


def _entries(group: Group, codes: str, columns: Sequence[Column]) -> Iterator[tuple[str, Entry]]:
    for each in columns:
        picked = group.picked.get(each.task)
        mains = picked.mains(codes) if picked else []
        if picked is None or not mains:
            continue
        ceilings = {score.ceiling for _, score in mains}
        value, floor = value_of(mains), worst_floor([score for _, score in mains])
        sign = 0 if each.higher_is_better is None else 1 if each.higher_is_better else -1
        yield (
            each.task,
            Entry(
                value=value,
                pin=picked.pin,
                fresh=picked.pin == each.pin,
                floor=floor,
                ceiling=next(iter(ceilings)) if len(ceilings) == 1 else None,
                under=floor is not None and sign * value.value < sign * floor - SLACK,
            ),
        )


def _absent(cells: Sequence[Cell]) -> Absent:
    latest = max(cells, key=lambda cell: (cell.created or "", cell.key))
    return Absent(latest.status, latest.reason or "")


def is_control(method: str) -> bool:
    """Whether a reference row is there to be read against: it is shown, and not ranked."""
    return any(method == known or method.startswith(f"{known}-") for known in CONTROLS)


def finished(row: Row, entries: dict[str, Entry]) -> Row:
    """With entries that know their tiers, and the marks that follow from them."""
    row, more = replace(row, entries=entries), list[Mark]()
    if any(entry.value.wide for entry in entries.values()):
        more.append("two seeds")
    if row.stale:
        more.append("stale")
    return replace(row, marks=(*row.marks, *more))
