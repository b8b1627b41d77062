"""From a run's results folder: the cells of one method, and the dictionaries that they used."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

from benchmark.registry import catalogue
from benchmark.reports.names import short
from benchmark.results import Cell, read_cells
from benchmark.results.plain_json import parsed
from benchmark.submissions.checkpoint_checks import DICTIONARY, PATCH, SIDECAR, place, sites
from benchmark.submissions.dictionaries import digest, together
from benchmark.submissions.known import code_of, tasks
from benchmark.submissions.limits import LARGEST_CHECKPOINT, MB
from benchmark.submissions.named import Named, named_method
from benchmark.submissions.records import CHECKPOINTS, Checkpoint
from benchmark.submissions.tensors import read_tensors

MOST_WAYS = 4_000
"""Ways to put dictionaries to blocks that are tried, where they do not say it themselves."""


@dataclass
class Gathered:
    """What goes into a submission, and what was left out of it, a line each."""

    method: Named
    cells: list[Cell]
    notes: list[str] = field(default_factory=list)
    checkpoints: list[Checkpoint] = field(default_factory=list)
    files: dict[str, Path] = field(default_factory=dict)
    """Where each checkpoint's files lie, by their path in the submission."""


@dataclass(frozen=True)
class Fitted:
    """A dictionary in a file, and what its sidecar says of where it was fitted."""

    path: Path
    digest: str
    backend: str | None
    site: str | None
    seed: int | None


def gathered(run: Path, word: str, extra: Sequence[Path]) -> Gathered:
    """Cells of a method as it is now, one a place and seed, and their dictionaries.

    Raises ValueError, one line, where there are none.
    """
    notes: list[str] = []
    kept = cells_of(run, notes)
    method = named_method(word, kept, run)
    found = Gathered(method, chosen_cells(run, method, kept, notes), notes)
    add_checkpoints(found, run / "fits", extra)
    return found


def cells_of(run: Path, notes: list[str]) -> Sequence[Cell]:
    """Every whole cell of a run; what is not whole is noted."""
    folder = run / "cells"
    if not folder.is_dir():
        raise ValueError(
            f"{run} holds no cells/: wanted the results folder of a run, as in "
            f"`run --output-path results` then `submit results`"
        )
    kept = read_cells(folder)
    notes += kept.problems
    return kept.cells


def chosen_cells(run: Path, method: Named, kept: Sequence[Cell], notes: list[str]) -> list[Cell]:
    """The cells of the method's own file, of tasks of the suite; of a place the latest."""
    mine = [cell for cell in kept if cell.method.name == method.name]
    known = tasks()
    suite = [cell for cell in mine if cell.task.name in known and cell.split == "test"]
    _left(notes, len(mine) - len(suite), "of other tasks than the suite's, or of another split")
    task_digest = {name: entry.digest for name, entry in catalogue("task").items()}
    current = [
        cell
        for cell in suite
        if method.digest is None
        or cell.method.code == code_of(method.digest, task_digest[cell.task.name])
    ]
    _left(notes, len(suite) - len(current), "of an earlier state of the method's or a task's file")
    if not current:
        made = method.path.name if method.path else "these dictionaries"
        raise ValueError(
            f"no cell of {method.name} in {run} was made by {made} and the tasks as they are now: "
            f"run it again"
        )
    return _latest(current, notes)


def _left(notes: list[str], count: int, why: str) -> None:
    if count:
        notes.append(f"left out: {count} cells {why}")


def _latest(cells: Iterable[Cell], notes: list[str]) -> list[Cell]:
    """One cell a place and seed: code of ours and sibling seeds may have changed in between."""
    newest: dict[tuple[object, ...], Cell] = {}
    ordered = sorted(cells, key=lambda cell: (cell.created or "", cell.key))
    for cell in ordered:
        revisions = (cell.backend.revision, cell.data.revision)
        newest[(cell.task.name, *revisions, *place(cell))] = cell
    _left(notes, len(ordered) - len(newest), "that were run again since")
    return sorted(newest.values(), key=lambda cell: cell.key)


def add_checkpoints(found: Gathered, fits: Path, extra: Sequence[Path]) -> None:
    """Finds the dictionary behind each cell by its digest; files too large are left out.

    Raises ValueError for a file that was named and that no cell used.
    """
    named = [file for path in extra for file in _files(path, wanted=True)]
    known = [fitted(file, found.notes) for file in (*_files(fits), *named)]
    pool = [each for each in known if each is not None]
    used: set[str] = set()
    for cell in found.cells:
        if cell.status != "scored" or cell.method.checkpoint_sha256 is None:
            continue
        for site, one in zip(sites(cell), behind(cell, pool), strict=False):
            used.add(one.digest)
            _take(found, cell, site, one)
    for each in pool:
        if each.path in named and each.digest not in used:
            raise ValueError(f"--checkpoint {each.path}: no cell of the method was scored with it")
    missing = {place(c, s) for c in found.cells if c.method.checkpoint_sha256 for s in sites(c)}
    lacking = len(missing - {place(each) for each in found.checkpoints})
    if lacking:
        found.notes.append(
            f"{lacking} dictionaries are not there: name them with --checkpoint, or only a new fit "
            f"can verify the row"
        )


def _files(path: Path, *, wanted: bool = False) -> list[Path]:
    """Dictionaries at a path: a file, or every one of a folder."""
    if path.is_dir():
        files = sorted(path.glob(f"*{DICTIONARY}"))
    else:
        files = [path] if path.is_file() else []
    if wanted and not files:
        raise ValueError(f"--checkpoint {path}: found no .safetensors file there")
    return [file for file in files if not file.name.endswith(PATCH)]


def fitted(path: Path, notes: list[str]) -> Fitted | None:
    """A dictionary by its digest; None, and a note, where it is not whole or too large."""
    parts = [path.with_suffix(suffix) for suffix in (DICTIONARY, PATCH, SIDECAR)]
    if not parts[2].is_file():
        notes.append(f"left out: {path.name} has no facts ({parts[2].name}) beside it")
        return None
    for part in parts[:2]:
        if part.is_file() and part.stat().st_size > LARGEST_CHECKPOINT:
            size = part.stat().st_size // MB
            notes.append(f"left out: {part.name} has {size} MB, at most {LARGEST_CHECKPOINT // MB}")
            return None
    try:
        patch = read_tensors(parts[1].read_bytes()) if parts[1].is_file() else None
        own = digest(read_tensors(parts[0].read_bytes()), patch)
        facts = parsed(parts[2].read_bytes())
        of = facts.get("of") or {}
        return Fitted(path, own, of.get("backend"), of.get("site"), of.get("seed"))
    except (ValueError, OSError, AttributeError) as error:
        notes.append(f"left out: {path.name}: {error}")
        return None


def behind(cell: Cell, pool: Sequence[Fitted]) -> list[Fitted]:
    """The dictionaries that a cell used, one a site, by what its digest says; none if not there."""
    options: list[list[Fitted]] = []
    for site in sites(cell):
        of = [
            each
            for each in pool
            if (each.site, each.seed, each.backend) == (site, cell.seed, cell.backend.name)
        ]
        options.append(list({each.digest: each for each in of or pool}.values()))
    ways = 1
    for each in options:
        ways *= len(each)
    if not options or ways > MOST_WAYS:
        return []
    for way in product(*options):
        if together([each.digest for each in way]) == cell.method.checkpoint_sha256:
            return list(way)
    return []


def _take(found: Gathered, cell: Cell, site: str, one: Fitted) -> None:
    """Adds the checkpoint of a place, once, under a name that says what it is."""
    if any(place(each) == place(cell, site) for each in found.checkpoints):
        return
    file = next((n for n, p in found.files.items() if p == one.path), None)
    if file is None:
        file = f"{CHECKPOINTS}/{_name(cell, site, found)}{DICTIONARY}"
        base = file.removesuffix(DICTIONARY)
        for suffix in (DICTIONARY, PATCH, SIDECAR):
            source = one.path.with_suffix(suffix)
            if source.is_file():
                found.files[base + suffix] = source
    found.checkpoints.append(
        Checkpoint(
            file=file,
            digest=one.digest,
            backend=cell.backend.name,
            data=cell.data.name,
            site=site,
            variant=cell.variant,
            seed=cell.seed,
            limit=cell.data.limit,
            centred=cell.data.centred,
        )
    )


def _name(cell: Cell, site: str, found: Gathered) -> str:
    """`pocket-clip-embedding-seed-0`, and a number after it where that is taken."""
    paper = ["paper"] if cell.variant == "paper" else []
    words = "-".join([short(cell.backend.name), site, *paper])
    plain = re.sub(r"[^A-Za-z0-9_]+", "-", words).strip("-_")[:80]
    name = f"{plain or 'fit'}-seed-{cell.seed}"
    taken = Counter(n for n in found.files if n.startswith(f"{CHECKPOINTS}/{name}"))
    return f"{name}-{len(taken)}" if f"{CHECKPOINTS}/{name}{DICTIONARY}" in taken else name
