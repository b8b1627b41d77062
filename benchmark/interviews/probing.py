"""Edits of rows that stand for whole pictures, told by linear probes and by the nearest captions.

x' = x + push: what a dictionary does not explain of x stays. Probes are fitted on every other
picture of train, difference of means is taken over those between.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from benchmark.contracts import (
    Box,
    NotApplicableError,
    PairedActivations,
    Subject,
    thing_concepts,
)
from benchmark.interviews.cases import Case, Shown, labelled, shown
from benchmark.interviews.probes import probes_of
from benchmark.interviews.rows import mean_differences, showing
from benchmark.interviews.setting import Asked, annotated, editable, redrawing
from benchmark.judges.reading import Reading

NEAREST = 5
DOSES = (0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0)


@dataclass(frozen=True, eq=False)
class Probing:
    """Rows of whole pictures, and what linear probes read off them."""

    subject: Subject
    things: tuple[int, ...]
    doses: tuple[float, ...] = DOSES
    least_kept: float = 0.0
    """No bound: probes near their threshold turn over also where the picture is drawn anew."""

    @property
    def norm(self) -> float:
        return float(self.subject.train.image.norm(dim=1).median())

    @property
    def grid(self) -> None:
        return None

    def pictures(self, split: Asked) -> Iterable[Shown]:
        examples, data = annotated(self.subject.examples, split), self._rows(split)
        if examples is not None:
            return shown(examples, data.n_images, None)
        return labelled(data.labels("image"), self.things)

    def plain(self, split: Asked, cases: Sequence[Case]) -> list[Reading]:
        return self._read(self._seen(split, cases))

    def pushed(
        self,
        split: Asked,
        cases: Sequence[Case],
        push: Float[Tensor, "n d"],
        where: Sequence[Sequence[int]],
    ) -> list[Reading]:
        del where  # a picture is one row
        return self._read(self._seen(split, cases) + push)

    def redrawn(self, split: Asked, cases: Sequence[Case]) -> list[Reading]:
        """Raises NotApplicableError where pictures cannot be drawn anew."""
        examples, backend = editable(self.subject.examples, split), self.subject.backend
        if examples is None or backend is None:
            raise NotApplicableError("these pictures cannot be drawn anew")
        pictures = np.stack([redrawing(examples, case) for case in cases])
        anew: Any = SimpleNamespace(images=lambda start, stop: pictures[start:stop])
        rows = backend.encode(anew, "image", 0, len(cases), self.subject.artifact.site)
        assert isinstance(rows, Tensor)
        return self._read(self.subject.as_rows(rows.cpu(), "image"))

    def name_of(self, concept: int) -> str:
        concepts = self.subject.train.concepts
        assert concepts is not None
        return concepts.names[concept]

    def picture(self, case: Case) -> Any:
        if annotated(self.subject.examples, "test") is None:
            return None
        return self.subject.examples["test"].images(case.picture, case.picture + 1)[0]

    def boxes(self, case: Case) -> tuple[Box, ...]:
        del case  # a picture is one row
        return ()

    def means(self) -> Mapping[int, Float[Tensor, " d"]]:
        train = self.subject.train
        return mean_differences(train.image[::2], showing(train.labels("image")[::2], self.things))

    def beside(
        self, cases: Sequence[Case], push: Float[Tensor, "n d"] | None
    ) -> dict[str, Float[np.ndarray, " n"]]:
        """How many of the nearest captions assert the target, the new thing, any other thing."""
        data, rows = self.subject.test, self._seen("test", cases)
        if len(data.text) != data.n_texts or data.text.shape[1] != rows.shape[1]:
            return {}
        said = asserted(rows if push is None else rows + push, data)
        target, new, others = [], [], []
        for row, case in zip(said, cases, strict=True):
            target.append(row[case.target])
            new.append(0.0 if case.new is None else row[case.new])
            rest = [row[c] for c in case.truth - {case.target}]
            others.append(float(np.mean(rest)) if rest else np.nan)
        found = {"target": np.array(target), "others": np.array(others)}
        return found | ({"new": np.array(new)} if cases[0].new is not None else {})

    def _rows(self, split: Asked) -> PairedActivations:
        return self.subject.val if split == "val" else self.subject.test

    def _seen(self, split: Asked, cases: Sequence[Case]) -> Float[Tensor, "n d"]:
        return self._rows(split).image[[case.picture for case in cases]].cpu()

    def _read(self, rows: Float[Tensor, "n d"]) -> list[Reading]:
        concepts = self.subject.train.concepts
        assert concepts is not None
        return probes_of(self.subject.train, self.things).read(rows, concepts.names)


def asserted(rows: Float[Tensor, "n d"], data: PairedActivations) -> Float[np.ndarray, "n c"]:
    """The share of the nearest captions, by cosine, that assert each concept; ties by order."""
    unit = torch.nn.functional.normalize
    cosine = unit(rows.double(), dim=1) @ unit(data.text.double().cpu(), dim=1).T
    nearest = np.argsort(-np.round(cosine.numpy(), 6), axis=1, kind="stable")[:, :NEAREST]
    return data.labels("text")[nearest].mean(1)


def probing_of(subject: Subject) -> Probing:
    """Raises NotApplicableError where a picture has several rows."""
    if len(subject.train.image) != subject.train.n_images:
        raise NotApplicableError("a picture has several rows here, and no answer tells of them")
    examples = annotated(subject.examples, "train")
    if examples is not None:
        return Probing(subject, tuple(thing_concepts(examples)))
    return Probing(subject, tuple(range(subject.train.labels("image").shape[1])))
