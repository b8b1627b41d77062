"""Where the two towers of an open_clip model keep their blocks, and how they read texts."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from benchmark.contracts import Site

IMAGE_BLOCKS = ("visual.transformer.resblocks", "visual.trunk.blocks")
TEXT_BLOCKS = ("transformer.resblocks", "text.transformer.resblocks")


def sites_of(model: nn.Module) -> tuple[Site, ...]:
    """`embedding`, then `block:l` for blocks that both towers have, then `patches`.

    `patches` keeps every patch token after the last image block; its texts are the mean over real
    tokens after the last text block. A tower without a list of blocks has only `embedding`.
    """
    text = "text" if hasattr(model, "text") else "transformer"
    first = Site("embedding", "visual", text)
    image_path, text_path = _found(model, IMAGE_BLOCKS), _found(model, TEXT_BLOCKS)
    if image_path is None or text_path is None:
        return (first,)
    n_image = len(list(model.get_submodule(image_path).children()))
    n_text = len(list(model.get_submodule(text_path).children()))
    blocks = [
        Site(f"block:{i}", f"{image_path}.{i}", f"{text_path}.{i}", block=i, pool="mean")
        for i in range(min(n_image, n_text))
    ]
    last = f"{image_path}.{n_image - 1}", f"{text_path}.{n_text - 1}"
    return (first, *blocks, Site("patches", *last, block=n_image - 1, pool="none"))


def _found(model: nn.Module, paths: tuple[str, ...]) -> str | None:
    modules = dict(model.named_modules())
    return next((path for path in paths if path in modules), None)


def n_prefix_tokens(model: nn.Module) -> int:
    """Tokens before the patches: the CLS token where there is one, and registers."""
    visual = model.get_submodule("visual")
    if hasattr(visual, "trunk"):
        return int(getattr(visual.trunk, "num_prefix_tokens", 0))
    return int(hasattr(visual, "class_embedding"))


@dataclass(frozen=True, eq=False)
class TextReader:
    """Runs the text tower on no more padding than it needs.

    Behind a causal mask no token sees what follows it, and the pooled token is the end token: what
    pads after the longest caption of a batch changes nothing, so it is cut off. Towers that are
    not of this kind read every position.
    """

    model: nn.Module
    prefix: str
    """Dotted path of the module that owns positions and mask, with its dot; "" is the model."""
    pool: str
    end: int
    pad: int
    cuts: bool

    def real(self, tokens: Int[Tensor, "b t"]) -> Bool[Tensor, "b t"]:
        """Positions of a caption up to its end token; never padding."""
        if self.pool == "argmax":
            last = tokens.argmax(1)
        elif self.pool == "eos":
            last = torch.eq(tokens, self.end).int().argmax(1)
        else:
            return tokens != self.pad
        return torch.arange(tokens.shape[1], device=tokens.device) <= last[:, None]

    def trimmed(self, tokens: Int[Tensor, "b t"]) -> Int[Tensor, "b s"]:
        """The same captions without the columns that are padding in all of them."""
        return tokens[:, : int(self.real(tokens).sum(1).max())] if self.cuts else tokens

    def __call__(self, tokens: Int[Tensor, "b s"]) -> Float[Tensor, "b d"]:
        """L2-normalised text embeddings of tokens that may be trimmed."""
        length = tokens.shape[1]
        positions, mask = f"{self.prefix}positional_embedding", f"{self.prefix}attn_mask"
        swap = {}
        if self.cuts and length < len(self.model.get_parameter(positions)):
            swap = {
                positions: self.model.get_parameter(positions)[:length],
                mask: self.model.get_buffer(mask)[:length, :length],
            }
        found = torch.func.functional_call(self.model, swap, kwargs={"text": tokens})
        return found["text_features"] if isinstance(found, dict) else found[1]


def text_reader(model: nn.Module) -> TextReader:
    """The reader that fits the model's text tower."""
    prefix = "text." if hasattr(model, "text") else ""
    owner = model.get_submodule("text") if prefix else model
    pool = str(getattr(owner, "pool_type" if prefix else "text_pool_type", "other"))
    end = int(getattr(owner, "eos_id" if prefix else "text_eos_id", None) or 0)
    mask = getattr(owner, "attn_mask", None)
    causal = mask is not None and torch.equal(
        mask.float(), torch.full(mask.shape, float("-inf"), device=mask.device).triu(1)
    )
    plain = getattr(owner, "cls_emb", None) is None and not getattr(owner, "use_pad_mask", False)
    cuts = causal and plain and pool in ("argmax", "eos")
    return TextReader(model, prefix, pool, end, int(getattr(owner, "pad_id", 0)), cuts)
