"""Which format a checkpoint has: what was said, or what its files and keys speak for."""

from __future__ import annotations

from types import ModuleType

from benchmark.interchange.files import Found
from benchmark.interchange.formats import (
    dictionary_learning,
    gemma_scope,
    heterogeneity,
    jsae,
    msae,
    overcomplete,
    own,
    saelens,
    saev,
    sparsify,
    vl_sae,
)
from benchmark.interchange.formats.held import Held
from benchmark.interchange.options import Options
from benchmark.interchange.shapes import listed

FORMATS: dict[str, ModuleType] = {
    module.NAME: module
    for module in (
        saelens,
        dictionary_learning,
        sparsify,
        overcomplete,
        saev,
        msae,
        vl_sae,
        jsae,
        heterogeneity,
        gemma_scope,
        own,
    )
}
PATCH_FORMAT, MAP_FORMAT = "backend-patch-1", "crossmodal-map-1"


def detected(found: Found, asked: str = "auto") -> tuple[str, str]:
    """The name of the format and what was seen of it. Raises ValueError, one line, without one."""
    if asked != "auto":
        seen = FORMATS[asked].sees(found)
        return asked, f"as asked, and for it speaks {seen}" if seen else "as asked"
    seen_by = {name: module.sees(found) for name, module in FORMATS.items()}
    there = {name: seen for name, seen in seen_by.items() if seen}
    if len(there) == 1:
        ((name, seen),) = there.items()
        return name, seen
    holds = f"it holds {listed(found.tensors)}"
    if not there:
        raise ValueError(
            f"{found.told} has no format that is known here ({holds}; "
            f"{'no' if found.config_file is None else found.config_file.name} configuration "
            f"beside it): say --format, one of {', '.join(FORMATS)}"
        )
    speaks = ", ".join(f"{name} ({seen})" for name, seen in there.items())
    raise ValueError(f"{found.told} could be {speaks}: say which, --format {next(iter(there))}")


def held(found: Found, name: str, options: Options) -> Held:
    """What a checkpoint of a format holds. Raises ValueError in one line."""
    return FORMATS[name].read(found, options)
