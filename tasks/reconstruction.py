"""How much of each modality's activations comes back from the codes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from jaxtyping import Float, Int
from torch import Tensor

from benchmark.alignment.coactivation import alive, firings
from benchmark.contracts import (
    MODALITIES,
    Metric,
    Modality,
    Need,
    NotApplicableError,
    Reference,
    Subject,
    Task,
    Units,
)
from benchmark.metrics.averages import Ratio, mean_of_ratios, total
from benchmark.metrics.errors import RowErrors, row_errors
from benchmark.references.changes import (
    identity,
    mean_predictor,
    pca,
    random_dictionary,
    reference,
    wanted,
)

QUALITY = ("explained_variance*", "fvu*", "mse*", "cosine*", "norm_ratio*", "re")
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


@dataclass(frozen=True, eq=False)
class Errors:
    """Row errors of one modality, and the example that each row belongs to."""

    rows: RowErrors
    owner: Int[np.ndarray, " r"]
    n: int
    d: int

    def per_example(self, values: Float[np.ndarray, " r"]) -> Float[np.ndarray, " n"]:
        """Sum over the rows of each example: one row where pooled, its tokens where not."""
        return total(values, self.owner, self.n)

    @property
    def count(self) -> Float[np.ndarray, " n"]:
        return self.per_example(np.ones(len(self.owner)))


def errors(subject: Subject, modality: Modality, about: np.ndarray | None = None) -> Errors:
    """Errors about a mean; by default that of the evaluated rows of this modality."""
    x = array(subject.test.rows(modality))
    mean = x.mean(0, dtype=np.float64) if about is None else about
    owner, n = subject.test.owner(modality), subject.test.n_examples(modality)
    found = row_errors(x, array(subject.reconstruction("test", modality)), mean)
    if not found.deviation.any():
        raise NotApplicableError(f"all {len(x)} {modality} rows are equal: nothing to explain")
    return Errors(found, owner.cpu().numpy(), n, x.shape[1])


def array(x: Tensor) -> Float[np.ndarray, "n d"]:
    return x.detach().cpu().numpy()


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
        reference("mean", "null", mean_predictor, metrics=QUALITY, of_data=True),
        reference("random", "null", random_dictionary, metrics=QUALITY, draws=20),
        reference("pca", "baseline", pca, metrics=QUALITY),
        reference("identity", "ceiling", identity, metrics=(*QUALITY[:4], "re"), of_data=True),
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
            explained(both["image"]),
            by_image(explained(both["text"]), written, subject.test.n_images),
        )
        found["re"] = papers_error(both, written)
        found |= pooled(subject, written)
        return found


def explained(errors: Errors) -> Ratio:
    """Numerator and denominator of explained variance, per example."""
    rows = errors.rows
    return errors.per_example(rows.deviation - rows.error), errors.per_example(rows.deviation)


def by_image(texts: Ratio, written: Int[np.ndarray, " n_t"], n: int) -> Ratio:
    """The same ratio with all captions of an image as one unit."""
    return total(texts[0], written, n), total(texts[1], written, n)


def quality(errors: Errors, modality: Modality, cluster: np.ndarray) -> dict[str, Units]:
    """What comes back, example by example."""
    rows, count = errors.rows, errors.count
    length = np.where(rows.norm > 0, rows.norm, 1.0)
    columns = {
        "explained_variance": explained(errors),
        "fvu": (errors.per_example(rows.error), errors.per_example(rows.deviation)),
        "mse": (errors.per_example(rows.error), count * errors.d),
        "cosine": (errors.per_example(rows.cosine), count),
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
    living = alive(subject.native("train", modality))
    l0 = errors.per_example(codes.l0().numpy().astype(np.float64))
    found = {names[0]: Units(l0, errors.count, cluster), names[1]: Units(living.astype(np.float64))}
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
    parts = [explained(errors(subject, modality, mean)) for modality in MODALITIES]
    texts = by_image(parts[1], written, n)
    return {name: Units(parts[0][0] + texts[0], parts[0][1] + texts[1], np.arange(n))}
