"""What a maintainer found when a submission was scored again: the record of the verified lane.

`verify --record` writes it to `leaderboards/verified/<slug>.json`. It is bound to one
`submission.json`, by sha256, and to the cells whose scores were computed again, by their keys.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, ValidationError, model_validator

from benchmark.results.reading import one_line
from benchmark.results.records import Environment, Sha256
from benchmark.results.scores import Name, Record
from benchmark.submissions.records import MethodName, Moment, Slug

NonNegative = Annotated[float, Field(ge=0)]
Seed = Annotated[int, Field(ge=0)]


class Spot(Record):
    """One main score of one method: where it was computed."""

    backend: Name
    site: str | None
    task: Name
    variant: Literal["fair", "paper"] = "fair"
    metric: Name
    codes: Name = "full"
    """As `Score.variant`: full, or truncated to the budget."""
    seeds: Annotated[tuple[Seed, ...], Field(min_length=1, strict=False)]


class Rescored(Spot):
    """The recorded score, and the same score computed again from the same dictionaries."""

    recorded: float
    """Mean over seeds."""
    again: float
    largest: NonNegative
    """Greatest difference of any seed, interval, floor or reference of this score."""


class FreshScore(Spot):
    """The same dictionaries on a test split that nobody had seen."""

    public: float
    fresh: float
    public_floor: float | None = None
    fresh_floor: float | None = None
    ahead: float
    """How much better the public score is: above 0 whichever way the metric points."""
    reliable: NonNegative | None = None
    """Minimum reliable difference of the two; null where a score has no interval."""
    p: Annotated[float, Field(ge=0, le=1)] | None = None
    """That the public score is ahead by chance: one-sided, by Holm over all rows of this record."""
    overfits: bool = False


class RefitScore(Spot):
    """The method trained again, with the recorded seeds in this order."""

    recorded: Annotated[tuple[float, ...], Field(strict=False)]
    refitted: Annotated[tuple[float, ...], Field(strict=False)]
    reliable_seed: NonNegative | None = None
    """Minimum reliable difference of two fits of one seed each."""
    reliable: NonNegative | None = None
    """Of two means over these seeds."""
    agrees: bool


class Verification(Record):
    """The verdict, and everything that it rests on."""

    schema_version: Literal[1] = 1
    slug: Slug
    method: MethodName
    submission_sha256: Sha256
    """Of the bytes of `submission.json`, which names the digest of every other file."""
    verified: bool
    whole: bool = True
    """Whether every cell was asked for; a record of a part speaks for no row."""
    reasons: tuple[str, ...] = Field(default=(), strict=False)
    """Why not, a line each; empty where it is verified."""
    notes: tuple[str, ...] = Field(default=(), strict=False)
    date: Moment
    tolerance: NonNegative
    """Absolute up to 1, relative above it."""
    keys: tuple[Sha256, ...] = Field(default=(), strict=False)
    """Cells whose scores were computed again."""
    n_scores: Annotated[int, Field(ge=0)] = 0
    """Numbers that were held against the record."""
    rescored: tuple[Rescored, ...] = Field(default=(), strict=False)
    fresh_seed: int | None = None
    """Of the test that was drawn for this record alone; null where none was."""
    fresh: tuple[FreshScore, ...] = Field(default=(), strict=False)
    refitted: bool = False
    refit: tuple[RefitScore, ...] = Field(default=(), strict=False)
    ran_code: bool = False
    """Whether the submitted method.py was run."""
    package: Sha256
    """Digest of the code that scored again; the cells name the one that made them."""
    environment: Environment

    @model_validator(mode="after")
    def _verdict(self) -> Self:
        if self.verified == bool(self.reasons):
            raise ValueError("verified is said with reasons against it, or refused without any")
        if self.verified and not self.keys:
            raise ValueError("verified, but no cell was scored again")
        return self


def read_verification(path: Path) -> Verification:
    """A record of the verified lane. Raises ValueError in one line where it is none."""
    try:
        return Verification.model_validate_json(path.read_bytes())
    except OSError as error:
        raise ValueError(f"cannot read {path}: {error.strerror}") from None
    except ValidationError as error:
        raise ValueError(f"{path} is no record of a verification: {one_line(error)}") from None


def verification_of(slug: str, sha256: str, verified: Path) -> Verification | None:
    """The record under `verified` that speaks of this very `submission.json`; None if none does."""
    path = verified / f"{slug}.json"
    if not path.is_file():
        return None
    try:
        found = read_verification(path)
    except ValueError:
        return None
    bound = (
        found.verified and found.whole and found.slug == slug and found.submission_sha256 == sha256
    )
    return found if bound else None
