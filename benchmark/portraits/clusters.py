"""Latents that fire on the same pairs, together: JSAE's clusters (papers' way, on val).

The 100 most correlated pairs of an image and a text latent; each of these latents by its firing
over all (image, caption) pairs, at length one; k-means into 20 (seed 42, ten starts), judged by the
silhouette of cosines. Of under 80 latents a quarter as many clusters.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from benchmark.contracts import Subject
from benchmark.metrics.correlations import correlations
from benchmark.portraits.columns import columns
from benchmark.portraits.facts import Facts
from benchmark.portraits.mapping import unit
from benchmark.portraits.records import Cluster, Point

PAIRS, CLUSTERS, SEED, STARTS = 100, 20, 42, 10
FEWEST = 4
"""Latents below which there is nothing to put together, and that a cluster has on average."""


@dataclass(frozen=True, eq=False)
class Clustered:
    """All clusters, largest first."""

    clusters: tuple[Cluster, ...]
    silhouette: float | None
    pairs: int
    weakest: float | None


def clustered(
    subject: Subject, facts: Facts, captions: Sequence[str], points: Sequence[Point]
) -> Clustered:
    """Clusters of the most correlated latents; none where too few latents go together."""
    found = correlations(subject)
    size = np.abs(found.r)
    order = np.argsort(-size, axis=None, kind="stable")[:PAIRS]
    order = order[size.ravel()[order] > 0]
    image, text = np.unravel_index(order, found.r.shape)
    of_image, of_text = np.unique(found.image[image]), np.unique(found.text[text])
    if len(of_image) + len(of_text) < FEWEST:
        return Clustered((), None, len(order), None)
    profiles = firing(subject, of_image, of_text)
    which, each = grouped(profiles)
    made = [
        _cluster(facts, captions, points, profiles, which == c, each, of_image, of_text)
        for c in range(which.max() + 1)
    ]
    made.sort(key=lambda one: (-len(one.image) - len(one.text), one.image, one.text))
    overall = None if each is None else float(each.mean())
    return Clustered(tuple(made), overall, len(order), float(size.ravel()[order[-1]]))


def firing(
    subject: Subject, image: Int[np.ndarray, " a"], text: Int[np.ndarray, " b"]
) -> Float[np.ndarray, "m p"]:
    """Values of image latents, then of text latents, over the written pairs of val; length one."""
    owner = subject.test.caption_of.cpu().numpy()
    of_image = columns(subject.codes("test", "image"), image.tolist())[owner]
    of_text = columns(subject.codes("test", "text"), text.tolist())
    return unit(np.concatenate([of_image, of_text], axis=1).T)


def grouped(
    profiles: Float[np.ndarray, "m p"],
) -> tuple[Int[np.ndarray, " m"], Float[np.ndarray, " m"] | None]:
    """The cluster of each profile and, where there are several, its silhouette.

    Both know profiles by the angles between them alone, so these are turned into as few columns as
    there are profiles first.
    """
    from sklearn.cluster import KMeans
    from sklearn.metrics import silhouette_samples

    triangle: np.ndarray = np.asarray(np.linalg.qr(profiles.T, mode="r"))
    profiles = triangle.T
    distinct = len(np.unique(profiles.round(9), axis=0))
    k = max(1, min(CLUSTERS, distinct, len(profiles) // FEWEST))
    fitted = KMeans(k, random_state=SEED, n_init=STARTS).fit(profiles)
    labels = np.unique(fitted.labels_, return_inverse=True)[1]
    if not 1 < labels.max() + 1 < len(profiles):
        return labels, None
    return labels, silhouette_samples(profiles, labels, metric="cosine")


def _cluster(
    facts: Facts,
    captions: Sequence[str],
    points: Sequence[Point],
    profiles: Float[np.ndarray, "m p"],
    inside: np.ndarray,
    silhouettes: Float[np.ndarray, " m"] | None,
    image: Int[np.ndarray, " a"],
    text: Int[np.ndarray, " b"],
) -> Cluster:
    own_image, own_text = image[inside[: len(image)]], text[inside[len(image) :]]
    strongest = int(profiles[inside].sum(0).argmax())
    x, y = _middle(profiles[inside], own_image, own_text, points)
    return Cluster(
        name=called(facts, [*own_image, *own_text]),
        image=tuple(map(int, own_image)),
        text=tuple(map(int, own_text)),
        silhouette=None if silhouettes is None else float(silhouettes[inside].mean()),
        caption=captions[strongest],
        x=x,
        y=y,
    )


def _middle(
    profiles: Float[np.ndarray, "i p"],
    image: Int[np.ndarray, " a"],
    text: Int[np.ndarray, " b"],
    points: Sequence[Point],
) -> tuple[int, int]:
    """The place of the direction whose firing is nearest to that of the whole cluster.

    Of text directions where there are any: image directions lie closer together.
    """
    likeness = profiles @ profiles.sum(0)
    likeness[len(image) :] += len(profiles) * (len(text) > 0)
    best = int(likeness.argmax())
    is_image = best < len(image)
    latent = int(image[best] if is_image else text[best - len(image)])
    wanted = ("image" if is_image else "text", latent)
    return next(((p.x, p.y) for p in points if (p.modality, p.latent) == wanted), (500, 500))


def called(facts: Facts, latents: Sequence[int]) -> str:
    """The concept that most of these latents are named after, those of few counts first."""
    if facts.by_text is None or facts.by_labels is None:
        return ""
    names = [facts.by_text.concept[j] for j in latents if facts.by_text.concept[j] >= 0]
    names = names or [
        facts.by_labels.concept[j] for j in latents if facts.by_labels.concept[j] >= 0
    ]
    if not names:
        return ""
    most = Counter(int(c) for c in names).most_common()
    return facts.concepts[min(c for c, n in most if n == most[0][1])]
