"""Linear maps of whole codes, orthogonal Procrustes and CCA: they mix latents, so none stays one.

Both come from streamed second moments over train pairs alone; nothing is ever held densely but
m × m matrices.
"""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from benchmark.alignment.coactivation import Coactivation, coactivation
from benchmark.contracts import SparseCodes
from benchmark.sae.frames import DenseMap


def procrustes(moments: Coactivation) -> DenseMap:
    """Orthogonal R that minimises ‖Z_T R - Z_I‖²: R = U Vᵀ of Z_Tᵀ Z_I. Image codes stay put.

    With unequal numbers of latents R has orthonormal rows or columns, whichever can be.
    """
    left, _, right = np.linalg.svd(moments.cross.T, full_matrices=False)
    m_image, m_text = moments.cross.shape
    return DenseMap(
        image_map=torch.eye(m_image),
        text_map=_tensor(left @ right),
        image_centre=torch.zeros(m_image),
        text_centre=torch.zeros(m_text),
    )


def cca(
    image: SparseCodes,
    text: SparseCodes,
    image_of: Int[Tensor, " p"],
    *,
    components: int = 256,
    ridge: float = 0.1,
) -> DenseMap:
    """Canonical directions: whiten each side's (ridged) covariance, then SVD of what is between.

    `ridge` is relative to the mean variance of a side's latents; without it the whitening of
    latents that hardly ever fire is all there is. Raises ValueError where a side never varies.
    """
    between = coactivation(image, text, image_of)
    everyone = torch.arange(len(text))
    sides = [
        _whitening(coactivation(image, image[image_of], image_of), ridge, "image"),
        _whitening(coactivation(text, text, everyone), ridge, "text"),
    ]
    left, _, right = np.linalg.svd(sides[0] @ between.covariance() @ sides[1], full_matrices=False)
    return DenseMap(
        image_map=_tensor(sides[0] @ left[:, :components]),
        text_map=_tensor(sides[1] @ right[:components].T),
        image_centre=_tensor(between.image_sum / between.n),
        text_centre=_tensor(between.text_sum / between.n),
    )


def _whitening(own: Coactivation, ridge: float, side: str) -> Float[np.ndarray, "m m"]:
    """(C + ridge·mean variance·1)^(-1/2)."""
    covariance = own.covariance()
    floor = ridge * np.trace(covariance) / len(covariance)
    if not floor > 0:
        raise ValueError(f"{side} codes never vary on train: nothing to correlate")
    values, vectors = np.linalg.eigh((covariance + covariance.T) / 2)
    return (vectors / np.sqrt(np.maximum(values, 0) + floor)) @ vectors.T


def _tensor(array: Float[np.ndarray, "..."]) -> Float[Tensor, "..."]:
    return torch.from_numpy(np.ascontiguousarray(array)).float()
