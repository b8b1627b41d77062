"""SAELens: `sae_weights.safetensors` and `cfg.json`, of version 6 and of those before it.

Every architecture that comes down to a threshold or a k is read; gated is a threshold too. With
π = (x - b_dec) @ W_enc, which a gated SAE uses twice,

    z = (e^r π + b_mag) where π + b_gate > 0 and e^r π + b_mag > 0
      = pre where pre > max(0, b_mag - e^r b_gate),    pre = e^r π + b_mag
"""

from __future__ import annotations

from typing import Any

from torch import Tensor

from benchmark.interchange.coders import Coder, Expected, RowNorm
from benchmark.interchange.files import Found
from benchmark.interchange.formats.held import Held, number, refused, some, taken
from benchmark.interchange.options import Options

NAME = "saelens"
RENAMED = {
    "hook_point": "hook_name",
    "hook_point_head_index": "hook_head_index",
    "activation_fn_str": "activation_fn",
}
THRESHOLDS = ("jumprelu", "batchtopk", "matryoshka_batchtopk")
NORMS: tuple[RowNorm, ...] = (
    "none",
    "expected_average_only_in",
    "constant_norm_rescale",
    "layer_norm",
)


def sees(found: Found) -> str | None:
    """What speaks for this format."""
    if not {"W_enc", "W_dec"} <= set(found.tensors):
        return None
    if found.weights.name == "sae_weights.safetensors":
        return "sae_weights.safetensors"
    says = {"architecture", "d_sae", "hook_name", "hook_point"} & set(found.config)
    return f"{sorted(says)[0]} in {found.config_file.name}" if says and found.config_file else None


def read(found: Found, options: Options) -> Held:
    """One SAE. Raises ValueError, one line, for an architecture that has no such form."""
    if not found.config:
        raise ValueError(f"{found.told} has no cfg.json: SAELens saves one beside the weights")
    config = newer(found.config)
    return Held(one=coder_of(found, config, options))


def newer(config: dict[str, Any]) -> dict[str, Any]:
    """The configuration in the words of version 6: what was flat is in `metadata` there."""
    old = {RENAMED.get(key, key): value for key, value in config.items()}
    within = old.get("metadata")
    made = {**old, "metadata": {**old, **(within if isinstance(within, dict) else {})}}
    given = made.get("activation_fn_kwargs")
    if made.get("activation_fn") == "topk" and isinstance(given, dict) and "k" in given:
        made |= {"architecture": "topk", "k": given["k"]}
    norm = made.get("normalize_activations")
    if isinstance(norm, bool) or norm is None:
        made["normalize_activations"] = "expected_average_only_in" if norm else "none"
    return made


def coder_of(found: Found, config: dict[str, Any], options: Options) -> Coder:
    """A coder from tensors named as SAELens names them."""
    kind = str(config.get("architecture", "standard"))
    where = found.told
    check_whole(config, kind, where)
    is_gated = kind == "gated"
    wanted = {"W_enc": "d_in d_sae", "W_dec": "d_sae d_in", "b_dec": "d_in"}
    if is_gated:
        wanted |= {"b_gate": "d_sae", "b_mag": "d_sae", "r_mag": "d_sae"}
    else:
        wanted |= {"b_enc": "d_sae"}
    if kind in THRESHOLDS and "topk_threshold" not in found.tensors:
        wanted |= {"threshold": "d_sae"} if options.threshold is None else {}
    t = taken(found, wanted)
    check_sizes(t["W_enc"], config, where)
    if is_gated:
        t |= gated(t)
    if kind in THRESHOLDS and "topk_threshold" in found.tensors:
        t["threshold"] = found.tensors["topk_threshold"].float().expand(len(t["b_enc"])).clone()
    if config.get("rescale_acts_by_decoder_norm"):
        norms = t["W_dec"].norm(dim=1)
        t |= {"W_enc": t["W_enc"] * norms, "b_enc": t["b_enc"] * norms}
        t["W_dec"] = t["W_dec"] / norms[:, None]
    if config.get("finetuning_scaling_factor") and "finetuning_scaling_factor" in found.tensors:
        factor = taken(found, {"finetuning_scaling_factor": "d_sae"})["finetuning_scaling_factor"]
        t["W_dec"] = t["W_dec"] * factor[:, None]
    has_threshold = is_gated or kind in THRESHOLDS
    k = number(config, "k")
    return Coder(
        W_enc=t["W_enc"],
        b_enc=t["b_enc"],
        W_dec=t["W_dec"],
        b_dec=t["b_dec"],
        activation="topk" if kind == "topk" else "jumprelu" if has_threshold else "relu",
        k=k if kind == "topk" else None,
        threshold=t.get("threshold"),
        subtracts=bool(config.get("apply_b_dec_to_input", True)),
        norm=config["normalize_activations"],
        budget=number(config["metadata"], "budget_k") or (k if kind in THRESHOLDS else None),
        told=told(config),
        expected=expected(config["metadata"]),
    )


def gated(t: dict[str, Tensor]) -> dict[str, Tensor]:
    """A gate as a threshold of its own for every latent."""
    gain = t["r_mag"].exp()
    threshold = (t["b_mag"] - gain * t["b_gate"]).clamp_min(0)
    return {"W_enc": t["W_enc"] * gain, "b_enc": t["b_mag"], "threshold": threshold}


def check_whole(config: dict[str, Any], kind: str, where: str) -> None:
    """Raises ValueError, one line, for what a code per row and a linear decoder cannot say."""
    known = ("standard", "topk", "gated", *THRESHOLDS)
    if kind not in known:
        why = {
            "abstopk": "its codes have signs, and latents here fire or do not",
            "transcoder": "it predicts other activations than it reads",
        }.get(kind.removeprefix("jumprelu_").removeprefix("skip_"), "it is no encoder of one step")
        raise refused(where, f"architecture {kind}: {why}; read are {', '.join(known)}")
    if "d_out" in config or "hook_name_out" in config:
        raise refused(where, "it is a transcoder, which predicts other activations than it reads")
    activation = config.get("activation_fn", "relu")
    if activation not in ("relu", "topk"):
        raise refused(where, f"activation_fn {activation}: read are relu and topk")
    norm = config["normalize_activations"]
    if norm not in NORMS:
        hint = "fold it with SAELens first" if norm == "covariance_whitening" else "read are"
        more = "" if norm == "covariance_whitening" else f" {', '.join(NORMS)}"
        raise refused(where, f"normalize_activations {norm}: {hint}{more}")
    if config["metadata"].get("hook_head_index") is not None:
        raise refused(where, "it is for one attention head, and no site here is one")


def check_sizes(W_enc: Tensor, config: dict[str, Any], where: str) -> None:
    """Raises ValueError where cfg.json names other sizes than the weights have."""
    for axis, name in enumerate(("d_in", "d_sae")):
        said = number(config, name)
        if said is not None and said != W_enc.shape[axis]:
            raise ValueError(
                f"{where}: cfg.json says {name} = {said}, W_enc has shape {list(W_enc.shape)} = "
                "[d_in, d_sae]: is it of another SAE?"
            )


def told(config: dict[str, Any]) -> dict[str, Any]:
    """Where it comes from."""
    names = {"model": "model_name", "hook": "hook_name", "data": "dataset_path"}
    return some(config["metadata"], **names, block="hook_layer", centred="centred")


def expected(metadata: dict[str, Any]) -> Expected:
    """What was measured where it was made, if the file says it."""
    values = [metadata.get("expected_l0"), metadata.get("expected_explained_variance")]
    l0, ev = (float(v) if isinstance(v, int | float) else None for v in values)
    return Expected(l0, ev)
