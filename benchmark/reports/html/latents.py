"""Portraits as a page shows them: overlays of patches, marks on words, a scatter of firing."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from markupsafe import Markup

from benchmark.portraits.records import Caption, Gallery, Latent, Picture, Together
from benchmark.portraits.shelf import PortraitShelf

PX = 96
VEILS = 4
"""Levels of the veil over what a latent does not fire on; 0 is none."""
PLOT, MARGIN = 116, 8
KINDS = {
    "both": "both modalities",
    "image": "pictures alone",
    "text": "captions alone",
    "unrelated": "both, not together",
    "silent": "silent",
}
MOST_THUMBS = 900
"""Thumbnails of a page; what comes after them is told without pictures."""


@dataclass(frozen=True)
class Thumb:
    """A thumbnail that the page holds once."""

    id: str
    source: str


def held(galleries: Sequence[Gallery], shelf: PortraitShelf) -> dict[str, Thumb]:
    """Every thumbnail of these galleries, by its name."""
    found: dict[str, Thumb] = {}
    for gallery in galleries:
        for latent in gallery.latents:
            for picture in latent.pictures:
                if picture.thumb and picture.thumb not in found and len(found) < MOST_THUMBS:
                    content = _read(shelf.thumb(picture.thumb))
                    if content is not None:
                        source = "data:image/webp;base64," + base64.b64encode(content).decode()
                        found[picture.thumb] = Thumb(f"t{picture.thumb}", source)
    return found


def _read(path: Path) -> bytes | None:
    """A thumbnail as it was kept; None for what is no WebP any more."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    return content if content[:4] == b"RIFF" and content[8:12] == b"WEBP" else None


def overlay(picture: Picture, grid: tuple[int, int] | None) -> Markup:
    """Veils over the patches of a picture by how little the latent fires there, and a frame around
    the strongest; nothing where nothing is known or marked."""
    if picture.patches is None or grid is None or not any(picture.patches):
        return Markup("")
    parts = []
    for level in range(1, VEILS + 1):
        runs = _runs(picture.patches, grid, level)
        if runs:
            parts.append(f'<path class="v{level}" d="{runs}"/>')
    best = picture.patches.index(max(picture.patches))
    left, top, right, bottom = cell_box(best, grid)
    parts.append(f'<path class="best" d="M{left} {top}H{right}V{bottom}H{left}z"/>')
    return Markup("".join(parts))


def veil(share: int) -> int:
    """The level of a patch: 0 for the strongest, VEILS for one where the latent is silent."""
    return 0 if share >= 88 else VEILS if share == 0 else 1 + (88 - share) * (VEILS - 1) // 89


def cell_box(cell: int, grid: tuple[int, int]) -> tuple[str, str, str, str]:
    """Left, top, right and bottom of a patch, in pixels of the thumbnail."""
    rows, columns = grid
    r, c = divmod(cell, columns)
    at = (c * PX / columns, r * PX / rows, (c + 1) * PX / columns, (r + 1) * PX / rows)
    return tuple(f"{each:.4g}" for each in at)  # type: ignore[return-value]


def _runs(patches: Sequence[int], grid: tuple[int, int], level: int) -> str:
    """Rectangles of the patches at one level, neighbours in a row as one."""
    rows, columns = grid
    found = []
    for r in range(rows):
        levels = [veil(each) for each in patches[r * columns : (r + 1) * columns]]
        c = 0
        for own, run in groupby(levels):
            n = len(list(run))
            if own == level:
                left, top = c * PX / columns, r * PX / rows
                wide, high = n * PX / columns, PX / rows
                found.append(f"M{left:.4g} {top:.4g}h{wide:.4g}v{high:.4g}h-{wide:.4g}z")
            c += n
    return "".join(found)


def alt(picture: Picture, grid: tuple[int, int] | None) -> str:
    """A picture in words: its caption, and where the latent fires in it."""
    says = picture.says or picture.id
    if picture.patches is None or grid is None or not any(picture.patches):
        return says
    r, c = divmod(picture.patches.index(max(picture.patches)), grid[1])
    return f"{says} Strongest in row {r + 1}, column {c + 1} of {grid[0]} by {grid[1]}."


def marks(caption: Caption) -> list[tuple[str, int]]:
    """Parts of a caption with levels from 0 to 4; what is under a fifth of the strongest has 0."""
    return [(text, min(4, share // 20)) for text, share in caption.parts]


def scatter(pairs: Together) -> Markup:
    """Image firing across, text firing up, a dot a pair; each axis up to its own maximum."""
    room = PLOT - 2 * MARGIN
    dots = "".join(
        f"M{MARGIN + x * room / 100:.1f} {PLOT - MARGIN - y * room / 100:.1f}h0"
        for x, y in pairs.points
    )
    says = (
        f"Of {pairs.n:,} pairs of val, {pairs.both:,} fire both picture and caption, "
        f"{pairs.image_only:,} the picture alone, {pairs.text_only:,} the caption alone."
    )
    return Markup(
        '<svg class="scatter" viewBox="0 0 {0} {0}" role="img" aria-label="{1}">'
        '<path class="axis" d="M{2} {2}V{3}H{3}"/><path class="dots" d="{4}"/></svg>'
    ).format(PLOT, says, MARGIN, PLOT - MARGIN, Markup(dots))


def slug(gallery: Gallery) -> str:
    """What a gallery is called in the page's own links."""
    said = gallery.asked.model_dump_json()
    return "g" + hashlib.sha256(said.encode()).hexdigest()[:10]


def partner(latent: Latent) -> str:
    """Which latents of the two towers the map puts together."""
    image, text = latent.image.native, latent.text.native
    if image is None:
        return f"text latent {text}, no image latent"
    if text is None:
        return f"image latent {image}, no text latent"
    if image == text:
        return f"latent {image} of both towers"
    return f"image latent {image} with text latent {text}"
