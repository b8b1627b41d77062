"""Draws many scenes with their captions: `python -m benchmark.worlds.contact_sheet --output F`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from benchmark.worlds.backgrounds import SCENE_PX
from benchmark.worlds.captions import false_twins
from benchmark.worlds.glyphs import font_file
from benchmark.worlds.scene import Scene, sample
from benchmark.worlds.scenes import SPLITS

COLUMNS = 4
ZOOM = 2
TEXT_WIDTH, GAP, MARGIN = 330, 14, 24
LINE, FONT_PX, TITLE_PX = 16, 12, 20
TILE_WIDTH = ZOOM * SCENE_PX + TEXT_WIDTH + 2 * GAP
HEADER = 70
PAPER, INK, FALSE_INK, PALE = "#ffffff", "#1c1c1c", "#b3261e", "#6b6b6b"

Line = tuple[str, str, bool]
"""Words, colour, bold."""


def _font(bold: bool, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(font_file("DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"), size)


def wrapped(text: str, font: ImageFont.FreeTypeFont, width: int) -> list[str]:
    """The text in lines of at most `width` pixels, broken at spaces."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if font.getlength(longer) > width and lines[-1]:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def tile_lines(scene: Scene) -> list[Line]:
    """All captions of a scene, the full one bold, and a false twin of it if there is one."""
    entries: list[Line] = []
    for caption in scene.captions():
        entries.append((f"· {caption.text}", INK, caption.full))
    twins = [
        twin
        for caption in scene.captions()
        for twin in false_twins(caption, scene.slots, scene.background)
    ]
    if twins:
        text, _, kind = twins[sum(map(ord, scene.key)) % len(twins)]
        entries.append((f"✗ {text} ({kind}s swapped)", FALSE_INK, False))
    return [
        (line, colour, bold)
        for text, colour, bold in entries
        for line in wrapped(text, _font(bold, FONT_PX), TEXT_WIDTH)
    ]


def _draw_tile(sheet: Image.Image, pen: ImageDraw.ImageDraw, scene: Scene, x: int, y: int) -> None:
    """One scene, enlarged, with its lines to the right."""
    side = ZOOM * SCENE_PX
    picture = Image.fromarray(scene.render()).resize((side, side), Image.Resampling.NEAREST)
    sheet.paste(picture, (x, y))
    for i, (line, colour, bold) in enumerate(tile_lines(scene)):
        pen.text((x + side + GAP, y + i * LINE), line, fill=colour, font=_font(bold, FONT_PX))


def contact_sheet(scenes: Sequence[Scene], title: str) -> Image.Image:
    """All scenes in rows of four; each row as high as its longest captions need."""
    rows = [scenes[i : i + COLUMNS] for i in range(0, len(scenes), COLUMNS)]
    longest = [max(len(tile_lines(scene)) for scene in row) for row in rows]
    heights = [max(ZOOM * SCENE_PX, n * LINE) + GAP for n in longest]
    width = 2 * MARGIN + COLUMNS * TILE_WIDTH - GAP
    sheet = Image.new("RGB", (width, HEADER + sum(heights) + MARGIN), PAPER)
    pen = ImageDraw.Draw(sheet)
    pen.text((MARGIN, 16), title, fill=INK, font=_font(True, TITLE_PX))
    legend = "five true captions a scene, the full one in bold; in red a false twin of one of them"
    pen.text((MARGIN, 44), legend, fill=PALE, font=_font(False, FONT_PX + 1))
    y = HEADER
    for row, height in zip(rows, heights, strict=True):
        for column, scene in enumerate(row):
            _draw_tile(sheet, pen, scene, MARGIN + column * TILE_WIDTH, y)
        y += height
    return sheet


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, required=True, help="PNG file to write")
    parser.add_argument("--n", type=int, default=40, help="scenes to show")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--split", choices=SPLITS, default="test")
    options = parser.parse_args(arguments)
    if options.n < 1:
        parser.error(f"--n is {options.n}, wanted at least 1 scene")
    scenes = [sample(options.seed, options.split, i) for i in range(options.n)]
    title = f"The pocket world: {options.n} {options.split} scenes of seed {options.seed}"
    options.output.parent.mkdir(parents=True, exist_ok=True)
    contact_sheet(scenes, title).save(options.output)
    print(options.output)


if __name__ == "__main__":
    main()
