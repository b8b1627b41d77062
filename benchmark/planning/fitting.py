"""Seconds to fit a method: steps x what a step of its dictionaries costs, with the arithmetic."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from benchmark.contracts import Method
from benchmark.planning.outline import Outline
from benchmark.planning.rates import Rate
from benchmark.sae.training import SHARED_ABOVE

Kind = Literal["sparse", "dense"]


@dataclass(frozen=True)
class Step:
    """Operations of one step of a dictionary, in products of the device: measured, not counted.

    A step costs `fixed` + `wide` · b · m + `products` · 2 · b · m · d + `moved` · m · d.
    """

    fixed: float
    wide: float
    products: float
    moved: float

    def flops(self, b: float, m: float, d: float) -> float:
        return self.fixed + self.wide * b * m + self.products * 2 * b * m * d + self.moved * m * d


STEPS: Mapping[Kind, Step] = {
    "sparse": Step(2.0e8, 400, 4.4, 0),
    "dense": Step(1.1e8, 2700, 5.9, 820),
}
"""On a processor, fitted to steps of nine shapes; `sparse` has gradients of active latents alone,
`dense` is ReLU and its kin."""
GPU_FIXED_S, GPU_PRODUCTS = 3e-4, {"sparse": 1.4, "dense": 6.5}
"""On a GPU: what launching a step takes, and products of 2 · b · m · d in it."""


@dataclass(frozen=True)
class Recipe:
    """What a step of a method trains."""

    kind: Kind = "sparse"
    towers: float = 2
    share: float = 0.5
    """Of the budget's latents, in a tower."""
    rows: float = 1
    """Of the batch size, that a tower reads in a step."""
    columns: float = 1
    """Of the width, that a row has."""
    runs: float = 1
    """Times the whole is trained, or what a step takes more than its dictionaries."""
    known: bool = True


ONE = Recipe(towers=1, share=1)
RECIPES: dict[str, Recipe] = {
    "separated": Recipe(),
    "posthoc": Recipe(),
    "patch-sae": Recipe(),
    "vision-sae": Recipe(),
    "shared": Recipe(towers=1, share=1, rows=2),
    "jsae": Recipe(kind="dense", runs=1.5),
    "crosscoder": Recipe(towers=1, share=1, columns=2),
    "group-sparse": Recipe(share=1, runs=2),
    "iso-energy": Recipe(share=1, runs=2),
    "shared-encoder": Recipe(share=2 / 3),
    "vl-sae": Recipe(kind="dense", share=2 / 3),
    "sparc": Recipe(kind="dense"),
    "text-sae": ONE,
    "vista": ONE,
}
"""By file name. Whatever else has steps is taken for two sparse towers of half the latents."""
NOTHING_TRAINED = frozenset({"identity", "random", "untrained", "labelled", "oracle", "pca"})
CLOSED_S, CLOSED_PASSES = 0.3, 4.0
"""Of a method that trains nothing: seconds, and products of rows x width² where it has any."""


@dataclass(frozen=True)
class Fitting:
    """One fit: its steps, operations and seconds; `parameters` of what is fitted."""

    steps: int
    flops: float
    seconds: float
    parameters: float
    told: str
    encoded: float = 0.0
    """Operations to encode a row."""


def fitting(
    name: str, method: Method, outline: Outline, widths: tuple[int, int], captions: int, rate: Rate
) -> Fitting:
    """One fit of a method at one site; `captions` of train, where steps are counted in epochs."""
    steps = _steps(method, captions)
    b = float(getattr(method, "batch_size", 0))
    latents = float(getattr(method, "n_latents", 2048))
    recipe = recipe_of(name, method)
    d = max(widths) * recipe.columns
    expansion = getattr(method, "expansion", None)
    m = latents * recipe.share if not expansion else float(expansion) * max(widths)
    stored = m * sum(widths) * min(recipe.towers, 2)
    if name.split("-")[0] in NOTHING_TRAINED or not (steps and b):
        flops = CLOSED_PASSES * captions * max(widths) ** 2
        seconds = CLOSED_S + flops / (rate.one_thread * 0.5)
        return Fitting(0, flops, seconds, stored, "nothing is trained", 2 * m * max(widths))
    once = _once(recipe, b * recipe.rows, m, d, rate)
    seconds = steps * recipe.towers * recipe.runs * once
    flops = steps * recipe.towers * recipe.runs * 2 * b * recipe.rows * m * d
    guess = "" if recipe.known else ", taken for two sparse towers"
    told = (
        f"{steps:,} steps x {recipe.towers * recipe.runs:g} dictionaries x {once * 1e3:.2f} ms "
        f"(batch {b * recipe.rows:,.0f}, {m:,.0f} latents, width {d:,.0f}, {recipe.kind}){guess}"
    )
    more = _projector(method, outline, rate)
    if more:
        told += f", and {more:.0f} s for its projector"
    return Fitting(steps, flops, seconds + more, stored, told, 2 * m * max(widths))


def recipe_of(name: str, method: Method) -> Recipe:
    """What a method trains, by the name of its file and by its fields."""
    known = {n: r for n, r in RECIPES.items() if name == n or name.startswith(f"{n}-")}
    if not known:
        return Recipe(known=False)
    recipe = known[max(known, key=len)]
    activation = getattr(method, "activation", None) or getattr(method, "gate", None)
    if activation == "topk":
        return replace(recipe, kind="sparse", runs=1)
    if activation in ("batchtopk", "jumprelu", "relu"):
        return replace(recipe, kind="dense")
    return recipe


def _steps(method: Method, captions: int) -> int:
    """Steps of a fit; those of so many passes over the captions where a method counts them."""
    epochs = getattr(method, "epochs", None)
    if epochs:
        return -(-int(epochs) * captions // int(getattr(method, "batch_size", 1)))
    return int(getattr(method, "steps", 0))


def _once(recipe: Recipe, b: float, m: float, d: float, rate: Rate) -> float:
    """Seconds of one step of one dictionary. Small steps run on one thread."""
    if rate.kind != "cpu":
        return GPU_FIXED_S + GPU_PRODUCTS[recipe.kind] * 2 * b * m * d / rate.single
    speed = rate.one_thread if b * m * d < SHARED_ABOVE else rate.single
    return STEPS[recipe.kind].flops(b, m, d) / speed


def _projector(method: Any, outline: Outline, rate: Rate) -> float:
    """Seconds to train a projector through the frozen model: a pass forth, and one back."""
    steps = getattr(method, "projector_steps", 0)
    if not steps or outline.words is None or outline.tower is None:
        return 0.0
    tokens = outline.prompt_tokens + outline.frame_tokens + 40
    each = outline.words.flops(tokens) + outline.tower.flops(outline.tower_tokens) * outline.views
    flops = 3 * steps * method.projector_batch * each
    from benchmark.planning.reading import EFFICIENCY

    return flops / (rate.of(outline.dtype) * EFFICIENCY[rate.kind])
