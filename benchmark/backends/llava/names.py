"""What the spec of a vision-language model stands for: a folder or a hub id, and its options.

`llava:FOLDER`, `llava:ORG/NAME`, a shipped name; options follow a question mark, as in
`llava:FOLDER?text_pass=joint&dtype=bfloat16`. Nothing is fetched or opened here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from benchmark.backends.paths import path_of, standing_at
from benchmark.messages.nearest import hint

ASSETS = Path(__file__).resolve().parents[2] / "assets"
SHIPPED = (
    "pocket-llava",
    "pocket-llava-untrained",
    "pocket-llava-frozen",
    "pocket-llava-frozen-untrained",
    "pocket-llava-frozen-ssl",
    "pocket-llava-frozen-ssl-untrained",
)
"""Names that are folders of assets."""
OPTIONS = {
    "text_pass": ("isolated", "joint"),
    "dtype": ("float32", "bfloat16", "float16"),
}
"""Values of each option; the first is the default."""
HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")


@dataclass(frozen=True)
class Source:
    """Where a model comes from and how it is read."""

    spelling: str
    folder: Path | None
    """A folder; None for a hub id."""
    repository: str
    text_pass: str
    dtype: str


def source(spec: str) -> Source:
    """What a spec stands for. Raises ValueError, one line, where it stands for nothing."""
    name, _, options = spec.removeprefix("llava:").partition("?")
    chosen = _options(spec, options)
    more = "&".join(f"{k}={v}" for k, v in chosen.items() if v != OPTIONS[k][0])
    tail = f"?{more}" if more else ""
    if name in SHIPPED:
        return Source(name + tail, ASSETS / name, "", **chosen)
    folder = path_of(name)
    there = standing_at(folder)
    if there == "a folder" or name.startswith((".", "/", "~")):
        spelled = f"llava:{folder.resolve()}{tail}"
        return Source(spelled, folder, "", **chosen)
    if there == "nothing" and HUB_ID.fullmatch(name):
        return Source(f"llava:{name}{tail}", None, name, **chosen)
    raise ValueError(
        f"llava:{name}: found {there} there, wanted a model folder, a hub id (ORG/NAME) or one of "
        f"{', '.join(SHIPPED)}"
    )


def _options(spec: str, text: str) -> dict[str, str]:
    """Options of a spec with defaults filled in. Raises ValueError on an unknown one."""
    chosen = {key: values[0] for key, values in OPTIONS.items()}
    for item in filter(None, text.split("&")):
        key, _, value = item.partition("=")
        if key not in OPTIONS:
            raise ValueError(f"{spec} has no option {key!r}: {hint(key, OPTIONS)}")
        if value not in OPTIONS[key]:
            raise ValueError(f"{spec}: {key} is {value!r}, wanted {' or '.join(OPTIONS[key])}")
        chosen[key] = value
    return chosen
