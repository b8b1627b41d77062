"""What one step of pocket-clip's training asks of model and word-patch head."""

from __future__ import annotations

from pathlib import Path

import open_clip
import torch
from torch import nn

from benchmark.recipes.contrastive import folder as clip_folder
from benchmark.recipes.contrastive.batches import Batch, TrainingPlan, make_batch
from benchmark.recipes.contrastive.losses import (
    WordPatch,
    contrast,
    encode_trimmed,
    statement_loss,
    word_patch_loss,
)

MAX_LOGIT_SCALE = 100.0


class Objective:
    """Model, word-patch head, and the loss of any step of a plan."""

    def __init__(self, plan: TrainingPlan, device: torch.device, folder: Path) -> None:
        self.plan, self.device = plan, device
        self.model = clip_folder.fresh_model(plan.seed).to(device)
        self.model.visual.output_tokens = True
        self.tokenizer = open_clip.get_tokenizer(f"local-dir:{folder}")
        table = self.model.token_embedding.weight
        width = clip_folder.config()["model_cfg"]["vision_cfg"]["width"]
        self.head = WordPatch(width, table.shape[1], self.tokenizer, len(table)).to(device)

    @property
    def modules(self) -> dict[str, nn.Module]:
        """All that is trained, and saved in a checkpoint."""
        return {"model": self.model, "head": self.head}

    def __call__(self, step: int) -> dict[str, torch.Tensor]:
        """The losses of a step, on fresh scenes."""
        return self.losses(make_batch(self.plan, step, self.tokenizer))

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
