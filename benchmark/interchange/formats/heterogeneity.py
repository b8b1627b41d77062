"""Heterogeneity paper: `PreTrainedModel`s with `encoder.{weight,bias}`, `W_dec`, `b_dec`.

    z = TopK_k(ReLU((x - b_dec) @ W_e.T + b_e))        x̂ = z @ W_dec + b_dec        arXiv 2606.29888

One SAE for both modalities, or two of them in one file; `perm.npz` beside them holds the map,
z_T[:, perm]: aligned latent i of texts is their own latent perm[i].
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from benchmark.interchange.coders import Coder
from benchmark.interchange.files import Found
from benchmark.interchange.formats.held import Held, number, some, taken
from benchmark.interchange.formats.sides import sided
from benchmark.interchange.options import Options
from benchmark.sae.frames import Matched, disjoint

NAME = "heterogeneity"
AXES = {
    "encoder.weight": "d_sae d_in",
    "encoder.bias": "d_sae",
    "W_dec": "d_sae d_in",
    "b_dec": "d_in",
}
SAYS = {"latent_size", "hidden_size", "model_type", "transformers_version", "architectures"}


def sees(found: Found) -> str | None:
    """What speaks for this format."""
    image, text, both = sided(found.tensors)
    if set(AXES) <= set(image) and set(AXES) <= set(text):
        return "two SAEs with encoder.weight, W_dec and b_dec"
    says = sorted(SAYS & set(found.config))
    return says[0] + " in its configuration" if set(AXES) <= set(both) and says else None


def read(found: Found, options: Options) -> Held:
    """One SAE or two, with their map where there is one."""
    del options
    image, text, both = sided(found.tensors)
    if not image:
        return Held(one=side_of(found, both, ""))
    coders = {"image": side_of(found, image, "image"), "text": side_of(found, text, "text")}
    m = {name: coder.d_sae for name, coder in coders.items()}
    frame = disjoint(m["image"], m["text"])
    if found.more:
        frame = permuted(permutation(found), m["image"], m["text"], found.told)
    return Held(image=coders["image"], text=coders["text"], frame=frame)


def side_of(found: Found, tensors: dict[str, Tensor], name: str) -> Coder:
    """One SAE of the file."""
    where = f"{found.told} ({name})" if name else found.told
    t = taken(replace(found, told=where, tensors=tensors), AXES)
    return Coder(
        W_enc=t["encoder.weight"].T,
        b_enc=t["encoder.bias"],
        W_dec=t["W_dec"],
        b_dec=t["b_dec"],
        activation="topk",
        k=number(found.config, "k", "topk", "top_k"),
        told=some(found.config, model="model_name"),
    )


def permutation(found: Found) -> np.ndarray:
    """The map: `perm`, or the only array of whole numbers. Raises ValueError, one line."""
    whole = {
        k: a for k, a in found.more.items() if a.ndim == 1 and np.issubdtype(a.dtype, np.integer)
    }
    if "perm" in whole or len(whole) == 1:
        return whole["perm"] if "perm" in whole else next(iter(whole.values()))
    shown = ", ".join(f"{k} {list(a.shape)}" for k, a in sorted(found.more.items()))
    raise ValueError(f"{found.told}: perm.npz holds {shown}, wanted perm [d_sae] of whole numbers")


def permuted(perm: np.ndarray, n_image: int, n_text: int, where: str) -> Matched:
    """Aligned text latent i is latent perm[i]. Raises ValueError where it is no one-to-one map."""
    told = f"{where}: perm has {len(perm)} entries"
    if len(perm) > n_image:
        raise ValueError(f"{told}, wanted one for each of the {n_image} image latents at most")
    if len(perm) and not (perm.min() >= 0 and perm.max() < n_text):
        raise ValueError(f"{told} up to {perm.max()}, its text SAE has d_sae = {n_text}")
    if len(np.unique(perm)) != len(perm):
        raise ValueError(f"{told}, some of them twice: wanted a one-to-one map")
    image_of = torch.full((n_text,), -1)
    image_of[torch.from_numpy(perm.astype(np.int64))] = torch.arange(len(perm))
    return Matched(n_image, image_of)
