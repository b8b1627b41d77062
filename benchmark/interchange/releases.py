"""SAEs that SAELens knows by release: Gemma Scope, Llama Scope and every other in its list.

`saelens:RELEASE:ID` is read through the package, which downloads and converts; what its list says
of l0 and explained variance is what a run is held to.
"""

from __future__ import annotations

import hashlib
import logging
import warnings
from pathlib import Path
from typing import Any

from torch import Tensor

from benchmark.interchange.files import Found
from benchmark.messages.nearest import hint
from benchmark.messages.raised import with_kind

SCHEME = "saelens:"
INSTALL = "pip install 'crossmodal-sae-benchmark[saelens]'"
OFFLINE = ("connection", "resolve", "offline", "cannot find the requested files", "timed out")


def release(spec: str) -> Found:
    """The SAE of a release as if it lay in a folder. Raises ValueError, one line, without it."""
    name, _, sae_id = spec.removeprefix(SCHEME).partition(":")
    if not name or not sae_id:
        raise ValueError(
            f"{spec}: wanted {SCHEME}RELEASE:ID, as in "
            f"{SCHEME}gemma-scope-2b-pt-res-canonical:layer_12/width_16k/canonical"
        )
    known = directory()
    if name in known and sae_id not in known[name].saes_map:
        raise ValueError(f"{name} has no SAE {sae_id}: {hint(sae_id, known[name].saes_map)[:300]}")
    if name not in known and "/" not in name:
        raise ValueError(f"SAELens has no release {name}: {hint(name, known)[:300]}")
    config, tensors = downloaded(name, sae_id)
    config["metadata"] = {**(config.get("metadata") or {}), **expected(known.get(name), sae_id)}
    sha = hashlib.sha256(spec.encode())
    for key, tensor in sorted(tensors.items()):
        sha.update(key.encode() + tensor.contiguous().numpy().tobytes())
    return Found(spec, Path("sae_weights.safetensors"), tensors, config, sha256=sha.hexdigest())


def package() -> Any:
    """SAELens itself. Raises ValueError, one line, where it is not installed."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import sae_lens
    except ImportError as error:
        raise ValueError(
            f"{SCHEME} needs the package sae-lens ({error}): {INSTALL}; a folder that holds the "
            "SAE is read without it"
        ) from None
    logging.getLogger("sae_lens").setLevel(logging.ERROR)
    return sae_lens


def directory() -> dict[str, Any]:
    """The releases that SAELens knows, by name."""
    package()
    from sae_lens.loading.pretrained_saes_directory import get_pretrained_saes_directory

    return dict(get_pretrained_saes_directory())


def downloaded(name: str, sae_id: str) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Configuration and tensors. Raises ValueError, one line, where they cannot be had."""
    sae_lens = package()
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)  # it tells of every try
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            sae = sae_lens.SAE.from_pretrained(name, sae_id, device="cpu", dtype="float32")
    except Exception as error:  # whatever hub, network and package raise
        said = with_kind(error)
        is_offline = any(word in said.lower() for word in OFFLINE)
        do = (
            "there is no way to the hub from here: fetch it once where there is, or name a folder"
            if is_offline
            else "gated releases want `huggingface-cli login` and their terms accepted on the hub"
        )
        raise ValueError(f"cannot get {name} {sae_id}: {do} ({said})") from None
    state = {key: tensor.detach().float().cpu() for key, tensor in sae.state_dict().items()}
    return dict(sae.cfg.to_dict()), state


def expected(known: Any, sae_id: str) -> dict[str, float]:
    """What the list says of an SAE; its stand-ins for what nobody measured are left out."""
    if known is None:
        return {}
    l0, ev = known.expected_l0.get(sae_id, 0), known.expected_var_explained.get(sae_id, 1)
    found = {"expected_l0": float(l0)} if l0 else {}
    return found | ({"expected_explained_variance": float(ev)} if 0 < ev < 1 else {})
