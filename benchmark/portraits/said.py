"""What a user's files say of the latents of a run, found before anything is drawn. No torch."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmark.interchange.descriptions import Descriptions, read_descriptions
from benchmark.portraits.records import Gallery


@dataclass(frozen=True)
class Said:
    """Descriptions of text latents from one file, and the method that they are of."""

    path: Path
    method: str
    """Empty where none was named."""
    texts: Descriptions


def read_said(given: Sequence[str], methods: Sequence[str]) -> tuple[Said, ...]:
    """Files given as METHOD=FILE or FILE. Raises ValueError, one line, for what cannot be read."""
    found = []
    for word in given:
        method, _, path = word.partition("=")
        if not path or Path(word).exists():
            method, path = "", word
        if method not in ("", *methods):
            named = ", ".join(dict.fromkeys(methods))
            raise ValueError(f"--descriptions {word}: the run has no {method}, it has {named}")
        found.append(Said(Path(path), method, read_descriptions(Path(path), sys.maxsize)))
    return tuple(found)


def said_of(found: Sequence[Said], galleries: Sequence[Gallery]) -> Mapping[int, Descriptions]:
    """By place among the galleries: what is said of the text latents of that dictionary.

    A file is of one dictionary. Raises ValueError where several could be meant, and for a latent
    that there is not.
    """
    of: dict[int, Descriptions] = {}
    for each in found:
        places = [
            i for i, g in enumerate(galleries) if not each.method or g.asked.method == each.method
        ]
        checkpoints = {galleries[i].asked.checkpoint for i in places}
        if len(checkpoints) > 1:
            raise ValueError(
                f"--descriptions {each.path}: {len(checkpoints)} dictionaries are shown that it "
                "could be of; give METHOD=FILE, and a run of one seed and site"
            )
        for i in places:
            width, most = galleries[i].counted.width, max(each.texts)
            if most >= width:
                raise ValueError(
                    f"{each.path} describes latent {most}, {galleries[i].asked.method} has "
                    f"{width} latents: is it of another?"
                )
            of[i] = each.texts
    return of
