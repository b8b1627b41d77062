"""Latents turned towards random directions: by one angle all of them, or some of them wholly.

    decoder row     cos θ · w + sin θ · |w| · o           o a random unit vector, o ⟂ w
    encoder column  cos θ · e + sin θ · λ · o'            o' ⟂ e, λ so that it varies as e does

λ compares what both make of train rows: a random direction of a detector's own length would drown
what the detector sees, since a detector lies where rows vary little.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import is_dataclass, replace
from typing import Any, cast

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import normalize

from benchmark.audit.levels import Point
from benchmark.audit.places import chosen, generator
from benchmark.contracts import MODALITIES, Dictionary, Modality, Planted, Subject
from benchmark.sae.dictionaries import Paired, Tower

ROWS = 8192
"""Train rows on which a direction's loudness is measured."""
Angles = Mapping[Modality, Float[Tensor, " m"]]


def rotated(subject: Subject, point: Point) -> Subject:
    """Every latent turned by the level times 90°."""

    def angle(m: int, modality: Modality) -> Float[Tensor, " m"]:
        del modality
        return torch.full((m,), point.level * math.pi / 2)

    return with_dictionary(subject, turned(subject, angle, point))


def mixed(subject: Subject, point: Point) -> Subject:
    """A share of the latents turned by 90°: random ones, as loud on train, in their place."""
    picked = chosen(subject, point)

    def angle(m: int, modality: Modality) -> Float[Tensor, " m"]:
        del m
        return picked[modality] * (math.pi / 2)

    return with_dictionary(subject, turned(subject, angle, point))


def with_dictionary(subject: Subject, dictionary: Dictionary) -> Subject:
    """The subject under another dictionary, nothing of the old one kept."""
    return subject.with_(artifact=replace(subject.artifact, dictionary=dictionary), siblings=())


def turned(
    subject: Subject, angle: Callable[[int, Modality], Float[Tensor, " m"]], point: Point
) -> Dictionary:
    """The dictionary with each latent turned by its angle.

    Raises ValueError for one that is neither made of towers nor of planted atoms.
    """
    dictionary: Any = subject.dictionary
    if isinstance(dictionary, Paired):
        towers = {
            m: _tower(dictionary.tower(m), angle(dictionary.tower(m).d_sae, m), subject, m, point)
            for m in MODALITIES
        }
        return Paired(towers["image"], towers["text"], dictionary.frame)
    planted = getattr(dictionary, "planted", None)
    if isinstance(planted, Planted) and is_dataclass(dictionary):
        atoms = {}
        for m, rows in zip(MODALITIES, (planted.image_atoms, planted.text_atoms), strict=True):
            aside = _aside(rows, generator(point, "decoder", m)) * rows.norm(dim=1, keepdim=True)
            atoms[m] = _between(rows, aside, angle(len(rows), m))
        planted = replace(planted, image_atoms=atoms["image"], text_atoms=atoms["text"])
        return cast(Dictionary, replace(cast(Any, dictionary), planted=planted))
    raise ValueError(
        f"{type(dictionary).__name__} cannot be turned: wanted towers or planted atoms"
    )


def _tower(
    tower: Tower, angles: Float[Tensor, " m"], subject: Subject, modality: Modality, point: Point
) -> Tower:
    encoder, decoder = tower.W_enc.T, tower.W_dec
    u = subject.train.rows(modality)[:ROWS].to(encoder) * tower.scale - tower.b_dec
    aside = _aside(encoder, generator(point, "encoder", modality))
    loud, wanted = ((u @ rows.T).std(0, correction=0) for rows in (aside, encoder))
    aside = aside * (wanted / loud.clamp_min(1e-12))[:, None]
    length = decoder.norm(dim=1, keepdim=True)
    across = _aside(decoder, generator(point, "decoder", modality)) * length
    return replace(
        tower,
        W_enc=_between(encoder, aside, angles).T.contiguous(),
        W_dec=_between(decoder, across, angles),
    )


def _aside(rows: Float[Tensor, "m d"], drawn: torch.Generator) -> Float[Tensor, "m d"]:
    """A random unit vector for each row, orthogonal to it."""
    out = torch.randn(rows.shape, generator=drawn).to(rows)
    unit = normalize(rows, dim=1)
    return normalize(out - (out * unit).sum(1, keepdim=True) * unit, dim=1)


def _between(
    rows: Float[Tensor, "m d"], aside: Float[Tensor, "m d"], angles: Float[Tensor, " m"]
) -> Float[Tensor, "m d"]:
    """Rows turned towards others by an angle each; those of angle 0 to the last bit what they were.

    At 90° nothing of the row is left.
    """
    quarter = angles >= math.pi / 2
    cos = torch.where(quarter, 0.0, angles.cos())[:, None].to(rows)
    return cos * rows + angles.sin()[:, None].to(rows) * aside
