"""Records of scores and of the references they are read against."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Name = Annotated[str, Field(min_length=1)]
Level = Annotated[float, Field(gt=0, lt=1)]


class RecordError(ValueError):
    """Several promises that one record breaks, a line each."""

    def __str__(self) -> str:
        return "; ".join(map(str, self.args))


class Record(BaseModel):
    """Frozen, nothing extra, no NaN and no infinity; text is never taken for a number."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, strict=True, ser_json_inf_nan="constants"
    )


class Measured(Record):
    """A value in its interval; both ends are null where the interval is undefined."""

    value: float
    ci_low: float | None = None
    ci_high: float | None = None
    n: Annotated[int, Field(ge=1)] | None = None

    @model_validator(mode="after")
    def _inside(self) -> Self:
        low, high = self.ci_low, self.ci_high
        if (low is None) != (high is None):
            raise ValueError("an interval has two ends or none")
        slack = 1e-9 * max(1.0, abs(self.value))
        if low is None or high is None:
            return self
        if not low - slack <= self.value <= high + slack:
            raise ValueError(f"value {self.value} is outside of its interval [{low}, {high}]")
        return self


class ReferenceScore(Measured):
    """A floor, baseline or ceiling on the same metric; over draws the interval is their range."""

    name: Name
    kind: Literal["null", "baseline", "ceiling"]
    draws: Annotated[int, Field(ge=1)] = 1


class Score(Measured):
    """One metric of one cell."""

    name: Name
    main: bool = False
    level: Level = 0.95
    se: Annotated[float, Field(ge=0)] | None = None
    unit: Name
    cluster: str | None = None
    """What is drawn again in the bootstrap; null where that is the unit itself."""
    n_clusters: Annotated[int, Field(ge=1)] | None = None
    interval: str | None = None
    """Shape of the interval: bca, wilson, or undefined."""
    floor: float | None = None
    ceiling: float | None = None
    normalised: float | None = None
    not_normalised: str | None = None
    """Why there is no normalised score."""
    higher_is_better: bool | None = None
    references: tuple[ReferenceScore, ...] = Field(default=(), strict=False)
    variant: Name = "full"
    """How codes were taken: "full", or "truncated" to the budget's k strongest latents."""


def inconsistent_scores(scores: tuple[Score, ...]) -> Iterator[str]:
    """A line for each promise that scores break together: (name, variant) once, one main each."""
    names = Counter((score.name, score.variant) for score in scores)
    for (name, variant), times in names.items():
        if times > 1:
            yield f"score {name} ({variant}) is there {times} times, wanted once"
    for variant in dict.fromkeys(score.variant for score in scores):
        main = [score.name for score in scores if score.main and score.variant == variant]
        if len(main) != 1:
            found = ", ".join(main) or "none"
            yield f"main scores of variant {variant}: {found}; wanted exactly one"
