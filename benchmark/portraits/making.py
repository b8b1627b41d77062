"""Makes the gallery of one fitted dictionary: facts, choice, pictures, captions, map."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from benchmark.activations.views import seen
from benchmark.contracts import MODALITIES
from benchmark.portraits.choice import Chosen, chosen, rule
from benchmark.portraits.clusters import clustered
from benchmark.portraits.columns import columns, strongest
from benchmark.portraits.describing import counted, name_of, naming, side, together
from benchmark.portraits.facts import Facts, facts_of
from benchmark.portraits.looking import Looks, has_pictures, looks
from benchmark.portraits.mapping import directions_map
from benchmark.portraits.opening import Sitter
from benchmark.portraits.records import (
    Asked,
    Caption,
    Gallery,
    Latent,
    Overview,
    Picture,
    Together,
)
from benchmark.portraits.shelf import PortraitShelf
from benchmark.portraits.thumbnails import thumbnail

PICTURES, CAPTIONS = 6, 4


def gallery(asked: Asked, sitter: Sitter, shelf: PortraitShelf) -> Gallery:
    """The portraits of a dictionary; thumbnails are put on the shelf, the record is not."""
    subject = sitter.subject
    facts = facts_of(subject)
    texts = tuple(seen(sitter.val, asked.limit).captions)
    picked, named = picks(asked, facts)
    latents = [each.index for each in picked]
    of = {m: columns(subject.codes("test", m), latents) for m in MODALITIES}
    pictures = {j: strongest(of["image"][:, n], PICTURES).tolist() for n, j in enumerate(latents)}
    captions = {j: _captions(of["text"][:, n], texts) for n, j in enumerate(latents)}
    marked = looks(sitter, pictures, captions, texts)
    frames = _thumbs(sitter, pictures, shelf)
    said = _first_captions(sitter)
    shown = tuple(
        _latent(
            each,
            facts,
            tuple(
                Picture(
                    id=subject.test.ids[i],
                    thumb=frames.get(i),
                    value=float(of["image"][i, n]),
                    patches=marked.patches.get((each.index, i)),
                    says=texts[said[i]] if i in said else "",
                )
                for i in pictures[each.index]
            ),
            tuple(
                _caption(each.index, i, float(of["text"][i, n]), texts[i], marked)
                for i in captions[each.index]
            ),
            together(sitter, of["image"][:, n], of["text"][:, n], each.index),
        )
        for n, each in enumerate(picked)
    )
    return Gallery(
        asked=asked,
        n_images=subject.test.n_images,
        n_captions=subject.test.n_texts,
        grid=marked.grid,
        patches_say=marked.patches_say,
        words_say=marked.words_say,
        rule=rule(asked.n_latents, named),
        chance_r=facts.chance_r,
        counted=counted(facts),
        latents=shown,
        overview=overview(sitter, facts, texts),
    )


def picks(asked: Asked, facts: Facts) -> tuple[tuple[Chosen, ...], int]:
    """The latents that the rule chooses, and how many concepts have a latent named after them."""
    names = naming(facts)
    alive = facts.alive["image"] | facts.alive["text"]
    rate = np.maximum(facts.train_rate["image"], facts.train_rate["text"])
    none = np.full(facts.width, -1)
    concept = none if names is None else names.concept
    f_half = np.zeros(facts.width) if names is None else names.f_half
    named = len(np.unique(concept[(concept >= 0) & alive]))
    found = chosen(asked.n_latents, asked.checkpoint, rate, alive, concept, f_half, facts.concepts)
    return found, named


def _latent(
    each: Chosen,
    facts: Facts,
    pictures: tuple[Picture, ...],
    captions: tuple[Caption, ...],
    pairs: Together | None,
) -> Latent:
    j = each.index
    both = facts.alive["image"][j] and facts.alive["text"][j]
    cosine = None if facts.cosine is None or np.isnan(facts.cosine[j]) else facts.cosine[j]
    return Latent(
        index=j,
        why=each.why,
        kind=facts.kind[j],
        name=name_of(facts, j),
        image=side(facts, "image", j),
        text=side(facts, "text", j),
        r=float(facts.r[j]) if both else None,
        cosine=None if cosine is None else float(cosine),
        modality_score=float(facts.modality_score[j]),
        pictures=pictures,
        captions=captions,
        together=pairs,
    )


def _captions(values: Float[np.ndarray, " n"], texts: Sequence[str]) -> list[int]:
    """The strongest captions, equal ones once."""
    found: dict[str, int] = {}
    for i in strongest(values, 10 * CAPTIONS).tolist():
        found.setdefault(texts[i], i)
    return list(found.values())[:CAPTIONS]


def _caption(latent: int, i: int, value: float, text: str, marked: Looks) -> Caption:
    return Caption(value=value, parts=marked.words.get((latent, i), ((text, 0),)))


def _first_captions(sitter: Sitter) -> dict[int, int]:
    """The first caption of each picture."""
    owner = sitter.subject.test.caption_of.cpu().numpy()
    pictures, first = np.unique(owner, return_index=True)
    return dict(zip(pictures.tolist(), first.tolist(), strict=True))


def _thumbs(sitter: Sitter, pictures: dict[int, list[int]], shelf: PortraitShelf) -> dict[int, str]:
    """A thumbnail of every picture that is shown, where there are pictures."""
    if not has_pictures(sitter):
        return {}
    every = sorted({i for of in pictures.values() for i in of})
    return {i: shelf.put_thumb(thumbnail(sitter.val.images(i, i + 1)[0])) for i in every}


def overview(sitter: Sitter, facts: Facts, texts: Sequence[str]) -> Overview:
    """The map of directions and the clusters of firing."""
    points, explained, apart = directions_map(sitter.subject, facts)
    found = clustered(sitter.subject, facts, texts, points)
    return Overview(
        points=points,
        explained=explained,
        apart=apart,
        clusters=found.clusters,
        silhouette=found.silhouette,
        pairs=found.pairs,
        weakest=found.weakest,
    )
