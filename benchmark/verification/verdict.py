"""From everything that was found to the verdict, and the words of what speaks against it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from benchmark.provenance import environment
from benchmark.run.cells import package_digest
from benchmark.run.shelf import driver
from benchmark.submissions.verified import FreshScore, RefitScore, Rescored, Verification
from benchmark.verification.asked import Asked
from benchmark.verification.fresh import fresh_scores
from benchmark.verification.grouping import asked_for
from benchmark.verification.refitting import refit_scores
from benchmark.verification.rescoring import Pair
from benchmark.verification.spots import columns, mean
from benchmark.verification.told import Against
from benchmark.verification.tolerance import TOLERANCE


@dataclass
class Findings:
    """Recorded cells beside what scoring gave, and what speaks against the submission."""

    against: Against = field(default_factory=Against)
    rescored: list[Pair] = field(default_factory=list)
    fresh: list[Pair] = field(default_factory=list)
    refitted: list[Pair] = field(default_factory=list)
    largest: dict[tuple[Any, ...], float] = field(default_factory=dict)
    """Greatest difference from the record, a main or other score."""
    n_numbers: int = 0

    @property
    def keys(self) -> tuple[str, ...]:
        """Recorded cells that were scored again, from checkpoints or from fits made now."""
        pairs = (*self.rescored, *self.refitted)
        both = {p.recorded.key for p in pairs if p.recorded.status == p.again.status == "scored"}
        return tuple(sorted(both))


def verdict(found: Findings, asked: Asked) -> Verification:
    """Verified where nothing speaks against it."""
    against, submitted = found.against, asked.submitted
    again, refit = columns(found.rescored), refit_scores(columns(found.refitted))
    fresh = fresh_scores(again, columns(found.fresh))
    for line in [overfitted(row) for row in fresh if row.overfits]:
        against.add(line)
    for line in [apart_again(row) for row in refit if not row.agrees]:
        against.add(line)
    scored = {c.key for c in submitted.cells if c.status == "scored" and asked_for(c, asked)}
    if not against.any and (not scored or scored - set(found.keys)):
        left = len(scored - set(found.keys))
        against.add(f"{left} of {len(scored)} scored cells were not scored again")
    return Verification(
        slug=submitted.record.slug,
        method=submitted.record.method,
        submission_sha256=submitted.sha256,
        verified=not against.any,
        whole=asked.whole,
        reasons=against.reasons,
        notes=against.notes,
        date=datetime.now(UTC).isoformat(timespec="seconds"),
        tolerance=TOLERANCE,
        keys=found.keys,
        n_scores=found.n_numbers,
        rescored=tuple(
            Rescored(
                **column.spot,  # type: ignore[arg-type]
                recorded=mean(column.recorded),
                again=mean(column.again),
                largest=found.largest.get(column.key, 0.0),
            )
            for column in again
        ),
        fresh_seed=asked.fresh_seed if fresh else None,
        fresh=tuple(fresh),
        refitted=bool(found.refitted),
        refit=tuple(refit),
        ran_code=bool(found.refitted) and submitted.record.method_file is not None,
        package=package_digest(),
        environment=environment(device=asked.device, driver=driver(asked.device)),
    )


def overfitted(row: FreshScore) -> str:
    """Why a fresh score speaks against a submission."""
    return (
        f"{row.task} on {row.backend}, {row.site}: {row.metric} overfits the public test split: "
        f"{row.public:.4g} there, {row.fresh:.4g} on one drawn anew, {row.ahead:.2g} better where "
        f"{row.reliable or 0:.2g} may be chance (p {row.p or 0:.1g})"
    )


def apart_again(row: RefitScore) -> str:
    """Why a fit made now speaks against a submission."""
    old, new = (", ".join(f"{v:.4g}" for v in each) for each in (row.recorded, row.refitted))
    return (
        f"{row.task} on {row.backend}, {row.site}: {row.metric} is {old} in the record and {new} "
        f"trained again (seeds {', '.join(map(str, row.seeds))}): more apart than "
        f"{row.reliable_seed or 0:.2g} a seed or {row.reliable or 0:.2g} over seeds"
    )
