"""Names for people: the short form of a backend's canonical name. Records keep the canonical one.

`synthetic:n_shared=32,n_image=16,…` is shown as the preset it equals, `synthetic:tiny`, with what
is set beyond it; a model in a folder by the folder alone.
"""

from __future__ import annotations

import ast
from functools import cache
from pathlib import PurePath

from benchmark.registry import ROOT

PLANTED = ROOT / "benchmark" / "backends" / "planted.py"


def short(name: str) -> str:
    """What a person calls a backend or its data; a name that has no shorter form as it is."""
    scheme, colon, rest = name.partition(":")
    if not colon:
        return name
    if scheme == "synthetic":
        return f"synthetic:{preset_and_more(rest)}"
    if PurePath(rest).is_absolute() or rest.startswith((".", "~")):
        return f"{scheme}:…/{PurePath(rest).name}"
    return name


def preset_and_more(parameters: str) -> str:
    """The largest preset that all of these parameters hold, then those that it does not set."""
    given = parameters.split(",")
    for preset, fields in sorted(presets().items(), key=lambda item: -len(item[1])):
        if fields <= set(given):
            return ",".join([preset, *(part for part in given if part not in fields)])
    return parameters


@cache
def presets() -> dict[str, frozenset[str]]:
    """Parameters of every preset of `synthetic`, spelled as its canonical names spell them.

    Read from the source: importing the backend would take torch.
    """
    for item in ast.parse(PLANTED.read_text()).body:
        if isinstance(item, ast.AnnAssign) and getattr(item.target, "id", "") == "SIZES":
            sizes = ast.literal_eval(item.value or ast.Dict([], []))
            return {
                name: frozenset(f"{key}={value}" for key, value in fields.items())
                for name, fields in sizes.items()
            }
    raise ValueError(f"{PLANTED.name} has no literal SIZES: names cannot be shortened")


def place(backend: str, data: str, site: str, split: str, variant: str) -> str:
    """Where something was scored, in words; a backend that brings its own data is named once."""
    brought = data == backend or backend.partition(":")[2].startswith(f"{data}.")
    of = [] if brought else [short(data)]
    paper = ["the paper's setting"] if variant == "paper" else []
    return " · ".join([short(backend), *of, f"{split} split", site or "all sites", *paper])
