"""Terms and codes of pairs: what two codes have in common, and latents that both choose."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from benchmark.contracts.topk import k_strongest
from benchmark.sae.trainable import Pass, cosine

EPSILON = 1e-12


def cosine_below_top(image: Pass, text: Pass, m: int) -> Float[Tensor, " b"]:
    """Cosine of the codes of each pair without the latent that is strongest in either.

    Iso-Energy (arXiv 2602.06218): what is strongest may tell the modality, so both top latents are
    taken out of both codes; 0 where nothing is left of one.
    """
    tops = torch.stack([_top(image), _top(text)], dim=1)
    return cosine(_without(image, tops), _without(text, tops), m)


def group_norm(image: Pass, text: Pass, m: int) -> Float[Tensor, " b"]:
    """Σ_j √(z_I,j² + z_T,j²) of each pair: smaller for the same lengths where latents coincide."""
    squares = image.values.new_zeros(len(image.values), m)
    for code in (image, text):
        if code.indices is None:
            squares = squares + code.values.square()
        else:
            squares = squares.scatter_add(1, code.indices, code.values.square())
    return (squares + EPSILON).sqrt().sum(1)


@torch.no_grad()
def strongest(logits: Float[Tensor, "b m"], k: int) -> Int[Tensor, "b k"]:
    """Where the k largest of ReLU(logits) are."""
    return k_strongest(logits.relu(), k)[1]


def _top(code: Pass) -> Int[Tensor, " b"]:
    place = code.values.argmax(1, keepdim=True)
    return place[:, 0] if code.indices is None else code.indices.gather(1, place)[:, 0]


def _without(code: Pass, latents: Int[Tensor, "b t"]) -> Pass:
    if code.indices is None:
        return Pass(code.out, code.values.scatter(1, latents, 0), None)
    out = (code.indices[:, :, None] == latents[:, None, :]).any(2)
    return Pass(code.out, code.values.masked_fill(out, 0), code.indices)
