"""A map of decoder directions: their first two principal components, the same at every making.

Distances on it are what two components keep of them, which is said beside it; nothing is bent to
look better, and no neighbour is drawn from a seed.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from benchmark.contracts import MODALITIES, Subject
from benchmark.portraits.facts import Facts
from benchmark.portraits.records import Point

SIZE = 1000
MARGIN = 30


def directions_map(
    subject: Subject, facts: Facts
) -> tuple[tuple[Point, ...], tuple[float, float], bool]:
    """Points of the directions that are alive, variance of both axes, and whether there are two
    maps because the modalities have no space in common (then of each modality its first two axes
    together)."""
    rows = {
        m: unit(subject.dictionary.directions(m).detach().cpu().double().numpy())
        for m in MODALITIES
    }
    kept = {m: np.flatnonzero(facts.alive[m] & rows[m].any(1)) for m in MODALITIES}
    apart = rows["image"].shape[1] != rows["text"].shape[1]
    if apart:
        found = {m: plane(rows[m][kept[m]]) for m in MODALITIES}
        places = {m: on_paper(found[m][0]) for m in MODALITIES}
        image, text = (sum(found[m][1]) for m in MODALITIES)
        explained = (float(image), float(text))
    else:
        both = np.concatenate([rows[m][kept[m]] for m in MODALITIES])
        flat, explained = plane(both)
        split = on_paper(flat)
        places = {"image": split[: len(kept["image"])], "text": split[len(kept["image"]) :]}
    points = tuple(
        Point(latent=int(j), modality=m, kind=facts.kind[j], x=int(x), y=int(y))
        for m in MODALITIES
        for j, (x, y) in zip(kept[m], places[m], strict=True)
    )
    return points, explained, apart


def unit(rows: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n d"]:
    """Rows of length one; zeros stay."""
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.divide(rows, norms, out=np.zeros_like(rows), where=norms > 0)


def plane(rows: Float[np.ndarray, "n d"]) -> tuple[Float[np.ndarray, "n 2"], tuple[float, float]]:
    """The first two principal components, each turned so that its largest loading is positive."""
    if len(rows) < 2:
        return np.zeros((len(rows), 2)), (0.0, 0.0)
    centred = rows - rows.mean(0)
    variance, axes = np.linalg.eigh(centred.T @ centred)
    axes = axes[:, ::-1][:, :2]
    signs = np.sign(axes[np.abs(axes).argmax(0), np.arange(axes.shape[1])])
    flat = centred @ (axes * signs)
    flat = np.pad(flat, ((0, 0), (0, 2 - flat.shape[1])))
    total = float(variance.sum())
    shares = [float(v) / total if total > 0 else 0.0 for v in variance[::-1][:2]]
    return flat, (shares[0], shares[1] if len(shares) > 1 else 0.0)


def on_paper(flat: Float[np.ndarray, "n 2"]) -> np.ndarray:
    """Whole numbers from MARGIN to SIZE - MARGIN, both axes on one scale, y upwards."""
    if not len(flat):
        return np.zeros((0, 2), int)
    low, high = flat.min(0), flat.max(0)
    scale = (SIZE - 2 * MARGIN) / max(float((high - low).max()), 1e-12)
    placed = (flat - (low + high) / 2) * scale + SIZE / 2
    placed[:, 1] = SIZE - placed[:, 1]
    return placed.round().astype(int)
