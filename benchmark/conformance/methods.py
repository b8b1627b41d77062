"""All promises of one method, held on the tiny planted world with a budget of seconds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmark.configure import build, field_types
from benchmark.conformance import method_codes, method_fits, method_source
from benchmark.conformance.fit_runs import UNAVAILABLE, MethodCase
from benchmark.conformance.promises import Outcome, hold
from benchmark.registry import Choice, load

SMALL = {"n_latents": 64, "k": 4, "steps": 25, "batch_size": 64, "epochs": 1}
"""Upper bounds on the budget of a checked fit, where the method has such fields."""


def check_method(choice: Choice, given: Mapping[str, Any]) -> list[Outcome]:
    """Every promise of a method. Raises ValueError where it cannot be built from what is given."""
    build(choice, given)
    case = MethodCase(choice, build(choice, {**small(choice), **given}))
    promises = [*method_source.PROMISES]
    if not case.needs & UNAVAILABLE:
        promises += [*method_fits.PROMISES, *method_codes.PROMISES]
    return hold(promises, case, choice.entry.path)


def small(choice: Choice) -> dict[str, Any]:
    """Fields that keep a fit short, where the default or the preset asks for more."""
    known = field_types(load(choice.entry))
    default = build(choice, {})
    return {
        name: most
        for name, most in SMALL.items()
        if name in known
        and isinstance(getattr(default, name), int)
        and getattr(default, name) > most
    }
