"""What the spec of a vision-language model stands for: a folder or a hub id, and its options.

`llava:FOLDER`, `llava:ORG/NAME`, `llava:ORG/NAME@COMMIT`, a shipped name; options follow a question
mark, as in `llava:FOLDER?text_pass=joint&dtype=bfloat16`. With `weights=untrained` all weights are
drawn from a seed, and nothing else changes. `device_map` spreads a model over the devices at hand,
`quantised` reads its language model in eight or four bits, `side` is the size in pixels at which
pictures are shown to models that take any. Nothing is fetched or opened here.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from benchmark.backends.hub import HUB_ID, Repository
from benchmark.backends.options import (
    DTYPES,
    NUMBER,
    WEIGHTS,
    defaults,
    parsed,
    spelled,
    trained_name,
)
from benchmark.backends.paths import path_of, standing_at

ASSETS = Path(__file__).resolve().parents[2] / "assets"
SHIPPED = ("pocket-llava", "pocket-llava-frozen", "pocket-llava-frozen-ssl")
"""Names that are folders of assets; each with `-untrained` behind it is its control."""
OPTIONS = {
    "weights": WEIGHTS,
    "text_pass": ("isolated", "joint"),
    "dtype": DTYPES,
    "device_map": ("none", "auto", "balanced", "balanced_low_0", "sequential"),
    "quantised": ("none", "8bit", "4bit"),
    "side": ("own", NUMBER),
}
"""Values of each option; the first is the default."""


@dataclass(frozen=True)
class Source:
    """Where a model comes from and how it is read."""

    spelling: str
    folder: Path | None
    """A folder; None for a hub id."""
    repository: Repository | None
    weights: str
    text_pass: str
    dtype: str
    device_map: str
    quantised: str
    side: str
    shipped: str = ""
    """The name of a shipped folder."""

    @property
    def trained(self) -> bool:
        """Whether weights are read; else they are drawn."""
        return self.weights == "trained"

    @property
    def place(self) -> str:
        """What transformers opens."""
        return str(self.folder) if self.repository is None else self.repository.id

    @property
    def pixels(self) -> int | None:
        """The side at which pictures are shown; None is the model's own."""
        return None if self.side == "own" else int(self.side)


def source(spec: str) -> Source:
    """What a spec stands for. Raises ValueError, one line, where it stands for nothing."""
    name, given = parsed(spec, OPTIONS)
    name, given = trained_name(name.removeprefix("llava:"), given, SHIPPED)
    chosen = defaults(OPTIONS) | given
    if name in SHIPPED:
        spelling = spelled(name, given, OPTIONS, shipped=True)
        return Source(spelling, ASSETS / name, None, **chosen, shipped=name)
    folder = path_of(name)
    there = standing_at(folder)
    if there == "a folder" or name.startswith((".", "/", "~")):
        spelling = spelled(f"llava:{folder.resolve()}", given, OPTIONS)
        return Source(spelling, folder, None, **chosen)
    if there == "nothing" and HUB_ID.fullmatch(name):
        spelling = spelled(f"llava:{name}", given, OPTIONS)
        return Source(spelling, None, Repository.named(name), **chosen)
    raise ValueError(
        f"llava:{name}: found {there} there, wanted a model folder, a hub id (ORG/NAME) or one of "
        f"{', '.join(SHIPPED)}"
    )
