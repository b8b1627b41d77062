"""A batch that a device has no memory for is read in halves, and those after it as small."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float

Read = Callable[[int, int], Mapping[str, Float[np.ndarray, "b ..."]]]


@dataclass
class Halving:
    """Rows of examples start..stop by key, read so many at a time as fit.

    Raises torch.OutOfMemoryError where there is no room for one.
    """

    read: Read
    most: int | None = None
    """Examples that fitted last, where not all did at once."""

    def __call__(self, start: int, stop: int) -> Mapping[str, Float[np.ndarray, "b ..."]]:
        found: list[Mapping[str, Float[np.ndarray, "b ..."]]] = []
        while start < stop or not found:
            end = stop if self.most is None else min(start + self.most, stop)
            try:
                found.append(self.read(start, end))
            except torch.OutOfMemoryError:
                if end - start <= 1:
                    raise
                self.most = (end - start) // 2
            else:
                start = end
                continue
            torch.cuda.empty_cache()
        if len(found) == 1:
            return found[0]
        return {key: np.concatenate([each[key] for each in found]) for key in found[0]}
