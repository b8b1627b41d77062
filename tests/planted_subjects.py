"""Subjects with a right answer: dictionaries made from the atoms of a small orthonormal world."""

from __future__ import annotations

from functools import cache

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from benchmark.activations.reading import activations
from benchmark.backends.planted import Synthetic, open_backend
from benchmark.contracts import Artifact, Dictionary, PairedActivations, Planted, Subject, Units
from benchmark.sae.dictionaries import Paired, Tower
from benchmark.sae.frames import Frame, Matched
from tasks.ground_truth import GroundTruth

N_SHARED, N_IMAGE, N_TEXT, D = 8, 3, 2, 32
IMAGE, TEXT = N_SHARED + N_IMAGE, N_SHARED + N_TEXT
SPEC = (
    f"synthetic:n_shared={N_SHARED},n_image={N_IMAGE},n_text={N_TEXT},d={D},noise=0,"
    "sparsity=.8,n_train=1000,n_val=20,n_test=300"
)


@cache
def backend() -> Synthetic:
    """21 atoms in 32 dimensions: orthonormal but for the pairs, so cosines are known exactly."""
    return open_backend(SPEC)


@cache
def read(split: str) -> PairedActivations:
    opened = backend()
    return activations(opened, opened.data, split, opened.sites[0], store=None)  # type: ignore[arg-type]


def planted() -> Planted:
    return backend().data.planted


def tower(
    directions: Float[Tensor, "m d"], b_dec: Tensor | None = None, b_enc: Tensor | None = None
) -> Tower:
    """ReLU codes by correlation with the directions, which also decode."""
    return Tower(
        directions.T,
        torch.zeros(len(directions)) if b_enc is None else b_enc,
        directions,
        torch.zeros(D) if b_dec is None else b_dec,
        activation="relu",
    )


def frame(n_image: int, image_of: list[int]) -> Matched:
    return Matched(n_image, torch.tensor(image_of))


def true_frame() -> Matched:
    """Text latents 0 to 7 belong to image latents 0 to 7, the two others to none."""
    return frame(N_SHARED + N_IMAGE, [*range(N_SHARED), -1, -1])


def exact() -> tuple[Tower, Tower]:
    return tower(planted().image_atoms), tower(planted().text_atoms)


def subject_of(dictionary: Dictionary) -> Subject:
    opened = backend()
    return Subject(
        Artifact(dictionary, opened.sites[0]),
        read("train"),
        read("val"),
        read("test"),
        seed=0,
        backend=opened,
        planted=planted(),
    )


def subject(image: Tower, text: Tower, where: Frame) -> Subject:
    return subject_of(Paired(image, text, where))


def perfect() -> Subject:
    return subject(*exact(), true_frame())


def score(judged: Subject) -> dict[str, float]:
    return {name: value(units) for name, units in GroundTruth().score(judged).items()}


def value(units: Units) -> float:
    """Σ numerator / Σ denominator, as the contract says."""
    assert units.value is None
    under = len(units.numerator) if units.denominator is None else units.denominator.sum()
    assert np.isfinite(units.numerator).all()
    return float(units.numerator.sum() / under)
