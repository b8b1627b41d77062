"""How many views and image tokens a model makes of a picture of some size."""

from __future__ import annotations

import torch

from benchmark.backends.llava.views import Views


def shown(views: Views, size: tuple[int, int]) -> tuple[float, float]:
    """Times the tower reads a picture of (height, width), and its tokens in a prompt."""
    if not views.pinpoints:
        return 1.0, float(views.n_patches + views.leading)
    cells = views.cells(1, torch.tensor([size]))[0]
    each = views.n_patches + views.leading
    times = len(cells) / each
    seen = int((cells >= 0).sum())
    ends = views.grid[0] * max(1.0, (times - 1) ** 0.5)
    return times, float(seen + ends)
