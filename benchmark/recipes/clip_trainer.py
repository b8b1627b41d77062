"""One run of pocket-clip's training: steps, checkpoints, and going on after a kill."""

from __future__ import annotations

import os
import time
from dataclasses import asdict
from pathlib import Path

import open_clip
import torch
from torch import nn

from benchmark.recipes import clip_folder
from benchmark.recipes.clip_batches import Batch, TrainingPlan, learning_rate, make_batch
from benchmark.recipes.clip_losses import (
    WordPatch,
    contrast,
    encode_trimmed,
    statement_loss,
    word_patch_loss,
)

MAX_LOGIT_SCALE = 100.0
CLIP_GRADIENT = 1.0
CHECKPOINT_FILE = "checkpoint.pt"


class Trainer:
    """Model, word-patch head and optimiser, and where the run stands."""

    def __init__(self, plan: TrainingPlan, device: torch.device, folder: Path) -> None:
        self.plan, self.device, self.path = plan, device, folder / CHECKPOINT_FILE
        self.model = clip_folder.fresh_model(plan.seed).to(device)
        self.model.visual.output_tokens = True
        self.tokenizer = open_clip.get_tokenizer(f"local-dir:{folder}")
        table = self.model.token_embedding.weight
        width = clip_folder.config()["model_cfg"]["vision_cfg"]["width"]
        self.head = WordPatch(width, table.shape[1], self.tokenizer, len(table)).to(device)
        self.optimiser = self._optimiser()
        self.step, self.seconds = 0, 0.0

    def _optimiser(self) -> torch.optim.AdamW:
        """AdamW; weight decay on matrices alone."""
        named = [*self.model.named_parameters(), *self.head.named_parameters()]
        matrices = [p for _, p in named if p.ndim >= 2]
        rest = [p for _, p in named if p.ndim < 2]
        groups = [{"params": matrices, "weight_decay": self.plan.weight_decay}]
        groups.append({"params": rest, "weight_decay": 0.0})
        return torch.optim.AdamW(groups, lr=self.plan.lr, betas=(0.9, 0.98))

    def state(self) -> dict[str, object]:
        """Everything that a resumed run needs."""
        return {
            "plan": asdict(self.plan),
            "step": self.step,
            "seconds": self.seconds,
            "model": self.model.state_dict(),
            "head": self.head.state_dict(),
            "optimiser": self.optimiser.state_dict(),
        }

    def save(self) -> None:
        """Writes a checkpoint; the old one stays until the new one is whole."""
        partial = self.path.with_suffix(".partial")
        torch.save(self.state(), partial)
        os.replace(partial, self.path)

    def resume(self) -> None:
        """Continues a killed run. Raises ValueError if that run had another plan."""
        if not self.path.exists():
            return
        state = torch.load(self.path, map_location=self.device, weights_only=True)
        if state["plan"] != asdict(self.plan):
            raise ValueError(
                f"{self.path} was made with {state['plan']}, wanted {asdict(self.plan)}: "
                "use the same options or another --output-path"
            )
        self.model.load_state_dict(state["model"])
        self.head.load_state_dict(state["head"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.step, self.seconds = state["step"], state["seconds"]

    def losses(self, batch: Batch) -> dict[str, torch.Tensor]:
        """The total loss and what to show of its parts."""
        batch = batch.to(self.device)
        image, patches = self.model.visual(batch.images)
        image = nn.functional.normalize(image, dim=1)
        text = encode_trimmed(self.model, batch.tokens)
        twins = batch.twin_of, encode_trimmed(self.model, batch.twins)
        scale = self.model.logit_scale.exp().clamp(max=MAX_LOGIT_SCALE)
        pairs, matched = contrast(image, text, batch.true, twins, scale)
        scores = self.head(patches, self.model.token_embedding.weight)
        words, named = word_patch_loss(scores, batch.shown)
        statements = encode_trimmed(self.model, batch.statements)
        stated = statement_loss(image, statements, batch.stated, scale)
        total = pairs + self.plan.patch_weight * words + stated
        parts = {"loss": total, "pairs": pairs, "words": words, "stated": stated}
        return parts | {"matched": matched, "named": named}

    def advance(self) -> dict[str, float]:
        """One step on a batch that was never seen; so what it reports is of unseen scenes."""
        started = time.monotonic()
        batch = make_batch(self.plan, self.step, self.tokenizer)
        for group in self.optimiser.param_groups:
            group["lr"] = learning_rate(self.plan, self.step)
        losses = self.losses(batch)
        self.optimiser.zero_grad()
        losses["loss"].backward()
        parameters = [*self.model.parameters(), *self.head.parameters()]
        nn.utils.clip_grad_norm_(parameters, CLIP_GRADIENT)
        self.optimiser.step()
        self.step += 1
        self.seconds += time.monotonic() - started
        return {name: value.item() for name, value in losses.items()}
