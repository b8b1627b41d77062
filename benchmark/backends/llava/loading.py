"""Opens a vision-language model by transformers' own auto classes; what fails is one clear line."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies

import torch
from torch import nn

from benchmark.backends.clip_loading import hash_of
from benchmark.backends.llava.folders import check_folder, hash_of_folder
from benchmark.backends.llava.names import Source
from benchmark.backends.quiet import quiet
from benchmark.messages.raised import with_kind


@dataclass(frozen=True, eq=False)
class Loaded:
    """Model and processor as transformers gives them; the model frozen in evaluation mode."""

    model: nn.Module
    processor: Any
    revision: str
    """sha256 over the folder's files, or repository and commit of a hub id."""


def load(source: Source, device: torch.device) -> Loaded:
    """The model of a folder or hub id.

    Raises ValueError, one line, on a folder that is not whole, weights that do not fit the
    configuration, a processor without chat template and a hub that cannot be reached.
    """
    if device.type == "cuda" and not torch.cuda.is_available():
        raise ValueError("device 'cuda' was asked for, but there is none here: use --device cpu")
    if source.folder is not None:
        check_folder(source.folder)
    place = str(source.folder or source.repository)
    offline = source.folder is not None or not hub_in_reach()
    processor = _opened("AutoProcessor", place, offline)
    model, report = _opened(
        "AutoModelForImageTextToText",
        place,
        offline,
        dtype=getattr(torch, source.dtype),
        use_safetensors=True,
        ignore_mismatched_sizes=True,
        output_loading_info=True,
    )
    _check_weights(place, report)
    _check_processor(place, processor)
    model = model.to(device).eval().requires_grad_(False)
    _greedy(model, processor.tokenizer)
    if source.folder is not None:
        return Loaded(model, processor, hash_of_folder(source.folder))
    commit = getattr(model.config, "_commit_hash", None) or hash_of(model.state_dict(), place)
    return Loaded(model, processor, f"{place}@{commit}")


def _opened(kind: str, place: str, offline: bool, **options: Any) -> Any:
    """What one of transformers' auto classes makes of a folder or hub id."""
    try:
        with quiet():
            import transformers
            from transformers.utils import logging

            bars = logging.is_progress_bar_enabled()
            logging.disable_progress_bar()
            try:
                auto = getattr(transformers, kind)
                return auto.from_pretrained(place, local_files_only=offline, **options)
            finally:
                if bars:
                    logging.enable_progress_bar()
    except Exception as error:
        wanted = "a model" if "Model" in kind else "a processor (pictures, tokenizer, template)"
        raise ValueError(
            f"llava:{place} does not open as {wanted} ({with_kind(error)}): is it a whole folder, "
            f"or a hub id with the hub in reach?"
        ) from error


def hub_in_reach() -> bool:
    """Whether the hub has a name here, or a proxy to ask: else its client would retry minutes."""
    from huggingface_hub import constants

    if constants.HF_HUB_OFFLINE:
        return False
    try:
        socket.getaddrinfo(urlsplit(constants.ENDPOINT).hostname, None)
    except OSError:
        return bool(getproxies())
    return True


def _check_weights(place: str, report: dict[str, Any]) -> None:
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


def _greedy(model: nn.Module, tokenizer: Any) -> None:
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
