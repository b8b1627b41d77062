"""Passes of `reconstruction` at the tokens of a model that speaks: true answers about pictures,
with something in place of what the model has of them."""

from __future__ import annotations

from dataclasses import dataclass, field

from benchmark.contracts import Site
from benchmark.planning.amounts import span, work
from benchmark.planning.examples import Counts
from benchmark.planning.outline import Outline
from benchmark.planning.rates import Rate

TASK = "reconstruction"
PICTURES = 200
"""Pictures that are talked about, at most."""
OWN, PER_SITE, PER_MODEL = 1, 3, 1
"""Passes over them: the dictionary's reconstruction; zeros, the train mean and the mean as a
reference, once a site; the model as it is, once."""
EFFICIENCY = {"cpu": 0.5, "cuda": 0.45, "mps": 0.3}
"""Share of a large product's rate that these passes reach: rows are long, and all are alike."""


@dataclass
class Spliced:
    """Where such passes were counted already: what is not the dictionary's own is kept."""

    sites: set[str] = field(default_factory=set)

    def passes(self, task: str, outline: Outline, site: Site, codes: int) -> int:
        """Passes of one cell whose codes are scored in so many ways (whole, and cut to k)."""
        speaks = outline.decodes and site.block is not None and site.pool == "none"
        if task != TASK or not speaks:
            return 0
        found = OWN * codes
        found += PER_SITE if site.name not in self.sites else 0
        found += PER_MODEL if not self.sites else 0
        self.sites.add(site.name)
        return found


def flops(outline: Outline, counts: Counts) -> float:
    """Operations of one pass over all pictures that are talked about."""
    assert outline.words is not None
    n = min(PICTURES, counts.images)
    questions, said = counts.talk.questions, counts.talk.tokens
    said += questions * outline.frame_tokens
    if outline.packs:  # all questions about a picture in one row
        words = outline.words.flops(outline.prompt_tokens + said)
    else:
        words = questions * outline.words.flops(outline.prompt_tokens + said / questions)
    eye = outline.tower.flops(outline.tower_tokens) * outline.views if outline.tower else 0.0
    return n * (words + eye * (1 if outline.packs else questions))


def told(outline: Outline, counts: Counts, passes: int, rate: Rate) -> str:
    """The arithmetic in words."""
    n = min(PICTURES, counts.images)
    return (
        f"{passes:,} passes over {n:,} pictures and talks about them x "
        f"{work(flops(outline, counts) / n)} / ({work(rate.of(outline.dtype))}/s x "
        f"{EFFICIENCY[rate.kind]:g}) = {span(seconds(outline, counts, passes, rate))}"
    )


def seconds(outline: Outline, counts: Counts, passes: int, rate: Rate) -> float:
    """Of so many passes."""
    if not passes:
        return 0.0
    return passes * flops(outline, counts) / (rate.of(outline.dtype) * EFFICIENCY[rate.kind])
