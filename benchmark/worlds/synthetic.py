"""The planted world: paired rows that are sparse sums of known atoms, with every truth at hand.

x = Φ z_x + ε and y = Ψ z_y + ε, rows L2-normalised. A concept is active with
probability 1 − sparsity, with magnitude Exp(1); shared concepts are active in both rows of a pair.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import scipy.sparse as sp
import torch
from jaxtyping import Bool, Float, Int, UInt8
from torch import Tensor

from benchmark.contracts import Concepts, Need, Planted, Split, derived_seed
from benchmark.worlds.atoms import planted_atoms
from benchmark.worlds.planted_recipe import Recipe

SPLITS: tuple[Split, ...] = ("train", "val", "test")


@dataclass(frozen=True, eq=False)
class PlantedExamples:
    """One split: rows of both modalities and the truth behind them. Pair i is row i of both."""

    ids: tuple[str, ...]
    captions: tuple[str, ...]
    caption_of: Int[np.ndarray, " n_t"]
    concepts: Concepts
    image: Float[Tensor, "n d"]
    text: Float[Tensor, "n d"]
    coefficients: tuple[sp.csr_array, sp.csr_array]
    """True z_x [n, a_i] and z_y [n, a_t], before the row was normalised."""
    negatives: None = None

    def images(self, start: int, stop: int) -> UInt8[np.ndarray, "b h w 3"]:
        """There are no pictures: always raises ValueError."""
        raise ValueError(f"synthetic has no pictures to show for {start} to {stop}: only rows")

    def true_pairs(self) -> Int[np.ndarray, "p 2"]:
        """Each image with its own text."""
        return np.stack([np.arange(len(self.ids))] * 2, axis=1)


class PlantedWorld:
    """The data set of a recipe, drawn when first asked for; each split from a seed of its own."""

    licence = "MIT"
    provides = frozenset({Need.PAIRS, Need.CONCEPTS, Need.PLANTED, Need.SAME_WIDTH})

    def __init__(
        self, recipe: Recipe, name: str = "synthetic", test_seed: int | None = None
    ) -> None:
        self.recipe = recipe
        self.name = name
        self.test_seed = test_seed
        """Of the test rows alone, where they are not those that everybody knows."""
        self._splits: dict[str, PlantedExamples] = {}

    @property
    def revision(self) -> str:
        """Changes with every parameter, and with the seed of the test rows."""
        own = self.recipe.revision
        return own if self.test_seed is None else f"{own}+test-{self.test_seed}"

    def with_fresh_test(self, seed: int) -> PlantedWorld:
        """The same dictionaries, train and val; other test rows of them.

        Raises ValueError for the seed of the world: its test rows are known.
        """
        if seed == self.recipe.seed:
            raise ValueError(f"seed {seed} draws test rows that everybody knows: take another")
        return PlantedWorld(self.recipe, self.name, seed)

    @cached_property
    def planted(self) -> Planted:
        """The true dictionaries. Raises ValueError where `eps_max` proves out of reach."""
        recipe = self.recipe
        image, text = planted_atoms(recipe.layout, eps_max=recipe.eps_max, seed=recipe.seed)
        return Planted(image, text, recipe.n_shared, recipe.noise)

    def split(self, name: Split) -> PlantedExamples:
        """The examples of one split; "all" is train, val and test in this order.

        Raises ValueError for other names.
        """
        if name not in (*SPLITS, "all"):
            raise ValueError(f"no split called {name}: there are {', '.join(SPLITS)} and all")
        if name not in self._splits:
            if name == "all":
                parts = [self.split(part) for part in SPLITS]
                return _joined(parts)
            recipe = self.recipe
            if name == "test" and self.test_seed is not None:
                recipe = replace(recipe, seed=self.test_seed)
            self._splits[name] = draw(recipe, self.planted, name)
        return self._splits[name]


def draw(recipe: Recipe, planted: Planted, split: str) -> PlantedExamples:
    """Rows of one split; they depend on the recipe and the split's name and size alone."""
    n = {"train": recipe.n_train, "val": recipe.n_val, "test": recipe.n_test}[split]
    rng = np.random.default_rng(derived_seed("synthetic", recipe.seed, split))
    image, text = true_coefficients(recipe, n, rng)
    floor = recipe.visible * recipe.noise
    seen, told = image > floor, text > floor
    shared = slice(0, recipe.n_shared)
    concepts = Concepts(
        names=tuple(f"concept {i}" for i in range(recipe.n_shared)),
        kinds=("shared",) * recipe.n_shared,
        image=seen[:, shared].toarray(),
        text=told[:, shared].toarray(),
    )
    return PlantedExamples(
        ids=tuple(f"{split}-{i:06d}" for i in range(n)),
        captions=_captions(told, recipe.n_shared),
        caption_of=np.arange(n),
        concepts=concepts,
        image=_rows(image, planted.image_atoms, recipe.noise, rng),
        text=_rows(text, planted.text_atoms, recipe.noise, rng),
        coefficients=(image, text),
    )


def true_coefficients(
    recipe: Recipe, n: int, rng: np.random.Generator
) -> tuple[sp.csr_array, sp.csr_array]:
    """z_x [n, a_i] and z_y [n, a_t]: one support for the shared concepts, Exp(1) magnitudes.

    A row without any active concept would be noise alone and is given one (its private ones
    first), so that every row has a direction; at the default sizes that is 1 row in 2,000.
    """
    active = 1 - recipe.sparsity
    shared, image, text = (
        rng.random((n, m), dtype=np.float32) < active
        for m in (recipe.n_shared, recipe.n_image, recipe.n_text)
    )
    for private in (image, text):
        empty = ~(shared.any(1) | private.any(1))
        choice = private if private.shape[1] else shared
        choice[empty, rng.integers(choice.shape[1], size=n)[empty]] = True
    common = _magnitudes(shared, rng)
    own = common if recipe.coefficients == "common" else _magnitudes(shared, rng)
    return (
        sp.hstack([common, _magnitudes(image, rng)], format="csr"),
        sp.hstack([own, _magnitudes(text, rng)], format="csr"),
    )


def _magnitudes(support: Bool[np.ndarray, "n m"], rng: np.random.Generator) -> sp.csr_array:
    """Exp(1) wherever the support is true."""
    active = sp.csr_array(support)
    values = rng.exponential(size=active.nnz)
    return sp.csr_array((values, active.indices, active.indptr), shape=support.shape)


def _rows(
    coefficients: sp.csr_array,
    atoms: Float[Tensor, "a d"],
    noise: float,
    rng: np.random.Generator,
) -> Float[Tensor, "n d"]:
    """Unit rows: sums of atoms, and noise."""
    clean = coefficients.astype(np.float32) @ atoms.numpy()
    rows = clean + noise * rng.standard_normal(clean.shape, dtype=np.float32)
    return torch.nn.functional.normalize(torch.from_numpy(rows), dim=1)


def _captions(told: sp.csr_array, n_shared: int) -> tuple[str, ...]:
    """What each text names: `concept 12, text concept 3`."""
    names = [f"concept {i}" for i in range(n_shared)]
    names += [f"text concept {i}" for i in range(told.shape[1] - n_shared)]
    parts = np.split(told.indices, told.indptr[1:-1])
    return tuple(", ".join(names[i] for i in part) or "nothing" for part in parts)


def _joined(parts: list[PlantedExamples]) -> PlantedExamples:
    """Several splits as one, in order."""
    first = parts[0].concepts
    ids = tuple(i for part in parts for i in part.ids)
    concepts = Concepts(
        names=first.names,
        kinds=first.kinds,
        image=np.concatenate([part.concepts.image for part in parts]),
        text=np.concatenate([part.concepts.text for part in parts]),
    )
    return PlantedExamples(
        ids=ids,
        captions=tuple(caption for part in parts for caption in part.captions),
        caption_of=np.arange(len(ids)),
        concepts=concepts,
        image=torch.cat([part.image for part in parts]),
        text=torch.cat([part.text for part in parts]),
        coefficients=(
            sp.vstack([part.coefficients[0] for part in parts], format="csr"),
            sp.vstack([part.coefficients[1] for part in parts], format="csr"),
        ),
    )
