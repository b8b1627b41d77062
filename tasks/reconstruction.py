"""How much of each modality's activations comes back from the codes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from benchmark.alignment.coactivation import alive, firings
from benchmark.contracts import (
    MODALITIES,
    Edit,
    Metric,
    Modality,
    Need,
    Reference,
    Subject,
    Task,
    Units,
)
from benchmark.metrics.averages import mean_of_ratios
from benchmark.metrics.example_errors import Errors, array, by_image, errors
from benchmark.metrics.splicing import MOST, clean, interview, reconstructed, train_mean, without
from benchmark.references.changes import (
    PATCHED,
    active_latents,
    identity,
    mean_predictor,
    pca,
    random_dictionary,
    reference,
    size,
    unpatched,
    wanted,
)

QUALITY = ("explained_variance*", "fvu*", "mse*", "cosine*", "norm_ratio*", "re")
FLOORED = (*QUALITY, "spliced/ce_loss", "spliced/loss_recovered*")
BESIDE = (*QUALITY, "norm/*", "l0/*", "spliced/*")
BOUNDED = (*QUALITY[:4], "re")
EV = "1 - sum |x - x_hat|^2 / sum |x - mu|^2, mu the mean of the evaluated rows"


def _metrics() -> Iterator[Metric]:
    yield Metric(
        "explained_variance",
        "image",
        True,
        "mean of both modalities' explained variance",
        main=True,
    )
    for modality, unit in (("image", "image"), ("text", "caption")):
        says = {
            "explained_variance": (True, EV),
            "fvu": (False, "fraction of variance unexplained: 1 - explained_variance"),
            "mse": (False, "squared error per element, in original units"),
            "cosine": (True, "mean cos(x, x_hat)"),
            "norm_ratio": (None, "mean |x_hat| / |x|; 1 is right, below is shrinkage"),
            "norm": (None, "mean |x|, in original units: what a patch of the backend may shrink"),
            "l0": (None, "mean count of latents that fire"),
        }
        for name, (up, text) in says.items():
            yield Metric(f"{name}/{modality}", unit, up, text)
        alive_says = "share of latents that fire on max(10, n/1000) or more train rows"
        yield Metric(f"frac_alive/{modality}", "latent", True, alive_says)
        says_density = "mean share of evaluated rows on which an alive latent fires"
        yield Metric(f"density/{modality}", "latent", None, says_density)
    pooled = "flagged: about one global mean, so the modality gap alone explains most of it"
    yield Metric("explained_variance/pooled", "image", None, pooled)
    says_re = "half of E[|x - x_hat|^2 / |x|^2 + |y - y_hat|^2 / |y|^2] over written pairs"
    yield Metric("re", "pair", False, says_re)
    yield from _spliced_metrics()


def _spliced_metrics() -> Iterator[Metric]:
    """At a site of tokens of a model that speaks alone."""
    where = f"image tokens after the block, first {MOST} images"
    ce = "nats a token of true answers"
    says = {
        "ce_loss": (False, f"{ce} with the reconstruction in place of {where}"),
        "ce_clean": (None, f"{ce} of the model as it is, first {MOST} images"),
        "ce_zero": (None, f"{ce} with zeros in place of {where}"),
        "ce_mean": (None, f"{ce} with their train mean in place of {where}"),
        "loss_recovered": (True, "(ce_zero - ce_loss) / (ce_zero - ce_clean)"),
        "loss_recovered_mean": (True, "(ce_mean - ce_loss) / (ce_mean - ce_clean)"),
    }
    for name, (up, text) in says.items():
        yield Metric(f"spliced/{name}", "image", up, text)


@dataclass(frozen=True)
class Reconstruction(Task):
    """Explained variance per modality, with what a reader needs to trust it."""

    variant: Literal["fair", "paper"] = "fair"
    question: ClassVar[str] = "How much of the activations comes back from the codes?"
    version: ClassVar[int] = 1
    needs: ClassVar[frozenset[Need]] = frozenset()
    fits: ClassVar[bool] = False
    metrics: ClassVar[tuple[Metric, ...]] = tuple(_metrics())
    references: ClassVar[tuple[Reference, ...]] = (
        reference("mean", "null", mean_predictor, metrics=FLOORED, of_data=True),
        reference("random", "null", random_dictionary, metrics=QUALITY, draws=20, shared_by=size),
        reference("pca", "baseline", pca, metrics=QUALITY, shared_by=active_latents),
        reference("unpatched", "baseline", unpatched, metrics=BESIDE, needs=PATCHED),
        reference("identity", "ceiling", identity, metrics=BOUNDED, of_data=True),
    )

    def score(self, subject: Subject) -> dict[str, Units]:
        found: dict[str, Units] = {}
        both = {modality: errors(subject, modality) for modality in MODALITIES}
        written = subject.test.caption_of.cpu().numpy()
        cluster = {"image": np.arange(subject.test.n_images), "text": written}
        for modality, each in both.items():
            found |= quality(each, modality, cluster[modality])
            found |= activity(subject, modality, each, cluster[modality])
        found["explained_variance"] = mean_of_ratios(
            both["image"].explained,
            by_image(both["text"].explained, written, subject.test.n_images),
        )
        found["re"] = papers_error(both, written)
        found |= pooled(subject, written)
        found |= spliced(subject)
        return found


def quality(errors: Errors, modality: Modality, cluster: np.ndarray) -> dict[str, Units]:
    """What comes back, example by example."""
    rows, count = errors.rows, errors.count
    length = np.where(rows.norm > 0, rows.norm, 1.0)
    columns = {
        "explained_variance": errors.explained,
        "fvu": (errors.per_example(rows.error), errors.per_example(rows.deviation)),
        "mse": (errors.per_example(rows.error), count * errors.d),
        "cosine": (errors.per_example(rows.cosine), count),
        "norm": (errors.per_example(rows.norm), count),
        "norm_ratio": (errors.per_example(rows.norm_hat / length), count),
    }
    return {f"{name}/{modality}": Units(*column, cluster) for name, column in columns.items()}


def activity(
    subject: Subject, modality: Modality, errors: Errors, cluster: np.ndarray
) -> dict[str, Units]:
    """How many latents fire, are alive, and how often an alive one fires."""
    names = [f"{name}/{modality}" for name in ("l0", "frac_alive", "density")]
    if not wanted(subject, *names):
        return {}
    codes = subject.native("test", modality)
    l0 = errors.per_example(codes.l0().numpy().astype(np.float64))
    found = {names[0]: Units(l0, errors.count, cluster)}
    if not wanted(subject, *names[1:]):
        return found
    living = alive(subject.native("train", modality))
    found[names[1]] = Units(living.astype(np.float64))
    if living.any():
        fires = firings(codes)
        found[names[2]] = Units(fires[living] / len(codes))
    return found


def papers_error(both: dict[Modality, Errors], written: np.ndarray) -> Units:
    """Half the summed relative errors of each written pair; tokens are averaged first."""
    means = {}
    for modality, each in both.items():
        count = each.count
        means[modality] = each.per_example(each.rows.relative_error) / np.where(count, count, 1)
    return Units((means["image"][written] + means["text"]) / 2, cluster=written)


def pooled(subject: Subject, written: np.ndarray) -> dict[str, Units]:
    """Explained variance about one mean for both modalities; only where widths agree."""
    name = "explained_variance/pooled"
    image, text = (array(subject.test.rows(m)) for m in MODALITIES)
    if image.shape[1] != text.shape[1] or not wanted(subject, name):
        return {}
    mean = (image.sum(0, dtype=np.float64) + text.sum(0, dtype=np.float64)) / (
        len(image) + len(text)
    )
    n = subject.test.n_images
    parts = [errors(subject, modality, mean).explained for modality in MODALITIES]
    texts = by_image(parts[1], written, n)
    return {name: Units(parts[0][0] + texts[0], parts[0][1] + texts[1], np.arange(n))}


def spliced(subject: Subject) -> dict[str, Units]:
    """Loss of true answers with the reconstruction in place, beside zeros and the train mean.

    Nothing where no model speaks from such tokens; no share where an ablation does not hurt.
    """
    asked = interview(subject) if wanted(subject, "spliced/ce_loss") else None
    block = subject.artifact.site.block
    if asked is None or block is None:
        return {}
    mean = tuple(train_mean(subject).tolist())
    (whole, tokens), (own, _) = clean(asked), asked.loss(Edit(block, reconstructed(subject)))
    rows = {"zero": (0.0,) * len(mean), "mean": mean}
    ablated = {name: without(asked, block, row)[0] for name, row in rows.items()}
    cluster = np.arange(asked.n)
    losses = {"loss": own, "clean": whole, **ablated}
    found = {f"spliced/ce_{name}": Units(each, tokens, cluster) for name, each in losses.items()}
    for name, worst in (("loss_recovered", "zero"), ("loss_recovered_mean", "mean")):
        gap = ablated[worst] - whole
        if gap.sum() > 0:
            found[f"spliced/{name}"] = Units(ablated[worst] - own, gap, cluster)
    return found
