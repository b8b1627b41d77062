"""The backend `synthetic`: rows of the planted world, whose dictionaries are known.

`synthetic` takes the defaults of `Recipe`; `synthetic:paper` the paper's sizes, `synthetic:tiny`
sizes for a test, `synthetic:audit` those of an audit; parameters follow by name:
`synthetic:alpha=.8,eps_max=.3` or `synthetic:paper,alpha=.8`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from benchmark.contracts import Backend, Examples, Modality, Need, Site
from benchmark.messages.nearest import hint
from benchmark.worlds.planted_recipe import Recipe
from benchmark.worlds.synthetic import PlantedExamples, PlantedWorld

SITE = Site(name="embedding", image_module="image", text_module="text")
SIZES: dict[str, dict[str, Any]] = {
    "paper": {
        "n_shared": 1024,
        "n_image": 512,
        "n_text": 512,
        "n_train": 50_000,
        "n_test": 10_000,
    },
    "tiny": {
        "n_shared": 32,
        "n_image": 16,
        "n_text": 16,
        "d": 64,
        "eps_max": 0.25,
        "sparsity": 0.95,
        "n_train": 1500,
        "n_val": 300,
        "n_test": 600,
    },
    "audit": {
        "n_shared": 96,
        "n_image": 48,
        "n_text": 48,
        "d": 128,
        "eps_max": 0.2,
        "sparsity": 0.95,
        "n_train": 4000,
        "n_val": 1000,
        "n_test": 2000,
    },
}
"""Named sets of parameters; what is written after them wins."""


@dataclass(frozen=True, eq=False)
class Synthetic:
    """A backend without a model: it knows the rows of its own planted world and nothing else."""

    data: PlantedWorld
    name: str
    revision: str
    provides: frozenset[Need] = PlantedWorld.provides
    sites: tuple[Site, ...] = (SITE,)
    preprocessing: str = "rows L2-normalised"
    dtype: str = "float32"
    in_memory: bool = True

    def encode(
        self, examples: Examples, modality: Modality, start: int, stop: int, site: Site
    ) -> Float[Tensor, "b d"]:
        """Rows start..stop. Raises ValueError on other data or sites."""
        if not isinstance(examples, PlantedExamples):
            raise ValueError(f"{self.name} holds rows of its own data only: drop --data")
        if site != SITE:
            raise ValueError(f"{self.name} has no site {site.name!r}, only {SITE.name!r}")
        return (examples.image if modality == "image" else examples.text)[start:stop]

    def encode_texts(self, texts: Sequence[str], site: Site) -> Float[Tensor, "b d"]:
        """Raises ValueError: there is no text tower to ask."""
        wanted = f"{len(texts)} captions at {site.name!r}"
        raise ValueError(f"{self.name} cannot encode {wanted}: a planted world has no model")

    def patched(self, patch: Mapping[str, Tensor]) -> Backend:
        """Itself for an empty patch; raises ValueError where there are weights to replace."""
        if patch:
            raise ValueError(f"{self.name} has no weights, wanted a patch of none: {list(patch)}")
        return self


def open_backend(
    spec: str, *, device: torch.device | str = "cpu", dtype: str = "float32"
) -> Synthetic:
    """The backend of `synthetic[:parameters]`; its rows are drawn when first asked for.

    Its name is the spec in canonical form: every parameter that differs from the default, in
    order, so that two spellings of one world are one. The rows stay on the CPU in float32.
    Raises ValueError, one line, on parameters it does not have or cannot meet.
    """
    del device, dtype
    recipe = parse(spec)
    world = PlantedWorld(recipe, canonical(recipe))
    return Synthetic(world, world.name, world.revision)


def spelling(spec: str) -> str:
    """The one spelling of the world that a spec describes. Raises ValueError as `parse` does."""
    return canonical(parse(spec))


def parse(spec: str) -> Recipe:
    """The recipe that a spec describes. Raises ValueError, one line, with the nearest name."""
    _, _, rest = spec.partition(":")
    chosen: dict[str, Any] = {}
    written: set[str] = set()
    for part in filter(None, (p.strip() for p in rest.split(","))):
        name, equals, value = (p.strip() for p in part.partition("="))
        if not equals and name in SIZES:
            chosen |= SIZES[name]
        elif not equals or name not in _defaults():
            raise ValueError(_unknown(spec, part, name))
        elif name in written:
            raise ValueError(f"{spec}: {name} is given twice, wanted once")
        else:
            chosen[name] = _value(spec, name, value)
            written.add(name)
    try:
        return Recipe(**chosen)
    except ValueError as error:
        raise ValueError(f"{spec}: {error}") from error


def canonical(recipe: Recipe) -> str:
    """`synthetic`, or `synthetic:` with the parameters that differ from the defaults."""
    changed = [
        f"{name}={getattr(recipe, name)}"
        for name, default in _defaults().items()
        if getattr(recipe, name) != default
    ]
    return "synthetic:" + ",".join(changed) if changed else "synthetic"


def _defaults() -> dict[str, Any]:
    return {field.name: field.default for field in fields(Recipe)}


def _value(spec: str, name: str, text: str) -> Any:
    """A parameter in the type of its default."""
    kind = type(_defaults()[name])
    try:
        return kind(text.replace("_", "") if kind is int else text)
    except ValueError:
        wanted = {int: "a whole number", float: "a number"}[kind]
        raise ValueError(f"{spec}: {name} is {text!r}, wanted {wanted}") from None


def _unknown(spec: str, part: str, name: str) -> str:
    if name in SIZES:
        return f"{spec}: {part} sets a named set of parameters: write {name} alone"
    if name in _defaults():
        return f"{spec}: {name} has no value: write {name}=VALUE"
    if not name:
        return f"{spec}: {part} has no name: write NAME=VALUE, as in alpha=.5"
    return f"{spec}: no parameter {name}: {hint(name, [*SIZES, *_defaults()])}"
