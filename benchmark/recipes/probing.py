"""What a linear probe reads from a tower's patch tokens, and shares with their intervals.

Logistic regression on an object's four last-block patch tokens, concatenated; fitted on train
scenes, read on test scenes. Intervals are Wilson's, 95 %.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Bool, Float, Int
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmark.worlds.scene import Scene, sample

N_SCENES, N_PROBE_TRAIN = 1_000, 3_000
Z = 1.959964
GRID = 6
Tokens = Callable[[Sequence[Scene]], Float[np.ndarray, "n p d"]]
"""Patch tokens of scenes, row by row of the picture."""


def proportion(hits: Sequence[bool] | Bool[np.ndarray, " n"]) -> dict[str, float]:
    """Share of hits with Wilson's 95 % interval. Raises ValueError for no trials."""
    n = len(hits)
    if not n:
        raise ValueError("no trials to take a share of, wanted at least one")
    share = float(np.mean(hits))
    centre = (share + Z**2 / (2 * n)) / (1 + Z**2 / n)
    half = Z / (1 + Z**2 / n) * math.sqrt(share * (1 - share) / n + Z**2 / (4 * n**2))
    return {
        "value": round(share, 4),
        "ci_low": round(centre - half, 4),
        "ci_high": round(centre + half, 4),
        "n": n,
    }


def unseen(seed: int, split: str, n: int, n_objects: int | None = None) -> list[Scene]:
    """The first n scenes of a split that have an object."""
    found: list[Scene] = []
    index = 0
    while len(found) < n:
        scene = sample(seed, split, index, n_objects)
        index += 1
        if scene.objects:
            found.append(scene)
    return found


def _objects(
    tokens: Tokens, scenes: Sequence[Scene]
) -> tuple[Float[np.ndarray, "o 4 d"], Int[np.ndarray, "o 2"]]:
    """The four patch tokens of every object, and what object in what colour it is."""
    read = tokens(scenes)
    placed = [(i, item) for i, scene in enumerate(scenes) for item in scene.objects]
    features = np.stack([read[i, list(item.patches(GRID))] for i, item in placed])
    return features, np.array([(item.object, item.colour) for _, item in placed])


def probe(tokens: Tokens, seed: int) -> dict[str, dict[str, float]]:
    """Object and colour from an object's patch tokens: all four, their mean, or one alone."""
    x, y = _objects(tokens, unseen(seed, "train", N_PROBE_TRAIN))
    x_test, y_test = _objects(tokens, unseen(seed, "test", N_SCENES))
    views = {
        "probe/object": (x.reshape(len(x), -1), x_test.reshape(len(x_test), -1), 0),
        "probe/object_mean": (x.mean(1), x_test.mean(1), 0),
        "probe/object_one_patch": (x[:, 0], x_test[:, 0], 0),
        "probe/colour": (x.reshape(len(x), -1), x_test.reshape(len(x_test), -1), 1),
    }
    found = {}
    for name, (train, test, column) in views.items():
        reading = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=2000))
        reading.fit(train, y[:, column])
        found[name] = proportion(reading.predict(test) == y_test[:, column])
    return found


def untrained(tokens: Tokens, seed: int) -> dict[str, dict[str, float]]:
    """Object and colour as `probe` reads them from all four tokens of a tower of drawn weights."""
    found = probe(tokens, seed)
    return {f"untrained/{name}": found[name] for name in ("probe/object", "probe/colour")}
