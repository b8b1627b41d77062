"""`submit`: a run's results become the folder of a submission, whole and valid or not at all."""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shutil
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from benchmark.messages.storage import StorageError
from benchmark.registry import catalogue
from benchmark.results import Run, document, to_json, write_whole
from benchmark.results.reading import all_lines
from benchmark.submissions.card import card
from benchmark.submissions.gathering import Gathered, gathered
from benchmark.submissions.named import Named
from benchmark.submissions.records import (
    CARD,
    DOCUMENT,
    METHOD,
    RECORD,
    UNITS,
    FileRecord,
    Submission,
)
from benchmark.submissions.validating import Verdict, validate

LONGEST_TITLE = 120
OF_A_CHECKOUT = Path("leaderboards") / "submissions"


@dataclass(frozen=True)
class Made:
    """A folder that was written, or the faults for which it was not."""

    folder: Path
    verdict: Verdict
    notes: tuple[str, ...]
    size: int


def submit(asked: argparse.Namespace) -> Made:
    """Makes and validates the folder. Raises ValueError, one line, for anything wrong.

    Nothing is left behind where it fails, and a folder that was there before stays as it was.
    """
    run = Path(asked.run)
    run = run.parent if run.name == DOCUMENT else run
    found = gathered(run, asked.method, [Path(path) for path in asked.checkpoint or ()])
    slug = asked.slug or slug_of(found)
    root = Path(asked.output_path or OF_A_CHECKOUT)
    final = root / slug
    if final.exists() and not asked.replace:
        raise ValueError(f"{final} exists: take it away with --replace, or choose another --slug")
    contents = files_of(run, found)
    contents[CARD] = card(record_of(asked, found, slug, contents)).encode()
    record = record_of(asked, found, slug, contents)
    contents[RECORD] = (record.model_dump_json(indent=1) + "\n").encode()
    part = root / f".{slug}.{os.getpid()}.part"
    fresh = [folder for folder in (root, *root.parents) if not folder.exists()]
    try:
        for name, content in contents.items():
            write_whole(part / slug / name, content)
        verdict = validate(part / slug, beside=root)
        if verdict.valid:
            _put(part / slug, final)
    finally:
        shutil.rmtree(part, ignore_errors=True)
        for folder in fresh:
            with suppress(OSError):
                folder.rmdir()
    size = sum(len(content) for content in contents.values())
    return Made(final, verdict, tuple(found.notes), size)


def _put(part: Path, final: Path) -> None:
    """Moves the finished folder into place; one that was there goes only once that is done."""
    old = part.parent / ".old"
    try:
        if final.exists():
            os.replace(final, old)
        try:
            os.replace(part, final)
        except OSError:
            if old.exists():
                os.replace(old, final)
            raise
    except OSError as error:
        raise StorageError(
            f"cannot write {final}: {error.strerror}; choose another --output-path"
        ) from None


def is_checkout() -> bool:
    """Whether this folder is a clone of the repository."""
    return Path("leaderboards/__init__.py").is_file() and Path("benchmark").is_dir()


def slug_of(found: Gathered) -> str:
    """The method's name; of a method of the library with what was set beyond its defaults."""
    words = [found.method.name]
    if found.method.kind == "library":
        given = found.cells[0].method.given
        words += [f"{name}-{value}" for name, value in sorted(given.items())]
    return re.sub(r"[^a-z0-9]+", "-", "-".join(words).lower()).strip("-")[:64].strip("-")


def files_of(run: Path, found: Gathered) -> dict[str, bytes]:
    """Every file that comes from the run, by its path. Raises ValueError where one is gone."""
    wanted: dict[str, Path] = dict(found.files)
    for cell in found.cells:
        if cell.units_file is not None:
            wanted[f"{UNITS}/{cell.units_file}"] = run / "cells" / cell.units_file
    if found.method.kind == "file" and found.method.path is not None:
        wanted[METHOD] = found.method.path
    try:
        contents = {name: path.read_bytes() for name, path in sorted(wanted.items())}
    except OSError as error:
        raise ValueError(f"cannot read {error.filename}: {error.strerror}") from None
    whole = document(Run(environment=newest_environment(found)), found.cells)
    return contents | {DOCUMENT: to_json(whole).encode()}


def newest_environment(found: Gathered) -> Any:
    """Where the latest cell was computed."""
    return max(found.cells, key=lambda cell: (cell.created or "", cell.key)).environment


def record_of(
    asked: argparse.Namespace, found: Gathered, slug: str, contents: Mapping[str, bytes]
) -> Submission:
    """The record. Raises ValueError naming the flag of what cannot be recorded."""
    files = {
        name: FileRecord(sha256=hashlib.sha256(content).hexdigest(), bytes=len(content))
        for name, content in sorted(contents.items())
    }
    ran, method = {cell.task.name for cell in found.cells}, found.method
    try:
        return Submission(
            slug=slug,
            method=method.name,
            method_file=method.path.name if method.kind == "file" and method.path else None,
            imported=method.kind == "imported",
            title=asked.title or title_of(method),
            summary=asked.summary or "",
            authors=tuple(asked.author),
            licence=asked.licence,
            paper=asked.paper,
            code=asked.code,
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            tasks={n: e.digest for n, e in catalogue("task").items() if n in ran},
            environment=newest_environment(found),
            checkpoints=tuple(found.checkpoints),
            files=files,
        )
    except ValidationError as error:
        raise ValueError(_with_flag(error)) from None


FLAGS = {"authors": "--author", "method_file": "--method", "method": "--method"}
SPELLED = {
    "authors": "is empty: wanted the name of who made it",
    "slug": "wanted lower case letters, digits and single dashes, as in my-method",
    "licence": "wanted an SPDX expression, as in MIT or Apache-2.0",
    "method": "its name has signs that no name of a row may have: rename the file",
    "method_file": "wanted a file name of letters, digits and underscores: rename the file",
}


def _with_flag(error: ValidationError) -> str:
    """The first complaint under the name of its flag."""
    field, _, rest = all_lines(error)[0].partition(":")
    first = field.split(".")[0]
    said = rest.strip()
    if "should match pattern" in said or "at least 1 character" in said:
        said = SPELLED.get(first, said)
    return f"{FLAGS.get(first, f'--{first}')}: {said}" if rest else field


def title_of(method: Named) -> str:
    """The first line of the method's file, as long as a title may be; else its name."""
    said = " ".join(method.summary.split()).rstrip(".") or method.name
    return said if len(said) <= LONGEST_TITLE else f"{said[: LONGEST_TITLE - 1].rstrip()}…"


def submit_verb(asked: argparse.Namespace) -> int:
    """Makes the folder and says what to do with it. 0 where it is valid, 1 where it is not."""
    made = submit(asked)
    for note in made.notes:
        print(f"note: {note}", file=sys.stderr)
    for line in made.verdict.warnings:
        print(f"warning: {line}", file=sys.stderr)
    if not made.verdict.valid:
        for line in made.verdict.faults:
            print(f"fault: {line}", file=sys.stderr)
        print(f"error: not valid, so {made.folder} was not written", file=sys.stderr)
        return 1
    print(next_step(made))
    return 0


def next_step(made: Made) -> str:
    """Exactly what to do with the folder."""
    folder, slug = made.folder, made.folder.name
    verdict = made.verdict
    written = (
        f"written: {folder} ({verdict.cells} cells, {verdict.checkpoints} checkpoints, "
        f"{made.size / 1e6:.1f} MB), valid"
    )
    home = OF_A_CHECKOUT / slug
    steps = [f"git switch -c submit-{slug}", f"git add {home}"]
    steps += [f'git commit -m "Submission: {slug}"', f"git push -u origin submit-{slug}"]
    if folder != home or not is_checkout():
        steps.insert(1, f"mkdir -p {home} && cp -R {folder.absolute()}/. {home}")
    return "\n".join(
        [
            written,
            "next, in a clone of your fork of the repository:",
            *(f"  {step}" for step in steps),
            f"then open a pull request that changes {home}/ alone.",
            "The workflow `submission` validates it there and answers in the summary of its run;",
            "the same answer here:",
            f"  python -m benchmark validate {folder}",
        ]
    )
