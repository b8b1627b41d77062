"""What tasks that edit or steer have drawn, small enough to stand on a page."""

from __future__ import annotations

import base64
import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmark.reports.names import short
from benchmark.results import Cell, write_whole

WIDE, QUALITY = 1500, 78
MOST_BYTES, MOST_PIXELS = 1_500_000, 40_000_000
"""Of all exhibits of a page together, and of a picture that is opened at all."""
KEY = 8
"""Letters of a cell's key that end the name of its exhibit."""


@dataclass(frozen=True)
class Strip:
    """One exhibit."""

    task: str
    method: str
    seed: int
    place: str
    source: str
    """A data URI."""
    width: int
    height: int

    @property
    def says(self) -> str:
        return (
            f"{self.task} by {self.method}, seed {self.seed}, {self.place}: single cases of the "
            "split, and curves over what was tried"
        )


def strips(run: Path, cells: Sequence[Cell], kept: Path) -> tuple[list[Strip], list[str]]:
    """The first exhibit of each task, method and place, while there is room; and notes."""
    found: list[Strip] = []
    notes: list[str] = []
    left, bytes_ = 0, 0
    seen: set[tuple[str, ...]] = set()
    for cell, file in _ordered(run / "exhibits", cells):
        of = (cell.task.name, cell.method.name, cell.backend.name, cell.site or "", cell.variant)
        if of in seen:
            left += 1
            continue
        try:
            content, width, height = _small(file, kept)
        except (OSError, ValueError) as error:
            notes.append(f"{file.name} is not shown: {' '.join(str(error).split())}")
            continue
        if bytes_ + len(content) > MOST_BYTES:
            left += 1
            continue
        bytes_ += len(content)
        seen.add(of)
        place = f"{short(cell.backend.name)} · {cell.site or 'all sites'}"
        source = "data:image/webp;base64," + base64.b64encode(content).decode()
        found.append(
            Strip(cell.task.name, cell.method.name, cell.seed, place, source, width, height)
        )
    if left:
        notes.append(f"{left} more, of other seeds or for want of room, lie in {run.name}/exhibits")
    return sorted(found, key=lambda each: (each.task, each.method, each.seed)), notes


def _ordered(folder: Path, cells: Sequence[Cell]) -> list[tuple[Cell, Path]]:
    """The exhibit of each cell, lowest seeds first."""
    files = {path.stem[-KEY:]: path for path in sorted(folder.glob("*.png"))}
    pairs = [
        (cell, files[cell.key[:KEY]])
        for cell in cells
        if cell.status == "scored" and cell.key[:KEY] in files
    ]
    return sorted(pairs, key=lambda pair: (pair[0].seed, pair[0].task.name, pair[0].method.name))


def _small(file: Path, kept: Path) -> tuple[bytes, int, int]:
    """A picture no wider than WIDE as WebP, made once. Raises ValueError where it is none."""
    from PIL import Image

    content = file.read_bytes()
    place = kept / f"exhibit-{hashlib.sha256(content).hexdigest()[:16]}.webp"
    if not place.is_file():
        with Image.open(io.BytesIO(content), formats=["PNG"]) as opened:
            if opened.width * opened.height > MOST_PIXELS:
                raise ValueError(f"it has {opened.width} × {opened.height} pixels, too many")
            image = opened.convert("RGB")
        if image.width > WIDE:
            tall = round(image.height * WIDE / image.width)
            image = image.resize((WIDE, tall), Image.Resampling.LANCZOS)
        out = io.BytesIO()
        image.save(out, "WEBP", quality=QUALITY, method=4)
        write_whole(place, out.getvalue())
    small = place.read_bytes()
    with Image.open(io.BytesIO(small), formats=["WEBP"]) as opened:
        return small, opened.width, opened.height
