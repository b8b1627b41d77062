"""How hard to push: chosen on val, for all cases of a task at once.

Sound doses leave nearly every answer readable and nearly all other things named, and are too small
for a push in a random direction to do the same: any push that is large enough wipes out what a
patch shows. Of the sound ones that which succeeds most often is taken; of equal ones the smallest.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from benchmark.interviews.editing import Editing
from benchmark.interviews.outcomes import Outcomes

DOSES = (0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 3.0)
PARSED, KEPT, BY_CHANCE = 0.95, 0.9, 0.05
"""Least shares of answers that are read and of things that are kept; most random successes."""


@dataclass(frozen=True, eq=False)
class Tried:
    """What val says of the doses."""

    dose: float
    """The sound dose that succeeds most often; the smallest where none is sound."""
    outcomes: dict[float, Outcomes]
    """On val, by dose."""
    sound: dict[float, bool]
    """Whether a dose breaks nothing and is none that anything would do."""


def tried(editing: Editing) -> Tried:
    """Every dose on val, beside a push in a random direction."""
    control = replace(editing, kind="random")
    found = {dose: editing.outcomes("val", dose) for dose in DOSES}
    sound = {
        dose: each.parsed >= PARSED
        and each.kept >= KEPT
        and control.outcomes("val", dose).s2 <= BY_CHANCE
        for dose, each in found.items()
    }
    chosen = [dose for dose in DOSES if sound[dose]] or [DOSES[0]]
    return Tried(max(chosen, key=lambda dose: (found[dose].s2, -dose)), found, sound)
