"""What a format's reader makes of a checkpoint: a coder for both modalities, or one for each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from benchmark.interchange.coders import Coder
from benchmark.interchange.files import Found
from benchmark.interchange.options import Options
from benchmark.interchange.shapes import Named, check, listed
from benchmark.sae.dictionaries import Paired
from benchmark.sae.frames import Frame


@dataclass(frozen=True, eq=False)
class Held:
    """One SAE, or two and how their latents correspond, or a dictionary of this benchmark."""

    one: Coder | None = None
    image: Coder | None = None
    text: Coder | None = None
    frame: Frame | None = None
    paired: Paired | None = None
    k: int | None = None
    """The budget of latents an input, of a dictionary of this benchmark."""

    def changed(self, change: Callable[[Coder], Coder]) -> Held:
        """The same with every coder changed."""
        one, image, text = (
            None if coder is None else change(coder) for coder in (self.one, self.image, self.text)
        )
        return replace(self, one=one, image=image, text=text)


def said_by(options: Options, coder: Coder) -> Coder:
    """A coder with what a user said of it in place of what it says."""
    made: dict[str, Any] = {}
    kind = coder.activation if options.activation == "auto" else options.activation
    if options.k is not None:
        made |= {"k": options.k} if kind in ("topk", "distance") else {"budget": options.k}
    if options.threshold is not None and kind == "jumprelu":
        made["threshold"] = torch.full((coder.d_sae,), options.threshold)
    if kind != coder.activation:
        made["activation"] = kind
        made.setdefault("k", None)
        if kind != "jumprelu":
            made["threshold"] = None
    if options.subtracts is not None:
        made["subtracts"] = options.subtracts
    if options.input_scale is not None:
        made |= {"scale": options.input_scale, "norm": "none"}
    return replace(coder, **made) if made else coder


def complete(coder: Coder, where: str) -> Coder:
    """The coder, once it says all that encoding needs. Raises ValueError, one line."""
    if coder.activation in ("topk", "distance"):
        if coder.k is None:
            raise ValueError(f"{where} does not say its k: say it, as in --set k=32")
        if not 1 <= coder.k <= coder.d_sae:
            raise ValueError(f"{where}: k is {coder.k}, wanted 1 to d_sae = {coder.d_sae}")
    if coder.activation == "jumprelu" and coder.threshold is None:
        raise ValueError(f"{where} has no threshold: say one, as in --set threshold=0.5")
    if coder.scale is not None and not 0 < coder.scale < float("inf"):
        raise ValueError(f"{where}: its input scale is {coder.scale}, wanted a positive number")
    return coder


def taken(found: Found, wanted: Mapping[str, str]) -> dict[str, Tensor]:
    """Tensors by key in single precision, their axes checked as the file has them.

    `wanted` gives the axes of each key, as in `{"encoder.weight": "d_sae d_in"}`; one that begins
    with `?` may be missing.
    Raises ValueError, one line.
    """
    axes = {key: of.removeprefix("?").split() for key, of in wanted.items()}
    missing = [k for k, of in wanted.items() if k not in found.tensors and not of.startswith("?")]
    if missing:
        raise ValueError(f"{found.told} has no {', '.join(missing)}: found {listed(found.tensors)}")
    there = [Named(k, found.tensors[k], tuple(axes[k])) for k in wanted if k in found.tensors]
    check(there, found.told)
    return {part.key: part.tensor.float() for part in there}


def refused(where: str, what: str) -> ValueError:
    """The one line of a checkpoint that cannot be represented, with the reason."""
    return ValueError(f"{where} cannot be evaluated: {what}")


def number(config: dict[str, Any], *names: str) -> int | None:
    """The first whole number under one of these names; None where there is none."""
    for name in names:
        value = config.get(name)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
    return None


def some(config: dict[str, Any], **names: str) -> dict[str, Any]:
    """What a configuration says of origin, under our names; what it does not say is left out."""
    found = {ours: config.get(theirs) for ours, theirs in names.items()}
    return {key: v for key, v in found.items() if isinstance(v, str | int | float) and v != ""}
