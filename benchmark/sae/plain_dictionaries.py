"""Dictionaries that need no training: the mean, the activations themselves, PCA, random directions.

They stand beside every method as floors and baselines, so none is a straw man: the random one gets
the widths, the sparsity and the best single scale that train allows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from benchmark.contracts import Modality
from benchmark.sae.dictionaries import Paired, Tower
from benchmark.sae.frames import Same, disjoint

RowsOf = Callable[[Modality], Float[Tensor, "n d"]]


def constant(means: Mapping[Modality, Float[Tensor, " d"]]) -> Paired:
    """One latent that never fires: every row comes back as the mean of its modality."""

    def tower(mean: Float[Tensor, " d"]) -> Tower:
        blank = mean.new_zeros(len(mean), 1)
        return Tower(blank, mean.new_zeros(1), blank.T, mean, k=1)

    return Paired(tower(means["image"]), tower(means["text"]), disjoint(1, 1))


def identity(d_image: int, d_text: int) -> Paired:
    """Dense: codes are the activations. Comparable over modalities only where the widths agree."""

    def tower(d: int) -> Tower:
        eye = torch.eye(d)
        return Tower(eye, torch.zeros(d), eye, torch.zeros(d), activation="identity")

    frame = Same(d_image) if d_image == d_text else disjoint(d_image, d_text)
    return Paired(tower(d_image), tower(d_text), frame)


def principal(rows: RowsOf, k: int) -> Paired:
    """The k leading principal components of each modality about its mean; no more than d."""

    def tower(x: Float[Tensor, "n d"]) -> Tower:
        x = x.cpu().double()
        mean = x.mean(0)
        centred = x - mean
        vectors = torch.linalg.eigh(centred.T @ centred).eigenvectors.flip(1)[:, :k].float()
        bias = torch.zeros(vectors.shape[1])
        return Tower(vectors, bias, vectors.T.contiguous(), mean.float(), activation="identity")

    image, text = tower(rows("image")), tower(rows("text"))
    return Paired(image, text, disjoint(image.d_sae, text.d_sae))


def random_units(
    rows: RowsOf, widths: Mapping[Modality, int], k: int, n: int, rng: np.random.Generator
) -> Paired:
    """Random unit directions W: z = topk(relu((x − μ) Wᵀ)), x̂ = μ + α z W.

    μ and the scalar α (least squares) come from the first n rows of each modality.
    """

    def tower(modality: Modality) -> Tower:
        x = rows(modality)[:n].cpu().float()
        mean = x.mean(0)
        drawn = rng.standard_normal((widths[modality], x.shape[1]), dtype=np.float32)
        W = torch.nn.functional.normalize(torch.from_numpy(drawn), dim=1)
        plain = Tower(W.T.contiguous(), W.new_zeros(len(W)), W, mean, k=min(k, len(W)))
        made = plain.decode(plain.encode(x)) - mean
        alpha = ((x - mean) * made).sum() / made.square().sum().clamp_min(1e-30)
        return Tower(plain.W_enc, plain.b_enc, alpha * W, mean, k=plain.k)

    return Paired(tower("image"), tower("text"), disjoint(widths["image"], widths["text"]))
