"""Whether a concept lives in one latent of both modalities, or in one of each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from benchmark.contracts import (
    MODALITIES,
    Metric,
    Need,
    Reference,
    Subject,
    Task,
    Units,
)
from benchmark.metrics.averages import median_of
from benchmark.metrics.correlations import correlations
from benchmark.metrics.correspondence import correspondences
from benchmark.metrics.heterogeneity import (
    bin_names,
    by_coactivation,
    label_picked,
    same_width,
    split_into_many,
    two_runs,
)
from benchmark.metrics.probe import modality_probe
from benchmark.metrics.splitting import splitting
from benchmark.metrics.transfer import transfer
from benchmark.references.changes import PATCHED, reference, unpatched, wanted
from benchmark.references.sides import (
    chosen_in_place,
    halves_of_one_modality,
    names_shuffled,
    other_captions,
    shuffled_map,
)

TRANSFER = ("transfer_auc*",)
CORRESPONDENCE = ("hit@*", "mrr*")
BETWEEN = ("mean_r", "split_fraction", "decoder_cosine*", "one_to_many*")
SHARED = "1 by construction where a latent is compared with itself under shared weights"


def _metrics() -> Iterator[Metric]:
    chosen = "AUC of the aligned partner of the best latent"
    says = f"{chosen}, mean of t2i and i2t"
    yield Metric("transfer_auc", "concept", True, says, main=True)
    yield Metric("transfer_auc/t2i", "concept", True, f"{chosen} on train captions, on images")
    yield Metric("transfer_auc/i2t", "concept", True, f"{chosen} on train images, on captions")
    for k in (1, 5, 10):
        says = f"partner of one half's best latent in the first {k} by the other half's AUC"
        yield Metric(f"hit@{k}/correspondence", "concept", True, says)
    yield Metric("mrr/correspondence", "concept", True, "mean 1 / rank of that partner")
    says = "alive latents that are ranked; chance of hit@k is k over this"
    yield Metric("candidates/correspondence", "direction", None, says)
    says = "share of alive latents that are not cross-modal: theory makes splitting optimal"
    yield Metric("split_fraction", "latent", None, says)
    yield Metric("split_energy", "latent", None, "their share of the energy of alive latents")
    says = "mean r with the aligned partner over alive image latents, unmatched = 0"
    yield Metric("mean_r", "latent", True, says)
    says = "share of alive image latents with an alive text latent at their coordinate"
    yield Metric("coverage", "latent", True, says)
    says = f"decoder cosine of the latents that labels pick in each modality; {SHARED}"
    yield Metric("decoder_cosine/labels", "concept", None, says)
    for name in bin_names():
        says = f"median decoder cosine of image latents with text latents of that r; {SHARED}"
        yield Metric(f"decoder_cosine/{name}", "latent", None, says)
        for modality in MODALITIES:
            says = "the same between two seeds of one modality: the noise of the method"
            yield Metric(f"decoder_cosine/two_runs/{modality}/{name}", "latent", None, says)
    for modality in MODALITIES:
        says = "share of alive latents with two or more partners at r >= 0.4"
        yield Metric(f"one_to_many/{modality}", "latent", None, says)
    for name in ("raw", "centred"):
        says = f"accuracy of a linear probe for the modality on {name} activations; chance 0.5"
        yield Metric(f"modality_probe/{name}", "row", None, says)


@dataclass(frozen=True)
class ModalitySplit(Task):
    """Transfer, correspondence, heterogeneity and split of a cross-modal dictionary."""

    variant: Literal["fair", "paper"] = "fair"
    question: ClassVar[str] = "Does one latent carry a concept in both modalities?"
    version: ClassVar[int] = 1
    needs: ClassVar[frozenset[Need]] = frozenset({Need.PAIRS, Need.LATENTS, Need.CONCEPTS})
    fits: ClassVar[bool] = True
    metrics: ClassVar[tuple[Metric, ...]] = tuple(_metrics())
    references: ClassVar[tuple[Reference, ...]] = (
        reference("names shuffled", "null", names_shuffled, metrics=TRANSFER, draws=20),
        reference(
            "shuffled map",
            "null",
            shuffled_map,
            metrics=(*TRANSFER, *CORRESPONDENCE),
            draws=20,
        ),
        reference("chosen in place", "ceiling", chosen_in_place, metrics=("transfer_auc",)),
        reference("same modality", "ceiling", halves_of_one_modality, metrics=CORRESPONDENCE),
        reference("other captions", "baseline", other_captions, metrics=BETWEEN),
        reference("unpatched", "baseline", unpatched, metrics=TRANSFER, needs=PATCHED),
    )

    def score(self, subject: Subject) -> dict[str, Units]:
        """Where rows are tokens: by codes of examples, and by mean activations."""
        found = transferred(subject) if wanted(subject, "transfer_auc") else {}
        if wanted(subject, "hit@1/correspondence"):
            found |= corresponding(subject)
        if wanted(subject, "split_fraction"):
            found |= divided(subject)
        if wanted(subject, "decoder_cosine/labels") and same_width(subject):
            found |= heterogeneous(subject)
        if wanted(subject, "modality_probe/raw") and same_width(subject):
            found |= probed(subject)
        return found


def transferred(subject: Subject) -> dict[str, Units]:
    """AUC of partners, concept by concept."""
    ways = transfer(subject)
    found = {f"transfer_auc/{name}": Units(values) for name, values in ways.items()}
    found["transfer_auc"] = Units((ways["t2i"] + ways["i2t"]) / 2)
    return found


def corresponding(subject: Subject) -> dict[str, Units]:
    """Ranks of partners by labels, both ways averaged per concept; none where none is frequent."""
    both = correspondences(subject)
    if both is None:
        return {}
    found = {
        f"hit@{k}/correspondence": Units(np.mean([way.hit(k) for way in both], axis=0))
        for k in (1, 5, 10)
    }
    ranks = [way.reciprocal_rank() for way in both]
    found["mrr/correspondence"] = Units(np.mean(ranks, axis=0))
    candidates = np.array([float(way.candidates) for way in both])
    found["candidates/correspondence"] = Units(candidates)
    return found


def divided(subject: Subject) -> dict[str, Units]:
    """How much of the dictionary is shared; nothing where no latent is alive."""
    split = splitting(subject)
    found = {}
    if split.alive.any():
        apart = (~split.cross)[split.alive].astype(np.float64)
        energy = split.energy[split.alive]
        found["split_fraction"] = Units(apart)
        if energy.sum() > 0:
            found["split_energy"] = Units(apart * energy, energy)
    if split.image.any():
        found["mean_r"] = Units(split.r[split.image])
        found["coverage"] = Units(split.text[split.image].astype(np.float64))
    return found


def heterogeneous(subject: Subject) -> dict[str, Units]:
    """Decoder cosines of pairs that mean the same, by labels and by co-activation."""
    found = {}
    cosine, counts = label_picked(subject)
    if counts.any():
        found["decoder_cosine/labels"] = Units(cosine, counts)
    pairs = correlations(subject)
    for name, medians in by_coactivation(subject, pairs):
        found[f"decoder_cosine/{name}"] = median_of(medians)
    for modality, r in zip(MODALITIES, (pairs.r, pairs.r.T), strict=True):
        if r.size:
            found[f"one_to_many/{modality}"] = Units(split_into_many(r))
        for name, medians in two_runs(subject, modality) if subject.siblings else ():
            found[f"decoder_cosine/two_runs/{modality}/{name}"] = median_of(medians)
    return found


def probed(subject: Subject) -> dict[str, Units]:
    """The modality gap, example by example."""
    found = {}
    for name, centred in (("raw", False), ("centred", True)):
        correct, image = modality_probe(subject.train, subject.test, centred)
        found[f"modality_probe/{name}"] = Units(correct, cluster=image)
    return found
