"""What is known of every aligned latent of a dictionary: firing, names, kinds, partners."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from benchmark.alignment.coactivation import firings
from benchmark.contracts import MODALITIES, Modality, Subject
from benchmark.metrics.correlations import correlations
from benchmark.metrics.naming import Names, names_by_labels, names_of
from benchmark.metrics.purity import commonest, purity
from benchmark.metrics.splitting import HIGH, LOW, splitting
from benchmark.portraits.records import Kind
from benchmark.sae.dictionaries import Paired
from benchmark.sae.frames import Matched


@dataclass(frozen=True, eq=False)
class Facts:
    """One entry an aligned latent; of each modality where there are two."""

    alive: Mapping[Modality, Bool[np.ndarray, " w"]]
    """On train."""
    train_rate: Mapping[Modality, Float[np.ndarray, " w"]]
    rate: Mapping[Modality, Float[np.ndarray, " w"]]
    """On val: share of examples that a latent fires on."""
    fires: Mapping[Modality, Int[np.ndarray, " w"]]
    native: Mapping[Modality, Int[np.ndarray, " w"]]
    """Number in the tower, -1 where it has no such latent."""
    kind: tuple[Kind, ...]
    modality_score: Float[np.ndarray, " w"]
    r: Float[np.ndarray, " w"]
    chance_r: float
    cosine: Float[np.ndarray, " w"] | None
    """NaN where a modality has no direction; None where the two have no space in common."""
    concepts: tuple[str, ...]
    by_text: Names | None
    by_labels: Names | None
    pure: Mapping[Modality, tuple[np.ndarray, np.ndarray, np.ndarray]]
    """Concept, share and floor; nothing where there are no labels."""

    @property
    def width(self) -> int:
        return len(self.kind)


def facts_of(subject: Subject) -> Facts:
    """Everything at once; names and what purity is of are chosen on train, the rest is of val."""
    dictionary = subject.dictionary
    assert isinstance(dictionary, Paired)
    split = splitting(subject)
    alive: dict[Modality, np.ndarray] = {"image": split.image, "text": split.text}
    fires = {m: firings(subject.codes("test", m)) for m in MODALITIES}
    labelled = subject.train.concepts is not None
    return Facts(
        alive=alive,
        train_rate={m: _rate(subject, "train", m) for m in MODALITIES},
        rate={m: fires[m] / subject.test.n_examples(m) for m in MODALITIES},
        fires=fires,
        native={m: native(dictionary, m) for m in MODALITIES},
        kind=tuple(map(_kind, alive["image"], alive["text"], split.modality_score, split.cross)),
        modality_score=split.modality_score,
        r=split.r,
        chance_r=float(correlations(subject).chance),
        cosine=cosines(dictionary),
        concepts=subject.train.concepts.names if subject.train.concepts is not None else (),
        by_text=names_of(subject) if labelled else None,
        by_labels=names_by_labels(subject) if labelled else None,
        pure={m: _pure(subject, m) for m in MODALITIES} if labelled else {},
    )


def _rate(subject: Subject, split: str, modality: Modality) -> Float[np.ndarray, " w"]:
    codes = subject.codes(split, modality)  # type: ignore[arg-type]
    return firings(codes) / max(1, len(codes))


def _pure(subject: Subject, m: Modality) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    concept = commonest(subject.codes("train", m), subject.train.labels(m))
    found = purity(subject.codes("test", m), subject.test.labels(m), concept)
    return concept, found.share, found.base


def _kind(image: bool, text: bool, mu: float, cross: bool) -> Kind:
    """Which modalities a latent serves: alive on train, energy and correlation on val."""
    if not image and not text:
        return "silent"
    if cross:
        return "both"
    if not text or (image and mu > HIGH):
        return "image"
    if not image or mu < LOW:
        return "text"
    return "unrelated"


def native(dictionary: Paired, modality: Modality) -> Int[np.ndarray, " w"]:
    """The latent of a tower that each aligned coordinate shows, -1 where it has none."""
    frame, width = dictionary.frame, dictionary.width
    if not isinstance(frame, Matched):
        return np.arange(width)
    targets = frame.targets(modality).cpu().numpy()
    found = np.full(width, -1)
    found[targets] = np.arange(len(targets))
    return found


def cosines(dictionary: Paired) -> Float[np.ndarray, " w"] | None:
    """Cosine of the image and the text direction of every latent."""
    image, text = (dictionary.directions(m).detach().cpu().double().numpy() for m in MODALITIES)
    if image.shape[1] != text.shape[1]:
        return None
    norms = np.linalg.norm(image, axis=1) * np.linalg.norm(text, axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(norms > 0, (image * text).sum(1) / norms, np.nan)
