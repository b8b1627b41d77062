"""Seconds of tasks as they were measured: a small table that scales with what is scored."""

from __future__ import annotations

from dataclasses import dataclass

from benchmark.planning.examples import Counts

EXAMPLES, TRAIN, PAIRS, CONCEPTS = 12_000, 72_000, 2e7, 66
"""Examples of the evaluated split and of train, pairs of picture and caption, and concepts of what
it was measured on: the pocket world, whole and its first pictures."""
LATENTS = 2048


@dataclass(frozen=True)
class Work:
    """Seconds of a task: fixed, with the examples, with those of train, with pairs, with answers of
    a model."""

    fixed: float = 0.0
    examples: float = 0.0
    train: float = 0.0
    pairs: float = 0.0
    tokens: float = 1.0
    """Times as long where rows are tokens: an example has the latents of all of them."""
    by_concept: float = 0.0
    """Power of the number of concepts with which it grows."""
    by_latent: float = 0.0
    """The same of latents."""
    answers: float = 0.0
    """Passes of the whole model over a picture and its prompt, a block where blocks are swept."""
    common: float = 0.0
    """Share of it that is scored once for all methods: references to the data, or to a size."""
    joint: bool = False
    """Whether it is scored nowhere but in a space of pictures and captions together."""

    def seconds(self, scored: Counts, train: Counts, latents: float, *, tokens: bool) -> float:
        """Of one cell whose codes are scored once, without answers of a model."""
        spent = self.fixed + self.pairs * scored.images * scored.captions / PAIRS
        spent += self.examples * scored.examples / EXAMPLES
        spent += self.train * train.examples / TRAIN
        spent *= (max(scored.concepts, 1) / CONCEPTS) ** self.by_concept
        spent *= (latents / LATENTS) ** self.by_latent
        return spent * (self.tokens if tokens else 1.0)


TASKS: dict[str, Work] = {
    "reconstruction": Work(0.1, 0.8, 0.2, tokens=1.5, by_latent=0.45, common=0.95),
    "retrieval": Work(0.05, 0.25, pairs=2.9, common=0.5),
    "modality_split": Work(0.03, 0.3, 0.5, by_concept=0.5, by_latent=0.4),
    "monosemanticity": Work(0.2, 2.5, by_latent=0.5, common=0.05),
    "concept_steering": Work(0.02, 1.3, 1.5, by_concept=1.0, common=0.35, joint=True),
    "layer_probe": Work(0.1, 1.0, 2.9, tokens=3.0, common=0.35),
    "matching_rate": Work(0.01, 0.02, 0.15),
    "zero_shot": Work(0.12, common=0.8),
    "stability": Work(0.1, 0.2, 22.8, by_latent=0.25),
    "ground_truth": Work(0.6, 0.75, by_concept=0.56, by_latent=0.36, common=0.65),
    "localization": Work(0.02, 0.2, 8.2),
    "object_removal": Work(2.0, answers=15_000),
    "object_replacement": Work(2.0, answers=15_000),
    "steering_asymmetry": Work(2.0, answers=11_000),
}
"""By file name, for a dictionary of 2,048 latents at width 128. Their powers are those of 256 to
2,048 latents."""
UNKNOWN = Work(1.0, 4.0)
"""Of a task that is not in the table."""
