"""The plan of one backend: its cells by method, and what they take."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from benchmark.activations.root import default_root
from benchmark.backends import MODULES
from benchmark.contracts import Dataset, Need, Site
from benchmark.planning import disk, memory
from benchmark.planning.cells import Planned, cells, fitted
from benchmark.planning.corpora import Listed, data_of, parcel
from benchmark.planning.examples import Material, material, picture_size
from benchmark.planning.fitting import Fitting, fitting
from benchmark.planning.hubs import Fetch
from benchmark.planning.outline import Outline
from benchmark.planning.rates import Rate
from benchmark.planning.reading import Reading, reading
from benchmark.planning.scoring import scoring
from benchmark.run.cells import Case
from benchmark.run.request import Request

KINDS: Mapping[str, str] = {
    "clip": "clip",
    "dual.backend": "dual",
    "llava.backend": "vlm",
    "planted": "rows",
    "embeddings": "rows",
}
"""Who outlines a backend, by the module that opens it; imported when one is asked for."""


@dataclass
class MethodPlan:
    """One method in one variant: its cells, fits and seconds."""

    method: str
    variant: str
    cells: int = 0
    scored: int = 0
    not_applicable: int = 0
    fits: int = 0
    fits_kept: int = 0
    fit_s: float = 0.0
    score_s: float = 0.0
    fit_bytes: float = 0.0
    parameters: float = 0.0
    k: int = 0
    patches: int = 0
    """Fits that change the model, after each of which rows are read again."""
    guessed: tuple[str, ...] = ()
    """Tasks that the table of times does not know."""
    told: str = ""

    @property
    def due(self) -> int:
        """Cells that are still to be scored."""
        return self.cells - self.scored - self.not_applicable


@dataclass
class BackendPlan:
    """One backend over one data set."""

    outline: Outline
    data: Dataset
    material: Material
    sites: tuple[Site, ...]
    parts: list[disk.Part]
    store_known: bool
    fetches: list[Fetch]
    reading: Reading
    methods: list[MethodPlan] = field(default_factory=list)
    machine: list[memory.Term] = field(default_factory=list)
    gpu: list[memory.Term] = field(default_factory=list)
    batch: int = 0

    @property
    def seconds(self) -> float:
        again = sum(m.patches for m in self.methods) * self.reading.model_s
        return self.reading.seconds + again + sum(m.fit_s + m.score_s for m in self.methods)


def plan(spec: str, request: Request, rate: Rate) -> BackendPlan:
    """What one backend of a request takes. Raises ValueError, one line, where it cannot be told."""
    outline, fetch, data = outlined(spec, request)
    found = cells(outline, data, request)
    sites = sites_of(found)
    every_token = any(site.name.endswith(disk.TOKENS) for site in sites)
    counts = material(outline, data, request.split, request.limit, every_token=every_token)
    there = disk.stored(outline, data, counts, sites, request.limit, default_root())
    due = any(cell.due for cell in found)
    parts = disk.parts(outline, counts, sites, there or {}) if not outline.in_memory else []
    read = reading(outline, counts, sites if due else (), there or {}, rate)
    made = BackendPlan(
        outline, data, counts, sites, parts, there is not None, _fetches(fetch, data), read
    )
    made.methods = methods_of(found, made, request, rate)
    _memory(made, request, rate)
    return made


def outlined(spec: str, request: Request) -> tuple[Outline, Fetch | None, Dataset]:
    """A backend by its figures, what is to be fetched, and its data or those that are asked for."""
    scheme = spec.partition(":")[0].partition("?")[0]
    kind = importlib.import_module(f"benchmark.planning.{KINDS[MODULES[scheme][0]]}")
    chosen = data_of(request.data or "scenes")
    outline, fetch = kind.outline(spec, picture_size(chosen))
    if outline.data is None:
        return outline, fetch, chosen
    if request.data not in (None, outline.data.name):
        raise ValueError(f"--data {request.data}: {spec} brings its own data, {outline.data.name}")
    return outline, fetch, outline.data


def _fetches(found: Fetch | None, data: Dataset) -> list[Fetch]:
    """What is to be fetched: of the model, and of the data."""
    own = [found] if found is not None else []
    return [*own, parcel(data)] if isinstance(data, Listed) else own


def sites_of(found: Sequence[Planned]) -> tuple[Site, ...]:
    """Every site that cells are read at, once."""
    every: list[Site] = []
    for cell in found:
        if cell.reason is None:
            every += [m.site for m in cell.place.case.swept or (cell.place.case.materials,)]
    return tuple(dict.fromkeys(every))


def methods_of(
    found: Sequence[Planned], made: BackendPlan, request: Request, rate: Rate
) -> list[MethodPlan]:
    """Cells by method and variant, with what they take."""
    rows: dict[tuple[str, str], MethodPlan] = {}
    known: set[str] = set()
    for cell in found:
        case = cell.place.case
        key = (case.choice.name, case.variant)
        row = rows.setdefault(key, MethodPlan(*key))
        row.cells += 1
        row.scored += cell.scored
        row.not_applicable += cell.reason is not None
        if cell.due:
            _fits(row, case, cell.place.seed, made, request, rate, known)
            _scores(row, cell, made, request, rate)
    return list(rows.values())


def _fits(
    row: MethodPlan, case: Case, seed: int, made: BackendPlan, request: Request, rate: Rate,
    known: set[str],
) -> None:  # fmt: skip
    """Adds the fits that a cell stands on, each once."""
    for part in case.parts or (case,):
        key = part.fit_key(seed)
        if key in known:
            continue
        known.add(key)
        one = fit_of(part, made, rate)
        row.parameters = max(row.parameters, one.parameters)
        row.k = max(row.k, int(getattr(part.method, "k", 0) or max(_widths(part, made))))
        row.told = row.told or one.told
        if fitted(part, seed, request):
            row.fits_kept += 1
            continue
        row.fits += 1
        row.fit_s += one.seconds
        row.fit_bytes += 2 * one.parameters * disk.FLOAT
        row.patches += Need.PATCH in part.method.provides


def fit_of(case: Case, made: BackendPlan, rate: Rate) -> Fitting:
    """One fit of a case."""
    captions = made.material.of("train").captions
    return fitting(case.choice.name, case.method, made.outline, _widths(case, made), captions, rate)


def _widths(case: Case, made: BackendPlan) -> tuple[int, int]:
    site = case.materials.site
    return made.outline.width(site, "image"), made.outline.width(site, "text")


def _scores(
    row: MethodPlan, cell: Planned, made: BackendPlan, request: Request, rate: Rate
) -> None:
    counts = made.material.of(request.split)
    case, task = cell.place.case, cell.place.asked.name
    blocks = len(case.swept or ()) or 1
    one = scoring(task, row.method, case.method, made.outline, counts, rate, blocks)
    row.score_s += one.seconds
    if not one.known:
        row.guessed = tuple(dict.fromkeys((*row.guessed, task)))


def _memory(made: BackendPlan, request: Request, rate: Rate) -> None:
    """Terms of the peak in memory, here and on the GPU."""
    fitted_ = max((m.parameters for m in made.methods), default=0.0)
    k = max((m.k for m in made.methods), default=0)
    on_gpu = rate.kind == "cuda"
    made.batch = request.batch_size if on_gpu else min(request.batch_size, memory.CPU_BATCH)
    first = made.sites[0] if made.sites else made.outline.sites[0]
    passing = memory.batch(made.outline, first, made.material, made.batch)
    made.machine = memory.on_machine(
        made.outline, made.material, made.sites, fitted_, k, memory.resident(),
        None if on_gpu else passing,
    )  # fmt: skip
    if on_gpu:
        made.gpu = memory.on_gpu(made.outline, made.material, first, fitted_, made.batch)


def plans(request: Request, rate: Rate) -> Iterable[BackendPlan]:
    """The plan of every backend; a second one on the same data builds them no second time."""
    built: set[tuple[str, str]] = set()
    for spec in request.backends:
        made = plan(spec, request, rate)
        data = (made.data.name, made.data.revision)
        if data in built:
            made.reading = replace(made.reading, build_s=0.0)
        built.add(data)
        yield made
