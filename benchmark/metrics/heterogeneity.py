"""Do two latents that mean the same also point the same way? Cosines of decoder directions.

"Same Concept, Different Directions" (arXiv 2606.29888) bins pairs by co-activation; here a latent
counts once a bin, by the median over its partners there, so that a few busy latents cannot fill it.
Under shared weights a latent and itself have cosine 1 by construction.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import torch
from jaxtyping import Float

from benchmark.alignment.coactivation import alive
from benchmark.contracts import Modality, Subject
from benchmark.metrics.correlations import Correlations, pearson, selected
from benchmark.metrics.sides import frequent, side
from benchmark.metrics.transfer import LEAST

EDGES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
BAR = 0.7
"""A frequent concept counts where the best latent of both modalities reaches this AUC."""
SPLIT_R = 0.4


def bin_names() -> tuple[str, ...]:
    """r:0.0-0.2 and so on; a bin holds its upper edge only where that is 1, and never r = 0."""
    return tuple(f"r:{low:.1f}-{high:.1f}" for low, high in pairwise(EDGES))


def binned_medians(
    r: Float[np.ndarray, "a b"], cosine: Float[np.ndarray, "a b"]
) -> Iterator[tuple[str, Float[np.ndarray, " u"]]]:
    """Per bin of r, the median cosine of each row over its entries there.

    Rows without any entry in a bin are left out of it, and so are bins without any row.
    """
    place = np.digitize(r, EDGES[1:-1])
    for index, name in enumerate(bin_names()):
        mask = (place == index) & (r > 0)
        rows = np.flatnonzero(mask.any(axis=1))
        if len(rows):
            yield name, np.array([np.median(cosine[row, mask[row]]) for row in rows])


def cosines(a: Float[np.ndarray, "a d"], b: Float[np.ndarray, "b d"]) -> Float[np.ndarray, "a b"]:
    """Cosine of every two rows; 0 for a row of zeros."""
    return unit(a) @ unit(b).T


def unit(rows: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n d"]:
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / np.where(norms > 0, norms, 1.0)


def directions(subject: Subject, modality: Modality) -> Float[np.ndarray, "w d"]:
    return subject.dictionary.directions(modality).detach().cpu().double().numpy()


def same_width(subject: Subject) -> bool:
    """Directions of the two modalities can be compared at all."""
    return subject.test.image.shape[1] == subject.test.text.shape[1]


def label_picked(subject: Subject) -> tuple[Float[np.ndarray, " c"], Float[np.ndarray, " c"]]:
    """Per concept the cosine of the two latents that labels pick on train, and 1 where it counts.

    Free of co-activation: image latents by image labels, text latents by what captions assert.
    """
    images, texts = (side(subject, "train", modality) for modality in ("image", "text"))
    (i, auc_image), (t, auc_text) = images.best(), texts.best()
    counts = (auc_image >= BAR) & (auc_text >= BAR) & frequent(subject, ("train",), LEAST)
    a, b = unit(directions(subject, "image")[i]), unit(directions(subject, "text")[t])
    return np.einsum("cd,cd->c", a, b) * counts, counts.astype(np.float64)


def by_coactivation(
    subject: Subject, found: Correlations
) -> Iterator[tuple[str, Float[np.ndarray, " u"]]]:
    """Over all alive (image latent, text latent): median cosine per image latent, by bin of r."""
    image, text = directions(subject, "image"), directions(subject, "text")
    return binned_medians(found.r, cosines(image[found.image], text[found.text]))


def two_runs(subject: Subject, modality: Modality) -> Iterator[tuple[str, Float[np.ndarray, " u"]]]:
    """The same for one modality against the next seed of the same method: its own noise.

    Both runs read the same evaluated rows; alive is judged on those.
    """
    runs = (subject, subject.with_(artifact=subject.siblings[0]))
    codes = [run.codes("test", modality) for run in runs]
    living = [alive(each) for each in codes]
    kept = [selected(each, mask) for each, mask in zip(codes, living, strict=True)]
    r = pearson(kept[0], kept[1], torch.arange(len(codes[0])))
    rows = [directions(run, modality)[mask] for run, mask in zip(runs, living, strict=True)]
    return binned_medians(r, cosines(rows[0], rows[1]))


def split_into_many(r: Float[np.ndarray, "a b"]) -> Float[np.ndarray, " a"]:
    """1 for a latent that co-fires with two or more partners at r >= 0.4: one meaning, many."""
    return ((r >= SPLIT_R).sum(axis=1) >= 2).astype(np.float64)
