"""Whether the cells are a whole row: one method, known tasks, three seeds, every task answered."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from benchmark.corpora.known import KNOWN as DATA
from benchmark.reports.names import short
from benchmark.results import Cell
from benchmark.submissions.faults import Faults
from benchmark.submissions.known import code_of, methods, tasks
from benchmark.submissions.limits import LEAST_SEEDS
from benchmark.submissions.loading import Loaded
from benchmark.submissions.records import Submission


def check_cells(read: Loaded, found: Faults) -> None:
    """Each cell by itself, then the row that they make."""
    if read.document is None:
        return
    if not read.cells:
        found.add("document.json holds no cells: run the method first")
        return
    if read.record is not None:
        for cell in read.cells:
            check_method(cell, read.record, read.method_digest, found)
    for cell in read.cells:
        check_task(cell, found)
    check_one_configuration(read.cells, found)
    check_seeds(read.cells, found)
    check_whole(read.cells, found)


def told(cell: Cell, *, seed: bool = True) -> str:
    """A cell as a line names it."""
    where = f"{cell.task.name} on {short(cell.backend.name)}, {cell.site or 'all sites'}"
    paper = ", paper" if cell.variant == "paper" else ""
    return f"{where}{paper}, seed {cell.seed}" if seed else f"{where}{paper}"


def check_method(cell: Cell, record: Submission, method_digest: str | None, found: Faults) -> None:
    """The cell is of the submitted method, and of the very code that lies beside it."""
    if cell.method.name != record.method:
        found.add(f"{told(cell)}: is of {cell.method.name}, the submission is of {record.method}")
        return
    digest = None
    if not record.imported:
        digest = method_digest if record.method_file else methods().get(record.method)
    task_digest = record.tasks.get(cell.task.name)
    if task_digest is None:
        found.add(f"submission.json: tasks does not name the file of {cell.task.name}")
    elif digest is not None and cell.method.code != code_of(digest, task_digest):
        whose = "method.py" if record.method_file else f"this checkout's {record.method}"
        line = f"{told(cell)}: was not made by {whose} (code {(cell.method.code or 'none')[:12]})"
        if record.method_file:
            found.add(line)
        else:
            found.warn(f"{line}: stale")
    is_ours = record.method_file is None and not record.imported
    if is_ours and not cell.method.given and cell.variant == "fair":
        found.add(
            f"{record.method} as it ships is on the board already: submit it with a configuration "
            f"of your own (`run --set …`) or bring a method file"
        )
    if cell.environment.dirty:
        found.warn("some cells are from a checkout with changes: nobody can make them again")
    if cell.environment.commit is None:
        found.warn("some cells do not say from which commit they are")


def check_task(cell: Cell, found: Faults) -> None:
    """A task of the suite, on the test split, in the version that this checkout has."""
    known = tasks().get(cell.task.name)
    if known is None:
        found.add(f"{told(cell)}: {cell.task.name} is no task of the suite: leave it out")
        return
    if cell.split != "test":
        found.add(f"{told(cell)}: is of the {cell.split} split, wanted test")
    if cell.task.version > known.version:
        found.add(
            f"{told(cell)}: version {cell.task.version} of {known.name} is not known here "
            f"({known.version} is): update the benchmark"
        )
    elif cell.task.version < known.version:
        found.warn(
            f"{known.name} is stale: version {cell.task.version} of it, today's is {known.version}"
        )
    if cell.data.limit is not None:
        found.warn(f"some cells are of {cell.data.limit:,} images alone: no row is beside them")
    check_licence(cell, found)
    if cell.status in ("failed", "oom", "skipped"):
        found.warn(f"{told(cell)}: {cell.status}: {cell.reason}")


def check_licence(cell: Cell, found: Faults) -> None:
    """Nobody gets to see numbers without the terms that their data come under."""
    name, licence = cell.data.name, (cell.data.licence or "").strip()
    known = DATA.get(name)
    if not licence:
        found.add(f"data {name} come without a licence: wanted what their owner allows")
    elif licence.startswith("not stated"):
        found.warn(f"data {name}: nobody stated a licence, so say on the card who may use them")
    elif known is not None and licence != known.licence:
        found.add(f"data {name} say {licence}: wanted their own terms, {known.licence}")


def check_one_configuration(cells: Sequence[Cell], found: Faults) -> None:
    """One configuration a variant, and no cell twice."""
    for variant in sorted({cell.variant for cell in cells}):
        configs = [cell.method.config for cell in cells if cell.variant == variant]
        other = next((config for config in configs if config != configs[0]), None)
        if other is not None:
            keys = sorted(configs[0].keys() | other.keys())
            key = next(k for k in keys if configs[0].get(k) != other.get(k))
            found.add(
                f"cells are of several configurations ({key} = {configs[0].get(key)} and "
                f"{other.get(key)}): submit one, each with its own results folder"
            )
    slots: dict[tuple[object, ...], Cell] = {}
    for cell in cells:
        if slots.setdefault((*_experiment(cell), cell.task.name, cell.seed), cell) is not cell:
            found.add(f"{told(cell)}: is there twice (other code or sibling seeds)")


def _experiment(cell: Cell) -> tuple[object, ...]:
    backend = (cell.backend.name, cell.backend.revision)
    data = (cell.data.name, cell.data.revision, cell.data.limit, cell.data.centred)
    return (*backend, *data, cell.site, cell.variant)


def check_seeds(cells: Sequence[Cell], found: Faults) -> None:
    """Three seeds at least of whatever is scored."""
    seeds: dict[tuple[object, ...], list[Cell]] = defaultdict(list)
    for cell in cells:
        if cell.status == "scored":
            seeds[(*_experiment(cell), cell.task.name)].append(cell)
    short_of: dict[tuple[str, int], list[str]] = defaultdict(list)
    for there in seeds.values():
        n = len({cell.seed for cell in there})
        if n < LEAST_SEEDS:
            where = told(there[0], seed=False).removeprefix(f"{there[0].task.name} on ")
            short_of[where, n].append(there[0].task.name)
    for (where, n), names in short_of.items():
        found.add(
            f"{where}: {n} of at least {LEAST_SEEDS} seeds of {', '.join(names)}: "
            "run with --seed 0 1 2"
        )
    if not seeds:
        found.add("no cell is scored: mend what the cells say failed, and run it again")


def check_whole(cells: Sequence[Cell], found: Faults) -> None:
    """Every task of the suite that runs unnamed is answered on every backend, if only by why not.

    A task for which a person must ask (answers and edits, which take hours) may be left out.
    """
    wanted = {task.name for task in tasks().values() if not task.named_only}
    for group in _by_place(cells):
        missing = sorted(wanted - {cell.task.name for cell in group})
        if missing:
            first = group[0]
            paper = " in the paper's setting" if first.variant == "paper" else ""
            found.add(
                f"{short(first.backend.name)}{paper}: no cells of {', '.join(missing)}: run every "
                f"task (leave --task out); one that does not apply says so itself"
            )


def _by_place(cells: Iterable[Cell]) -> list[list[Cell]]:
    groups: dict[tuple[str, str, str], list[Cell]] = defaultdict(list)
    for cell in cells:
        groups[(cell.backend.name, cell.data.name, cell.variant)].append(cell)
    return list(groups.values())
