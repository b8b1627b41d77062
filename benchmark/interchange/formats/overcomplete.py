"""overcomplete: the state dict of a SAE, `torch.save(sae.state_dict(), …)`; no decoder bias.

    z = act(x @ weight.T + bias)        x̂ = z @ (D · e^multiplier),   D: rows of unit length

A state dict says neither its top_k nor a running threshold nor how the dictionary is normalised:
what is not in a JSON beside it is asked for.
"""

from __future__ import annotations

import torch
from torch import Tensor

from benchmark.interchange.coders import Coder
from benchmark.interchange.files import Found
from benchmark.interchange.formats.held import Held, number, refused, taken
from benchmark.interchange.options import Options

NAME = "overcomplete"
LINEAR = "encoder.final_block.0"
EPSILON = 1e-8
DRIFT = 0.05
"""How far rows may have left the unit sphere in the step after they were last put there."""


def sees(found: Found) -> str | None:
    """What speaks for this format."""
    return next((key for key in found.tensors if key.startswith("dictionary.")), None)


def read(found: Found, options: Options) -> Held:
    """One SAE. Raises ValueError, one line, for deeper encoders and other dictionaries."""
    keys = set(found.tensors)
    if "dictionary._weights" not in keys:
        raise refused(
            found.told, "its dictionary is no plain one: save sae.get_dictionary() as W_dec"
        )
    if "Q" in keys:
        raise refused(found.told, "its codes are quantised, which no activation here does")
    blocks = [key for key in keys if key.startswith("encoder.") and is_more(key)]
    if blocks:
        raise refused(
            found.told, f"its encoder has more than one linear layer ({sorted(blocks)[0]})"
        )
    W_dec = dictionary(found)
    W_enc, b_enc = encoder(found, W_dec)
    threshold = None
    if "thresholds" in keys:
        threshold = taken(found, {"thresholds": "d_sae"})["thresholds"].exp()
    config = found.config
    k = number(config, "top_k", "topk", "k")
    running = config.get("running_threshold")
    if isinstance(running, int | float):
        at_least = torch.full((len(W_dec),), float(running))
        threshold = torch.nextafter(at_least, at_least - 1)
    if threshold is None and k is None and options.activation == "auto":
        raise ValueError(
            f"{found.told} does not say its activation, a state dict of overcomplete never does: "
            "say it, --set activation=topk --set k=K, activation=relu, or activation=jumprelu "
            "--set threshold=T (the running threshold of a BatchTopK)"
        )
    has_threshold = threshold is not None
    coder = Coder(
        W_enc=W_enc,
        b_enc=b_enc,
        W_dec=W_dec,
        b_dec=W_dec.new_zeros(W_dec.shape[1]),
        activation="jumprelu" if has_threshold else "relu" if k is None else "topk",
        k=None if has_threshold else k,
        threshold=threshold,
        budget=k if has_threshold else None,
    )
    return Held(one=coder)


def is_more(key: str) -> bool:
    """Whether a key of an encoder is of anything but one linear layer or what is tied to it."""
    linear = key.startswith((f"{LINEAR}.", "encoder.tied_to."))
    return not linear and key not in ("encoder.weight", "encoder.bias")


def dictionary(found: Found) -> Tensor:
    """The rows that codes are decoded with.

    Raises ValueError where they are far from unit length: then they were normalised otherwise.
    """
    rows = taken(found, {"dictionary._weights": "d_sae d_in"})["dictionary._weights"]
    norms = rows.norm(dim=1, keepdim=True)
    off = float((norms - 1).abs().max())
    if off > DRIFT:
        raise refused(
            found.told,
            f"rows of its dictionary are up to {off:.2g} off unit length, so it is normalised in "
            "a way that the file does not say: save sae.get_dictionary() in eval mode as "
            "dictionary._weights, scaled to unit length, and its length as dictionary.multiplier",
        )
    multiplier = found.tensors.get("dictionary.multiplier", torch.zeros(()))
    return rows / (norms + EPSILON) * multiplier.float().exp()


def encoder(found: Found, W_dec: Tensor) -> tuple[Tensor, Tensor]:
    """Weights [d_in, d_sae] and bias of the linear encoder, its own or the dictionary turned."""
    prefix = LINEAR if f"{LINEAR}.weight" in found.tensors else "encoder"
    weight, bias = f"{prefix}.weight", f"{prefix}.bias"
    own = {"dictionary._weights": "d_sae d_in", weight: "?d_sae d_in", bias: "?d_sae"}
    t = taken(found, own)
    return t.get(weight, W_dec).T, t.get(bias, W_dec.new_zeros(len(W_dec)))
