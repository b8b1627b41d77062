"""Which latents serve both modalities: by their energy in each, and by firing together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from benchmark.contracts import Modality, Subject
from benchmark.metrics.correlations import correlations
from benchmark.metrics.sides import living

LOW, HIGH = 0.05, 0.95


@dataclass(frozen=True, eq=False)
class Split:
    """Every aligned coordinate of a subject."""

    image: Bool[np.ndarray, " w"]
    """Alive on train images."""
    text: Bool[np.ndarray, " w"]
    energy: Float[np.ndarray, " w"]
    """E_I + E_T: mean square of the code per modality, in the units of the code."""
    modality_score: Float[np.ndarray, " w"]
    """mu = E_I / (E_I + E_T); 0.5 where the latent is silent on the evaluated rows."""
    r: Float[np.ndarray, " w"]
    cross: Bool[np.ndarray, " w"]
    """Alive in both, 0.05 <= mu <= 0.95, and r above what shuffled partners reach."""

    @property
    def alive(self) -> Bool[np.ndarray, " w"]:
        return self.image | self.text


def splitting(subject: Subject) -> Split:
    """Energies and r on the evaluated split, alive by train."""
    image, text = living(subject, "image"), living(subject, "text")
    of_image, of_text = energy(subject, "image"), energy(subject, "text")
    total = of_image + of_text
    mu = np.divide(of_image, total, out=np.full(len(total), 0.5), where=total > 0)
    found = correlations(subject)
    r = found.own(len(total))
    cross = image & text & (mu >= LOW) & (mu <= HIGH) & (r > max(found.chance, 0.0))
    return Split(image, text, total, mu, r, cross)


def energy(subject: Subject, modality: Modality) -> Float[np.ndarray, " w"]:
    """E[z²] of each aligned latent over the evaluated rows of one modality."""
    codes = subject.codes("test", modality)
    if codes.indices is None:
        return codes.values.double().square().mean(0).numpy()
    z = codes.csr()
    return np.bincount(z.indices, weights=z.data**2, minlength=codes.width) / len(codes)
