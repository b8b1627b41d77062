"""The answers of a run as judges read them: `answers/<key>.jsonl` beside the record of the cell."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any

from benchmark.contracts import Answered, Transcript
from benchmark.judges.mentions import judge_of
from benchmark.judges.reading import Judge
from benchmark.results import Cell, read_cell

FOLDER = "answers"
NO_LATENT = "no latent, so nothing was asked after an edit"
NOT_ELIGIBLE = "not eligible: the unedited answer cannot show an edit"


@dataclass(frozen=True, eq=False)
class Sheet:
    """What one cell answered."""

    cell: Cell
    of: Transcript

    @cached_property
    def judge(self) -> Judge:
        """Reads answers by the names of things, as the run's own judge did."""
        others = None if self.of.others is None else frozenset(self.of.others)
        return judge_of(self.of.names, frozenset(self.of.descriptions), others)

    @cached_property
    def title(self) -> str:
        """What was run, to be read by people."""
        cell = self.cell
        names = (cell.task.name, cell.method.name, cell.backend.name, str(cell.site))
        return " · ".join((*names, cell.variant, f"seed {cell.seed}"))

    @cached_property
    def judged(self) -> tuple[Answered, ...]:
        """Cases that any judge may speak of: eligible ones with an answer after the edit."""
        return tuple(c for c in self.of.cases if c.eligible and c.after is not None)

    @cached_property
    def unjudged(self) -> dict[str, int]:
        """How many cases no judge speaks of, by reason."""
        latent = sum(c.eligible and c.after is None for c in self.of.cases)
        able = sum(not c.eligible for c in self.of.cases)
        return {why: n for why, n in ((NO_LATENT, latent), (NOT_ELIGIBLE, able)) if n}

    def name(self, concept: int) -> str:
        """The usual name of a thing."""
        return self.of.names[concept][0]


def sheets_of(run: Path) -> list[Sheet]:
    """Every sheet of a results folder, by title.

    Raises ValueError, one line, where there is none, and for a damaged one.
    """
    if not (run / "cells").is_dir():
        raise ValueError(
            f"{run} is no results folder (no cells/ in it): wanted one that `run` wrote"
        )
    found = [sheet_of(file, run) for file in sorted((run / FOLDER).glob("*.jsonl"))]
    if not found:
        raise ValueError(
            f"{run} has no answers ({FOLDER}/ is empty or not there): run object_removal or "
            "object_replacement on a backend that writes text, with --overwrite-strategy always "
            "where its cells are there already"
        )
    return sorted(found, key=lambda sheet: (sheet.title, sheet.cell.key))


def sheet_of(file: Path, run: Path) -> Sheet:
    """One sheet and its cell. Raises ValueError, one line, where these are not whole."""
    try:
        first, *rest = (json.loads(line) for line in file.read_text("utf-8").splitlines())
        if first["cases"] != len(rest):
            raise ValueError(f"{len(rest)} of {first['cases']} cases are there")
        of = Transcript(**first | {"cases": tuple(map(_case, rest))} | _names(first))
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ValueError(
            f"{file} is no whole file of answers ({type(error).__name__}: {error}): run it again"
        ) from None
    return Sheet(read_cell(run / "cells" / f"{file.stem}.json"), of)


def _case(facts: dict[str, Any]) -> Answered:
    known = {f.name: facts[f.name] for f in fields(Answered)}
    return Answered(**known | {n: tuple(known[n]) for n in ("truth", "captions")})


def _names(first: dict[str, Any]) -> dict[str, Any]:
    others = first["others"]
    return {
        "names": tuple(map(tuple, first["names"])),
        "descriptions": tuple(first["descriptions"]),
        "others": None if others is None else tuple(others),
    }
