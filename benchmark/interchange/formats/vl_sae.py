"""VL-SAE: one encoder by distance, without bias, and a linear decoder with bias of each modality.

    z = TopK_k(2 - ‖x/‖x‖ - w_j/‖w_j‖‖)        x̂ = z @ W_m.T + b_m        arXiv 2510.21323

k is in no key (the published script keeps 256): it is asked for unless a JSON beside it says it.
"""

from __future__ import annotations

from dataclasses import replace

from torch import Tensor

from benchmark.interchange.coders import Coder
from benchmark.interchange.files import Found
from benchmark.interchange.formats.held import Held, number, taken
from benchmark.interchange.formats.sides import sided
from benchmark.interchange.options import Options
from benchmark.sae.frames import Same

NAME = "vl-sae"


def sees(found: Found) -> str | None:
    """What speaks for this format."""
    image, text, both = sided(found.tensors)
    one = matrices(both, "enc")
    two = [matrices(side, "dec") for side in (image, text)]
    has_bias = any("enc" in key and key.endswith("bias") for key in both)
    if len(one) == 1 and all(len(each) == 1 for each in two) and not has_bias:
        return "one encoder without bias and two decoders"
    return None


def matrices(tensors: dict[str, Tensor], word: str) -> list[str]:
    return [key for key, t in tensors.items() if word in key.lower() and t.ndim == 2]


def read(found: Found, options: Options) -> Held:
    """Two decoders of one encoder."""
    del options
    image, text, both = sided(found.tensors)
    (key,) = matrices(both, "enc")
    coders = {}
    for name, side in (("image", image), ("text", text)):
        (weight,) = matrices(side, "dec")
        bias = weight.removesuffix("weight") + "bias" if weight.endswith("weight") else "bias"
        tensors = {key: both[key], **side}
        part = replace(found, told=f"{found.told} ({name})", tensors=tensors)
        t = taken(part, {key: "d_sae d_in", weight: "d_in d_sae", bias: "d_in"})
        coders[name] = Coder(
            W_enc=t[key].T,
            b_enc=t[key].new_zeros(len(t[key])),
            W_dec=t[weight].T,
            b_dec=t[bias],
            activation="distance",
            k=number(found.config, "k", "topk", "top_k"),
        )
    return Held(image=coders["image"], text=coders["text"], frame=Same(coders["image"].d_sae))
