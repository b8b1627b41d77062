"""Figures of a run as SVG that follows the page: its colours, its letters, nothing from outside.

Drawn once: what was drawn is kept by the content that it shows, so that a second page is instant.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup, escape

from benchmark.reports.figures import present
from benchmark.reports.html.rendering import inert
from benchmark.reports.lineup import Line, lineup
from benchmark.reports.panels import Panel
from benchmark.results import Document, to_json, write_whole

FORMAT = 5
PT = 4 / 3
"""Pixels of a page in a point."""
ACROSS = 4
"""Panels side by side."""
ROW, HEAD, FOOT, PANEL, LETTER = 0.2, 0.75, 0.3, 2.1, 0.068
"""Inches: one row, what stands over and under rows, one panel, one letter of a label."""
THEME = {
    "#000000": "ink",
    "black": "ink",
    "#262626": "ink",
    "#333333": "ink",
    "#555555": "soft",
    "#6e6e6e": "soft",
    "#777777": "soft",
    "#7b7b7b": "soft",
    "#9a9a9a": "soft",
    "#a0a0a0": "soft",
    "#a3a3a3": "soft",
    "#404040": "soft",
    "#444444": "soft",
    "#c4c4c4": "strong-rule",
    "#b8b8b8": "strong-rule",
    "#efefef": "rule",
    "#e6f0f6": "accent-ground",
    "#ffffff": "ground",
    "white": "ground",
    "#0b5c8a": "image",
    "#7fa8c0": "faded",
    "#b5382a": "floor",
    "#b07800": "text",
    "#3d7a3d": "ceiling",
    "#0072b2": "image",
    "#d55e00": "text",
    "#009e73": "accent",
    "#7a4a1e": "text",
    "#4b3f8f": "violet",
    "#332288": "violet",
}
"""Colours of figures by the name of the page's own."""
COLOUR = re.compile(r"#[0-9a-fA-F]{6}\b")
FAMILY = re.compile(r"(font: [^\"]*?)'[^']*'(, [^;\"]*)?|font-family: [^;\"]*")


class Figures:
    """SVG of a run, kept in a folder by what it shows."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def kept(
        self, name: str, of: Any, draw: Callable[[], Sequence[Any]], says: str
    ) -> list[Markup]:
        """What `draw` makes as themed SVG, `of` being all that it depends on."""
        content = json.dumps([FORMAT, name, says, of], sort_keys=True, default=str)
        key = hashlib.sha256(content.encode()).hexdigest()[:16]
        file = self.folder / f"{name}-{key}.json"
        try:
            found = json.loads(file.read_text())
            if isinstance(found, list) and all(isinstance(each, str) for each in found):
                return [Markup(each) for each in found]
        except (OSError, ValueError):
            pass
        made = [themed(figure, f"{key}{i}", says) for i, figure in enumerate(draw())]
        write_whole(file, json.dumps(made).encode())
        return [Markup(each) for each in made]

    def there(self, name: str) -> bool:
        """Whether anything of this name was drawn before."""
        return any(self.folder.glob(f"{name}-*.json"))


def themed(figure: Any, key: str, says: str) -> str:
    """A figure as SVG, closed: text as text, ids of its own, colours by the page's names."""
    import matplotlib as mpl
    import matplotlib.pyplot as plt

    out = io.StringIO()
    none = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": key}):
        figure.savefig(out, format="svg", metadata=none, transparent=True)
    plt.close(figure)
    text = out.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.S)
    text = re.sub(r"<!--.*?-->\s*|<style.*?</style>\s*", "", text, flags=re.S)
    text = re.sub(r'\bid="', f'id="f{key}-', text)
    text = re.sub(r'(xlink:href="#|url\(#)', rf"\g<1>f{key}-", text)
    text = text.replace("xlink:href", "href")
    text = re.sub(r' (width|height)="[\d.]+pt"', "", text, count=2)
    wide = float(re.findall(r'viewBox="[\d.]+ [\d.]+ ([\d.]+)', text)[0])
    label = escape(says)
    opening = (
        f'<svg class="figure" role="img" aria-label="{label}" style="width:{wide * PT:.0f}px" '
    )
    text = text.replace("<svg ", opening, 1)
    text = re.sub(r' xmlns(:xlink)?="[^"]*"', "", text)
    text = FAMILY.sub(lambda m: f"{m[1]}var(--sans)" if m[1] else "font-family: var(--sans)", text)
    text = COLOUR.sub(_named, text)
    text = re.sub(r"(fill|stroke): (white|black)\b", _worded, text)
    text = re.sub(r'(<text style="(?![^"]*fill))', r"\1fill: var(--ink); ", text)
    return str(inert(re.sub(r"\n\s*", "\n", text)))


def _named(found: re.Match[str]) -> str:
    name = THEME.get(found[0].lower())
    return f"var(--{name})" if name else found[0]


def _worded(found: re.Match[str]) -> str:
    return f"{found[1]}: var(--{THEME[found[2]]})"


def panel_figures(shown: Sequence[Panel]) -> list[Any]:
    """The main scores of one place: panels with the same rows, few side by side."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt
    import seaborn as sns

    from benchmark.reports.drawing import draw, heights

    sns.set_theme(style="white", context="paper", font="DejaVu Sans")
    lines: list[Line] = present(lineup(shown), list(shown))
    high = heights(lines)[1]
    rows = [shown[i : i + ACROSS] for i in range(0, len(shown), ACROSS)]
    columns = max(map(len, rows))
    across = LETTER * max(len(line.label) for line in lines) + PANEL * columns
    tall = HEAD + FOOT + ROW * high
    drawn, axes = plt.subplots(
        len(rows),
        columns,
        figsize=(across, tall * len(rows)),
        squeeze=False,
        layout="constrained",
    )
    for row, own in zip(axes, rows, strict=True):
        for i, axis in enumerate(row):
            if i >= len(own):
                axis.set_visible(False)
                continue
            draw(axis, own[i], lines)
            if i:
                axis.set_yticklabels([])
    return [drawn]


def block_figures(document: Document) -> list[Any]:
    """Scores over blocks, where there are several."""
    from benchmark.reports.blocks import drawn_blocks

    found = drawn_blocks(document)
    return [] if found is None else [found]


def content_of(document: Document) -> str:
    """A checksum of everything that a document says."""
    return hashlib.sha256(to_json(document).encode()).hexdigest()
