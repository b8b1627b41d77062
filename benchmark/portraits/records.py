"""Records of portraits: what a page needs to show the latents of one fitted dictionary. No torch.

Strengths are whole numbers from 0 to 100, in shares of the strongest beside them; whatever is a
score is a plain number. Pictures are named by the checksum of their thumbnail.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from benchmark.results.scores import Record

FORMAT = 1
"""Moves whenever what a portrait holds, or how it is made, changes: older ones are made anew."""

Share = Annotated[int, Field(ge=0, le=100)]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]
Kind = Literal["both", "image", "text", "unrelated", "silent"]
"""Serves both modalities, one, both without going together, or fires (almost) nowhere."""


class Asked(Record):
    """What a gallery is of and how it was asked for: equal means that it need not be made anew."""

    format: int = FORMAT
    checkpoint: str
    parts: tuple[str, ...] = ()
    """Sites of the dictionaries that the checkpoint is of together, where it is of several."""
    method: str
    variant: str
    seed: int
    backend: str
    backend_revision: str
    site: str
    data: str
    data_revision: str
    limit: int | None
    centred: bool
    n_latents: Annotated[int, Field(ge=1)]


class Picture(Record):
    """One picture of val on which a latent is strong."""

    id: str
    thumb: Digest | None
    """None where the backend has rows and no pictures."""
    value: float
    patches: tuple[Share, ...] | None = None
    """Row by row of the gallery's grid; None where nothing is known of parts of the picture."""
    says: str = ""
    """A caption that was written for it: what stands in its place for who cannot see it."""


class Caption(Record):
    """One caption of val on which a latent is strong, in parts with a strength each."""

    value: float
    parts: tuple[tuple[str, Share], ...]
    """Joined they are the caption; strength 0 throughout where nothing is known of its words."""

    @property
    def text(self) -> str:
        return "".join(part for part, _ in self.parts)


class Pure(Record):
    """How many of the val rows on which a latent fires have the concept that it was given."""

    concept: str
    share: float | None
    """None where it fires on too few rows for a share."""
    floor: float
    """The same of all rows: what a latent that fires anywhere would have."""
    n: int


class Side(Record):
    """One modality of a latent."""

    native: int | None
    """Its number in the tower of this modality; None where the tower has no such latent."""
    alive: bool
    rate: float
    """Share of val examples that it fires on."""
    train_rate: float
    pure: Pure | None = None


class Name(Record):
    """A concept that a latent is called after, and what speaks for it."""

    concept: str
    by: Literal["text", "labels of pictures"]
    precision: float
    """On train, as recall."""
    recall: float
    val_precision: float


class Together(Record):
    """Image firing against text firing, pair by pair of val."""

    n: int
    both: int
    image_only: int
    text_only: int
    image_max: float
    text_max: float
    points: tuple[tuple[Share, Share], ...]
    """Some of the pairs on which either fires, in shares of both maxima."""


class Latent(Record):
    """One latent of the aligned frame."""

    index: int
    why: str
    """By which part of the rule it is shown."""
    kind: Kind
    name: Name | None
    image: Side
    text: Side
    r: float | None
    """Correlation over val pairs; None unless it is alive in both modalities."""
    cosine: float | None
    """Of the decoder directions of both modalities; None where these cannot be compared."""
    modality_score: float
    """μ = E_I / (E_I + E_T) on val."""
    pictures: tuple[Picture, ...] = ()
    captions: tuple[Caption, ...] = ()
    together: Together | None = None


class Point(Record):
    """A decoder direction on the map."""

    latent: int
    modality: Literal["image", "text"]
    kind: Kind
    x: int
    y: int
    """From 0 to 1000."""


class Cluster(Record):
    """Latents whose firing over the pairs of val is alike."""

    name: str
    image: tuple[int, ...]
    text: tuple[int, ...]
    silhouette: float | None
    caption: str
    x: int
    y: int


class Overview(Record):
    """All latents that are alive: a map of directions, and clusters of firing."""

    points: tuple[Point, ...]
    explained: tuple[float, float]
    """Share of variance along both axes, of the two modalities where each has a map of its own."""
    apart: bool
    """Whether image and text directions have no space in common, and so a map each."""
    clusters: tuple[Cluster, ...]
    silhouette: float | None
    pairs: int
    """Pairs of an image and a text latent that clusters are made from: the most correlated ones."""
    weakest: float | None
    """|r| of the last of them."""


class Counted(Record):
    """How many latents there are of each kind."""

    width: int
    alive_image: int
    alive_text: int
    silent: int
    always: int
    named: int
    both: int
    image: int
    text: int
    unrelated: int


class Gallery(Record):
    """The portraits of one fitted dictionary."""

    asked: Asked
    n_images: int
    n_captions: int
    grid: tuple[int, int] | None
    """Rows and columns of the patches of a picture; None where there are none to show."""
    patches_say: str
    """What a bright patch means here."""
    words_say: str
    rule: str
    """How the latents were chosen."""
    chance_r: float
    """99th percentile of r with partners shuffled."""
    counted: Counted
    latents: tuple[Latent, ...]
    overview: Overview | None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        cells = None if self.grid is None else self.grid[0] * self.grid[1]
        for latent in self.latents:
            for picture in latent.pictures:
                if picture.patches is not None and len(picture.patches) != cells:
                    raise ValueError(
                        f"latent {latent.index} has {len(picture.patches)} patches, wanted {cells}"
                    )
        return self


class Refused(Record):
    """Why a dictionary has no portraits, where that is its own nature and will not change."""

    asked: Asked
    reason: str
