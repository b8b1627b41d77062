"""What the planted world depends on, checked: sizes, angle, interference, sparsity, noise, seed."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Literal

from benchmark.worlds.atoms import Layout, check_feasible

VERSION = 1
"""Moves whenever the same parameters would give other rows."""
MANY = 1e8
"""No machine holds more rows or atoms: beyond it the number is a slip of the pen."""
BOUNDS: dict[str, tuple[float, float]] = {
    "n_shared": (1, MANY),
    "n_image": (0, MANY),
    "n_text": (0, MANY),
    "d": (2, 1e5),
    "alpha": (-1, 1),
    "eps_max": (0, 1),
    "sparsity": (0, 1),
    "noise": (0, 1e6),
    "visible": (0, 1e6),
    "n_train": (1, MANY),
    "n_val": (1, MANY),
    "n_test": (1, MANY),
}


@dataclass(frozen=True)
class Recipe:
    """All that the planted world depends on. Raises ValueError on values it cannot have.

    The defaults are half the paper's numbers of atoms, so that a dictionary of the default budget
    has room for all of them.
    """

    n_shared: int = 512
    n_image: int = 256
    n_text: int = 256
    d: int = 256
    alpha: float = 0.5
    """Cosine between the two atoms of a shared concept."""
    eps_max: float = 0.1
    """Greatest |cosine| between atoms of different concepts, within and across modalities."""
    sparsity: float = 0.99
    noise: float = 0.05
    """Standard deviation of ε per coordinate, before the row is normalised."""
    coefficients: Literal["independent", "common"] = "independent"
    """Whether a shared concept has its own magnitude in each modality, or one for both."""
    visible: float = 4.0
    """A concept is labelled present where its coefficient is over this many `noise`."""
    n_train: int = 20_000
    n_val: int = 2_000
    n_test: int = 8_000
    seed: int = 0

    def __post_init__(self) -> None:
        for name, (low, high) in BOUNDS.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise ValueError(f"{name} is {value}, wanted {low:g} to {high:,.0f}")
        if self.coefficients not in ("independent", "common"):
            found = repr(self.coefficients)
            raise ValueError(f"coefficients is {found}, wanted independent or common")
        if self.sparsity == 1:
            raise ValueError("sparsity is 1: no concept is ever active, wanted less than 1")
        check_feasible(self.layout, self.eps_max)

    @property
    def layout(self) -> Layout:
        return Layout(self.n_shared, self.n_image, self.n_text, self.d, self.alpha)

    @property
    def revision(self) -> str:
        """sha256 over every parameter and the generator's version."""
        text = json.dumps({"version": VERSION, **asdict(self)}, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()
