"""The `verify` verb: validates, scores again, tells, and records what was verified."""

from __future__ import annotations

import argparse
import json
import logging
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TypeVar

from benchmark.command.streams import stdout_to_stderr
from benchmark.kernels.device import device
from benchmark.reports.names import short
from benchmark.results import write_whole
from benchmark.run.running import bar, quiet_libraries, say
from benchmark.submissions import VERIFIED, read_submission
from benchmark.submissions.validating import Verdict, validate
from benchmark.submissions.verified import Verification
from benchmark.submissions.words import escaped
from benchmark.verification.asked import Asked, fresh_seed
from benchmark.verification.printing import print_verification, sentence
from benchmark.verification.verifying import Verifier

T = TypeVar("T")
SHOWN = 10
"""Faults that are told of a folder that is not valid."""
SANDBOX = (
    "running the submitted method.py in this process, with all rights of this user: only a "
    "container keeps it from them"
)


def verify_verb(arguments: argparse.Namespace) -> int:
    """0 where it is verified, 1 where it is not. Raises ValueError where it cannot be looked at."""
    logging.getLogger("benchmark").setLevel("ERROR" if arguments.quiet else "WARNING")
    tell = say(arguments.quiet)
    folder = Path(arguments.folder)
    valid = validate(folder)
    if not valid.valid:
        return refused(valid, as_json=arguments.json)
    for line in valid.warnings:
        tell(f"warning: {line}")
    asked = asked_for(arguments, folder)
    with stdout_to_stderr(arguments.json):
        found = verified(asked, arguments)
    if arguments.json:
        print(found.model_dump_json(indent=1))
        print(sentence(found), file=sys.stderr)
    else:
        print_verification(found, brief=arguments.quiet)
    if arguments.record is not None:
        put(found, asked, Path(arguments.record) if arguments.record else VERIFIED)
    return 0 if found.verified else 1


def verified(asked: Asked, arguments: argparse.Namespace) -> Verification:
    """Everything that was asked for; records of cells go to a folder that is thrown away."""
    quiet_libraries()
    tell = say(arguments.quiet)
    if asked.run_code and asked.submitted.record.method_file is not None:
        print(f"warning: {SANDBOX}", file=sys.stderr)
    if asked.fresh_seed is not None:
        tell(f"fresh test from seed {asked.fresh_seed}")
    with tempfile.TemporaryDirectory(prefix="verify-") as output:
        return Verifier(asked, Path(output), tell, bar(arguments.quiet)).run()


def asked_for(arguments: argparse.Namespace, folder: Path) -> Asked:
    """The command as data. Raises ValueError, one line, for a part that is not there."""
    submitted = read_submission(folder)
    cells = submitted.cells
    seeds = {str(cell.seed): cell.seed for cell in cells}
    tasks = {cell.task.name: cell.task.name for cell in cells}
    names = {cell.backend.name for cell in cells}
    backends = {name: name for name in names} | {short(name): name for name in names}
    asked = Asked(
        submitted,
        seeds=tuple(part("--seed", [str(s) for s in arguments.seed or ()], seeds)),
        backends=tuple(part("--backend", arguments.backend or (), backends)),
        tasks=tuple(part("--task", arguments.task or (), tasks)),
        refit=arguments.refit,
        run_code=arguments.run_code,
        any_backend=arguments.any_backend,
        fresh_seed=fresh_seed(arguments.fresh_seed, submitted.sha256),
        device=device(arguments.device),
        batch_size=arguments.batch_size,
        traceback=arguments.traceback,
    )
    if asked.refit and submitted.record.imported:
        raise ValueError("--refit: these dictionaries were fitted elsewhere: nothing trains them")
    if arguments.record is not None and not asked.whole:
        raise ValueError("--record with --seed, --backend or --task: only a whole one is recorded")
    return asked


def part(flag: str, names: Iterable[str], there: Mapping[str, T]) -> list[T]:
    """What names mean in a submission. Raises ValueError for one that it does not have."""
    for name in names:
        if name not in there:
            raise ValueError(f"{flag} {name}: the submission has {', '.join(sorted(there))}")
    return [there[name] for name in names]


def refused(valid: Verdict, *, as_json: bool) -> int:
    """Says why a folder is not scored; `validate` says all of it."""
    if as_json:
        told = {"slug": valid.slug, "verified": False, "reasons": list(valid.faults)}
        print(json.dumps(told, indent=1))
        return 1
    for line in valid.faults[:SHOWN]:
        print(f"reason: {line}")
    n = len(valid.faults)
    more = f"; {n - SHOWN} more are told by `validate`" if n > SHOWN else ""
    name = escaped(valid.folder.name)
    print(f"{name}: not verified: not valid ({n} faults{more}), so nothing was scored")
    return 1


def put(found: Verification, asked: Asked, root: Path) -> None:
    """Writes the record of a verified submission; of any other it takes none back, but says so."""
    path = root / f"{found.slug}.json"
    if found.verified:
        write_whole(path, (found.model_dump_json(indent=1) + "\n").encode())
        print(f"recorded: {path}", file=sys.stderr)
    elif asked.submitted.lane == "verified":
        print(f"warning: {path} says that it is verified: take it away", file=sys.stderr)
