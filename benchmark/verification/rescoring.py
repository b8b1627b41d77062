"""Scores cells of a submission again, by the same runner that made them, from given fits."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from benchmark.backends import ALONE, expand
from benchmark.backends.planted import parse
from benchmark.contracts import Dataset, Method, Progress, Renewable, silent
from benchmark.registry import Choice, find
from benchmark.results import Cell, read_units
from benchmark.run.cells import Case
from benchmark.run.fits import Fits, FitSource
from benchmark.run.materials import Materials, gather, pick_blocks
from benchmark.run.request import Request
from benchmark.run.runner import Runner
from benchmark.run.shelf import Shelf
from benchmark.statistics import StoredUnits
from benchmark.verification.asked import Asked
from benchmark.verification.grouping import Group
from benchmark.verification.recorded import RecordedCase

MOST_ROWS, MOST_ATOMS, WIDEST = 200_000, 20_000, 4_096
"""Of a planted world that is drawn because a record names it."""

Kind = Literal["public", "fresh", "refit"]
"""What is scored: the checkpoints on the public test, or on a fresh one, or fits made now."""


class FreshSeedError(ValueError):
    """The fresh test would be the public one: the command's fault, not the submission's."""


@dataclass(frozen=True)
class Pair:
    """A recorded cell and what scoring it again gave, with its units where it was scored."""

    recorded: Cell
    again: Cell
    units: Mapping[str, StoredUnits]


def openable(backend: str, asked: Asked) -> str | None:
    """Why a backend that a record names is not opened; None where it may be.

    Others than those that ship fetch weights, or read files that the record names.
    """
    scheme = backend.partition(":")[0].partition("?")[0]
    if scheme in ALONE or asked.any_backend:
        return None
    if scheme != "synthetic":
        return "does not ship with the benchmark: --any-backend opens it"
    try:
        recipe = parse(backend)
    except ValueError as error:
        return f"is no planted world: {error}"
    rows = recipe.n_train + recipe.n_val + recipe.n_test
    atoms = recipe.n_shared + recipe.n_image + recipe.n_text
    if rows > MOST_ROWS or atoms > MOST_ATOMS or recipe.d > WIDEST:
        return (
            f"is a planted world of {rows:,} rows, {atoms:,} atoms and width {recipe.d:,}: at most "
            f"{MOST_ROWS:,}, {MOST_ATOMS:,} and {WIDEST:,} are drawn (--any-backend draws it)"
        )
    return None


@dataclass
class Rescorer:
    """One submission's cells; backends stay open from one group to the next."""

    asked: Asked
    output: Path
    """A folder of its own, for records of this check alone."""
    choice: Choice
    progress: Progress = silent
    say: Callable[[str], None] = print
    opened: dict[tuple[str, int | None, bool], Materials] = field(default_factory=dict)

    def pairs(
        self,
        group: Group,
        method: Method,
        config: Mapping[str, Any],
        fits: FitSource,
        *,
        kind: Kind = "public",
    ) -> Iterator[Pair]:
        """Every recorded cell of a group with its counterpart, as soon as that is there.

        Raises ValueError where the backend cannot be opened or has no such site.
        """
        request = self._request(group, kind)
        case = self._case(group, request, method, config, fresh=kind == "fresh")
        shelf = Shelf(request)
        runner = Runner(request, shelf, progress=self.progress, say=self.say, fits=fits)
        wanted = {(cell.task.name, cell.seed): cell for cell in group.cells}
        for again in runner.cells(case, group.wanted):
            recorded = wanted.get((again.task.name, again.seed))
            if recorded is not None:
                scored = again.status == "scored"
                yield Pair(recorded, again, read_units(shelf.cells, again) if scored else {})

    def fitting(self, group: Group) -> Fits:
        """Fits made now, whatever an earlier run left in this machine's cache."""
        return Fits(Shelf(self._request(group, "refit")))

    def fresh_data(self, group: Group) -> Dataset | None:
        """The data of a group with another test; None where they are not drawn.

        Raises FreshSeedError for the seed of the public test.
        """
        data = self._materials(group, self._request(group, "public")).data
        if not isinstance(data, Renewable) or self.asked.fresh_seed is None:
            return None
        try:
            return data.with_fresh_test(self.asked.fresh_seed)
        except ValueError as error:
            raise FreshSeedError(f"--fresh-seed: {error}") from error

    def _request(self, group: Group, kind: Kind) -> Request:
        return Request(
            methods=(self.choice,),
            given=({},),
            tasks=tuple(find("task", name) for name in group.tasks),
            backends=tuple(expand([group.backend])),
            data=group.data,
            sites=(group.site,),
            seeds=group.seeds,
            split="test",
            variants=(group.variant,),
            centre=group.centred,
            limit=group.limit,
            batch_size=self.asked.batch_size,
            device=self.asked.device,
            output=self.output / kind,
            overwrite="always" if kind == "refit" else "only-missing",
            traceback=self.asked.traceback,
        )

    def _case(
        self,
        group: Group,
        request: Request,
        method: Method,
        config: Mapping[str, Any],
        *,
        fresh: bool,
    ) -> Case:
        opened = replace(self._materials(group, request), request=request)
        if fresh:
            opened = replace(opened, judging=self.fresh_data(group))
        if group.swept:
            sites = pick_blocks(opened.backend, [n for n in group.site.split(",") if n])
            blocks = tuple(opened.at(site, along=sites) for site in sites)
            first = blocks[0] if blocks else opened
            return RecordedCase(self.choice, method, {}, group.variant, first, blocks, config)
        by_name = {site.name: site for site in opened.backend.sites}
        if group.site not in by_name:
            raise ValueError(f"{group.backend} has no site {group.site!r}: {', '.join(by_name)}")
        at = opened.at(by_name[group.site], along=tuple(by_name.values()))
        return RecordedCase(self.choice, method, {}, group.variant, at, None, config)

    def _materials(self, group: Group, request: Request) -> Materials:
        key = (group.backend, group.limit, group.centred)
        if key not in self.opened:
            self.opened.clear()  # one model at a time
            self.opened[key] = gather(request.backends[0], request, self.progress, self.say)
        return self.opened[key]
