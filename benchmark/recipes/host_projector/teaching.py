"""The loss of answers about pictures, differentiable in a projector and in nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from benchmark.backends.llava.model import Llava
from benchmark.contracts import Talk
from benchmark.projectors import Projector


class Teaching(nn.Module):
    """A projector, the only part that is trained, between the halves of a frozen host."""

    def __init__(self, host: Llava, projector: Projector) -> None:
        super().__init__()
        self.host, self.projector = host, projector

    def forward(self, pictures: Sequence[Any], talks: Sequence[Talk]) -> Float[Tensor, ""]:
        """Cross-entropy of all answers' tokens, ends included, summed, in nats."""
        return self.host.taught(pictures, talks, patch=self.patch()).loss.sum()

    def patch(self) -> dict[str, Tensor]:
        """The projector under the names of the host's own; folded in single precision."""
        device = self.projector.weight.device.type
        with torch.autocast(device, enabled=False):
            folded = self.projector.folded()
        named = zip(self.host.projector.items(), folded, strict=True)
        return {name: value.to(own.dtype) for (name, own), value in named}

    def tokens(self, talks: Sequence[Talk]) -> int:
        """How many tokens the answers have, ends included."""
        answers = [answer for talk in talks for _, answer in talk]
        return sum(map(len, self.host.asker.chat.answer_ids(answers)))
