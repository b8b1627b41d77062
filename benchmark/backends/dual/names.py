"""What the spec of a dual encoder stands for: `dual:FOLDER`, `dual:ORG/NAME`, and its options.

A hub id may name a revision, `dual:ORG/NAME@COMMIT`. Options follow a question mark, as in
`dual:ORG/NAME?dtype=bfloat16`; with `weights=untrained` all weights are drawn from a seed. Nothing
is fetched or opened here.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from benchmark.backends.hub import HUB_ID, Repository
from benchmark.backends.options import DTYPES, WEIGHTS, defaults, parsed, spelled
from benchmark.backends.paths import path_of, standing_at

OPTIONS = {"weights": WEIGHTS, "dtype": DTYPES}
"""Values of each option; the first is the default."""


@dataclass(frozen=True)
class Source:
    """Where a dual encoder comes from."""

    spelling: str
    folder: Path | None
    """A folder; None for a repository of the hub."""
    repository: Repository | None
    weights: str
    dtype: str

    @property
    def trained(self) -> bool:
        """Whether weights are read; else they are drawn."""
        return self.weights == "trained"

    @property
    def place(self) -> str:
        """What transformers opens."""
        return str(self.folder) if self.repository is None else self.repository.id


def source(spec: str) -> Source:
    """What a spec stands for. Raises ValueError, one line, where it stands for nothing."""
    name, given = parsed(spec, OPTIONS)
    name, chosen = name.removeprefix("dual:"), defaults(OPTIONS) | given
    folder = path_of(name)
    there = standing_at(folder)
    if there == "a folder" or name.startswith((".", "/", "~")):
        spelling = spelled(f"dual:{folder.resolve()}", given, OPTIONS)
        return Source(spelling, folder, None, **chosen)
    if there == "nothing" and HUB_ID.fullmatch(name):
        return Source(
            spelled(f"dual:{name}", given, OPTIONS), None, Repository.named(name), **chosen
        )
    raise ValueError(
        f"dual:{name}: found {there} there, wanted a folder of transformers or a hub id, as in "
        f"dual:google/siglip2-base-patch16-224"
    )
