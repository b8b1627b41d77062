"""Where a score can lie at all, by what it measures: what is outside was never computed."""

from __future__ import annotations

import re

SHARES = re.compile(
    r"(transfer_auc|auc|accuracy|preferred|hit|hit@\d+|r@\d+|acc@\d+|mrr|tie_rate|no_overlap"
    r"|hard_negatives|precision|precision@3|any@3|distinct@3|named@3|silent@3|recall|f1|cci|mcc"
    r"|recovery@[\d.]+|coverage|purity|split_fraction|split_energy|one_to_many|modality_probe"
    r"|frac_alive|density|returned|claims|s0|s1|s2|done|kept|parsed|with_latent|eligible|fires"
    r"|named|common|chance)"
)
"""Between 0 and 1."""
COSINES = re.compile(r"(cosine|decoder_cosine|codes|mean_r|excess|lift|ms|gain)")
"""Between -1 and 1: cosines, correlations, and one share less another."""
LARGEST_1 = re.compile(r"(explained_variance|adjusted)")
LEAST_0 = re.compile(r"(fvu|mse|re|l0|norm_ratio|tie_size|candidates|dose|perplexity_ratio|spread)")
BEFORE = ("reconstruction/", "filtered/", "unpatched/", "val/")
"""What a name may open with: the same metric of something else."""
UNBOUNDED = ("decoder_cosine/error",)
ABOVE_1 = ("kept/captions", "ms/removal", "ms/replacement")
"""Named like a share, and over 1 at times."""


def bounds(name: str) -> tuple[float, float] | None:
    """Least and largest value of a score of this name; None where nothing bounds it."""
    for opening in BEFORE:
        name = name.removeprefix(opening)
    first = name.split("/")[0]
    if name in UNBOUNDED:
        return None
    if name.startswith(ABOVE_1):
        return 0.0, float("inf")
    if SHARES.fullmatch(first):
        return 0.0, 1.0
    if COSINES.fullmatch(first):
        return -1.0, 1.0
    if LARGEST_1.fullmatch(first):
        return float("-inf"), 1.0
    return (0.0, float("inf")) if LEAST_0.fullmatch(first) else None
