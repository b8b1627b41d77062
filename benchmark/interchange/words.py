"""The words of `--checkpoint`: which SAE is whose, what the row is called, what to know of it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

PLACES = ("image", "text", "map", "patch", "name", "format")
WANTED = "wanted PATH, or image=PATH text=PATH, and NAME=VALUE words as name=my-sae or k=32"


@dataclass(frozen=True)
class Words:
    """One `--checkpoint` as it was written."""

    name: str
    one: str | None = None
    image: str | None = None
    text: str | None = None
    map: str | None = None
    patch: str | None = None
    format: str = "auto"
    sets: dict[str, str] = field(default_factory=dict)
    """Fields of the row, as `--set` takes them."""


def words_of(said: Sequence[str], asked: str = "auto") -> Words:
    """The words of one flag; `asked` is the format of `--format`. Raises ValueError, one line."""
    found: dict[str, str] = {}
    sets: dict[str, str] = {}
    for word in said:
        key, equals, value = word.partition("=")
        if not equals or Path(word).exists() or not key.isidentifier():
            key, value, into = "one", word, found
        else:
            into = found if key in PLACES else sets
        if not value:
            raise ValueError(f"--checkpoint {word}: {WANTED}")
        if key in into:
            raise ValueError(
                f"--checkpoint names {'two paths' if key == 'one' else f'{key}= twice'}, "
                f"{into[key]} and {value}: wanted image=PATH text=PATH for two SAEs, and one "
                "--checkpoint for each row"
            )
        into[key] = value
    if "one" in found and ("image" in found or "text" in found):
        raise ValueError(
            f"--checkpoint names {found['one']} beside image= or text=: wanted either one path for "
            "both modalities or a path for each"
        )
    if not {"one", "image", "text"} & set(found):
        raise ValueError(f"--checkpoint {' '.join(said)} names no SAE: {WANTED}")
    found.setdefault("format", asked)
    name = found.pop("name", "") or named_after(found)
    return Words(name=row_name(name), sets=sets, **found)


def named_after(found: dict[str, str]) -> str:
    """What a row is called where nobody says: its folder, or its file where that has a name."""
    spec = found.get("one") or found.get("image") or found["text"]
    if ":" in spec and not Path(spec).exists():
        return spec.partition(":")[2]
    path = Path(spec).resolve()
    usual = path.stem in ("sae_weights", "sae", "ae", "params", "model", "pytorch_model")
    path = path.parent if path.is_file() and usual else path
    twin = path.name in ("image", "text") and path.parent.name
    return path.parent.name if twin else path.stem if path.is_file() else path.name


def row_name(name: str) -> str:
    """A name as methods have them: lower case, digits, dots and hyphens."""
    made = re.sub(r"[^a-z0-9.]+", "-", name.lower()).strip("-.")
    if not made:
        raise ValueError(f"--checkpoint: {name!r} makes no name for its row: say name=my-sae")
    return made
