"""How hard to push: chosen on val, for all cases of a task at once.

Sound doses leave nearly every answer readable and nearly all other things named (where a setting
asks for that), and are too small for a push in a random direction to do the same: any push that is
large enough wipes out what a patch shows. Of the sound ones that which succeeds most often is
taken; of equal ones the smallest.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from benchmark.interviews.editing import Editing
from benchmark.interviews.outcomes import Outcomes
from benchmark.interviews.setting import KEPT

TRIED = "tried"
"""In a subject's cache: what val says of a kind of edit."""
PARSED, BY_CHANCE = 0.95, 0.05
"""Least share of answers that are read; most random successes."""


@dataclass(frozen=True, eq=False)
class Tried:
    """What val says of the doses."""

    dose: float
    """The sound dose that succeeds most often; the smallest where none is sound."""
    outcomes: dict[float, Outcomes]
    """On val, by dose, up to the second in a row at which a random direction succeeds."""
    control: dict[float, Outcomes]
    """Of pushes in a random direction."""
    sound: dict[float, bool]
    """Whether a dose breaks nothing and is none that anything would do."""


def tried(editing: Editing) -> Tried:
    """Every dose on val, beside a push in a random direction; once for a kind of edit."""
    cache, key = editing.subject.cache, (TRIED, editing.exchange, editing.kind)
    if key not in cache:
        cache[key] = _tried(editing)
    return cache[key]


def _tried(editing: Editing) -> Tried:
    control = _by_chance(replace(editing, kind="random"))
    doses = list(control)
    found = {dose: editing.outcomes("val", dose) for dose in doses}
    least = editing.setting.least_kept
    sound = {
        dose: each.parsed >= PARSED and each.kept >= least and control[dose].s2 <= BY_CHANCE
        for dose, each in found.items()
    }
    chosen = [dose for dose in doses if sound[dose]] or [doses[0]]
    dose = max(chosen, key=lambda dose: (found[dose].s2, -dose))
    return Tried(dose, found, control, sound)


def _by_chance(random: Editing) -> dict[float, Outcomes]:
    """What random directions do at rising doses, until they succeed twice in a row.

    They are the same beside all kinds of edits.
    """
    cache, key = random.subject.cache, (KEPT, "by chance", random.exchange)
    if key not in cache:
        cache[key] = _until_chance(random)
    return cache[key]


def _until_chance(random: Editing) -> dict[float, Outcomes]:
    found: dict[float, Outcomes] = {}
    often = 0
    for dose in random.setting.doses:
        found[dose] = random.outcomes("val", dose)
        often = often + 1 if found[dose].s2 > BY_CHANCE else 0
        if often == 2:
            break
    return found
