"""Whether a dictionary of unknown origin is one that its method could have left: shapes, budget."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor

from benchmark.contracts import MODALITIES, Artifact
from benchmark.sae.dictionaries import Paired, Tower
from benchmark.sae.frames import DenseMap, Matched, Same


def check_artifact(artifact: Artifact, config: Mapping[str, Any]) -> None:
    """Raises ValueError, one line, for the first thing that is not as it must be.

    `config` is the method's, as the cells have it: the budget that its latents must keep to.
    """
    dictionary = artifact.dictionary
    assert isinstance(dictionary, Paired)
    for side in MODALITIES:
        for wrong in tower_faults(dictionary.tower(side)):
            raise ValueError(f"its {side} dictionary {wrong}")
    for wrong in (*frame_faults(dictionary), *budget_faults(artifact, config)):
        raise ValueError(wrong)
    for name, weights in artifact.patch.items():
        if not torch.isfinite(weights).all():
            raise ValueError(f"its patch of {name[:60]} holds numbers that are not finite")


def tower_faults(tower: Tower) -> Iterator[str]:
    """What is wrong with the tensors of one tower, in words that follow "its image dictionary"."""
    parts = {name: value for name, value in vars(tower).items() if isinstance(value, Tensor)}
    if tower.W_enc.ndim != 2:
        yield f"has W_enc of shape {list(tower.W_enc.shape)}, wanted [d, m]"
        return
    d, m = tower.W_enc.shape
    wanted = {"W_enc": [d, m], "b_enc": [m], "W_dec": [m, d], "b_dec": [d], "threshold": [m]}
    for name, value in parts.items():
        if list(value.shape) != wanted[name]:
            yield f"has {name} of shape {list(value.shape)}, wanted {wanted[name]}"
        elif not value.is_floating_point():
            yield f"has {name} of {value.dtype}, wanted floating point numbers"
        elif not torch.isfinite(value).all():
            bad = int((~torch.isfinite(value)).sum())
            yield f"has {bad:,} numbers in {name} that are not finite"
    if not (math.isfinite(tower.scale) and tower.scale > 0):
        yield f"has scale {tower.scale}, wanted a positive number"
    if tower.k is not None and not 1 <= tower.k <= m:
        yield f"has k {tower.k}, wanted 1 to its {m} latents"


def frame_faults(dictionary: Paired) -> Iterator[str]:
    """Where the aligned frame is not one of these two towers."""
    frame, m = dictionary.frame, {side: dictionary.tower(side).d_sae for side in MODALITIES}
    if isinstance(frame, Same):
        if {frame.width} != set(m.values()):
            yield f"its frame has {frame.width} latents, its towers {m['image']} and {m['text']}"
    elif isinstance(frame, Matched):
        mapped = frame.image_of
        if frame.n_image != m["image"] or list(mapped.shape) != [m["text"]]:
            yield (
                f"its map is of {frame.n_image} image and {list(mapped.shape)} text latents, its "
                f"towers have {m['image']} and {m['text']}"
            )
        elif mapped.is_floating_point() or bool((mapped < -1).any()):
            yield "its map names latents that there are not"
    elif isinstance(frame, DenseMap):
        yield from _dense_faults(frame, m)


def _dense_faults(frame: DenseMap, m: Mapping[Any, int]) -> Iterator[str]:
    maps = {"image": frame.image_map, "text": frame.text_map}
    centres = {"image": frame.image_centre, "text": frame.text_centre}
    for side in MODALITIES:
        wanted = [m[side], maps["image"].shape[-1]]
        if list(maps[side].shape) != wanted or list(centres[side].shape) != [m[side]]:
            yield f"its {side} map has shape {list(maps[side].shape)}, wanted {wanted}"
        elif not (torch.isfinite(maps[side]).all() and torch.isfinite(centres[side]).all()):
            yield f"its {side} map holds numbers that are not finite"


def budget_faults(artifact: Artifact, config: Mapping[str, Any]) -> Iterator[str]:
    """Where a dictionary has more than the configuration that its cells name."""
    allowed, latents = config.get("k"), config.get("n_latents")
    if isinstance(allowed, int) and artifact.k is not None and artifact.k > allowed:
        yield f"its codes are truncated to k = {artifact.k}, the cells say k = {allowed}"
    if isinstance(latents, int) and n_latents(artifact.dictionary) > latents:
        yield (
            f"it has {n_latents(artifact.dictionary):,} latents, the cells say n_latents = "
            f"{latents:,}"
        )


def n_latents(dictionary: Any) -> int:
    """Latents of both modalities; of towers that share an encoder or a decoder each counts once."""
    image, text = dictionary.image, dictionary.text
    shared = image.W_enc is text.W_enc or image.W_dec is text.W_dec
    return max(image.d_sae, text.d_sae) if shared else image.d_sae + text.d_sae
