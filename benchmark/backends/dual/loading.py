"""Opens a dual encoder by transformers' own auto classes; what fails is one clear line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from benchmark.backends.clip_loading import hash_of
from benchmark.backends.drawing import drawing, drawn
from benchmark.backends.dual.families import Family, family_of
from benchmark.backends.dual.names import Source
from benchmark.backends.extras import lacking
from benchmark.backends.hub import CONFIG, asking, trouble
from benchmark.backends.llava.folders import check_folder, has_parts, hash_of_folder
from benchmark.messages.raised import with_kind

PLACES = ("_name_or_path", "transformers_version")
Found = tuple[Any, Any, Mapping[str, Any]]
"""Model, processor, and what transformers says of weights that are missing or do not fit."""


@dataclass(frozen=True, eq=False)
class Loaded:
    """Model and processor as transformers gives them; the model frozen in evaluation mode."""

    model: nn.Module
    processor: Any
    family: Family
    revision: str
    """sha256 over a folder's files, repository and commit of a hub id, or sha256 over weights."""


def check(found: Source) -> None:
    """Raises ValueError, one line, where a source's folder is not whole or of another kind."""
    if found.folder is not None:
        check_folder(found.folder, weights=found.trained)
        parts = has_parts(found.folder)
        described = {} if parts else json.loads((found.folder / CONFIG).read_text())
        family_of(str(described.get("model_type", "llava")), f"dual:{found.place}")


def load(found: Source, device: torch.device) -> Loaded:
    """The model of a folder or hub id.

    Raises ValueError, one line, on a folder that is not whole, weights that do not fit the
    configuration, a model of another kind and a hub that cannot be reached.
    """
    if device.type == "cuda" and not torch.cuda.is_available():
        raise ValueError("device 'cuda' was asked for, but there is none here: use --device cpu")
    check(found)
    name = f"dual:{found.place}"
    config, (model, processor, report) = _opened(found, name)
    _check_weights(name, report)
    for part in ("tokenizer", "image_processor"):
        if getattr(processor, part, None) is None:
            kind = type(processor).__name__
            raise ValueError(f"{name}: its {kind} has no {part}, wanted one for both modalities")
    model = model.to(device).eval().requires_grad_(False)
    family = family_of(config.model_type, name)
    return Loaded(model, processor, family, _revision(found, model, processor))


def _opened(found: Source, name: str) -> tuple[Any, Found]:
    """Configuration and all else; a model of another kind is told before weights are fetched."""
    from transformers import AutoConfig

    revision = None if found.repository is None else found.repository.revision
    try:
        with asking():
            config = AutoConfig.from_pretrained(found.place, revision=revision)
            family = family_of(config.model_type, name)
            return config, _whole(found, revision, family)
    except Exception as error:
        if isinstance(error, ValueError) and str(error).startswith(f"{name}: its config.json"):
            raise
        told = lacking(error)
        told = f"{name}: {told}" if told else ""
        if found.repository is not None and not told:
            told = trouble(
                found.repository,
                error,
                "give it as dual:FOLDER",
                scheme="dual",
                weights=found.trained,
            )
        raise ValueError(
            told
            or f"{name} does not open as model and processor ({with_kind(error)}): is it a "
            f"whole folder, or a hub id with the hub in reach?"
        ) from error


def _whole(found: Source, revision: str | None, family: Family) -> Found:
    """Model and processor as transformers' auto classes open them."""
    from transformers import AutoModel, AutoProcessor

    processor = AutoProcessor.from_pretrained(found.place, revision=revision)
    dtype = getattr(torch, found.dtype)
    if not found.trained:
        with drawing():
            model = drawn(AutoModel, found.place, revision).to(dtype)
        if family.attention is not None:
            model.set_attn_implementation(family.attention)
        return model, processor, {"mismatched_keys": (), "missing_keys": ()}
    opened: Any = AutoModel.from_pretrained(
        found.place,
        revision=revision,
        dtype=dtype,
        attn_implementation=family.attention,
        use_safetensors=True,
        ignore_mismatched_sizes=True,
        output_loading_info=True,
    )
    model, report = opened
    return model, processor, report


def _check_weights(name: str, report: Mapping[str, Any]) -> None:
    """Raises ValueError where a weight is missing or has another shape than the model."""
    wrong = sorted((str(key), list(a), list(b)) for key, a, b in report["mismatched_keys"])
    if wrong:
        key, found, wanted = wrong[0]
        raise ValueError(
            f"{name}: {key} has shape {found}, its config.json wants {wanted} ({len(wrong)} "
            f"weights do not fit): are weights and configuration of one model?"
        )
    missing = sorted(report["missing_keys"])
    if missing:
        raise ValueError(
            f"{name} has no weights for {missing[0]} ({len(missing)} missing), wanted every one: "
            f"what is missing would be random"
        )


def _revision(found: Source, model: nn.Module, processor: Any) -> str:
    """What tells this model from any other."""
    if found.trained and found.folder is not None:
        return hash_of_folder(found.folder)
    if found.trained and found.repository is not None and found.repository.resolved:
        return found.repository.resolved
    described = {
        "config": _placeless(model.config.to_diff_dict()),  # type: ignore[operator, union-attr]
        "pictures": processor.image_processor.to_dict(),
        "words": processor.tokenizer.get_vocab(),
    }
    salt = json.dumps(described, sort_keys=True, default=str)
    return hash_of(model.state_dict(), f"{found.weights} {salt}")


def _placeless(described: Any) -> Any:
    """A configuration without where it was read from, and by which transformers."""
    if not isinstance(described, dict):
        return described
    return {k: _placeless(v) for k, v in described.items() if k not in PLACES}
