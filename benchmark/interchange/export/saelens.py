"""A tower as SAELens saves an SAE: `sae_weights.safetensors` and `cfg.json` of version 6.

The scale of the rows is folded into the weights, so that codes are the same from raw rows:

    z = act((x - b_dec/s) @ (s W_enc) + b_enc)        x̂ = z @ (W_dec/s) + b_dec/s
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import torch
from safetensors.torch import save
from torch import Tensor

from benchmark.sae.dictionaries import Tower
from benchmark.sae.frames import Same

ARCHITECTURES = {"topk": "topk", "relu": "standard", "jumprelu": "jumprelu"}
LAYOUT = "6.0.0"
"""The version of SAELens whose layout this is."""


def check_activation(tower: Tower, name: str) -> None:
    """Raises ValueError, one line, where SAELens has no architecture for an activation."""
    if tower.activation not in ARCHITECTURES:
        what = {
            "distance": "encodes by distance (VL-SAE)",
            "identity": "has dense codes with signs",
        }[tower.activation]
        raise ValueError(
            f"{name} {what}, for which SAELens has no architecture: --format benchmark writes it"
        )


def weights(tower: Tower) -> dict[str, Tensor]:
    """Tensors under SAELens' names, in single precision."""
    s = tower.scale
    found = {
        "W_enc": tower.W_enc.double() * s,
        "b_enc": tower.b_enc.double(),
        "W_dec": tower.W_dec.double() / s,
        "b_dec": tower.b_dec.double() / s,
    }
    if tower.threshold is not None:
        found["threshold"] = tower.threshold.double().clamp_min(0)
    return {name: t.float().cpu().contiguous() for name, t in found.items()}


def config(tower: Tower, metadata: Mapping[str, Any]) -> dict[str, Any]:
    """`cfg.json`."""
    found: dict[str, Any] = {
        "architecture": ARCHITECTURES[tower.activation],
        "d_in": tower.d_in,
        "d_sae": tower.d_sae,
        "dtype": "float32",
        "device": "cpu",
        "apply_b_dec_to_input": True,
        "normalize_activations": "none",
        "reshape_activations": "none",
        "metadata": {"sae_lens_version": LAYOUT, **metadata},
    }
    if tower.k is not None:
        found |= {"k": tower.k, "rescale_acts_by_decoder_norm": False}
    return found


def files(tower: Tower, metadata: Mapping[str, Any]) -> dict[str, bytes]:
    """Both files of one SAE, by name; the same bytes for the same SAE."""
    told = json.dumps(config(tower, metadata), indent=1, sort_keys=True) + "\n"
    return {"sae_weights.safetensors": save(weights(tower)), "cfg.json": told.encode()}


def is_one(image: Tower, text: Tower, frame: object) -> bool:
    """Whether both modalities have one and the same SAE."""
    if not isinstance(frame, Same):
        return False
    a, b = vars(image), vars(text)
    return all(
        torch.equal(a[n], b[n])
        if isinstance(a[n], Tensor) and isinstance(b[n], Tensor) and a[n].shape == b[n].shape
        else a[n] is b[n] or (not isinstance(a[n], Tensor) and a[n] == b[n])
        for n in a
    )
