"""The official JSAE: `{"model_state_dict": …}` with an encoder and a decoder of each modality.

    z = ReLU(a @ W_e.T + b_e)        â = z @ W_d.T + b_d        arXiv 2606.25657

Latent j of one is latent j of the other. Encoders are `nn.Sequential(Linear, ReLU)`, decoders
`Linear`; keys tell images from texts.
"""

from __future__ import annotations

from dataclasses import replace

from torch import Tensor

from benchmark.interchange.coders import Coder
from benchmark.interchange.files import Found
from benchmark.interchange.formats.held import Held, refused, taken
from benchmark.interchange.formats.sides import sided
from benchmark.interchange.options import Options
from benchmark.sae.frames import Same

NAME = "jsae"


def sees(found: Found) -> str | None:
    """What speaks for this format."""
    image, text, _ = sided(found.tensors)
    has = [any(k.startswith("encoder") for k in side) and decoders(side) for side in (image, text)]
    return "an encoder and a decoder layer of each modality" if all(has) else None


def decoders(side: dict[str, Tensor]) -> bool:
    return any(key.startswith("decoder") and key.endswith("weight") for key in side)


def read(found: Found, options: Options) -> Held:
    """Two SAEs. Raises ValueError, one line, where they have different numbers of latents."""
    del options
    sides = sided(found.tensors)[:2]
    coders = [side_of(found, t, name) for t, name in zip(sides, ("image", "text"), strict=True)]
    image, text = coders
    if image.d_sae != text.d_sae:
        raise refused(
            found.told,
            f"its image SAE has d_sae = {image.d_sae}, its text SAE {text.d_sae}: latent j of one "
            "is to be latent j of the other",
        )
    return Held(image=image, text=text, frame=Same(image.d_sae))


def side_of(found: Found, tensors: dict[str, Tensor], name: str) -> Coder:
    """The SAE of one modality."""
    first = "encoder.0" if "encoder.0.weight" in tensors else "encoder"
    last = "decoder.0" if "decoder.0.weight" in tensors else "decoder"
    part = replace(found, told=f"{found.told} ({name})", tensors=tensors)
    axes = {
        f"{first}.weight": "d_sae d_in",
        f"{first}.bias": "d_sae",
        f"{last}.weight": "d_in d_sae",
        f"{last}.bias": "d_in",
    }
    t = taken(part, axes)
    return Coder(
        W_enc=t[f"{first}.weight"].T,
        b_enc=t[f"{first}.bias"],
        W_dec=t[f"{last}.weight"].T,
        b_dec=t[f"{last}.bias"],
        activation="relu",
        subtracts=False,
    )
