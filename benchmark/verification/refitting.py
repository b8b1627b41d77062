"""The method trained again: scores within what seeds and items explain, latents where they were."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch.nn.functional import cosine_similarity

from benchmark.contracts import MODALITIES
from benchmark.run.cells import Case
from benchmark.run.fits import FitSource
from benchmark.run.fitting import Fit
from benchmark.statistics import minimum_reliable_difference, over_seeds
from benchmark.submissions.verified import RefitScore
from benchmark.verification.spots import Column, item_se
from benchmark.verification.tolerance import TOLERANCE

ALIKE = 0.5
"""Median cosine of directions at one index: a fit from the same start and in the same order keeps
far above it whatever the processor, one from another seed is near 0."""

Place = tuple[str, str, str, int]
"""Backend, site, variant and seed."""


@dataclass
class Watched:
    """A source of fits that remembers what it gave."""

    source: FitSource
    given: dict[Place, Fit] = field(default_factory=dict)

    def __call__(self, case: Case, seed: int) -> Fit:
        m = case.materials
        found = self.source(case, seed)
        self.given[(m.backend.name, m.site.name, case.variant, seed)] = found
        return found


def refit_scores(found: Sequence[Column]) -> list[RefitScore]:
    """A row for every main score, `again` being of the fits made now."""
    return [_row(column) for column in found]


def _row(column: Column) -> RefitScore:
    old, new = (np.array([s.value for s in each]) for each in (column.recorded, column.again))
    se = item_se(column.recorded) or 0.0
    summary = over_seeds(old.tolist(), se)
    of_one = minimum_reliable_difference(float(np.hypot(summary.s_seed or 0.0, se)))
    of_all = summary.mrd if summary.mrd is not None else of_one
    slack = TOLERANCE * max(1.0, float(np.abs(old).max()))
    alike = bool((np.abs(new - old) <= max(of_one, slack)).all())
    return RefitScore(
        **column.spot,  # type: ignore[arg-type]
        recorded=tuple(old.tolist()),
        refitted=tuple(new.tolist()),
        reliable_seed=of_one,
        reliable=of_all,
        agrees=alike and abs(float(new.mean() - old.mean())) <= max(of_all, slack),
    )


def unlike(submitted: Mapping[Place, Fit], refitted: Mapping[Place, Fit]) -> Iterator[str]:
    """Dictionaries that training with the recorded seed does not lead to, one line each."""
    for place in sorted(submitted.keys() & refitted.keys()):
        old, new = submitted[place], refitted[place]
        if old.digest == new.digest:
            continue
        backend, site, variant, seed = place
        at = f"{backend}, {site}{', paper' if variant == 'paper' else ''}, seed {seed}"
        cosine = likeness(old, new)
        if cosine is None:
            yield f"{at}: trained again it has latents of another number or width"
        elif cosine < ALIKE:
            yield (
                f"{at}: trained again its latents are not those submitted (median cosine "
                f"{cosine:.2f} of directions at one index, wanted over {ALIKE}): another seed or "
                f"another file made them"
            )


def likeness(old: Fit, new: Fit) -> float | None:
    """Median cosine of decoder directions index by index, of the less alike modality.

    None where the two are of different shapes.
    """
    found = []
    for side in MODALITIES:
        a, b = (fit.artifact.dictionary.directions(side) for fit in (old, new))
        if a.shape != b.shape:
            return None
        real = (a.norm(dim=1) > 0) & (b.norm(dim=1) > 0)
        if real.any():
            found.append(float(torch.median(cosine_similarity(a[real], b[real], dim=1))))
    return min(found, default=1.0)
