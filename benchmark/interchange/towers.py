"""From a coder to a tower on the rows of a site: scale, bias and row norms folded into weights.

A tower knows one scale for all rows. What works row by row is taken where it does the same to all
rows, within a hundredth; else the decoder would need each row's own, which codes do not carry.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from benchmark.interchange.coders import LN_EPSILON, Coder
from benchmark.sae.dictionaries import Tower

SAME_WITHIN = 0.01
"""How far the factor of a row may be from the mean of all."""


def tower(coder: Coder, x: Float[Tensor, "n d"], rows: str) -> tuple[Tower, dict[str, Any]]:
    """The tower, and what was taken from train rows x for it, to be told.

    Raises ValueError, one line, where rows are of another width or their norms differ too much.
    """
    check_width(coder, x.shape[1], rows)
    if coder.norm == "layer_norm":
        return layer_normed(coder, x.double(), rows)
    scale, told = 1.0 if coder.scale is None else coder.scale, dict[str, Any]()
    if coder.scale is None and coder.norm != "none":
        norms = x.double().norm(dim=1)
        if coder.norm == "constant_norm_rescale":
            told["norm_spread"] = spread(norms, "length", coder.norm, rows)
        scale = float(coder.d_in**0.5 / norms.mean())
        told["input_scale"] = scale
    b_dec = coder.b_dec.double()
    shift = b_dec @ coder.W_enc.double() if not coder.subtracts else torch.zeros(())
    return made(coder, coder.W_enc, coder.b_enc.double() + shift, coder.W_dec, b_dec, scale), told


def layer_normed(coder: Coder, x: Float[Tensor, "n d"], rows: str) -> tuple[Tower, dict[str, Any]]:
    """u = c (x - mean of the row), c = 1 / (deviation of the row + ε): the mean folds exactly.

    û is brought back by the deviation and mean of all rows, so c has to be the same for all.
    """
    deviation, level = x.std(dim=1), float(x.mean())
    told = {"norm_spread": spread(deviation, "deviation", coder.norm, rows)}
    std = float(deviation.mean())
    c = 1 / (std + LN_EPSILON)
    centred = coder.W_enc.double() - coder.W_enc.double().mean(dim=0)
    b_dec = coder.b_dec.double() * (std * c) + level * c
    taken = coder.b_dec.double() @ coder.W_enc.double() if coder.subtracts else torch.zeros(())
    b_enc = coder.b_enc.double() + b_dec @ centred - taken
    W_dec = coder.W_dec.double() * (std * c)
    return made(coder, centred, b_enc, W_dec, b_dec, c), {**told, "input_scale": c}


def made(
    coder: Coder, W_enc: Tensor, b_enc: Tensor, W_dec: Tensor, b_dec: Tensor, scale: float
) -> Tower:
    """A tower in single precision."""
    W_enc, b_enc, W_dec, b_dec = (t.float().contiguous() for t in (W_enc, b_enc, W_dec, b_dec))
    threshold = None if coder.threshold is None else coder.threshold.float().clone()
    keeps = threshold if coder.activation == "jumprelu" else None
    return Tower(W_enc, b_enc, W_dec, b_dec, scale, coder.activation, coder.k, keeps)


def spread(factors: Tensor, what: str, norm: str, rows: str) -> float:
    """How far one row's factor is from the mean at most. Raises ValueError where it is too far."""
    mean = float(factors.mean())
    off = float((factors - mean).abs().max()) / mean if mean > 0 else float("inf")
    if off > SAME_WITHIN:
        raise ValueError(
            f"the checkpoint wants {norm}, each row divided by its own {what}, and {what}s of "
            f"{rows} rows differ by up to {off:.0%} from their mean: a reconstruction would need "
            "each row's own, which codes do not carry; wanted a site with rows of one length"
        )
    return off


def check_width(coder: Coder, d: int, rows: str) -> None:
    """Raises ValueError, one line naming the axes, where a site has rows of another width."""
    if coder.d_in == d:
        return
    turned = "; d_sae is what the rows have: is W_enc transposed?" if coder.d_sae == d else ""
    raise ValueError(
        f"{rows} rows here are [n, {d}], the checkpoint has W_enc [d_in = {coder.d_in}, d_sae = "
        f"{coder.d_sae}]: wanted d_in = {d}, is it of another model or site?{turned}"
    )


def silent(x: Float[Tensor, "n d"]) -> Tower:
    """A dictionary of one latent that never fires: a row is its mean, and nothing is said of it."""
    d = x.shape[1]
    mean = x.double().mean(0).float()
    return Tower(torch.zeros(d, 1), torch.zeros(1), torch.zeros(1, d), mean, 1.0, "topk", 1)


def in_common(image: Tower, text: Tower) -> Tower:
    """The text tower with the image tower's own tensors where they hold the same numbers.

    What two SAEs share is then kept, and counted, once; a tower that is the same is the same one.
    """
    names = [n for n, v in vars(text).items() if isinstance(v, Tensor) and same(v, vars(image)[n])]
    kinds = (image.activation, image.k, image.scale) == (text.activation, text.k, text.scale)
    whole = kinds and len(names) == sum(map(is_tensor, vars(text).values()))
    return image if whole else replace(text, **{name: vars(image)[name] for name in names})


def same(a: Tensor, b: Tensor | None) -> bool:
    return b is not None and a.shape == b.shape and torch.equal(a, b)


def is_tensor(value: object) -> bool:
    return isinstance(value, Tensor)
