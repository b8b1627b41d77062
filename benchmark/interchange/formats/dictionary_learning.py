"""dictionary_learning: `ae.pt`, a state dict, and `config.json`, whose trainer names the class.

`AutoEncoder` is read with decoder rows of unit length and codes scaled to match, as its library
does when it loads one; the others as they are.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor

from benchmark.interchange.coders import Coder
from benchmark.interchange.files import Found
from benchmark.interchange.formats.held import Held, number, refused, some, taken
from benchmark.interchange.formats.saelens import gated
from benchmark.interchange.options import Options

NAME = "dictionary_learning"
LINEAR = {"encoder.weight": "d_sae d_in", "decoder.weight": "d_in d_sae"}
PLAIN = {"W_enc": "d_in d_sae", "W_dec": "d_sae d_in", "b_enc": "d_sae", "b_dec": "d_in"}
AXES = {
    "AutoEncoder": {**LINEAR, "encoder.bias": "d_sae", "bias": "d_in"},
    "AutoEncoderNew": {**LINEAR, "encoder.bias": "d_sae", "decoder.bias": "d_in"},
    "GatedAutoEncoder": {
        **LINEAR,
        "decoder_bias": "d_in",
        "r_mag": "d_sae",
        "gate_bias": "d_sae",
        "mag_bias": "d_sae",
    },
    "JumpReluAutoEncoder": {**PLAIN, "threshold": "d_sae"},
    "AutoEncoderTopK": {**LINEAR, "encoder.bias": "d_sae", "b_dec": "d_in"},
    "BatchTopKSAE": {**LINEAR, "encoder.bias": "d_sae", "b_dec": "d_in"},
    "MatryoshkaBatchTopKSAE": PLAIN,
}
"""Keys of each class, and the axes that they have in the file."""
OURS = {
    "encoder.bias": "b_enc",
    "bias": "b_dec",
    "decoder.bias": "b_dec",
    "decoder_bias": "b_dec",
    "gate_bias": "b_gate",
    "mag_bias": "b_mag",
}


def sees(found: Found) -> str | None:
    """What speaks for this format."""
    trainer = trainer_of(found.config)
    if "dict_class" in trainer:
        return f"dict_class {trainer['dict_class']} in config.json"
    kind = by_keys(found.tensors)
    is_torch = found.weights.suffix in (".pt", ".pth", ".bin") and not found.header
    return f"the keys of {kind}" if kind and is_torch else None


def trainer_of(config: dict[str, Any]) -> dict[str, Any]:
    trainer = config.get("trainer")
    return trainer if isinstance(trainer, dict) else {}


def by_keys(tensors: dict[str, Tensor]) -> str | None:
    """The class whose keys these are; both kinds of TopK have the same, told apart by nothing."""
    keys = set(tensors)
    if "group_sizes" in keys and set(PLAIN) <= keys:
        return "MatryoshkaBatchTopKSAE"
    if {"k", "threshold"} <= keys and set(AXES["AutoEncoderTopK"]) <= keys:
        return "AutoEncoderTopK or BatchTopKSAE"
    for kind in ("GatedAutoEncoder", "AutoEncoder", "AutoEncoderNew"):
        if set(AXES[kind]) == keys:
            return kind
    return "JumpReluAutoEncoder" if set(AXES["JumpReluAutoEncoder"]) == keys else None


def read(found: Found, options: Options) -> Held:
    """One SAE. Raises ValueError, one line, for a class that is not known."""
    trainer = trainer_of(found.config)
    kind = kind_of(found, trainer, options)
    raw = taken(found, AXES[kind])
    t = {OURS.get(key, key): value for key, value in raw.items()}
    if "encoder.weight" in t:
        t["W_enc"] = t.pop("encoder.weight").T
        t["W_dec"] = t.pop("decoder.weight").T
    notes: tuple[str, ...] = ()
    if kind == "GatedAutoEncoder":
        t |= gated(t)
    if kind == "AutoEncoder":
        norms = t["W_dec"].norm(dim=1)
        t |= {"W_enc": t["W_enc"] * norms, "b_enc": t["b_enc"] * norms}
        t["W_dec"] = t["W_dec"] / norms[:, None]
        notes = ("decoder rows made unit length, as its library does",)
    k = in_tensors(found.tensors, "k")
    k = number(trainer, "k") if k is None else int(k)
    if kind in ("BatchTopKSAE", "MatryoshkaBatchTopKSAE"):
        least = in_tensors(found.tensors, "threshold")
        if least is None or least < 0:
            notes = (
                *notes,
                "its threshold was never set: every positive latent fires",
            )
        t["threshold"] = t["b_enc"].new_full(t["b_enc"].shape, max(least or 0.0, 0.0))
    has_threshold = "threshold" in t and kind != "AutoEncoderTopK"
    coder = Coder(
        W_enc=t["W_enc"],
        b_enc=t["b_enc"],
        W_dec=t["W_dec"],
        b_dec=t["b_dec"],
        activation="topk" if kind == "AutoEncoderTopK" else "jumprelu" if has_threshold else "relu",
        k=k if kind == "AutoEncoderTopK" else None,
        threshold=t["threshold"] if has_threshold else None,
        subtracts=kind not in ("AutoEncoderNew", "JumpReluAutoEncoder"),
        budget=None if kind == "AutoEncoderTopK" else k,
        told=some(trainer, model="lm_name", hook="submodule_name", block="layer"),
        notes=notes,
    )
    return Held(one=coder)


def kind_of(found: Found, trainer: dict[str, Any], options: Options) -> str:
    """The class, as config.json or the keys say."""
    kind = trainer.get("dict_class") or by_keys(found.tensors)
    if kind == "AutoEncoderTopK or BatchTopKSAE":
        if options.activation == "auto":
            raise ValueError(
                f"{found.told} has keys that AutoEncoderTopK and BatchTopKSAE share, and no "
                "config.json beside it: say which, --set activation=topk or activation=jumprelu"
            )
        return "AutoEncoderTopK" if options.activation == "topk" else "BatchTopKSAE"
    if kind not in AXES:
        raise refused(found.told, f"dict_class {kind} is not read: {', '.join(AXES)} are")
    return str(kind)


def in_tensors(tensors: dict[str, Tensor], key: str) -> float | None:
    """A number that is kept as a tensor."""
    found = tensors.get(key)
    return float(found) if found is not None and found.numel() == 1 else None
