"""Activations as files: how many bytes of which split and site, and which are there already."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from benchmark.activations.reading import common_of, entries_of
from benchmark.activations.store import Entry
from benchmark.activations.views import seen
from benchmark.contracts import MODALITIES, Backend, Dataset, Modality, Site
from benchmark.planning.examples import Counts, Material
from benchmark.planning.listed import Listed
from benchmark.planning.outline import Outline

FLOAT = 4
HEADER = 128
"""Bytes before the numbers of a .npy file."""
TOKENS = "/tokens"
UNKNOWN = ("backend", "preprocessing")
"""What tells two models apart in the store, where a plan cannot know it."""


@dataclass(frozen=True)
class Part:
    """Rows of one modality of one split at one site."""

    split: str
    site: str
    modality: Modality
    rows: float
    width: int
    there: bool = False

    @property
    def bytes(self) -> float:
        return self.rows * self.width * FLOAT + HEADER


def parts(
    outline: Outline, found: Material, sites: Sequence[Site], stored: Mapping[Any, bool]
) -> list[Part]:
    """Every array that a run of these sites has in the store; none where rows lie in memory."""
    return [
        part
        for counts in found.counts
        for site in sites
        for part in _of(outline, counts, site, stored)
    ]


def _of(outline: Outline, counts: Counts, site: Site, stored: Mapping[Any, bool]) -> Iterator[Part]:
    many = site.pool == "none"
    rows: dict[str, tuple[Modality, float]] = {
        "image": ("image", counts.images * (outline.patches if many else 1)),
        "text": ("text", texts(outline, counts, site)),
        "negatives": ("text", false_texts(counts, site)),
    }
    for modality, n in rows.values():
        if n:
            there = stored.get((counts.split, site.name, modality), False)
            width = outline.width(site, modality)
            yield Part(counts.split, site.name, modality, n, width, there)


def texts(outline: Outline, counts: Counts, site: Site) -> float:
    """Rows of captions: of each distinct one, token by token where the site keeps them."""
    if site.name.endswith(TOKENS):
        again = counts.captions / max(1, counts.distinct) if outline.text_pass == "joint" else 1
        return counts.all_tokens * again
    return counts.captions if outline.text_pass == "joint" else counts.distinct


def false_texts(counts: Counts, site: Site) -> float:
    return counts.false_tokens if site.name.endswith(TOKENS) else counts.negatives


def stored(
    outline: Outline, data: Dataset, found: Material, sites: Sequence[Site], limit: int | None,
    root: Path,
) -> dict[Any, bool] | None:  # fmt: skip
    """By (split, site, modality) whether the store has it; None where that cannot be told."""
    if outline.in_memory or isinstance(data, Listed) or not outline.preprocessing:
        return None
    there: dict[Any, bool] = {}
    similar: dict[str, bool] | None = None if outline.revision else _manifests(root, outline.name)
    for counts in found.counts:
        common = common_of(data, counts.split, seen(data.split(counts.split), limit))  # type: ignore[arg-type]
        for kind in entries_of(cast(Backend, outline), common, tuple(sites)):
            for entry in kind:
                is_there = (
                    (root / entry.key).is_dir() if similar is None else _told(entry) in similar
                )
                for modality in _modalities(entry):
                    there[counts.split, entry.site.name, modality] = is_there
    return there


def _modalities(entry: Entry) -> list[Modality]:
    return [m for m in MODALITIES if m in entry.names]


def _told(entry: Entry) -> str:
    """What an entry says of itself, without what only the weights tell."""
    return _without(entry.provenance["of"])


def _without(of: Mapping[str, Any]) -> str:
    return json.dumps({k: v for k, v in of.items() if k not in UNKNOWN}, sort_keys=True)


def _manifests(root: Path, name: str) -> dict[str, bool]:
    """What the entries of a backend of that name say of themselves."""
    found = {}
    for file in root.glob("*/manifest.json") if root.is_dir() else ():
        try:
            said = json.loads(file.read_text().rpartition("}")[0] + "}")["provenance"]
        except (OSError, ValueError, KeyError):
            continue
        if said.get("backend") == name and "of" in said:
            found[_without(said["of"])] = True
            alone = {k: v for k, v in said["of"].items() if k != "modality"}
            found[_without(alone)] = True
    return found
