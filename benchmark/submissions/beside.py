"""What a row is held to by others: what its task declares, and the reference rows beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from benchmark.reports.compare.places import where
from benchmark.reports.names import short
from benchmark.results import Cell, ReferenceScore, Score
from benchmark.submissions.cell_checks import told
from benchmark.submissions.faults import Faults
from benchmark.submissions.known import KnownTask, named, reference_rows, tasks
from benchmark.submissions.words import escaped

ALIKE = 1e-5
"""Two values of one number: bundled ones have seven digits."""
DRIFT = 1e-3
"""How far a reference of the data alone may move between machines, of its size."""


def check_beside(cells: Sequence[Cell], found: Faults) -> None:
    """Each cell against its task, then against the reference rows of the same experiment."""
    rows = reference_rows(frozenset(cell.backend.name for cell in cells))
    revisions = {(place.backend, place.data, place.revision, place.data_revision) for place in rows}
    known = {
        place: expected(rows[place]) for place in {where(cell) for cell in cells} if place in rows
    }
    for cell in cells:
        task = tasks().get(cell.task.name)
        if task is not None and task.version == cell.task.version and cell.status == "scored":
            check_declared(cell, task, found)
        if where(cell) in known:
            check_against(cell, known[where(cell)], found)
    for cell in cells:
        _check_known_place(cell, revisions, found)


def _check_known_place(
    cell: Cell, revisions: set[tuple[str, str, str, str]], found: Faults
) -> None:
    """Warns of a backend without reference rows, and of one that has moved since."""
    its = (cell.backend.name, cell.data.name, cell.backend.revision, cell.data.revision)
    if its in revisions or cell.method.patched is not None:
        return
    name = short(cell.backend.name)
    if any(known[0] == its[0] and known[1] == its[1] for known in revisions):
        found.warn(
            f"{name} is stale: revision {its[2][:12]} of the backend or {its[3][:12]} of its data "
            f"is not that of the reference rows"
        )
    else:
        found.warn(f"no reference rows of {name} ship with this checkout to hold the row against")


def check_declared(cell: Cell, task: KnownTask, found: Faults) -> None:
    """Scores and references are those that the task declares, in its units and direction."""
    for name, score in named(cell.scores).items():
        shown = f"{told(cell)}: {escaped(name, 60)}"
        said = task.metric(score.name)
        if said is None:
            found.add(f"{shown}: {task.name} declares no such score")
            continue
        declared = (said["unit"], said["higher_is_better"], bool(said.get("main")))
        recorded = (score.unit, score.higher_is_better, score.main)
        for field, a, b in zip(
            ("unit", "higher_is_better", "main"), recorded, declared, strict=True
        ):
            if a != b:
                found.add(f"{shown}: {field} is {a}, {task.name} declares {b}")
        for reference in score.references:
            kind = task.references.get(reference.name)
            if kind != reference.kind:
                found.add(
                    f"{shown}: reference {reference.name} is a {reference.kind}, {task.name} "
                    f"declares {kind or 'none of that name'}"
                )
    check_references(cell, task, found)


def check_references(cell: Cell, task: KnownTask, found: Faults) -> None:
    """Every null of the task is there, or why not; a main score has one at least."""
    there = {reference.name for score in cell.scores for reference in score.references}
    for name, kind in task.references.items():
        wanted = any(
            fnmatchcase(score.name, pattern)
            for score in cell.scores
            for pattern in task.shown.get(name, ("*",))
        )
        if kind == "null" and wanted and name not in there and name not in cell.left_out:
            found.add(f"{told(cell)}: reference {name} is missing, and nothing says why")
    for score in cell.scores:
        if score.main and score.higher_is_better is not None and score.floor is None:
            found.add(f"{told(cell)}: the main score {score.name} has no floor")


@dataclass(frozen=True)
class Expected:
    """What the reference rows of one experiment have in common."""

    methods: int
    ids_sha256: str | None
    sizes: Mapping[str, int]
    references: Mapping[str, Mapping[str, ReferenceScore | None]]
    """By score and name: references that every row has; None where their values differ."""


def expected(rows: Sequence[Cell]) -> Expected:
    """Of rows on a backend that no method patched, where there are any."""
    by_score: dict[str, list[Mapping[str, ReferenceScore]]] = {}
    for row in rows:
        if row.method.patched is None:
            for name, score in named(row.scores).items():
                by_score.setdefault(name, []).append({r.name: r for r in score.references})
    common = {
        name: {
            reference: _agreed([each[reference] for each in theirs])
            for reference in sorted(set.intersection(*(set(each) for each in theirs)))
        }
        for name, theirs in by_score.items()
    }
    methods = {row.method.name for row in rows}
    return Expected(len(methods), rows[0].data.ids_sha256, rows[0].data.sizes, common)


def _agreed(references: Sequence[ReferenceScore]) -> ReferenceScore | None:
    """One of several that have one value; None where they have not, or there is no second one."""
    values = [each.value for each in references]
    alike = max(values) - min(values) <= ALIKE * max(map(abs, values))
    return references[0] if alike and len(values) > 1 else None


def check_against(cell: Cell, there: Expected, found: Faults) -> None:
    """The same data as the reference rows, and the same references where these agree."""
    if cell.status != "scored":
        found.warn(
            f"{told(cell, seed=False)}: {cell.status.replace('_', ' ')} ({cell.reason}), while "
            f"{there.methods} reference methods are scored there"
        )
        return
    for field, a, b in (
        ("ids of its data", cell.data.ids_sha256, there.ids_sha256),
        ("sizes of its data", cell.data.sizes, there.sizes),
    ):
        if a != b:
            found.add(f"{told(cell)}: {field} are {a}, the reference rows' are {b}")
    if cell.method.patched is None:
        for name, score in named(cell.scores).items():
            check_same_references(cell, name, score, there.references.get(name, {}), found)


def check_same_references(
    cell: Cell,
    name: str,
    score: Score,
    common: Mapping[str, ReferenceScore | None],
    found: Faults,
) -> None:
    """A reference that every reference row has, this one has; where all agree, it agrees."""
    ours = {reference.name: reference for reference in score.references}
    for wanted, agreed in common.items():
        shown = f"{told(cell)}: {escaped(name, 60)}: reference {wanted}"
        if wanted not in ours:
            if wanted not in cell.left_out:
                found.add(f"{shown} is missing: every reference row has it")
        elif agreed is not None and not _near(ours[wanted].value, agreed):
            found.add(f"{shown} is {ours[wanted].value:.6g}, every other row's {agreed.value:.6g}")


def _near(value: float, reference: ReferenceScore) -> bool:
    """Within what machines differ by, or within what chance does."""
    low = reference.value if reference.ci_low is None else reference.ci_low
    high = reference.value if reference.ci_high is None else reference.ci_high
    slack = DRIFT * max(abs(reference.value), 1e-3)
    noise = high - low if reference.draws > 1 else 0.0
    return abs(value - reference.value) <= slack + noise
