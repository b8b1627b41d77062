"""The plan of one backend: its cells by method, and what they take."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from benchmark.activations.root import default_root
from benchmark.contracts import Dataset, Site
from benchmark.planning import disk, memory
from benchmark.planning.cells import Planned, cells
from benchmark.planning.describing import described
from benchmark.planning.examples import Material, material
from benchmark.planning.hubs import Fetch
from benchmark.planning.methods import MethodPlan, Where
from benchmark.planning.outline import Outline
from benchmark.planning.rates import Rate
from benchmark.planning.reading import Reading, reading
from benchmark.planning.starting import starting
from benchmark.run.request import Request


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
    start_s: float
    """Of the command itself: less where an earlier backend of the request has paid for it."""
    methods: list[MethodPlan] = field(default_factory=list)
    machine: list[memory.Term] = field(default_factory=list)
    gpu: list[memory.Term] = field(default_factory=list)
    batch: int = 0

    @property
    def seconds(self) -> float:
        again = self.patched * self.reading.again_s
        own = sum(m.fit_s + m.score_s for m in self.methods)
        return self.start_s + self.reading.seconds + again + own

    @property
    def patched(self) -> int:
        """Fits that change the model: pictures are read again after each of them."""
        return sum(m.patches for m in self.methods)

    @property
    def new_bytes(self) -> float:
        """Activations that are still to be written, those of changed models among them."""
        again = sum(p.bytes for p in self.parts if p.modality == "image")
        return sum(p.bytes for p in self.parts if not p.there) + self.patched * again


def plan(spec: str, request: Request, rate: Rate) -> BackendPlan:
    """What one backend of a request takes. Raises ValueError, one line, where it cannot be told."""
    outline, fetches, data = described(spec, request)
    found = cells(outline, data, request)
    sites = sites_of(found)
    every_token = any(site.name.endswith(disk.TOKENS) for site in sites)
    counts = material(outline, data, request.split, request.limit, every_token=every_token)
    there = disk.stored(outline, data, counts, sites, request.limit, default_root())
    due = any(cell.due for cell in found)
    parts = disk.parts(outline, counts, sites, there or {}) if not outline.in_memory else []
    read = reading(outline, counts, sites if due else (), there or {}, rate)
    start_s = starting(outline, rate)
    known = there is not None
    made = BackendPlan(outline, data, counts, sites, parts, known, fetches, read, start_s)
    made.methods = Where(outline, counts, request, rate).methods(found)
    _memory(made, request, rate)
    return made


def sites_of(found: Sequence[Planned]) -> tuple[Site, ...]:
    """Every site that cells are read at, once."""
    every: list[Site] = []
    for cell in found:
        if cell.reason is None:
            every += [m.site for m in cell.place.case.swept or (cell.place.case.materials,)]
    return tuple(dict.fromkeys(every))


def _memory(made: BackendPlan, request: Request, rate: Rate) -> None:
    """Terms of the peak in memory, here and on the GPU."""
    fitted_ = max((m.parameters for m in made.methods), default=0.0)
    k = max((m.k for m in made.methods), default=0)
    on_gpu = rate.kind == "cuda"
    first = made.sites[0] if made.sites else made.outline.sites[0]
    asked = request.batch_size if on_gpu else min(request.batch_size, memory.CPU_BATCH)
    made.batch = memory.at_once(made.outline, made.material, made.sites, asked)
    passing = memory.batch(made.outline, first, made.material, made.batch)
    made.machine = memory.on_machine(
        made.outline, made.material, made.sites, fitted_, k, memory.resident(),
        None if on_gpu else passing,
    )  # fmt: skip
    if on_gpu:
        made.gpu = memory.on_gpu(made.outline, made.material, first, fitted_, made.batch)


def plans(request: Request, rate: Rate) -> Iterable[BackendPlan]:
    """The plan of every backend; a second one on the same data builds them no second time, and what
    the command imported for the first it imports no more."""
    built: set[tuple[str, str]] = set()
    started = 0.0
    for spec in request.backends:
        made = plan(spec, request, rate)
        data = (made.data.name, made.data.revision)
        if data in built:
            made.reading = replace(made.reading, build_s=0.0)
        built.add(data)
        made.start_s, started = max(0.0, made.start_s - started), max(made.start_s, started)
        yield made
