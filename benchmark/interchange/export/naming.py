"""What latents are called, beside an export: our own naming from text, and a user's descriptions.

Own names need the run's backend and data again, and concept labels of its captions; nothing of the
test split is read. A given description agrees where it holds the own name's words.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmark.contracts import Artifact, Subject, derived_seed, silent
from benchmark.interchange.descriptions import Descriptions, read_descriptions
from benchmark.interchange.export.choosing import Fitted
from benchmark.metrics.naming import Names, names_of
from benchmark.run.materials import Materials, gather
from benchmark.run.request import Request
from benchmark.sae.checkpoints import load_patch
from benchmark.sae.frames import DenseMap

FILE = "latents.jsonl"
DRAWS = 20


@dataclass(frozen=True)
class Agreement:
    """Of latents with an own name and a description: how many agree, and by chance."""

    n: int
    share: float
    by_chance: float
    """With the descriptions dealt out anew, the mean of 20 draws."""

    def __str__(self) -> str:
        return (
            f"of {self.n} latents with both, {self.share:.0%} of the descriptions hold our own "
            f"name ({self.by_chance:.0%} by chance)"
        )


def latents(fitted: Fitted, asked: str) -> tuple[bytes, str]:
    """The file of names, and a line about it; `asked` is `own` or a file of descriptions.

    Raises ValueError, one line, where nothing can be named.
    """
    if isinstance(fitted.frame, DenseMap):
        raise ValueError("a dense map leaves no latent of its own to be named: leave it out")
    n = fitted.dictionary.text.d_sae
    if asked == "own":
        named = own_names(fitted)
        return packed(named, {}), f"{len(named)} of {n} text latents have a name"
    given = read_descriptions(Path(asked), n)
    line = f"{len(given)} of {n} text latents have a description"
    try:
        named = own_names(fitted)
    except ValueError as error:
        return packed({}, given), f"{line}; not held against our own names: {error}"
    return packed(named, given), f"{line}; {agreement(named, given) or 'none has a name of ours'}"


def own_names(fitted: Fitted) -> dict[int, dict[str, Any]]:
    """By text latent: its name, precision and lift on val. Raises ValueError where none can be."""
    materials = opened(fitted)
    train, val = materials.split("train"), materials.split("val")
    if train.concepts is None or val.concepts is None:
        raise ValueError(f"{fitted.cell.data.name} has no concept labels to name latents by")
    artifact = Artifact(fitted.dictionary, materials.site, k=fitted.k)
    subject = Subject(artifact, train, val, val, seed=fitted.cell.seed)
    return by_text_latent(names_of(subject), train.concepts.names, fitted)


def by_text_latent(
    names: Names, words: tuple[str, ...], fitted: Fitted
) -> dict[int, dict[str, Any]]:
    """Names of aligned latents told by the text latent that each is."""
    frame, m = fitted.frame, fitted.dictionary.text.d_sae
    target = getattr(frame, "targets", None)
    aligned = list(range(m)) if target is None else target("text").tolist()
    n_image = fitted.dictionary.image.d_sae
    found: dict[int, dict[str, Any]] = {}
    for latent, place in enumerate(aligned):
        if names.concept[place] >= 0:
            found[latent] = {
                "name": words[names.concept[place]],
                "image_latent": place if place < n_image else None,
                "precision": round(float(names.val_precision[place]), 4),
                "lift": round(float(names.val_lift[place]), 3),
            }
    return found


def opened(fitted: Fitted) -> Materials:
    """Backend and data of the run. Raises ValueError where they are others than they were."""
    cell = fitted.cell
    request = Request(
        methods=(),
        given=(),
        tasks=(),
        backends=(cell.backend.name,),
        data=None,
        sites=(cell.site or "",),
        seeds=(cell.seed,),
        split="val",
        variants=(cell.variant,),
        centre=cell.data.centred,
        limit=cell.data.limit,
        batch_size=1024,
        device="cpu",
        output=Path(),
        overwrite="never",
    )
    found = gather(cell.backend.name, request, silent, lambda _: None)
    site = next((s for s in found.backend.sites if s.name == cell.site), None)
    there = (found.backend.revision, found.data.name, found.data.revision)
    if site is None or there != (cell.backend.revision, cell.data.name, cell.data.revision):
        raise ValueError(f"{cell.backend.name} or its data are others than when the run was made")
    found = found.at(site)
    return found if fitted.patch is None else found.patched(load_patch(fitted.patch))


def packed(named: Mapping[int, Mapping[str, Any]], given: Descriptions) -> bytes:
    """A line of JSON for each text latent that is named or described, in order."""
    lines = []
    for latent in sorted({*named, *given}):
        told: dict[str, Any] = {"latent": latent, **named.get(latent, {})}
        if latent in given:
            told["description"] = given[latent][0]
        elif "name" in told:
            told["description"] = told["name"]
        lines.append(json.dumps(told, ensure_ascii=False) + "\n")
    return "".join(lines).encode()


def agreement(named: Mapping[int, Mapping[str, Any]], given: Descriptions) -> Agreement | None:
    """Whether descriptions hold the words of own names; None where no latent has both."""
    both = sorted(set(named) & set(given))
    if not both:
        return None
    texts = [" ".join(given[latent]) for latent in both]
    name = [str(named[latent]["name"]) for latent in both]
    share = sum(map(holds, texts, name)) / len(both)
    draw, chance = random.Random(derived_seed("descriptions")), 0.0
    for _ in range(DRAWS):
        dealt = draw.sample(texts, len(texts))
        chance += sum(map(holds, dealt, name)) / len(both) / DRAWS
    return Agreement(len(both), share, chance)


def holds(text: str, name: str) -> bool:
    """Whether a text has every word of a name, whatever the case and a plural's s."""
    there = {word.rstrip("s") for word in re.findall(r"\w+", text.lower())}
    return all(word.rstrip("s") in there for word in re.findall(r"\w+", name.lower()))
