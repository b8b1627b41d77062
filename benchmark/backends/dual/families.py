"""How each family of dual encoders was taught to read texts; its pictures its processor knows.

Whether similarities go through a softmax with a temperature (CLIP) or a sigmoid with a bias
(SigLIP) is no matter here: embeddings are L2-normalised and compared by their cosine.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Family:
    """The habits of one `model_type`."""

    fixed_length: bool = False
    """Texts are padded to the tower's whole length, and the tower reads the padding."""
    lower_case: bool = False
    """Texts were written in lower case before they were split into tokens."""
    masked: bool = True
    """The text tower is told which tokens are padding."""
    attention: str | None = None
    """How attention is computed, where transformers' own choice lets rows depend on the batch."""
    native: bool = False
    """Pictures keep their shape: how many patches one has depends on it."""


FAMILIES: dict[str, Family] = {
    "clip": Family(),
    "metaclip_2": Family(),
    "aimv2": Family(attention="eager"),
    "siglip": Family(fixed_length=True, lower_case=True, masked=False),
    "siglip2": Family(fixed_length=True, lower_case=True, masked=False, native=True),
}
"""By `model_type` of config.json: MetaCLIP is `clip`, SigLIP 2 at one size is `siglip`, its NaFlex
variant `siglip2`.

AIMv2 reads texts causally, but transformers (5.24) drops the mask of a batch without padding where
attention is `sdpa`, and then every token sees the whole caption; `eager` keeps it. SigLIP 2 was
trained on lower case, whatever its tokenizer does by itself (Tschannen et al. 2025,
arXiv:2502.14786, section 2).
"""
KNOWN = "CLIP, MetaCLIP, MetaCLIP 2, SigLIP, SigLIP 2 (also NaFlex), AIMv2-lit"


def family_of(model_type: str, name: str) -> Family:
    """The family of a configuration. Raises ValueError, one line, where it is not known."""
    if model_type not in FAMILIES:
        raise ValueError(
            f"{name}: its config.json is of model_type {model_type!r}, wanted a dual encoder: "
            f"{KNOWN}; a model that writes text is opened as llava:, an open_clip model as clip:"
        )
    return FAMILIES[model_type]
