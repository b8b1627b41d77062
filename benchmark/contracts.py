"""The nouns of the benchmark: all that a method or a task needs to know. Imports nothing of ours.

Axes, the same in every file:
    n_i images, n_t texts, p (image, text) pairs, n rows of either modality
    d   activation width (`d_in`), one number per modality
    w   width of the aligned frame, m latents of one modality (`d_sae`), k slots of a sparse code
    c   concepts, u units of a score
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any, ClassVar, Literal, Protocol, runtime_checkable

import numpy as np
import scipy.sparse as sp
import torch
from jaxtyping import Bool, Float, Int, UInt8
from torch import Tensor

Modality = Literal["image", "text"]
MODALITIES: tuple[Modality, Modality] = ("image", "text")
Split = Literal["train", "val", "test", "all"]


class Need(Enum):
    """What a method or a task cannot do without; the value completes the sentence "needs …"."""

    PAIRS = "images paired with texts"
    CONCEPTS = "concept labels"
    SAME_WIDTH = "image and text activations of the same width"
    LATENTS = "sparse latents"
    SECOND_SEED = "a second seed of the same run"
    EDITS = "scenes that can be edited and rendered again"
    GENERATION = "a backend that writes text"
    PROJECTOR = "a projector that can be trained"
    TOKENS = "one activation per token"
    PLANTED = "a planted dictionary"


class NotApplicableError(Exception):
    """Raised by a task where these data cannot answer it (too few examples): a status, no fault."""


@dataclass(frozen=True)
class Site:
    """Where activations are read. `name` is what `--site` takes; modules are real dotted paths."""

    name: str
    image_module: str
    text_module: str
    block: int | None = None
    pool: Literal["model", "mean", "last", "none"] = "model"


# ---------------------------------------------------------------------------------------- data


@dataclass(frozen=True)
class Concepts:
    """Which concept is in which example: in the picture, and asserted by the caption."""

    names: tuple[str, ...]
    kinds: tuple[str, ...]
    image: Bool[np.ndarray, "n_i c"]
    text: Bool[np.ndarray, "n_t c"]


@dataclass(frozen=True)
class Negatives:
    """Captions made false by one swap: two colours, or two positions."""

    captions: tuple[str, ...]
    caption: Int[np.ndarray, " n"]
    """Index of the true caption that each was made from."""
    kinds: tuple[str, ...]


@dataclass(frozen=True)
class Planted:
    """The true dictionaries of a synthetic world; the first `n_shared` atoms of both correspond."""

    image_atoms: Float[Tensor, "a_i d"]
    text_atoms: Float[Tensor, "a_t d"]
    n_shared: int
    noise: float


class Examples(Protocol):
    """One split of a data set, as a backend reads it. Rows never change order."""

    @property
    def ids(self) -> Sequence[str]: ...

    @property
    def captions(self) -> Sequence[str]: ...

    @property
    def caption_of(self) -> Int[np.ndarray, " n_t"]:
        """Index of the image that each caption was written for."""
        ...

    @property
    def concepts(self) -> Concepts | None: ...

    @property
    def negatives(self) -> Negatives | None: ...

    def images(self, start: int, stop: int) -> UInt8[np.ndarray, "b h w 3"] | Sequence[Any]:
        """Pictures start..stop: one uint8 RGB array, or PIL images where sizes differ."""
        ...

    def true_pairs(self) -> Int[np.ndarray, "p 2"]:
        """Every (image, caption) that is true, also those not written for each other."""
        ...


class Dataset(Protocol):
    """Pictures, captions and what is known of them, split by image."""

    @property
    def name(self) -> str: ...

    @property
    def revision(self) -> str: ...

    @property
    def licence(self) -> str: ...

    @property
    def provides(self) -> frozenset[Need]: ...

    @property
    def planted(self) -> Planted | None: ...

    def split(self, name: Split) -> Examples:
        """The examples of one split; "all" is every row."""
        ...


@dataclass(frozen=True, eq=False)
class PairedActivations:
    """What a backend says of one split: rows of both modalities and which belong together."""

    image: Float[Tensor, "r_i d_i"]
    text: Float[Tensor, "r_t d_t"]
    image_owner: Int[Tensor, " r_i"]
    """Image that each row belongs to: arange when pooled, repeated when rows are tokens."""
    text_owner: Int[Tensor, " r_t"]
    caption_of: Int[Tensor, " n_t"]
    """Image that each caption was written for: the pairs to train on."""
    pairs: Int[Tensor, "p 2"]
    """Every true (image, caption). On train these are the written ones: nothing is scored there."""
    ids: tuple[str, ...]
    fingerprint: str
    """sha256 over model, preprocessing, data, site and split: equal means equal numbers."""
    concepts: Concepts | None = None
    negatives: Float[Tensor, "r_n d_t"] | None = None
    negative_of: Int[Tensor, " r_n"] | None = None
    negative_kinds: tuple[str, ...] = ()

    @property
    def n_images(self) -> int:
        return len(self.ids)

    @property
    def n_texts(self) -> int:
        return len(self.caption_of)

    def rows(self, modality: Modality) -> Float[Tensor, "r d"]:
        """Activations of one modality."""
        return self.image if modality == "image" else self.text

    def labels(self, modality: Modality) -> Bool[np.ndarray, "n c"]:
        """Concept labels of one modality. Raises ValueError where the data have none."""
        if self.concepts is None:
            raise ValueError(f"needs {Need.CONCEPTS.value}: these activations carry none")
        return self.concepts.image if modality == "image" else self.concepts.text

    @property
    def pooled(self) -> bool:
        """One row per example in both modalities."""
        return len(self.image) == self.n_images and len(self.text) == self.n_texts


# --------------------------------------------------------------------------------------- codes


@dataclass(frozen=True, eq=False)
class SparseCodes:
    """Codes of n inputs over `width` latents.

    Sparse: `indices` ascend along a row; a slot whose value is 0 is empty (pads come first, as
    index 0). Dense: `indices` is None and `values` is [n, width]; only for codes with l0 above
    width / 8. A latent fires where its value is not 0, whatever the sign.
    """

    values: Float[Tensor, "n k"]
    indices: Int[Tensor, "n k"] | None
    width: int

    def __len__(self) -> int:
        return len(self.values)

    def l0(self) -> Int[Tensor, " n"]:
        """Number of latents that fire, per input."""
        return (self.values != 0).sum(1)

    def __getitem__(self, rows: slice | Tensor) -> SparseCodes:
        indices = None if self.indices is None else self.indices[rows]
        return SparseCodes(self.values[rows], indices, self.width)

    def csr(self) -> sp.csr_array:
        """The same codes as a float64 scipy matrix [n, width], zeros dropped, columns sorted."""
        values = self.values.detach().cpu().numpy().astype(np.float64)
        if self.indices is None:
            return sp.csr_array(values)
        columns = self.indices.cpu().numpy()
        kept = values != 0
        starts = np.concatenate([[0], np.cumsum(kept.sum(1))])
        matrix = sp.csr_array((values[kept], columns[kept], starts), shape=(len(self), self.width))
        matrix.has_sorted_indices = True
        return matrix

    def dense(self) -> Float[Tensor, "n w"]:
        """The same codes with every zero written out."""
        if self.indices is None:
            return self.values
        out = self.values.new_zeros(len(self), self.width)
        return out.scatter_add_(1, self.indices, self.values)

    def truncated(self, k: int) -> SparseCodes:
        """Only the k strongest latents of each input, by magnitude (lowest index wins a tie)."""
        if self.values.shape[1] <= k:
            return self
        order = self.values.abs().sort(dim=1, descending=True, stable=True).indices[:, :k]
        values = self.values.gather(1, order)
        indices = order if self.indices is None else self.indices.gather(1, order)
        return SparseCodes.from_slots(values, indices, self.width)

    @classmethod
    def from_slots(
        cls, values: Float[Tensor, "n k"], indices: Int[Tensor, "n k"], width: int
    ) -> SparseCodes:
        """Codes from slots in any order: empty slots become pads, indices are made to ascend."""
        indices = torch.where(values != 0, indices, torch.zeros_like(indices))
        key = torch.where(values != 0, indices, indices - 1)
        order = key.argsort(dim=1, stable=True)
        return cls(values.gather(1, order), indices.gather(1, order), width)

    @classmethod
    def from_dense(cls, values: Float[Tensor, "n w"]) -> SparseCodes:
        """The leanest form of a dense code matrix: sparse unless l0 is above width / 8."""
        fires = values != 0
        k = int(fires.sum(1).max()) if len(values) else 0
        if k > values.shape[1] / 8:
            return cls(values, None, values.shape[1])
        slots = values.abs().topk(max(k, 1), dim=1).indices
        return cls.from_slots(values.gather(1, slots), slots, values.shape[1])


class Dictionary(Protocol):
    """A fitted cross-modal dictionary: any class with these members, no need to inherit.

    Encoding one row never depends on the other rows.
    """

    @property
    def width(self) -> int:
        """Latents of the aligned frame: latent j is claimed to mean the same in both."""
        ...

    def encode(self, x: Float[Tensor, "n d"], modality: Modality) -> SparseCodes:
        """Native codes of activations in original units."""
        ...

    def align(self, codes: SparseCodes, modality: Modality) -> SparseCodes:
        """Native codes moved to the aligned frame; private latents get coordinates of their own."""
        ...

    def decode(self, codes: SparseCodes, modality: Modality) -> Float[Tensor, "n d"]:
        """Reconstruction, in original units, of **native** codes."""
        ...

    def directions(self, modality: Modality) -> Float[Tensor, "w d"]:
        """Decoder directions in the **aligned** frame; a row of zeros where there is no latent."""
        ...


@dataclass(frozen=True)
class Artifact:
    """What a method leaves behind: a dictionary and, if it must, a patch of the backend."""

    dictionary: Dictionary
    site: Site
    k: int | None = None
    """Active latents per input that the budget allows; denser codes are also scored truncated."""
    patch: Mapping[str, Tensor] = field(default_factory=dict)
    chosen: Mapping[str, Any] = field(default_factory=dict)
    """What the fit chose on val (weights, cuts, steps): goes into the record."""


# ------------------------------------------------------------------------------ backends, methods


@runtime_checkable
class Backend(Protocol):
    """A model, or rows that came from one, that turns examples into activations."""

    @property
    def name(self) -> str: ...

    @property
    def revision(self) -> str: ...

    @property
    def provides(self) -> frozenset[Need]: ...

    @property
    def sites(self) -> tuple[Site, ...]:
        """The first is the default."""
        ...

    @property
    def data(self) -> Dataset | None:
        """The data that a backend brings itself; None where `--data` chooses."""
        ...

    @property
    def preprocessing(self) -> str: ...

    @property
    def dtype(self) -> str: ...

    def encode(
        self, examples: Examples, modality: Modality, start: int, stop: int, site: Site
    ) -> Float[Tensor, "b d"] | Float[Tensor, "b t d"]:
        """Rows of examples start..stop; [b, t, d] where the site keeps tokens."""
        ...

    def encode_texts(self, texts: Sequence[str], site: Site) -> Float[Tensor, "b d"]:
        """Rows of captions that are not in the data (negatives, prompts)."""
        ...

    def patched(self, patch: Mapping[str, Tensor]) -> Backend:
        """The backend with weights replaced; this one stays untouched."""
        ...


@dataclass(frozen=True)
class Budget:
    """What every trained method may spend; equal for all, so that rows differ by method alone.

    `n_latents` counts both modalities: a shared dictionary has them all, two towers half each.
    """

    n_latents: int = 2048
    k: int = 16
    steps: int = 1000
    batch_size: int = 256
    lr: float = 4e-3

    def __post_init__(self) -> None:
        for name in ("n_latents", "k", "steps", "batch_size", "lr"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} is {getattr(self, name)}, wanted a positive number")
        if self.n_latents % 2:
            raise ValueError(f"n_latents is {self.n_latents}, wanted an even number: two halves")
        if self.k > self.n_latents // 2:
            raise ValueError(f"k is {self.k}, wanted at most n_latents / 2 = {self.n_latents // 2}")


Progress = Callable[[Iterable[Any], str], Iterable[Any]]
"""Wraps an iterable so that its course is shown under a name."""


def silent(steps: Iterable[Any], name: str) -> Iterable[Any]:
    """Progress that shows nothing."""
    del name
    return steps


def derived_seed(*parts: object) -> int:
    """A 63-bit seed that depends on every part and on nothing else."""
    text = "\x1f".join(str(part) for part in parts)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


@dataclass(frozen=True, eq=False)
class TrainingData:
    """All that a method sees: train to fit, val to choose. Labels only if it says it needs them."""

    train: PairedActivations
    val: PairedActivations
    site: Site
    seed: int
    backend: Backend | None = None
    planted: Planted | None = None
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    progress: Progress = silent

    def generator(self, name: str) -> torch.Generator:
        """A CPU generator of its own for each name, from the run's seed: the only randomness."""
        return torch.Generator().manual_seed(derived_seed("fit", self.seed, name))


@runtime_checkable
class Method(Protocol):
    """A frozen dataclass whose fields are its configuration; subclass it to get the defaults."""

    needs: ClassVar[frozenset[Need]] = frozenset({Need.PAIRS})
    provides: ClassVar[frozenset[Need]] = frozenset({Need.LATENTS})
    fits: ClassVar[bool] = True
    """False only where nothing at all is taken from the data."""

    def fit(self, data: TrainingData) -> Artifact:
        """The method's dictionary, from train and val alone."""
        ...


# --------------------------------------------------------------------------------------- scores


@dataclass(frozen=True)
class Metric:
    """A number that a task promises, declared before it is measured."""

    name: str
    unit: str
    """What one unit is: image, caption, concept, latent, pair."""
    higher_is_better: bool | None
    says: str
    """One line: the formula or the rule."""
    main: bool = False


@dataclass(frozen=True, eq=False)
class Units:
    """One metric, unit by unit: the score is Σ numerator / Σ denominator (a mean without one).

    `cluster` names the unit that is drawn again in the bootstrap (captions of one image belong
    together); by default each unit stands alone. `value(weights [u])` replaces the ratio where
    the score is no ratio of sums.
    """

    numerator: Float[np.ndarray, " u"]
    denominator: Float[np.ndarray, " u"] | None = None
    cluster: Int[np.ndarray, " u"] | None = None
    value: Callable[[Float[np.ndarray, " u"]], float] | None = None


@dataclass(frozen=True, eq=False)
class Subject:
    """A fitted method on one backend, before the data that judge it. Codes are computed once."""

    artifact: Artifact
    train: PairedActivations
    val: PairedActivations
    test: PairedActivations
    """The evaluated split, whatever `--split` named it."""
    seed: int
    backend: Backend | None = None
    planted: Planted | None = None
    siblings: tuple[Artifact, ...] = ()
    """The same method fitted on the other seeds of this run: what its own noise looks like."""
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    batch_size: int = 4096
    k: int | None = None
    """Truncate codes to the k strongest latents; None leaves them as they are."""
    cache: dict[Any, Any] = field(default_factory=dict)

    @property
    def dictionary(self) -> Dictionary:
        return self.artifact.dictionary

    def with_(self, **changes: Any) -> Subject:
        """A changed copy with an empty cache."""
        return replace(self, cache={}, **changes)

    def native(self, split: Split, modality: Modality) -> SparseCodes:
        """Codes in the method's own frame, for decoding. They stay on the CPU."""
        key = ("native", split, modality)
        if key not in self.cache:
            self.cache[key] = self.encode(getattr(self, split).rows(modality), modality)
        return self.cache[key]

    def codes(self, split: Split, modality: Modality) -> SparseCodes:
        """Codes in the aligned frame, where the two modalities may be compared."""
        key = ("aligned", split, modality)
        if key not in self.cache:
            self.cache[key] = self.dictionary.align(self.native(split, modality), modality)
        return self.cache[key]

    def encode(self, x: Float[Tensor, "n d"], modality: Modality) -> SparseCodes:
        """Native codes of any rows, batch by batch."""
        batches = [
            self.dictionary.encode(x[i : i + self.batch_size].to(self.device), modality)
            for i in range(0, len(x), self.batch_size)
        ]
        codes = joined(batches)
        return codes if self.k is None else codes.truncated(self.k)

    def reconstruction(self, split: Split, modality: Modality) -> Float[Tensor, "n d"]:
        """What the dictionary makes of each row, in original units, on the CPU."""
        key = ("reconstruction", split, modality)
        if key not in self.cache:
            codes = self.native(split, modality)
            parts = [
                self.dictionary.decode(codes[slice(i, i + self.batch_size)], modality).cpu()
                for i in range(0, len(codes), self.batch_size)
            ]
            self.cache[key] = torch.cat(parts)
        return self.cache[key]

    def rng(self, name: str) -> np.random.Generator:
        """Randomness for scoring: the same for every method and seed, so that units pair."""
        return np.random.default_rng(derived_seed("score", name))


def joined(batches: Sequence[SparseCodes]) -> SparseCodes:
    """Codes of consecutive batches as one, on the CPU, padded to the widest."""
    if not batches:
        raise ValueError("no codes to join: found 0 batches, wanted at least one row")
    width = batches[0].width
    slots = [(b.values.cpu(), b.indices.cpu()) for b in batches if b.indices is not None]
    if len(slots) < len(batches):
        return SparseCodes(torch.cat([b.dense().cpu() for b in batches]), None, width)
    k = max(values.shape[1] for values, _ in slots)
    pad = torch.nn.functional.pad
    values = [pad(v, (k - v.shape[1], 0)) for v, _ in slots]
    indices = [pad(i, (k - i.shape[1], 0)) for _, i in slots]
    return SparseCodes(torch.cat(values), torch.cat(indices), width)


@dataclass(frozen=True)
class Reference:
    """A floor, baseline or ceiling: the same task scored on a changed subject.

    `null` is what no method should stay under, `ceiling` what none can pass, `baseline` is there
    to compare. `apply` returns the changed subject; a null that draws at random is drawn `draws`
    times with its own generator. `metrics` are shell patterns over metric names.
    """

    name: str
    kind: Literal["null", "baseline", "ceiling"]
    apply: Callable[[Subject, np.random.Generator], Subject]
    draws: int = 1
    metrics: tuple[str, ...] = ("*",)
    of_data: bool = False
    """True where the answer does not depend on the method: computed once a backend."""
    needs: frozenset[Need] = frozenset()
    """A reference whose need is not met is left out, with the reason; the task still runs."""


@runtime_checkable
class Task(Protocol):
    """A frozen dataclass that asks one question; its meaning moves only with its version."""

    question: ClassVar[str]
    version: ClassVar[int]
    needs: ClassVar[frozenset[Need]] = frozenset()
    fits: ClassVar[bool] = False
    """True where something is chosen on train or val: such a task is refused `--split all`."""
    metrics: ClassVar[tuple[Metric, ...]]
    references: ClassVar[tuple[Reference, ...]] = ()
    variant: Literal["fair", "paper"]

    def score(self, subject: Subject) -> Mapping[str, Units]:
        """Every declared metric that applies, unit by unit. Never an interval, never a floor."""
        ...
