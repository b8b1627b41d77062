"""Whether an SAE does on a batch of rows what its release says, and if not what would explain it.

The usual mistakes are silent: TopK read as ReLU has ten times the latents, a missing scale leaves
none, another layer reconstructs nothing. Each is tried, and the one that would bring back what the
release says is named.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from benchmark.interchange.coders import Coder, Expected
from benchmark.interchange.towers import tower
from benchmark.sae.dictionaries import Tower

ROWS = 2048
FACTOR = 2.0
"""How many times more or fewer latents than the release says may fire."""
LESS = 0.15
"""How much less variance than the release says may be explained."""
BATCH = 512


@dataclass(frozen=True)
class Probe:
    """Mean number of latents that fire, and 1 - Σ‖x - x̂‖² / Σ‖x - mean‖², on the rows probed."""

    l0: float
    explained_variance: float

    def meets(self, said: Expected) -> bool:
        """Whether both are near what a release says, as far as it says them."""
        l0, ev = said.l0, said.explained_variance
        l0_fits = l0 is None or l0 / FACTOR <= self.l0 <= l0 * FACTOR
        return l0_fits and (ev is None or self.explained_variance >= ev - LESS)

    def __str__(self) -> str:
        return f"l0 {self.l0:.1f} and explained variance {self.explained_variance:.2f}"


@torch.no_grad()
def probe(fitted: Tower, x: Float[Tensor, "n d"]) -> Probe:
    """What a tower does on rows, spread over those given."""
    x = some_rows(x)
    mean, l0, left = x.mean(0), 0.0, 0.0
    for part in x.split(BATCH):
        codes = fitted.encode(part)
        l0 += float(codes.l0().sum())
        left += float((fitted.decode(codes) - part).double().square().sum())
    spread = float((x - mean).double().square().sum())
    return Probe(l0 / len(x), 1 - left / spread if spread else 0.0)


def some_rows(x: Float[Tensor, "n d"]) -> Float[Tensor, "r d"]:
    """As many rows as are probed, evenly spread."""
    n = min(ROWS, len(x))
    return x[torch.arange(n) * len(x) // n].float()


def check_expected(
    coder: Coder, fitted: Tower, x: Float[Tensor, "n d"], rows: str, *, fail: bool = True
) -> Probe:
    """What the tower does on rows x. Raises ValueError, one line, where it is far off.

    The line names the change that would explain it, if one of those tried does.
    """
    found, said = probe(fitted, x), coder.expected
    if found.meets(said) or not fail:
        return found
    values = (("l0", said.l0), ("explained variance", said.explained_variance))
    told = " and ".join(f"{name} {value:.3g}" for name, value in values if value is not None)
    raise ValueError(
        f"on {rows} rows it has {found}, its release says {told}: {explained(coder, x, rows)}; "
        "--set probe=report runs it all the same"
    )


def explained(coder: Coder, x: Float[Tensor, "n d"], rows: str) -> str:
    """Which other reading of the checkpoint would do what its release says, in words."""
    for changed, words in readings(coder, some_rows(x)):
        try:
            found = probe(tower(changed, some_rows(x), rows)[0], x)
        except ValueError:
            continue
        if found.meets(coder.expected):
            return f"it would have {found} {words}"
    origin = ", ".join(
        f"{name} {coder.told[name]}" for name in ("model", "hook") if name in coder.told
    )
    of = f" ({origin})" if origin else ""
    return f"is it of another model, layer or kind of row{of}?"


def readings(coder: Coder, x: Float[Tensor, "n d"]) -> Iterator[tuple[Coder, str]]:
    """The mistakes that are common, each undone, with what to say for it."""
    scale = float(coder.d_in**0.5 / x.norm(dim=1).mean())
    base = 1.0 if coder.scale is None else coder.scale
    flipped = replace(coder, subtracts=not coder.subtracts)
    yield flipped, f"with --set subtracts={str(not coder.subtracts).lower()}"
    for factor in (scale, 1.0, 1 / base if base else 1.0):
        if abs(factor - base) > 1e-3 * base or coder.norm != "none":
            changed = replace(coder, scale=factor, norm="none")
            yield changed, f"with --set input_scale={factor:.4g}"
    k = coder.budget or coder.k or (round(coder.expected.l0) if coder.expected.l0 else None)
    if coder.activation != "topk" and k and k <= coder.d_sae:
        changed = replace(coder, activation="topk", k=k, threshold=None)
        yield changed, f"with --set activation=topk --set k={k}"
    if coder.activation == "topk":
        yield replace(coder, activation="relu", k=None), "with --set activation=relu"
