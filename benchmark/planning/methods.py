"""Cells of one backend by method: how many, how many fits they stand on, and their seconds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from benchmark.contracts import Need
from benchmark.planning.cells import Planned, fitted
from benchmark.planning.disk import FLOAT
from benchmark.planning.examples import Material
from benchmark.planning.fitting import Fitting, fitting
from benchmark.planning.memory import all_rows
from benchmark.planning.outline import Outline
from benchmark.planning.rates import Rate
from benchmark.planning.scoring import encoding, scoring, ways
from benchmark.planning.splicing import Spliced, seconds
from benchmark.run.cells import Case
from benchmark.run.request import Request

COPIES = 2
"""A fit is kept with the results and in this machine's cache."""


@dataclass
class TaskPlan:
    """One task on one method: cells that are still to be scored, and the seconds of all."""

    cells: int = 0
    seconds: float = 0.0
    passes: int = 0
    """Of the whole model over pictures that are talked about, among these seconds."""


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
    encode_s: float = 0.0
    """To encode the rows of every fit that is scored."""
    tasks: dict[str, TaskPlan] = field(default_factory=dict)
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

    @property
    def score_s(self) -> float:
        """Seconds of all cells."""
        return self.encode_s + sum(task.seconds for task in self.tasks.values())


@dataclass(frozen=True, eq=False)
class Where:
    """What all methods of one backend have in common."""

    outline: Outline
    material: Material
    request: Request
    rate: Rate
    spliced: Spliced = field(default_factory=Spliced)

    def methods(self, found: Sequence[Planned]) -> list[MethodPlan]:
        """Cells by method and variant, with what they take; each fit is counted once."""
        rows: dict[tuple[str, str], MethodPlan] = {}
        known: set[str] = set()
        met: set[tuple[object, ...]] = set()
        for cell in found:
            case = cell.place.case
            key = (case.choice.name, case.variant)
            row = rows.setdefault(key, MethodPlan(*key))
            row.cells += 1
            row.scored += cell.scored
            row.not_applicable += cell.reason is not None and not cell.scored
            if not cell.due:
                continue
            for part in case.parts or (case,):
                name = part.fit_key(cell.place.seed)
                if name not in known:
                    known.add(name)
                    self._fit(row, part, cell.place.seed)
            of = (cell.place.asked.name, case.variant, cell.site, cell.place.seed)
            self._score(row, cell, again=of in met)
            met.add(of)
        return list(rows.values())

    def fit(self, case: Case) -> Fitting:
        """One fit of a case."""
        captions = self.material.of("train").captions
        name, widths = case.choice.name, self._widths(case)
        return fitting(name, case.method, self.outline, widths, captions, self.rate)

    def _widths(self, case: Case) -> tuple[int, int]:
        site = case.materials.site
        return self.outline.width(site, "image"), self.outline.width(site, "text")

    def _fit(self, row: MethodPlan, case: Case, seed: int) -> None:
        """Adds one fit that a cell stands on."""
        one = self.fit(case)
        row.parameters = max(row.parameters, one.parameters)
        row.k = max(row.k, int(getattr(case.method, "k", 0) or max(self._widths(case))))
        row.told = row.told or one.told
        rows = all_rows(self.outline, self.material, case.materials.site)
        row.encode_s += encoding(one.encoded, rows, self.rate)
        if fitted(case, seed, self.request):
            row.fits_kept += 1
            return
        row.fits += 1
        row.fit_s += one.seconds
        row.fit_bytes += COPIES * one.parameters * FLOAT
        row.patches += Need.PATCH in case.method.provides

    def _score(self, row: MethodPlan, cell: Planned, *, again: bool) -> None:
        """Adds the scoring of one cell; `again` where another method has it before."""
        case, task = cell.place.case, cell.place.asked.name
        blocks = len(case.swept or ()) or 1
        split, tokens = self.request.split, cell.site.pool == "none"
        one = scoring(
            task, row.method, case.method, self.outline, self.material, split, self.rate, blocks,
            tokens=tokens, again=again,
        )  # fmt: skip
        codes = ways(row.method, case.method)
        passes = self.spliced.passes(task, self.outline, cell.site, codes)
        found = row.tasks.setdefault(task, TaskPlan())
        found.cells += 1
        found.passes += passes
        found.seconds += one.seconds + seconds(
            self.outline, self.material.of(split), passes, self.rate
        )
        if not one.known:
            row.guessed = tuple(dict.fromkeys((*row.guessed, task)))
