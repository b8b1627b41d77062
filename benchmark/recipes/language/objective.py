"""What one step of the language model's training reads, from text alone."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import torch
from torch import Tensor, nn

from benchmark.recipes.language import model as lm
from benchmark.recipes.language import tokenizer
from benchmark.recipes.language.rows import Packed, Shares, Writer, pack
from benchmark.recipes.precision import ATTENTION, mixed
from benchmark.recipes.trainer import Plan
from benchmark.worlds.scene import sample, stream
from benchmark.worlds.textual_maps import Noise

TEXT_STREAM = 9_000_000
"""Added to the seed: these scenes are in no other recipe and in no benchmark of a small seed."""


@dataclass(frozen=True)
class LanguagePlan(Plan):
    """What the recipe spends; the shipped model is made with the defaults."""

    steps: int = 4000
    batch_size: int = 48
    lr: float = 1.5e-3
    noise_until: float = 0.3
    """Share of the steps over which the noise of maps rises to its full size."""
    shares: Shares = field(default_factory=Shares)
    noise: Noise = field(default_factory=Noise)


class Objective:
    """Language model and the loss of any step of a plan."""

    def __init__(self, plan: LanguagePlan, device: torch.device) -> None:
        self.plan, self.device = plan, device
        self.model = lm.fresh(plan.seed)
        self.model.set_attn_implementation(ATTENTION)
        self.model.to(device)  # type: ignore[arg-type]
        self.writer = Writer(tokenizer.build())

    @property
    def modules(self) -> dict[str, nn.Module]:
        """All that is trained, and saved in a checkpoint."""
        return {"model": self.model}

    def __call__(self, step: int) -> dict[str, Tensor]:
        """The loss of a step on fresh texts, and the share of answers' tokens that are right."""
        noise = self._noise(step)
        packed = self._batch(step, noise)
        generator = torch.Generator().manual_seed(TEXT_STREAM + self.plan.seed * 10**6 + step)
        with mixed(self.device):
            read = lm.read_text(self.model, packed, noise, generator)
            loss, hit = lm.answer_loss(self.model.model, self.model.lm_head, packed, read)
        return {"loss": loss, "hit": hit}

    def _noise(self, step: int) -> Noise:
        """Clean maps first: they teach that a map is to be read at all."""
        plan = self.plan
        rise = min(1.0, step / max(1.0, plan.noise_until * plan.steps))
        full = plan.noise
        grown = {
            name: rise * getattr(full, name)
            for name in ("lost", "wrong", "confused", "words", "blur")
        }
        return replace(full, **grown)

    def _batch(self, step: int, noise: Noise) -> Packed:
        plan, seed = self.plan, TEXT_STREAM + self.plan.seed
        rows = []
        for index in range(step * plan.batch_size, (step + 1) * plan.batch_size):
            scene = sample(seed, "train", index)
            rng = stream("language rows", seed, index)
            rows.append(self.writer.row(rng, scene, plan.shares, noise))
        return pack(rows, self.writer.vocabulary, tokenizer.build().get_vocab()[tokenizer.PAD])
