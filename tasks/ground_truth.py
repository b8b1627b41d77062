"""How much of the planted truth a dictionary finds: its atoms, and which of them belong together.

The metrics of single atoms (gre, gae) send each atom through the dictionary's
own encode and decode, as any other row: one bias convention.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from jaxtyping import Float

from benchmark.contracts import MODALITIES, Metric, Need, Reference, Subject, Task, Units
from benchmark.metrics.planted import NAMED, matched_cosine, recovered, same_best
from benchmark.references.changes import random_dictionary, reference, size, wanted
from benchmark.references.planted_truth import (
    atom_disagreement,
    atom_error,
    disagreement,
    matching,
    nearness,
    observed_cosine,
    permuted_map,
    planted_dictionary,
    relative_error,
    truth,
)

RECOVERY = {"recovery@.9": 0.9, "recovery@.95": 0.95}
MATCHING = ("f1", "precision", "recall")
PAIRED = (*MATCHING, "cci", "gae", "ae", "ae/centred")
"""What depends on the map between the modalities."""
ATOMS = ("recovery@*", "mcc*")
CLAIM = (
    "a latent alive in both modalities claims its nearest image and text atom as one concept, "
    f"both |cos| > {NAMED:.2f}; a claim counts once"
)


def _metrics() -> Iterator[Metric]:
    yield Metric("f1", "atom", True, f"2 right / (claims + shared atoms); {CLAIM}", main=True)
    yield Metric("precision", "atom", True, f"right claims / claims; {CLAIM}")
    yield Metric("recall", "atom", True, f"shared atoms that are claimed right; {CLAIM}")
    says = "share of shared atoms whose best image and best text latent have the same index"
    yield Metric("cci", "atom", True, f"{says}; ties count by chance")
    for name in ("", "/image", "/text"):
        for metric, tau in RECOVERY.items():
            says = f"share of planted atoms with a decoder direction at |cos| > {tau:g}"
            yield Metric(metric + name, "atom", True, says)
        says = "mean |cos| of planted atoms with their own latent, best one-to-one matching"
        yield Metric(f"mcc{name}", "atom", True, says)
    says = "cosine of the latents nearest to the two directions of a shared atom, both |cos|"
    yield Metric("decoder_cosine", "atom", None, f"{says} > {NAMED:.2f}: what α looks like")
    yield Metric("decoder_cosine/error", "atom", None, "that less the planted α: 0 is calibrated")
    yield Metric("re", "pair", False, "half of E[|x - x_hat|^2 + |y - y_hat|^2] on unit rows")
    says = "1 - E cos(z_I, z_T), aligned codes"
    always = "an always-on latent wins it, and so do fewer latents: no better end"
    yield Metric("ae", "pair", None, f"{says} of pairs; {always}")
    yield Metric("ae/centred", "pair", False, f"{says} of pairs, less each latent's train mean")
    yield Metric("ae/shuffled", "pair", None, f"{says} of images with the text of another")
    says = "half of |phi - phi_hat|^2 + |psi - psi_hat|^2 of shared atoms, strongest latent alone"
    yield Metric("gre", "atom", False, says)
    yield Metric("gae", "atom", False, "1 - mean cos(z_I(phi), z_T(psi)) of shared atoms")


@dataclass(frozen=True)
class GroundTruth(Task):
    """Recovery of planted atoms and of the planted matching."""

    variant: Literal["fair", "paper"] = "fair"
    question: ClassVar[str] = "Which planted concepts does it find, and does it match them?"
    version: ClassVar[int] = 1
    needs: ClassVar[frozenset[Need]] = frozenset({Need.PAIRS, Need.PLANTED, Need.LATENTS})
    fits: ClassVar[bool] = True
    metrics: ClassVar[tuple[Metric, ...]] = tuple(_metrics())
    references: ClassVar[tuple[Reference, ...]] = (
        reference(
            "permuted map",
            "null",
            permuted_map,
            metrics=(*MATCHING, "cci", "gae", "ae", "ae/centred"),
            draws=20,
        ),
        reference(
            "random",
            "null",
            random_dictionary,
            metrics=(*ATOMS, "gre"),
            draws=20,
            shared_by=size,
        ),
        reference(
            "planted",
            "ceiling",
            planted_dictionary,
            metrics=(*MATCHING, "cci", *ATOMS),
            of_data=True,
        ),
    )

    def score(self, subject: Subject) -> dict[str, Units]:
        """Raises ValueError without planted atoms, or with several rows an example."""
        if not (subject.test.pooled and subject.train.pooled):
            raise ValueError("ground_truth needs one row per example: choose a site that pools")
        found: dict[str, Units] = {}
        image, text = (nearness(subject, modality) for modality in MODALITIES)
        n_shared = truth(subject).n_shared
        if wanted(subject, *MATCHING):
            found |= matched(*matching(subject, image, text))
        if wanted(subject, "cci"):
            found["cci"] = Units(same_best(image[:, :n_shared], text[:, :n_shared]))
        if wanted(subject, *RECOVERY, "mcc"):
            found |= recovery(image, text, n_shared)
        if wanted(subject, "decoder_cosine"):
            found |= calibrated(*observed_cosine(subject, image, text))
        if wanted(subject, "re"):
            found["re"] = Units(relative_error(subject), cluster=owner(subject))
        if wanted(subject, "ae"):
            ways = disagreement(subject).items()
            found |= {name: Units(values, cluster=owner(subject)) for name, values in ways}
        if wanted(subject, "gre"):
            found["gre"] = Units(atom_error(subject))
        if wanted(subject, "gae"):
            found["gae"] = Units(atom_disagreement(subject))
        return found


def owner(subject: Subject) -> np.ndarray:
    """The image that each text was written for: drawn again together in the bootstrap."""
    return subject.test.caption_of.cpu().numpy()


def matched(
    right: Float[np.ndarray, " a"], claimed: Float[np.ndarray, " a"], true: Float[np.ndarray, " a"]
) -> dict[str, Units]:
    """F1, precision and recall of the matching, image atom by image atom.

    Precision is left out where nothing is claimed: it has no value then.
    """
    shared = true > 0
    found = {"f1": Units(2 * right, claimed + true), "recall": Units(right[shared])}
    if claimed.any():
        found["precision"] = Units(right, claimed)
    return found


def calibrated(
    cosine: Float[np.ndarray, " a"], planted: Float[np.ndarray, " a"], found: np.ndarray
) -> dict[str, Units]:
    """Observed decoder cosine and its error, over atoms that were found; nothing if none was."""
    if not found.any():
        return {}
    return {
        "decoder_cosine": Units(cosine * found, found),
        "decoder_cosine/error": Units((cosine - planted) * found, found),
    }


def recovery(
    image: Float[np.ndarray, "w a_i"], text: Float[np.ndarray, "w a_t"], n_shared: int
) -> dict[str, Units]:
    """How near the closest latents come, atom by atom: both modalities, and each.

    The two atoms of a shared concept are drawn again together.
    """
    private = image.shape[1] + np.arange(text.shape[1] - n_shared)
    concept = np.concatenate([np.arange(image.shape[1]), np.arange(n_shared), private])
    measures = {
        name: [recovered(cos, tau) for cos in (image, text)] for name, tau in RECOVERY.items()
    }
    measures["mcc"] = [matched_cosine(cos) for cos in (image, text)]
    found = {}
    for name, values in measures.items():
        found[name] = Units(np.concatenate(values), cluster=concept, drawn="concept")
        found |= {f"{name}/{m}": Units(v) for m, v in zip(MODALITIES, values, strict=True)}
    return found
