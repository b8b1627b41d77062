"""What findings answer: claims of papers on the shipped models, and what the papers leave open."""

from __future__ import annotations

from dataclasses import dataclass

Pair = tuple[str, str]


FLOOR = "floor"


@dataclass(frozen=True)
class Gap:
    """Whether a metric of a method is above another one of the same cell, or above its floor."""

    metric: str
    over: str = FLOOR


@dataclass(frozen=True)
class Question:
    """Whether the first of each pair differs from the second, wherever both were run."""

    asks: str
    pairs: tuple[Pair, ...] = ()
    """METHOD or METHOD@SITE each."""
    metrics: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    """Of which `gaps` are asked, each by itself."""
    gaps: tuple[Gap, ...] = ()
    centred: bool = False
    """Asked of rows without their modality's mean."""
    sites: str = "*"
    """A shell pattern."""
    variants: tuple[str, ...] = ("fair",)
    backends: str = "*"
    """A shell pattern of the short name."""
    of: str = ""
    """The paper that claims it, or leaves it open."""


JSAE, VISTA = "arXiv 2606.25657", "arXiv 2605.24946"
HETEROGENEITY = "arXiv 2606.29888"
EDITS = ("s2/removal", "ms/removal", "s2/replacement", "ms/replacement")
CLAIMS = (
    Question(
        asks="Do text-given names of latents match pictures better where the projector was "
        "trained to fit text dictionaries in blocks 0 and 1?",
        pairs=(("vista", "vista-nosae"),),
        metrics=("excess/precision@3", "any@3", "norm/image", "norm_ratio/image"),
        sites="block:[2-5]/tokens",
        variants=("fair", "paper"),
        of=VISTA,
    ),
    Question(
        asks="Do edits along text-given latents succeed more often there?",
        pairs=(("vista", "vista-nosae"),),
        metrics=EDITS,
        sites="block:2/tokens",
        variants=("fair", "paper"),
        of=VISTA,
    ),
    *(
        Question(
            asks=f"Do they succeed more often than edits before the projector, along latents of "
            f"{what} that labels of pictures chose?",
            pairs=(("vista@block:2/tokens", vision_only),),
            metrics=tuple(f"{name}/by_labels" for name in EDITS),
            variants=("fair", "paper"),
            of=VISTA,
        )
        for vision_only, what in (
            ("patch-sae@tower/tokens", "patch tokens"),
            ("vision-sae@tower", "whole pictures"),
        )
    ),
    Question(
        asks="Does a projector that is trained to fit text dictionaries in blocks 0 and 1 make "
        "image tokens fit them in later blocks, which are not constrained?",
        pairs=(("vista", "vista-nosae"),),
        metrics=("fvu/image", "l0/image", "norm/image", "norm_ratio/image", "spliced/ce_clean"),
        sites="block:[2-5]/tokens",
        of=VISTA,
    ),
)
MAIN = ("transfer_auc", "hit@1/correspondence", "r@1", "explained_variance")
OPEN = (
    Question(
        asks="Does training two dictionaries to agree beat training them apart and mapping "
        "their latents afterwards?",
        pairs=(
            ("jsae", "jsae-noalign-posthoc"),
            ("jsae-llava", "jsae-noalign-posthoc"),
            ("jsae-topk", "posthoc"),
        ),
        metrics=MAIN,
        of=f"left open by {JSAE}",
    ),
    Question(
        asks="Which map between two dictionaries is best, under one protocol?",
        pairs=tuple(
            (f"posthoc-{name}", "posthoc")
            for name in ("greedy", "sinkhorn", "decoder", "procrustes", "cca", "nocut")
        ),
        metrics=("r@1", "transfer_auc", "hit@1/correspondence"),
        of=f"left open by {HETEROGENEITY}",
    ),
    Question(
        asks="Do penalties that bind codes gain by being tuned, and by masking?",
        pairs=(
            ("iso-energy", "iso-energy-untuned"),
            ("group-sparse", "group-sparse-untuned"),
            ("group-sparse-masked", "group-sparse-untuned"),
        ),
        metrics=MAIN,
        of=f"left open by {HETEROGENEITY}",
    ),
    Question(
        asks="Once tuned, are they better than a map found afterwards?",
        pairs=(("iso-energy", "posthoc"), ("group-sparse", "posthoc")),
        metrics=MAIN,
        of=f"left open by {HETEROGENEITY}",
    ),
    Question(
        asks="Is one encoder for both modalities better than a map found afterwards?",
        pairs=(("shared-encoder", "posthoc"), ("vl-sae", "posthoc")),
        metrics=MAIN,
        of=f"left out of the tables of {HETEROGENEITY}",
    ),
    Question(
        asks="Do codes that both modalities make in training serve a modality alone?",
        pairs=(("sparc", "posthoc"), ("crosscoder", "posthoc"), ("sparc", "sparc-nocross")),
        metrics=MAIN,
        of="arXiv 2507.06265 and Lindsey et al. 2024",
    ),
)
CROSSING = tuple(
    Gap(f"decoder_cosine/two_runs/{side}/{bin}", f"decoder_cosine/{bin}")
    for bin in ("r:0.4-0.6", "r:0.6-0.8")
    for side in ("image", "text")
)
"""Two runs of one modality against image and text, at latents that fire together as often."""
WITHIN = (
    Question(
        asks="Are image and text directions of one concept further apart than two runs of one "
        "modality?",
        methods=("posthoc",),
        gaps=CROSSING,
        backends="pocket-clip",
        of=HETEROGENEITY,
    ),
    Question(
        asks="Are they still once each modality's mean is removed?",
        methods=("posthoc",),
        gaps=CROSSING,
        backends="pocket-clip",
        centred=True,
        of=f"left open by {HETEROGENEITY}",
    ),
    Question(
        asks="Are they in the residual stream of a language model?",
        methods=("posthoc",),
        gaps=CROSSING,
        sites="block:*",
        backends="pocket-llava*",
        of=f"left open by {HETEROGENEITY}",
    ),
    Question(
        asks="Do text-given names match a picture better than they match another one?",
        methods=("vista", "vista-nosae", "jsae", "posthoc", "text-sae"),
        gaps=(Gap("precision@3"),),
        backends="pocket-llava*",
        of=f"left open by {VISTA}",
    ),
    Question(
        asks="Are named latents strongest where their thing is, beyond what its area gives?",
        methods=("vista", "vista-nosae", "jsae", "posthoc", "text-sae"),
        gaps=(
            Gap("hit", "chance"),
            Gap("excess/hit"),
        ),
        backends="pocket-llava*",
        of=f"left open by {VISTA}",
    ),
)
QUESTIONS = (*CLAIMS, *OPEN, *WITHIN)
