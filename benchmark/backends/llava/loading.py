"""Opens a vision-language model by transformers' own auto classes; what fails is one clear line."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from benchmark.backends.clip_loading import hash_of
from benchmark.backends.extras import lacking
from benchmark.backends.host_caps import cap
from benchmark.backends.hub import asking, trouble
from benchmark.backends.llava.folders import check, has_parts, hash_of_folder
from benchmark.backends.llava.names import Source
from benchmark.contracts import Need
from benchmark.messages.raised import with_kind

Found = tuple[Any, Any, Mapping[str, Any]]
"""Model, processor, and what transformers says of weights that are missing or do not fit."""
NOTHING_WRONG = {"mismatched_keys": (), "missing_keys": ()}
KEPT_WHOLE = [
    f"{inside}{name}"
    for name in ("lm_head", "vision_tower", "visual", "multi_modal_projector")
    for inside in ("", "model.")
]
"""Modules whose weights stay in `dtype` where the language model is quantised: activations of the
tower are compared with those of other models, and a projector may be patched."""
PLACES = ("_name_or_path", "transformers_version")


@dataclass(frozen=True, eq=False)
class Loaded:
    """Model and processor as transformers gives them; the model frozen in evaluation mode."""

    model: nn.Module
    processor: Any
    revision: str
    """sha256 over the folder's files or all weights, or repository and commit of a hub id."""
    device: torch.device
    """Where prompts go; a model that is spread over several devices begins there."""
    offers: frozenset[Need]
    """What it has beyond any other model of its kind."""


def load(source: Source, device: torch.device) -> Loaded:
    """The model of a folder or hub id.

    Raises ValueError, one line, on a folder that is not whole, weights that do not fit the
    configuration, a processor without chat template and a hub that cannot be reached.
    """
    if device.type == "cuda" and not torch.cuda.is_available():
        raise ValueError("device 'cuda' was asked for, but there is none here: use --device cpu")
    check(source)
    place = source.place
    made_of_parts = source.folder is not None and has_parts(source.folder)
    try:
        with asking():
            model, processor, report = _opener(source.trained, made_of_parts)(source, device)
    except Exception as error:
        if made_of_parts and isinstance(error, ValueError):
            raise
        raise ValueError(why(source, error)) from error
    _check_weights(place, report)
    _check_processor(place, processor)
    whole = source.device_map == source.quantised == "none"
    model = frozen(model.to(device) if whole else model, processor)
    offers = frozenset({Need.PROJECTOR}) if made_of_parts else frozenset()
    first = device if whole else model.get_input_embeddings().weight.device
    return Loaded(model, processor, _revision(source, model, processor), first, offers)


def frozen(model: Any, processor: Any) -> Any:
    """The model in evaluation mode, its weights fixed and its answers greedy."""
    greedy(model, processor.tokenizer)
    return model.eval().requires_grad_(False)


def why(source: Source, error: Exception) -> str:
    """Why it did not open: a library, the hub, or what transformers says."""
    lacks = lacking(error)
    if lacks:
        return f"llava:{source.place}: {lacks}"
    told = ""
    if source.repository is not None:
        told = trouble(
            source.repository,
            error,
            "give it as llava:FOLDER",
            scheme="llava",
            weights=source.trained,
        )
    return told or (
        f"llava:{source.place} does not open as model and processor ({with_kind(error)}): is it a "
        f"whole folder, or a hub id with the hub in reach?"
    )


def _opener(trained: bool, made_of_parts: bool) -> Callable[[Source, torch.device], Found]:
    """What opens a folder or hub id in some precision, with its weights or with drawn ones."""
    if trained:
        return _host if made_of_parts else _whole
    from benchmark.backends.llava import untrained

    return untrained.host if made_of_parts else untrained.whole


def _whole(source: Source, device: torch.device) -> Found:
    """A model as transformers' auto classes open it, and what they say of its weights."""
    from transformers import AutoModelForImageTextToText, AutoProcessor

    revision = None if source.repository is None else source.repository.revision
    processor = AutoProcessor.from_pretrained(source.place, revision=revision)
    opened: Any = AutoModelForImageTextToText.from_pretrained(
        source.place,
        revision=revision,
        dtype=getattr(torch, source.dtype),
        **_placed(source, device),
        use_safetensors=True,
        ignore_mismatched_sizes=True,
        output_loading_info=True,
    )
    model, report = opened
    if model.config.model_type == "llava":
        cap(model)
    return model, processor, report


def _placed(source: Source, device: torch.device) -> dict[str, Any]:
    """How transformers shall lay the weights: over which devices, in how many bits."""
    asked: dict[str, Any] = {}
    if source.device_map != "none":
        asked["device_map"] = source.device_map
    if source.quantised != "none":
        from transformers import BitsAndBytesConfig

        asked.setdefault("device_map", {"": device})
        asked["quantization_config"] = BitsAndBytesConfig(
            load_in_8bit=source.quantised == "8bit",
            load_in_4bit=source.quantised == "4bit",
            bnb_4bit_quant_type="nf4",
            bnb_4bit_compute_dtype=getattr(torch, source.dtype),
            llm_int8_skip_modules=KEPT_WHOLE,
        )
    return asked


def _host(source: Source, device: torch.device) -> Found:
    """A host made of parts, whose weights were held against the parts when they were joined."""
    from benchmark.backends import hosts

    del device
    model, processor = hosts.opened(Path(source.place), dtype=getattr(torch, source.dtype))
    return model, processor, NOTHING_WRONG


def _revision(source: Source, model: Any, processor: Any) -> str:
    """What tells this model from any other: files of a folder, a hub's commit, or all weights."""
    if source.trained and source.folder is not None and not has_parts(source.folder):
        return hash_of_folder(source.folder) + bits(source)
    if source.trained and source.repository is not None and source.repository.resolved:
        return source.repository.resolved + bits(source)
    words = processor.tokenizer.backend_tokenizer.to_str() + processor.chat_template
    words += json.dumps(processor.image_processor.to_dict(), sort_keys=True, default=str)
    described = json.dumps(_placeless(model.config.to_diff_dict()), sort_keys=True, default=str)
    return hash_of(model.state_dict(), words + described)


def bits(source: Source) -> str:
    """What quantisation adds to a revision: the numbers are others."""
    return "" if source.quantised == "none" else f"+{source.quantised}"


def _placeless(described: Any) -> Any:
    """A configuration without where it was read from, and by which transformers."""
    if not isinstance(described, dict):
        return described
    return {k: _placeless(v) for k, v in described.items() if k not in PLACES}


def _check_weights(place: str, report: Mapping[str, Any]) -> None:
    """Raises ValueError where a weight is missing or has another shape than the model."""
    wrong = sorted((str(name), list(a), list(b)) for name, a, b in report["mismatched_keys"])
    if wrong:
        name, found, wanted = wrong[0]
        raise ValueError(
            f"llava:{place}: {name} has shape {found}, its config.json wants {wanted} "
            f"({len(wrong)} weights do not fit): are weights and configuration of one model?"
        )
    missing = sorted(report["missing_keys"])
    if missing:
        raise ValueError(
            f"llava:{place} has no weights for {missing[0]} ({len(missing)} missing), wanted every "
            f"one: what is missing would be random"
        )


def _check_processor(place: str, processor: Any) -> None:
    """Raises ValueError where pictures, words or chats could not be read."""
    for part in ("tokenizer", "image_processor"):
        if getattr(processor, part, None) is None:
            kind = type(processor).__name__
            raise ValueError(f"llava:{place}: its {kind} has no {part}, wanted one for both")
    if not processor.chat_template:
        raise ValueError(
            f"llava:{place}: its processor has no chat template, wanted a chat_template.jinja: "
            f"prompts would have to be guessed"
        )
    if not processor.tokenizer.is_fast:
        raise ValueError(f"llava:{place}: its tokenizer has no tokenizer.json, wanted a fast one")


def greedy(model: Any, tokenizer: Any) -> None:
    """Nothing of a checkpoint's sampling, penalties or lengths reaches the answers."""
    from transformers import GenerationConfig

    given = model.generation_config
    end = given.eos_token_id if given.eos_token_id is not None else tokenizer.eos_token_id
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    tokenizer.padding_side = "left"
    model.generation_config = GenerationConfig(
        do_sample=False, eos_token_id=end, pad_token_id=tokenizer.pad_token_id, use_cache=True
    )
