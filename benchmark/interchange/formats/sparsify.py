"""sparsify of EleutherAI: `sae.safetensors` and `cfg.json`; TopK of ReLU, b_dec subtracted."""

from __future__ import annotations

from benchmark.interchange.coders import Coder
from benchmark.interchange.files import Found
from benchmark.interchange.formats.held import Held, number, refused, some, taken
from benchmark.interchange.options import Options

NAME = "sparsify"
AXES = {
    "encoder.weight": "d_sae d_in",
    "encoder.bias": "d_sae",
    "W_dec": "d_sae d_in",
    "b_dec": "d_in",
}
SAYS = {"expansion_factor", "num_latents", "normalize_decoder", "multi_topk", "signed"}


def sees(found: Found) -> str | None:
    """What speaks for this format."""
    if not set(AXES) <= set(found.tensors):
        return None
    says = sorted(SAYS & set(found.config))
    if found.weights.name == "sae.safetensors":
        return "sae.safetensors"
    return f"{says[0]} in {found.config_file.name}" if says and found.config_file else None


def read(found: Found, options: Options) -> Held:
    """One SAE. Raises ValueError, one line, for transcoders and other activations."""
    del options
    config = found.config
    if config.get("transcode") or config.get("skip_connection") or "W_skip" in found.tensors:
        raise refused(found.told, "it is a transcoder or has a path around its code (W_skip)")
    if config.get("signed"):
        raise refused(found.told, "its codes have signs, and latents here fire or do not")
    kind = config.get("activation", "topk")
    if kind != "topk":
        raise refused(found.told, f"activation {kind}, the largest of each group: read is topk")
    t = taken(found, AXES)
    coder = Coder(
        W_enc=t["encoder.weight"].T,
        b_enc=t["encoder.bias"],
        W_dec=t["W_dec"],
        b_dec=t["b_dec"],
        activation="topk",
        k=number(config, "k"),
        told=some({"hook": found.weights.parent.name}, hook="hook"),
    )
    return Held(one=coder)
