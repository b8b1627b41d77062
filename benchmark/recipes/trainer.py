"""One run of a recipe's training: steps, progress, checkpoints, and going on after a kill."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

CHECKPOINT_FILE = "checkpoint.pt"
LOG_EVERY = 20
CLIP_GRADIENT = 1.0


@dataclass(frozen=True)
class Plan:
    """What every recipe's training spends; a recipe adds fields of its own."""

    steps: int
    batch_size: int
    lr: float
    warmup: float = 0.06
    """Share of the steps over which the learning rate rises."""
    weight_decay: float = 0.05
    beta2: float = 0.98
    checkpoint_every: int = 100
    seed: int = 0


def learning_rate(plan: Plan, step: int) -> float:
    """One cycle: a linear rise, then half a cosine down to zero."""
    rise = max(1, round(plan.warmup * plan.steps))
    if step < rise:
        return plan.lr * (step + 1) / rise
    return plan.lr * 0.5 * (1 + math.cos(math.pi * (step - rise) / max(1, plan.steps - rise)))


class Training:
    """Modules and their optimiser under a plan, and where the run stands.

    `losses(step)` makes the batch of that step from the seed alone and returns `loss` with what
    else to show; so a resumed run sees the batches that it would have seen. `start` is a hash of
    the weights that the run goes on from, where the seed alone does not make them.
    """

    def __init__(
        self,
        plan: Plan,
        modules: Mapping[str, nn.Module],
        losses: Callable[[int], Mapping[str, Tensor]],
        folder: Path,
        start: str = "",
    ) -> None:
        self.plan, self.modules, self.losses = plan, dict(modules), losses
        self.start = start
        self.path = folder / CHECKPOINT_FILE
        self.trained = [p for module in modules.values() for p in module.parameters()]
        self.trained = [p for p in self.trained if p.requires_grad]
        self.optimiser = self._optimiser()
        self.step, self.seconds = 0, 0.0

    def _optimiser(self) -> torch.optim.AdamW:
        """AdamW; weight decay on matrices alone."""
        decay = {"params": [p for p in self.trained if p.ndim >= 2]}
        rest = {"params": [p for p in self.trained if p.ndim < 2], "weight_decay": 0.0}
        groups = [group for group in (decay, rest) if group["params"]]
        betas = (0.9, self.plan.beta2)
        return torch.optim.AdamW(
            groups, lr=self.plan.lr, betas=betas, weight_decay=self.plan.weight_decay
        )

    def save(self) -> None:
        """Writes a checkpoint; the old one stays until the new one is whole."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        partial = self.path.with_suffix(".partial")
        state: dict[str, Any] = {
            "plan": asdict(self.plan),
            "start": self.start,
            "step": self.step,
            "seconds": self.seconds,
            "optimiser": self.optimiser.state_dict(),
        }
        state |= {name: module.state_dict() for name, module in self.modules.items()}
        torch.save(state, partial)
        os.replace(partial, self.path)

    def resume(self) -> None:
        """Continues a killed run. Raises ValueError if that run had another plan or start."""
        if not self.path.exists():
            return
        device = self.trained[0].device
        state = torch.load(self.path, map_location=device, weights_only=True)
        if state["plan"] != asdict(self.plan):
            raise ValueError(
                f"{self.path} was made with {state['plan']}, wanted {asdict(self.plan)}: "
                "use the same options or another --output-path"
            )
        if state.get("start", "") != self.start:
            raise ValueError(
                f"{self.path} was made from other weights than there are now: use the same parts "
                "or another --output-path"
            )
        for name, module in self.modules.items():
            module.load_state_dict(state[name])
        self.optimiser.load_state_dict(state["optimiser"])
        self.step, self.seconds = state["step"], state["seconds"]

    def advance(self) -> dict[str, float]:
        """One step on a batch that was never seen; so what it reports is of unseen examples."""
        started = time.monotonic()
        for group in self.optimiser.param_groups:
            group["lr"] = learning_rate(self.plan, self.step)
        losses = self.losses(self.step)
        self.optimiser.zero_grad()
        losses["loss"].backward()
        nn.utils.clip_grad_norm_(self.trained, CLIP_GRADIENT)
        self.optimiser.step()
        self.step += 1
        self.seconds += time.monotonic() - started
        return {name: float(value.detach()) for name, value in losses.items()}

    def run(self, keep: Callable[[], None]) -> None:
        """To the end of the plan, from the last checkpoint if there is one.

        `keep` writes the model in its own format; it is called after every checkpoint and last.
        """
        self.resume()
        shown: list[dict[str, float]] = []
        while self.step < self.plan.steps:
            shown.append(self.advance())
            if self.step % LOG_EVERY == 0 or self.step == self.plan.steps:
                print(self._line(shown), flush=True)
                shown = []
            if self.step % self.plan.checkpoint_every == 0:
                self.save()
                keep()
        keep()

    def _line(self, shown: Iterable[Mapping[str, float]]) -> str:
        """Where the run stands: means since the last line, and the minutes left."""
        rows = list(shown)
        means = {name: sum(row[name] for row in rows) / len(rows) for name in rows[0]}
        parts = "  ".join(f"{name} {value:.3f}" for name, value in means.items())
        left = self.seconds / self.step * (self.plan.steps - self.step) / 60
        return f"step {self.step}/{self.plan.steps}  {parts}  {left:.0f} min left"
