"""What is asked of a fitted method, and in which numbers it is answered."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Literal, Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from benchmark.contracts.backends import Backend
from benchmark.contracts.codes import Artifact, Dictionary, SparseCodes, joined
from benchmark.contracts.data import Examples, PairedActivations, Planted
from benchmark.contracts.needs import Modality, Need, Split, derived_seed
from benchmark.contracts.pooling import averaged_codes, strongest


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

    `cluster` numbers what is drawn again in the bootstrap (captions of one image belong together),
    and `drawn` says what it is; by default each unit stands alone. `value(weights [u])` replaces
    the ratio where the score is no ratio of sums.
    """

    numerator: Float[np.ndarray, " u"]
    denominator: Float[np.ndarray, " u"] | None = None
    cluster: Int[np.ndarray, " u"] | None = None
    value: Callable[[Float[np.ndarray, " u"]], float] | None = None
    drawn: str = "image"


Recall = Callable[[Mapping[str, Any], Callable[[], Sequence[str]]], Sequence[str]]
"""Texts that depend on these facts alone (plain JSON): remembered, or made now."""


def afresh(of: Mapping[str, Any], make: Callable[[], Sequence[str]]) -> Sequence[str]:
    """Remembers nothing."""
    del of
    return make()


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
    examples: Mapping[Split, Examples] = field(default_factory=dict)
    """Splits before they became rows, `test` the evaluated one: pictures and what may be asked
    about them. Row i is of picture i; where rows were limited there are more pictures."""
    planted: Planted | None = None
    unpatched: Subject | None = None
    """The same dictionary on the backend as it was, where the method replaced weights of it."""
    sweep: tuple[Subject, ...] = ()
    """Of a task that sweeps: the same method at every site of the sweep, this one among them."""
    siblings: tuple[Artifact, ...] = ()
    """The same method fitted on the other seeds of this run: what its own noise looks like."""
    taken_off: Mapping[Modality, Float[Tensor, " d"]] = field(default_factory=dict)
    """What was taken off all rows of a modality before anything saw them; nothing if absent."""
    recall: Recall = afresh
    """What a model wrote before, where a run keeps it."""
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

    def as_rows(self, x: Float[Tensor, "n d"], modality: Modality) -> Float[Tensor, "n d"]:
        """What the backend makes of other pictures or texts, in the frame of the splits' rows."""
        offset = self.taken_off.get(modality)
        return x if offset is None else x - offset.to(x)

    def truncated(self, k: int) -> Subject:
        """The same with codes of their k strongest latents; codes that are there are cut."""
        there = {key: c.truncated(k) for key, c in self.cache.items() if key[0] == "native"}
        return replace(self, k=k, cache=there)

    def native(self, split: Split, modality: Modality) -> SparseCodes:
        """Codes in the method's own frame, for decoding. They stay on the CPU."""
        key = ("native", split, modality)
        if key not in self.cache:
            self.cache[key] = self.encode(getattr(self, split).rows(modality), modality)
        return self.cache[key]

    def codes(self, split: Split, modality: Modality) -> SparseCodes:
        """Codes of examples in the aligned frame, where the two modalities may be compared."""
        key = ("aligned", split, modality)
        if key not in self.cache:
            read: PairedActivations = getattr(self, split)
            owner, n = read.owner(modality), read.n_examples(modality)
            self.cache[key] = self.of_examples(self.native(split, modality), modality, owner, n)
        return self.cache[key]

    def of_examples(
        self, native: SparseCodes, modality: Modality, owner: Int[Tensor, " r"], n: int
    ) -> SparseCodes:
        """Aligned codes of n examples from native codes of their rows.

        Where rows are tokens an example has the strongest value of each latent over its tokens, or
        the mean where codes are linear in activations, as dense ones are.
        """
        pool = averaged_codes if getattr(self.dictionary, "linear", False) else strongest
        return self.dictionary.align(pool(native, owner, n), modality)

    def encode(self, x: Float[Tensor, "n d"], modality: Modality) -> SparseCodes:
        """Native codes of any rows, batch by batch."""
        parts = (
            self.dictionary.encode(x[i : i + self.batch_size].to(self.device), modality)
            for i in range(0, len(x), self.batch_size)
        )
        return joined([part if self.k is None else part.truncated(self.k) for part in parts])

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
    shared_by: Callable[[Subject], Hashable] | None = None
    """What of a method the answer depends on, where that is not all of it: its size, say. Computed
    once a backend for all subjects of which this is equal."""

    def shares(self, subject: Subject) -> Hashable | None:
        """What subjects with one answer have in common; None where each has its own."""
        if self.of_data:
            return ()
        return None if self.shared_by is None else self.shared_by(subject)


@runtime_checkable
class Task(Protocol):
    """A frozen dataclass that asks one question; its meaning moves only with its version."""

    question: ClassVar[str]
    version: ClassVar[int]
    needs: ClassVar[frozenset[Need]] = frozenset()
    fits: ClassVar[bool] = False
    """True where something is chosen on train or val: such a task is refused `--split all`."""
    tunes: ClassVar[bool] = False
    """True where something is chosen on val: such a task is refused `--split val` as well."""
    sweeps: ClassVar[bool] = False
    """True where all decoder blocks are scored together, in one cell, by one method at each."""
    metrics: ClassVar[tuple[Metric, ...]]
    references: ClassVar[tuple[Reference, ...]] = ()
    variant: Literal["fair", "paper"]

    def score(self, subject: Subject) -> Mapping[str, Units]:
        """Every declared metric that applies, unit by unit. Never an interval, never a floor."""
        ...
