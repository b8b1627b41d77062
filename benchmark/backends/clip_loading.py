"""Opens any open_clip model by one code path, whatever the name; what fails is one clear line."""

from __future__ import annotations

import hashlib
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies

import torch
from torch import Tensor, nn

from benchmark.backends.clip_folders import CONFIG_FILE, hash_of_folder, weights_file
from benchmark.backends.clip_names import source
from benchmark.backends.quiet import quiet
from benchmark.messages.raised import with_kind

PRECISIONS = {"float32": "fp32", "bfloat16": "pure_bf16", "float16": "pure_fp16"}


@dataclass(frozen=True, eq=False)
class Loaded:
    """A model as open_clip gives it, frozen in evaluation mode."""

    model: nn.Module
    transform: Callable[[Any], Tensor]
    tokenizer: Callable[[list[str]], Tensor]
    revision: str
    """sha256 over weights, configuration and tokenizer."""


def load(name: str, device: torch.device, dtype: str) -> Loaded:
    """The model of a shipped name, folder, `arch/pretrained` or `hf-hub:…`.

    Raises ValueError, one line, on an unknown name, a folder that is not whole, weights that
    cannot be read and a hub that cannot be reached.
    """
    if dtype not in PRECISIONS:
        raise ValueError(f"dtype {dtype!r} is unknown, wanted one of {', '.join(PRECISIONS)}")
    if device.type == "cuda" and not torch.cuda.is_available():
        raise ValueError("device 'cuda' was asked for, but there is none here: use --device cpu")
    found = source(name)
    if found.folder is not None:
        return _from_folder(found.folder, device, dtype)
    return _from_hub(found.name, found.pretrained, device, dtype)


def _from_folder(folder: Path, device: torch.device, dtype: str) -> Loaded:
    """A model in open_clip's own folder format, read through `local-dir:`."""
    weights = weights_file(folder)
    try:
        model, transform, tokenizer = _opened(f"local-dir:{folder}", None, False, device, dtype)
    except Exception as error:
        raise ValueError(
            f"{folder} does not open as an open_clip model ({with_kind(error)}): are "
            f"{weights.name}, {CONFIG_FILE} and the tokenizer whole and made for each other?"
        ) from error
    _check_finite(model, str(weights))
    return Loaded(model, transform, tokenizer, hash_of_folder(folder, weights))


def _from_hub(name: str, pretrained: str | None, device: torch.device, dtype: str) -> Loaded:
    """A model by open_clip's own name; its revision is a hash of the weights that came."""
    spec = name if pretrained is None else f"{name}/{pretrained}"
    gelu = pretrained is not None and _wants_quick_gelu(name, pretrained)
    try:
        with no_retries_offline():
            model, transform, tokenizer = _opened(name, pretrained, gelu, device, dtype)
    except Exception as error:
        raise ValueError(
            f"clip:{spec} could not be fetched or opened ({with_kind(error)}): is the hub in "
            f"reach? offline, a downloaded folder works as clip:/path/to/folder"
        ) from error
    _check_finite(model, f"clip:{spec}")
    return Loaded(model, transform, tokenizer, hash_of(model.state_dict(), f"{spec} gelu {gelu}"))


def _wants_quick_gelu(arch: str, pretrained: str) -> bool:
    """Whether these weights were trained with QuickGELU though the architecture's name lacks it."""
    import open_clip

    config = open_clip.get_model_config(arch) or {}
    tag = open_clip.pretrained.get_pretrained_cfg(arch, pretrained) or {}
    wants, has = bool(tag.get("quick_gelu")), bool(config.get("quick_gelu"))
    if tag and has and not wants:
        raise ValueError(
            f"clip:{arch}/{pretrained} was trained without QuickGELU: drop '-quickgelu' from the "
            f"name"
        )
    return wants and not has


def _opened(
    name: str, pretrained: str | None, quick_gelu: bool, device: torch.device, dtype: str
) -> tuple[nn.Module, Callable[[Any], Tensor], Callable[[list[str]], Tensor]]:
    """The one code path: the same calls for a shipped folder and for a hub model."""
    with quiet():
        import open_clip

        model, _, transform = open_clip.create_model_and_transforms(
            name,
            pretrained=pretrained,
            precision=PRECISIONS[dtype],
            device=device,
            force_quick_gelu=quick_gelu,
            require_pretrained=True,
        )
        tokenizer = open_clip.get_tokenizer(name)
    return model.eval().requires_grad_(False), transform, tokenizer


def hash_of(weights: Mapping[str, Tensor], salt: str) -> str:
    """sha256 over names, shapes, dtypes and bytes of weights."""
    digest = hashlib.sha256(salt.encode())
    for name in sorted(weights):
        value = weights[name].detach().cpu().contiguous()
        digest.update(f"\0{name}\0{list(value.shape)}\0{value.dtype}\0".encode())
        digest.update(value.reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def _check_finite(model: nn.Module, source: str) -> None:
    for name, value in model.state_dict().items():
        if value.is_floating_point() and not value.isfinite().all():
            raise ValueError(f"{source}: {name} holds NaN or infinite values, wanted none")


@contextmanager
def no_retries_offline() -> Iterator[None]:
    """Without a name server the hub's client reads its cache at once: it would retry a minute."""
    from huggingface_hub import constants

    before = constants.HF_HUB_OFFLINE
    try:
        socket.getaddrinfo(urlsplit(constants.ENDPOINT).hostname, None)
    except OSError:
        constants.HF_HUB_OFFLINE = before or not getproxies()
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = before
