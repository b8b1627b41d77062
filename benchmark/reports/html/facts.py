"""What was run, in the words of its records: the first part of a page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from benchmark.registry import catalogue
from benchmark.reports.html.claims import is_control
from benchmark.reports.html.run_folder import RunFolder
from benchmark.reports.names import short
from benchmark.reports.progress import words
from benchmark.results import Cell

SHOWN = 12


@dataclass(frozen=True)
class Fact:
    """A name and what there is of it."""

    name: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Unscored:
    """Why some cells have no score."""

    status: str
    what: str
    reason: str


def title(run: RunFolder) -> str:
    """Methods and backends in a line."""
    methods = each(cell.method.name for cell in by_rank(run.cells))
    backends = each(short(cell.backend.name) for cell in run.cells)
    return f"{listed(methods, 4)} on {listed(backends, 3)}"


def by_rank(cells: Sequence[Cell]) -> list[Cell]:
    """Methods before what is there to be read against."""
    return sorted(cells, key=lambda cell: is_control(cell.method.name))


def each(values: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(values))


def listed(names: Sequence[str], most: int) -> str:
    """`a, b and 3 more`."""
    if len(names) <= most:
        return ", ".join(names[:-1]) + " and " + names[-1] if len(names) > 1 else names[0]
    return ", ".join(names[:most]) + f" and {len(names) - most} more"


def facts(run: RunFolder) -> list[Fact]:
    """Method, backend, data, sites, seeds, sizes, budget, version, environment."""
    cells = run.cells
    scored = [cell for cell in by_rank(cells) if cell.status == "scored"] or list(cells)
    found = [
        Fact("methods", tuple(each(method_line(cell) for cell in scored))),
        Fact("backend", tuple(each(backend_line(cell) for cell in scored))),
        Fact("data", tuple(each(data_line(cell) for cell in scored))),
        Fact("sites", (listed(each(cell.site or "all sites" for cell in cells), SHOWN),)),
        Fact("seeds", (", ".join(map(str, sorted({cell.seed for cell in cells}))),)),
        Fact("split", tuple(each(split_line(cell) for cell in scored))),
        Fact("budget", tuple(each(budget_line(cell) for cell in scored))),
        Fact("cells", (status_line(cells),)),
        Fact("version", tuple(each(version_line(cell) for cell in scored))),
        Fact("environment", tuple(each(environment_line(cell) for cell in scored))),
    ]
    started, finished = run.document.run.started, run.document.run.finished
    if started and finished:
        found.append(Fact("run", (f"{moment(started)} to {moment(finished)}",)))
    return [fact for fact in found if any(fact.lines)]


def moment(stamp: str) -> str:
    """`2026-11-26 15:43:50 UTC` of an ISO stamp; anything else as it is."""
    try:
        read = datetime.fromisoformat(stamp)
    except ValueError:
        return stamp
    return read.strftime("%Y-%m-%d %H:%M:%S ") + (read.tzname() or "")


def method_line(cell: Cell) -> str:
    """The name, what it is, and what the user set."""
    known = catalogue("method").get(cell.method.name)
    name = next((n for n in catalogue("method") if cell.method.name.startswith(f"{n}-")), None)
    entry = known or (catalogue("method")[name] if name else None)
    says = entry.summary.partition(": ")[2].replace("`", "") if entry else ""
    given = ", ".join(f"{key} = {value}" for key, value in cell.method.given.items())
    marks = ["saw labels"] if cell.method.supervised else []
    marks += ["patches the backend"] if cell.method.patched else []
    marks += [f"set: {given}"] if given else []
    aside = f" ({'; '.join(marks)})" if marks else ""
    return f"{cell.method.name}{aside}" + (f": {says}" if says else "")


def backend_line(cell: Cell) -> str:
    return f"{short(cell.backend.name)}, revision {cell.backend.revision[:12]}"


def data_line(cell: Cell) -> str:
    """The data with their sizes."""
    sizes = cell.data.sizes
    counts = [
        f"{name} {sizes[f'{name}/images']:,} images, {sizes[f'{name}/captions']:,} captions"
        for name in ("train", "val", "evaluated")
        if f"{name}/images" in sizes
    ]
    more = [f"first {cell.data.limit:,} of each split"] if cell.data.limit else []
    more += ["centred per modality"] if cell.data.centred else []
    return ": ".join([short(cell.data.name), "; ".join([*counts, *more])]).rstrip(": ")


def split_line(cell: Cell) -> str:
    said = {
        "test": "test: nothing was fitted or chosen on it",
        "val": "val: also what doses and weights are chosen on",
        "all": "all rows",
    }.get(cell.split, cell.split)
    return f"{said}; the paper's setting" if cell.variant == "paper" else said


def budget_line(cell: Cell) -> str:
    """Parameters, latents, those active on average, and steps of one method."""
    config = cell.method.config
    budget = config.get("budget")
    of = budget if isinstance(budget, dict) else config
    latents = (("expansion", "times the width in latents"), ("n_latents", "latents"))
    length = (("epochs", "epochs"), ("steps", "steps"))
    parts = [f"{cell.method.parameters:,} parameters"] if cell.method.parameters else []
    parts += [*_first(of, latents), *_active(cell.method.l0), *_first(of, length)]
    return f"{cell.method.name}: {', '.join(parts)}" if parts else ""


def _first(config: Mapping[str, Any], names: Sequence[tuple[str, str]]) -> list[str]:
    """The first of some fields that is a number, in words: the others follow from it."""
    for name, says in names:
        value = config.get(name)
        if isinstance(value, int) and not isinstance(value, bool):
            return [f"{value:,} {says}"]
    return []


def _active(l0: Mapping[str, float] | None) -> list[str]:
    """As measured: what a method was told to keep to is no evidence."""
    said = {modality: f"{value:,.3g}" for modality, value in (l0 or {}).items()}
    if len(set(said.values())) == 1:
        return [f"{next(iter(said.values()))} active"]
    return [f"{value} active on {modality}" for modality, value in said.items()]


def status_line(cells: Sequence[Cell]) -> str:
    """`11 scored, 3 not applicable`."""
    counts: Counter[str] = Counter(cell.status for cell in cells)
    order = ["scored", "not_applicable", "failed", "oom", "skipped"]
    return ", ".join(f"{counts[name]} {words(name)}" for name in order if counts[name])


def version_line(cell: Cell) -> str:
    found = cell.environment
    commit = f", commit {found.commit[:12]}" if found.commit else ""
    return f"{found.version or 'unknown'}{commit}{' with local changes' if found.dirty else ''}"


def environment_line(cell: Cell) -> str:
    """Device, Python and the packages that numbers depend on most."""
    found = cell.environment
    packages = [f"{n} {found.packages[n]}" for n in ("torch", "numpy") if n in found.packages]
    parts = [found.device or "", found.driver or "", found.cpu or "", f"Python {found.python}"]
    return ", ".join([*(part for part in parts if part), found.platform, *packages])


def unscored(cells: Sequence[Cell]) -> list[Unscored]:
    """Cells without a score, those of one reason together; what failed first."""
    order = ["failed", "oom", "skipped", "not_applicable"]
    groups: dict[tuple[str, str], list[Cell]] = {}
    for cell in cells:
        if cell.status != "scored":
            groups.setdefault((cell.status, cell.reason or ""), []).append(cell)
    found = []
    for (status, reason), own in groups.items():
        tasks = each(cell.task.name for cell in own)
        methods = each(cell.method.name for cell in own)
        what = f"{listed(tasks, 4)} ({listed(methods, 4)})"
        found.append((order.index(status), Unscored(words(status), what, reason)))
    return [one for _, one in sorted(found, key=lambda pair: (pair[0], pair[1].what))]


def packages(cells: Sequence[Cell]) -> list[str]:
    """Every package of the environments, with its version."""
    found = {f"{n} {v}" for cell in cells for n, v in cell.environment.packages.items()}
    return sorted(found)
