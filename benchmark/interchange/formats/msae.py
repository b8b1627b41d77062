"""MSAE: a torch dict with `encoder` [n, l], `decoder` [l, n] or tied, `pre_bias`, `latent_bias`.

    z = act((s (x - mean) - pre_bias) @ encoder + latent_bias)
    x̂ = (z @ decoder + pre_bias) / s + mean

Its activation is in no key: it is asked for unless a JSON beside it says it. arXiv 2502.20578.
"""

from __future__ import annotations

from torch import Tensor

from benchmark.interchange.coders import Coder
from benchmark.interchange.files import Found
from benchmark.interchange.formats.held import Held, number, taken
from benchmark.interchange.options import Options

NAME = "msae"


def sees(found: Found) -> str | None:
    """What speaks for this format."""
    if "encoder" in found.tensors and "latent_bias" in found.tensors:
        return "the keys encoder and latent_bias"
    return None


def read(found: Found, options: Options) -> Held:
    """One SAE. Raises ValueError, one line, where nobody says its activation."""
    wanted = {"encoder": "d_in d_sae", "latent_bias": "d_sae", "pre_bias": "d_in"}
    t = taken(found, {**wanted, "decoder": "?d_sae d_in"})
    said = str(found.config.get("activation", "")).lower()
    k = number(found.config, "k", "topk", "top_k")
    kind = "topk" if "topk" in said or k is not None else "relu" if said == "relu" else None
    if kind is None and options.activation == "auto":
        raise ValueError(
            f"{found.told} does not say its activation, a file of MSAE never does: say it, "
            "--set activation=topk --set k=K or --set activation=relu"
        )
    scale = buffer(found, "scal")
    s = 1.0 if scale is None else float(scale)
    mean = buffer(found, "mean")
    shift = 0.0 if mean is None else s * mean
    coder = Coder(
        W_enc=t["encoder"],
        b_enc=t["latent_bias"],
        W_dec=t.get("decoder", t["encoder"].T),
        b_dec=t["pre_bias"] + shift,
        activation="topk" if kind == "topk" else "relu",
        k=k if kind == "topk" else None,
        scale=None if scale is None else s,
    )
    return Held(one=coder)


def buffer(found: Found, word: str) -> Tensor | None:
    """The mean or the scaling of its input, kept beside the weights. Raises ValueError for more.

    Raises ValueError, one line, where several keys could be it or its shape is another.
    """
    keys = sorted(key for key in found.tensors if word in key.lower())
    if not keys:
        return None
    shape = tuple(found.tensors[keys[0]].shape)
    d = found.tensors["encoder"].shape[0]
    fits = shape in ((), (1,)) if word == "scal" else shape in ((), (1,), (d,), (1, d))
    if len(keys) > 1 or not fits:
        wanted = "one number" if word == "scal" else f"[d_in = {d}] or one number"
        raise ValueError(
            f"{found.told}: {', '.join(keys)} of shape {list(shape)} could be the input's {word}…, "
            f"wanted one key with {wanted}"
        )
    return found.tensors[keys[0]].float().reshape(-1 if len(shape) else ())
