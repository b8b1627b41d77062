"""Gemma Scope as it is released: `params.npz` with W_enc, b_enc, W_dec, b_dec and threshold.

JumpReLU of x @ W_enc + b_enc, without subtracting b_dec first. arXiv 2408.05147.
"""

from __future__ import annotations

from benchmark.interchange.coders import Coder
from benchmark.interchange.files import Found
from benchmark.interchange.formats.held import Held, taken
from benchmark.interchange.options import Options

NAME = "gemma-scope"
AXES = {
    "W_enc": "d_in d_sae",
    "b_enc": "d_sae",
    "W_dec": "d_sae d_in",
    "b_dec": "d_in",
    "threshold": "d_sae",
}


def sees(found: Found) -> str | None:
    """What speaks for this format."""
    return (
        "params.npz" if found.weights.suffix == ".npz" and set(AXES) <= set(found.tensors) else None
    )


def read(found: Found, options: Options) -> Held:
    """One SAE."""
    del options
    t = taken(found, AXES)
    coder = Coder(
        W_enc=t["W_enc"],
        b_enc=t["b_enc"],
        W_dec=t["W_dec"],
        b_dec=t["b_dec"],
        activation="jumprelu",
        threshold=t["threshold"],
        subtracts=False,
    )
    return Held(one=coder)
