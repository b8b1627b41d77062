"""What became of the edits: a verdict for each case, and scores made of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool

from benchmark.contracts import Units
from benchmark.interviews.cases import Case
from benchmark.judges.reading import Reading
from benchmark.judges.verdicts import Verdict, eligible, published, removal, replacement

NO_LATENT = Verdict(0, False, True, 0, 0, 0, "no latent")


@dataclass(frozen=True, eq=False)
class Outcomes:
    """Verdicts on the cases that can be judged, and which these are."""

    verdicts: tuple[Verdict, ...]
    """One a case; where it is not eligible it counts for nothing."""
    eligible: Bool[np.ndarray, " n"]

    def share(self, counts: Sequence[float]) -> Units:
        """A mean over eligible cases."""
        able = self.eligible.astype(np.float64)
        return Units(np.asarray(counts, dtype=np.float64) * able, able)

    def of(self, score: int) -> Units:
        """How often the verdict is this one."""
        return self.share([float(v.score == score) for v in self.verdicts])

    @property
    def s2(self) -> float:
        """The share of eligible cases that end as they should."""
        return self._mean([v.score == 2 for v in self.verdicts])

    @property
    def parsed(self) -> float:
        return self._mean([v.parsed for v in self.verdicts])

    @property
    def kept(self) -> float:
        """Things beside the target that are still named, over those that were; else 1."""
        chosen = [v for v, able in zip(self.verdicts, self.eligible, strict=True) if able]
        others = sum(v.others for v in chosen)
        return sum(v.kept for v in chosen) / others if others else 1.0

    def _mean(self, counts: Sequence[bool]) -> float:
        return float(np.asarray(counts)[self.eligible].mean()) if self.eligible.any() else 0.0


def judged(
    cases: Sequence[Case],
    before: Sequence[Reading],
    after: Sequence[Reading | None],
    nameable: Sequence[bool] | None = None,
    *,
    as_published: bool = False,
) -> Outcomes:
    """Verdicts on readings; None is that of a method that has no latent for the case.

    As published every case counts, also where the unedited answer cannot be edited.
    """
    verdicts, able = [], []
    known = nameable or [True] * len(cases)
    for case, said, now, nameable_new in zip(cases, before, after, known, strict=True):
        amiss = eligible(said, case.target, case.new, case.truth)
        able.append(as_published or (nameable_new and not amiss))
        if now is None:
            verdicts.append(NO_LATENT)
        elif as_published:
            verdicts.append(published(said, now, case.target, case.new, case.truth))
        elif case.new is None:
            verdicts.append(removal(said, now, case.target, case.truth))
        else:
            verdicts.append(replacement(said, now, case.target, case.new, case.truth))
    return Outcomes(tuple(verdicts), np.array(able, dtype=bool))


def scores(found: Outcomes, task: str) -> Iterator[tuple[str, Units]]:
    """Every number that the verdicts give, by name."""
    verdicts = found.verdicts
    for score in (2, 1, 0):
        yield f"s{score}/{task}", found.of(score)
    yield f"ms/{task}", found.share([float(v.score) for v in verdicts])
    yield "done", found.share([float(v.done) for v in verdicts])
    yield "parsed", found.share([float(v.parsed) for v in verdicts])
    yield "invented", found.share([float(v.invented) for v in verdicts])
    yield "with_latent", found.share([float(v.why != NO_LATENT.why) for v in verdicts])
    yield "eligible", Units(found.eligible.astype(np.float64))
    able = found.eligible.astype(np.float64)
    others = able * np.array([v.others for v in verdicts])
    if others.any():
        yield "kept", Units(able * np.array([v.kept for v in verdicts]), others)
