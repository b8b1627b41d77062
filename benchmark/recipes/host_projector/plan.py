"""What training a host's projector spends; LLaVA's own first stage where nothing else is said."""

from __future__ import annotations

from dataclasses import dataclass

from benchmark.recipes.trainer import Plan

PRECISIONS = ("bf16", "no")
MOST = 1000
"""No learning rate is larger."""


@dataclass(frozen=True)
class HostPlan(Plan):
    """Liu et al. 2023 (2304.08485): 256 pictures a step, 1e-3, 3 % of the steps to rise."""

    steps: int = 2_000
    batch_size: int = 16
    """Pictures that a process reads at once."""
    lr: float = 1e-3
    warmup: float = 0.03
    weight_decay: float = 0.0
    beta2: float = 0.999
    accumulate: int = 16
    """Batches of a process whose gradients make one step."""
    processes: int = 1
    mixed_precision: str = "bf16"
    """`bf16`: the frozen halves are held and run in bfloat16; `no`: in single precision."""
    limit: int | None = None
    """Pictures of train that are used, the first ones; None is all."""

    def __post_init__(self) -> None:
        """Raises ValueError, one line, for a number that cannot be."""
        for name in ("steps", "batch_size", "accumulate", "checkpoint_every", "limit"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ValueError(f"--{name.replace('_', '-')} is {value}, wanted 1 or more")
        if not 0 < self.lr <= MOST:
            raise ValueError(f"--lr is {self.lr}, wanted a number above 0 and up to {MOST}")
        if self.mixed_precision not in PRECISIONS:
            known = " or ".join(PRECISIONS)
            raise ValueError(f"--mixed-precision is {self.mixed_precision}, wanted {known}")

    @property
    def pictures_a_step(self) -> int:
        """Pictures of all processes together."""
        return self.batch_size * self.accumulate * self.processes
