"""The training of a projector with accelerate: several processes, bfloat16, gradients that add up.

    loss = Σ CE(answers' tokens) / number of these tokens, over all batches and processes of a step

so it does not matter how a step's pictures are cut into batches.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from benchmark.contracts import Examples
from benchmark.recipes.host_projector import checkpoints
from benchmark.recipes.host_projector.batches import Batch, Discussions, loader, together
from benchmark.recipes.host_projector.plan import HostPlan
from benchmark.recipes.host_projector.teaching import Teaching
from benchmark.recipes.trainer import CLIP_GRADIENT, LOG_EVERY, learning_rate

N_VAL = 200
"""Pictures of val that the loss is measured on, the first ones."""


class Training:
    """One run: from its newest checkpoint, or from the beginning, to the end of its plan.

    `start` says what the run stands on besides the plan: weights and data.
    """

    def __init__(
        self,
        accelerator: Any,
        plan: HostPlan,
        teaching: Teaching,
        train: Examples,
        val: Examples,
        folder: Path,
        start: Mapping[str, str],
        workers: int = 0,
    ) -> None:
        self.accelerator, self.plan, self.teaching = accelerator, plan, teaching
        self.val, self.folder = val, folder
        self.wanted = {"plan": asdict(plan), **start}
        self.step, self.seconds = 0, 0.0
        self.before: float | None = None
        betas = (0.9, plan.beta2)
        parameters = list(teaching.parameters())
        adam = torch.optim.AdamW(
            parameters, lr=plan.lr, betas=betas, weight_decay=plan.weight_decay
        )
        self.model, self.adam = accelerator.prepare(teaching, adam)
        self._resume()
        batches = loader(train, plan, self.step, workers)
        self.batches: Iterator[Batch] = iter(
            accelerator.prepare_data_loader(batches, device_placement=False)
        )

    def _resume(self) -> None:
        """Goes on from the newest checkpoint. Raises ValueError, one line, if it is another run's.

        Every process reads it.
        """
        path = checkpoints.latest(self.folder)
        if path is None:
            return
        facts = checkpoints.facts_of(path, self.wanted)
        checkpoints.restore(path, self.teaching.projector, self.adam)
        self.step, self.seconds, self.before = (
            facts[name] for name in ("step", "seconds", "before")
        )
        self.accelerator.print(f"going on from step {self.step} of {self.plan.steps}")

    def save(self) -> None:
        """Writes a checkpoint; the main process alone does."""
        if self.accelerator.is_main_process:
            facts = {"step": self.step, "seconds": self.seconds, "before": self.before}
            checkpoints.save(
                self.folder, {**self.wanted, **facts}, self.teaching.projector, self.adam
            )
        self.accelerator.wait_for_everyone()

    def advance(self) -> float:
        """One step; the loss of its pictures in nats a token, which it had not seen before."""
        plan, accelerator = self.plan, self.accelerator
        for group in self.adam.param_groups:
            group["lr"] = learning_rate(plan, self.step)
        batches = [next(self.batches) for _ in range(plan.accumulate)]
        tokens = self._summed(sum(self.teaching.tokens(talks) for _, talks in batches))
        losses = []
        for pictures, talks in batches:
            with accelerator.accumulate(self.model):
                loss = self.model(pictures, talks)
                share = loss / tokens * (plan.accumulate * plan.processes)  # each divides again
                accelerator.backward(share)
                if accelerator.sync_gradients:
                    accelerator.clip_grad_norm_(self.model.parameters(), CLIP_GRADIENT)
                self.adam.step()
                self.adam.zero_grad()
                losses.append(loss.detach())
        self.step += 1
        return float(self._summed(torch.stack(losses).sum()) / tokens)

    def _summed(self, value: Any) -> Float[Tensor, ""]:
        """A number of every process, summed over all."""
        held = torch.as_tensor(value, dtype=torch.float64 if self._wide else torch.float32)
        found: Tensor = self.accelerator.reduce(held.to(self.accelerator.device), "sum")
        return found

    @property
    def _wide(self) -> bool:
        return self.accelerator.device.type != "mps"

    @torch.no_grad()
    def measured(self) -> float:
        """Nats a token of the answers about the first pictures of val; processes share them."""
        shown = Discussions(self.val)
        accelerator, size = self.accelerator, self.plan.batch_size
        mine = range(accelerator.process_index, min(N_VAL, len(shown)), accelerator.num_processes)
        loss, tokens = 0.0, 0
        for start in range(0, len(mine), size):
            pictures, talks = together([shown[i] for i in mine[start : start + size]])
            loss += float(self.teaching(pictures, talks))
            tokens += self.teaching.tokens(talks)
        return float(self._summed(loss) / self._summed(tokens))

    def run(self, say: Callable[[str], None]) -> float:
        """To the end of the plan; the loss on val then.

        Raises ValueError, one line, where the loss is no number any more.
        """
        if self.before is None:
            self.before = self.measured()
            say(f"val before: {self.before:.4f} nats a token")
        shown: list[float] = []
        while self.step < self.plan.steps:
            started = time.monotonic()
            shown.append(self.advance())
            self.seconds += time.monotonic() - started
            if not math.isfinite(shown[-1]):
                raise ValueError(
                    f"the loss of step {self.step} is {shown[-1]}: use a lower --lr, or "
                    "--mixed-precision no"
                )
            if self.step in (1, self.plan.steps) or self.step % LOG_EVERY == 0:
                say(self._line(shown))
                shown = []
            if self.step % self.plan.checkpoint_every == 0:
                self.save()
        after = self.measured()
        say(f"val after: {after:.4f} nats a token")
        return after

    def _line(self, shown: list[float]) -> str:
        """Where the run stands: the mean loss since the last line, and the minutes left."""
        left = self.seconds / self.step * (self.plan.steps - self.step) / 60
        mean = sum(shown) / len(shown)
        return f"step {self.step}/{self.plan.steps}  loss {mean:.4f}  {left:.0f} min left"
