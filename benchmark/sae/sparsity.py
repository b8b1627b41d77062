"""The L1 weight that gives ReLU codes a wanted l0: found while training, then checked on val."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import torch
from jaxtyping import Float
from torch import Tensor


@dataclass
class L1Weight:
    """Feedback on log λ: raised while more latents fire than wanted, lowered while fewer do.

    A grid of full runs would give the same weight at many times the price. The gain falls with the
    learning rate, so that λ is all but constant when the dictionary settles. A fixed `value` with
    `target` None stays as it is. `value` weighs mean |z| over batch and latents against FVU.
    """

    value: float
    target: float | None
    gain: float = 0.1
    l0: float = field(default=math.nan)
    """Running mean of the latents that fire per input, over about 20 steps."""

    def observe(self, z: Float[Tensor, "b m"], rate: float) -> None:
        """Take in the codes of one step; `rate` is the learning rate as a share of its peak."""
        now = int(torch.count_nonzero(z)) / len(z)
        self.l0 = now if math.isnan(self.l0) else 0.9 * self.l0 + 0.1 * now
        if self.target is not None:
            error = math.log(max(self.l0, 1e-3) / self.target)
            factor = math.exp(self.gain * max(rate, 0.05) * max(-1.0, min(1.0, error)))
            self.value = min(max(self.value * factor, 1e-4), 1e4)
