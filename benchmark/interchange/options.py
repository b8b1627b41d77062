"""What a user may say of a checkpoint that does not say it itself, or says it wrongly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Told = Literal["auto", "topk", "relu", "jumprelu"]


@dataclass(frozen=True)
class Options:
    """None, or `auto`: as the checkpoint says."""

    activation: Told = "auto"
    k: int | None = None
    threshold: float | None = None
    input_scale: float | None = None
    subtracts: bool | None = None
