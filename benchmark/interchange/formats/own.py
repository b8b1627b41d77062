"""Our own: what a run keeps in `fits/`, a dictionary of both modalities with its frame."""

from __future__ import annotations

from benchmark.interchange.files import Found
from benchmark.interchange.formats.held import Held, number
from benchmark.interchange.options import Options
from benchmark.sae.checkpoints import FORMAT, load

NAME = "benchmark"


def sees(found: Found) -> str | None:
    """What speaks for this format."""
    return f"format {FORMAT}" if found.header.get("format") == FORMAT else None


def read(found: Found, options: Options) -> Held:
    """The dictionary as it was kept; it says all that it needs, so options are refused."""
    if options != Options():
        raise ValueError(f"{found.told} says all that it needs: leave out what --set says of it")
    return Held(paired=load(found.weights), k=number(found.config, "k"))
