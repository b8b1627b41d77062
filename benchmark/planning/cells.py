"""The cells of a request, found as a run finds them, and which of them are scored already."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, cast

from benchmark.activations.reading import Store
from benchmark.activations.root import default_root
from benchmark.contracts import Backend, Dataset, Site, silent
from benchmark.planning.listed import Listed
from benchmark.planning.outline import Outline
from benchmark.results import read_cells
from benchmark.run.applicable import not_applicable
from benchmark.run.cells import Case, Place
from benchmark.run.materials import Materials
from benchmark.run.request import Request
from benchmark.run.runner import Runner
from benchmark.run.shelf import Shelf


@dataclass(frozen=True)
class Foreseen(Materials):
    """Materials whose widths are known from figures: no row is read for them."""

    @cached_property
    def one_width(self) -> bool:
        """Whether both modalities are equally wide at this site."""
        outline = cast(Outline, self.backend)
        return outline.width(self.site, "image") == outline.width(self.site, "text")


@dataclass(frozen=True)
class Planned:
    """One cell to be: its place, and why it has no score or that it has one."""

    place: Place
    scored: bool
    reason: str | None

    @property
    def due(self) -> bool:
        """Whether a run would score it."""
        return not self.scored and self.reason is None

    @property
    def site(self) -> Site:
        return self.place.case.materials.site


def cells(outline: Outline, data: Dataset, request: Request) -> list[Planned]:
    """Every cell of a request on one backend, in the order of a run.

    Where the revision of the model or of the data is not known, a cell counts as scored if there
    is one of the same question under any revision that the results folder has.
    """
    tried = [
        list(_places(replace(outline, revision=revision), _at(data, data_revision), request))
        for revision, data_revision in _revisions(outline, data, request)
    ]
    shelf = Shelf(request)
    found = []
    for same in zip(*tried, strict=True):
        place: Place = same[0]
        scored = any(shelf.kept(each) is not None for each in same)
        materials = place.case.materials
        reason = not_applicable(place.task, place.case.method, materials, place.case.swept)
        found.append(Planned(place, scored, reason))
    return found


def _places(outline: Outline, data: Dataset, request: Request) -> Iterator[Place]:
    first = outline.sites[0]
    backend = cast(Backend, outline)
    opened = Foreseen(backend, data, first, request, silent, Store(say=_nothing))
    runner = Runner(request, Shelf(request), say=_nothing)
    for case in runner.cases(opened):
        for seed in request.seeds:
            yield from runner.places(case, seed)


def _nothing(line: str) -> None:
    del line


def _at(data: Dataset, revision: str) -> Any:
    return replace(data, revision=revision) if isinstance(data, Listed) else data


def _revisions(outline: Outline, data: Dataset, request: Request) -> Sequence[tuple[str, str]]:
    """Pairs of revisions, of model and data, under which cells may have been kept."""
    known = [(outline.revision, data.revision)]
    if outline.revision and data.revision:
        return known
    folder = request.output / "cells"
    records = read_cells(folder).cells if folder.is_dir() else ()
    there = {
        (outline.revision or cell.backend.revision, data.revision or cell.data.revision)
        for cell in records
        if cell.backend.name == outline.name and cell.data.name == data.name
    }
    return sorted(there) or known


def fitted(case: Case, seed: int, request: Request) -> bool:
    """Whether an earlier run left this fit whole, with its results or in this machine's cache."""
    if request.overwrite == "always":
        return False
    backend = cast(Outline, case.materials.backend)
    if not (backend.revision and case.materials.data.revision):
        return False
    name = f"{case.fit_key(seed)}.json"
    return any((folder / "fits" / name).is_file() for folder in (request.output, default_root()))
