"""Options of a model's spec, behind a question mark: `NAME?weights=untrained&dtype=bfloat16`.

A shipped model with untrained weights has a name of its own: `pocket-clip-untrained`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from benchmark.backends.paths import standing_at
from benchmark.messages.nearest import hint

WEIGHTS = ("trained", "untrained")
"""Values of the option `weights`: what was learned, or what is drawn from a seed in its place."""
DTYPES = ("float32", "bfloat16", "float16")
"""Values of the option `dtype`: the precision of weights and of passes."""
UNTRAINED = "-untrained"
"""How the name of a shipped model ends where its weights are untrained."""
NUMBER = "a number above 0"
"""Stands among the values of an option that takes any."""
Known = Mapping[str, tuple[str, ...]]
"""Values of each option; the first is the default."""


def parsed(spec: str, known: Known) -> tuple[str, dict[str, str]]:
    """The name before the question mark, and the options that were given.

    Raises ValueError, one line, on an unknown option or value and on one that is given twice.
    """
    name, _, text = spec.partition("?")
    given: dict[str, str] = {}
    for item in filter(None, text.split("&")):
        key, _, value = item.partition("=")
        if key not in known:
            raise ValueError(f"{spec} has no option {key!r}: {hint(key, known)}")
        if value not in known[key] and not (NUMBER in known[key] and _counts(value)):
            raise ValueError(f"{spec}: {key} is {value!r}, wanted {' or '.join(known[key])}")
        if key in given:
            raise ValueError(f"{spec}: {key} is given twice, wanted once")
        given[key] = value
    return name, given


def _counts(value: str) -> bool:
    return value.isascii() and value.isdigit() and not value.startswith("0")


def trained_name(
    name: str, given: Mapping[str, str], shipped: Collection[str]
) -> tuple[str, dict[str, str]]:
    """The model that a name is about, and its options with what a shipped name says of weights.

    Raises ValueError, one line, where a shipped control is given trained weights.
    """
    base = name.removesuffix(UNTRAINED)
    if base == name or base not in shipped:
        return name, dict(given)
    if given.get("weights") == "trained":
        raise ValueError(f"{name} has no trained weights, found weights=trained: use {base}")
    return base, {**given, "weights": "untrained"}


def defaults(known: Known) -> dict[str, str]:
    """Every option at its default."""
    return {key: values[0] for key, values in known.items()}


def spelled(name: str, given: Mapping[str, str], known: Known, *, shipped: bool = False) -> str:
    """The one spelling of a name with options: no defaults, and a shipped control by its name."""
    chosen = {key: given.get(key, values[0]) for key, values in known.items()}
    if shipped and chosen["weights"] == "untrained":
        name, chosen["weights"] = f"{name}{UNTRAINED}", "trained"
    more = "&".join(f"{key}={value}" for key, value in chosen.items() if value != known[key][0])
    return f"{name}?{more}" if more else name


def check_shipped(name: str, folder: Path, recipe: str) -> None:
    """Raises ValueError, one line, where a shipped model's folder is not there."""
    found = standing_at(folder)
    if found != "a folder":
        raise ValueError(
            f"{name} is not in this installation: found {found} at {folder}, wanted its folder: "
            f"install again, or make it with python -m benchmark.recipes.{recipe}"
        )
