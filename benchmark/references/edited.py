"""References of edits: other pushes of the same size, and the picture as it would be drawn."""

from __future__ import annotations

from typing import Literal

import numpy as np

from benchmark.contracts import Need, Reference, Subject
from benchmark.interviews.doses import TRIED
from benchmark.interviews.editing import KIND, REDRAWN, Kind, possible
from benchmark.interviews.setting import KEPT
from benchmark.metrics.naming import NAMES
from benchmark.references.changes import CODES, PATCHED, inheriting, nothing, reference, unpatched

Role = Literal["null", "baseline", "ceiling"]
SCORES = ("s2/*", "s1/*", "ms/*", "done", "kept", "parsed")


def by(kind: Kind, role: Role, *, of_data: bool = False) -> Reference:
    """A reference whose edits are of another kind; at the dose of the subject, save for means."""

    def change(subject: Subject, rng: np.random.Generator) -> Subject:
        del rng  # the subject's own streams, so that every method meets the same
        if not possible(subject, kind):
            return nothing(subject)
        found = inheriting(subject, (*CODES, *NAMES, TRIED, KEPT))
        found.cache[(KIND,)] = kind
        return found

    needs = frozenset({Need.EDITS}) if kind in REDRAWN else frozenset()
    return reference(kind, role, change, metrics=SCORES, of_data=of_data, needs=needs)


EDITS: tuple[Reference, ...] = (
    by("random", "null"),
    by("wrong concept", "null"),
    by("off region", "null"),
    by("difference of means", "baseline", of_data=True),
    by("edited scene", "ceiling", of_data=True),
    by("redrawn picture", "baseline", of_data=True),
    reference("unpatched", "baseline", unpatched, metrics=SCORES, needs=PATCHED),
)
