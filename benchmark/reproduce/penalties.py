"""The sweep of penalties of arXiv 2606.29888: what binding codes buys and costs at α = .5."""

from __future__ import annotations

from benchmark.reproduce.claims import Claim, Course
from benchmark.reproduce.experiment import Asked, Experiment, Size
from benchmark.reproduce.heterogeneity import SMALL, SOURCE, paper

FACTORS = (1 / 64, 0.25, 1.0, 4.0, 64.0)
LAMBDA = (
    ("iso-energy", "beta", 0.03, "iso-energy"),
    ("group-sparse", "lambda_g", 0.05, "group-sparse, no mask"),
    ("group-sparse-masked", "lambda_g", 0.05, "group-sparse, masked"),
)


def weight(name: str, factor: float) -> str:
    """What a run at one weight is called."""
    return f"{name} × {factor:g}"


def lambda_runs(backend: str, budget: str) -> tuple[Asked, ...]:
    """Every method at every weight, and `shared` without any."""
    task = "--task ground_truth"
    runs = [Asked("no penalty", f"--method shared {task} --backend {backend} {budget}")]
    runs += [
        Asked(
            weight(name, factor),
            f"--method {method} {task} --backend {backend} {budget} "
            f"--set {field}={base * factor:g}",
        )
        for method, field, base, name in LAMBDA
        for factor in FACTORS
    ]
    return tuple(runs)


LAMBDA_CLAIMS: tuple[Claim, ...] = tuple(
    claim
    for method, _, _, name in LAMBDA
    for labels in [tuple(weight(name, factor) for factor in FACTORS)]
    for claim in (
        Course(f"{name}: more concepts in one column, with the weight", labels, method, "cci",
               "rises", 0.02),
        Course(f"{name}: the error grows with the weight", labels, method, "re", "rises", 0.005),
        Course(f"{name}: pairs agree more (centred), with the weight", labels, method,
               "ae/centred", "falls", 0.02),
        Course(f"{name}: planted atoms are found less, with the weight", labels, method,
               "recovery@.9", "falls", 0.02),
    )
)  # fmt: skip
LAMBDA_EXPERIMENT = Experiment(
    name="heterogeneity-lambda",
    asks="What do penalties that bind codes buy, and what do they cost, at α = .5?",
    source=f"{SOURCE}: β = .03 and λ = .05, each × 1/64, 1/4, 1, 4, 64",
    quick=Size(
        says="a quarter of the paper's concepts, half its width, 600 steps",
        runs=lambda_runs(
            f"synthetic:{SMALL},alpha=0.5", "--set n_latents=1024 --set k=8 --set steps=600"
        ),
        claims=LAMBDA_CLAIMS,
        seeds=(0,),
    ),
    full=Size(
        says="the paper's sizes",
        runs=lambda_runs("synthetic:paper,alpha=0.5", paper()),
        claims=LAMBDA_CLAIMS,
        seeds=(0, 1, 2),
    ),
    not_here="the paper prints curves and no numbers for this sweep; its group-sparse has no mask",
)
