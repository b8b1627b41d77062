"""Seconds to read activations: operations of a forward pass over what a device multiplies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmark.contracts import Modality, Site
from benchmark.planning.examples import Counts, Material
from benchmark.planning.outline import Outline
from benchmark.planning.rates import Rate

EFFICIENCY = {"cpu": 0.36, "cuda": 0.45, "mps": 0.3}
"""Share of a large product's rate that a model's passes reach, preparation of inputs included."""


@dataclass(frozen=True)
class Reading:
    """Operations and seconds of all passes."""

    image_flops: float
    """Of one picture at its sites."""
    text_flops: float
    """Of one caption."""
    images: float
    texts: float
    flops: float
    model_s: float
    again_s: float
    """To read every picture again, as after a fit that changed the model."""
    draw_s: float
    """What making pictures adds: they are made beside the model, by a thread of their own."""
    build_s: float

    @property
    def seconds(self) -> float:
        return self.model_s + self.draw_s + self.build_s


def beside(model_s: float, draw_s: float, rate: Rate) -> float:
    """Seconds that making pictures adds: what a GPU waits for, a share of a processor's cores."""
    if rate.kind == "cpu":
        return draw_s * min(1.0, rate.one_thread / rate.single)
    return max(0.0, draw_s - model_s)


def reading(
    outline: Outline,
    found: Material,
    sites: Sequence[Site],
    stored: Mapping[Any, bool],
    rate: Rate,
) -> Reading:
    """What is still to be read at these sites; sites of one pass are paid for once."""
    if outline.in_memory or not sites:
        return Reading(0, 0, 0, 0, 0, 0, 0, 0, found.build_s)
    passes = [list(sites)] if outline.together else [[site] for site in sites]
    images = texts = flops = drawn = 0.0
    for chosen in passes:
        for counts in found.counts:
            if _missing(stored, counts, chosen, "image"):
                images += counts.images
                flops += counts.images * example(outline, "image", chosen, counts)
                drawn += counts.images
            if _missing(stored, counts, chosen, "text"):
                n = _captions(outline, counts)
                texts += n
                flops += n * example(outline, "text", chosen, counts)
    first = found.counts[0]
    speed = rate.of(outline.dtype) * EFFICIENCY[rate.kind]
    model_s = flops / speed
    image = sum(example(outline, "image", chosen, first) for chosen in passes)
    again = found.images * image / speed
    return Reading(
        image_flops=image,
        text_flops=sum(example(outline, "text", chosen, first) for chosen in passes),
        images=images,
        texts=texts,
        flops=flops,
        model_s=model_s,
        again_s=again + beside(again, found.images * found.draw_s, rate),
        draw_s=beside(model_s, drawn * found.draw_s, rate),
        build_s=found.build_s,
    )


def example(outline: Outline, modality: Modality, sites: Sequence[Site], counts: Counts) -> float:
    """Operations of one example."""
    return sum(walk.flops for walk in outline.walks(modality, sites, counts.tokens))


def _captions(outline: Outline, counts: Counts) -> int:
    """Captions that are read: each distinct one once, unless each is read after its picture."""
    own = counts.captions if outline.text_pass == "joint" else counts.distinct
    return own + counts.negatives


def _missing(
    stored: Mapping[Any, bool], counts: Counts, sites: Sequence[Site], modality: Modality
) -> bool:
    return not all(stored.get((counts.split, site.name, modality), False) for site in sites)
