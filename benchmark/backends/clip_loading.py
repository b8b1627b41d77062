"""Opens any open_clip model by one code path, whatever the name; what fails is one clear line."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from benchmark.backends.clip_folders import CONFIG_FILE, checked, hash_of_folder
from benchmark.backends.clip_names import Source, source
from benchmark.backends.clip_opening import (
    PRECISIONS,
    Opened,
    holder,
    opened,
    untrained,
    wants_quick_gelu,
)
from benchmark.backends.hub import Repository, no_retries_offline, out_of_reach, unreached
from benchmark.messages.raised import with_kind

UNREAD = ["*.onnx", "*.h5", "*.msgpack", "*.tflite"]
"""Files of a repository that other libraries read."""


@dataclass(frozen=True, eq=False)
class Loaded:
    """A model as open_clip gives it, frozen in evaluation mode."""

    model: nn.Module
    transform: Callable[[Any], Tensor]
    tokenizer: Callable[[list[str]], Tensor]
    revision: str
    """sha256 over weights, read or drawn, configuration and tokenizer."""


def load(name: str, device: torch.device, dtype: str) -> Loaded:
    """The model of a shipped name, folder, `arch/pretrained` or `hf-hub:…`, with its options.

    Raises ValueError, one line, on an unknown name, a folder that is not whole, weights that
    cannot be read and a hub that cannot be reached.
    """
    if dtype not in PRECISIONS:
        raise ValueError(f"dtype {dtype!r} is unknown, wanted one of {', '.join(PRECISIONS)}")
    if device.type == "cuda" and not torch.cuda.is_available():
        raise ValueError("device 'cuda' was asked for, but there is none here: use --device cpu")
    found = source(name)
    if found.folder is not None:
        return _from_folder(found, found.folder, device, dtype)
    return _from_hub(found, device, dtype)


def _from_folder(found: Source, folder: Path, device: torch.device, dtype: str) -> Loaded:
    """A model in open_clip's own folder format, read through `local-dir:`."""
    weights = checked(found)
    make = opened if found.trained else untrained
    try:
        model, transform, tokenizer = make(f"local-dir:{folder}", None, False, device, dtype)
    except Exception as error:
        needs = f"{weights.name}, {CONFIG_FILE}" if weights else CONFIG_FILE
        raise ValueError(
            f"{folder} does not open as an open_clip model ({with_kind(error)}): are "
            f"{needs} and the tokenizer whole and made for each other?"
        ) from error
    _check_finite(model, str(weights or folder))
    revision = hash_of_folder(folder, weights)
    revision = revision if found.trained else hash_of(model.state_dict(), f"untrained {revision}")
    return Loaded(model, transform, tokenizer, revision)


def _from_hub(found: Source, device: torch.device, dtype: str) -> Loaded:
    """A model by open_clip's own name; its revision is a hash of the weights it has."""
    if found.name.startswith("hf-hub:") and "@" in found.name:
        return _pinned(found, device, dtype)
    name, pretrained = found.name, found.pretrained
    gelu = pretrained is not None and wants_quick_gelu(name, pretrained)
    make = opened if found.trained else untrained
    try:
        with no_retries_offline():
            model, transform, tokenizer = make(name, pretrained, gelu, device, dtype)
    except Exception as error:
        again = _from_cache(found, error, device, dtype)
        if again is None:
            raise ValueError(_why(found, error)) from error
        model, transform, tokenizer = again
    _check_finite(model, found.spelling)
    salt = found.spelling.removeprefix("clip:")
    return Loaded(model, transform, tokenizer, hash_of(model.state_dict(), f"{salt} gelu {gelu}"))


def _pinned(found: Source, device: torch.device, dtype: str) -> Loaded:
    """A repository at one revision, `hf-hub:ORG/NAME@REVISION`, opened as the folder that it is.

    The library itself knows main branches alone.
    """
    from huggingface_hub import snapshot_download

    wanted = Repository.named(found.name.removeprefix("hf-hub:"))
    try:
        with no_retries_offline():
            folder = wanted.cached or Path(
                snapshot_download(wanted.id, revision=wanted.revision, ignore_patterns=UNREAD)
            )
    except Exception as error:
        raise ValueError(_why(found, error)) from error
    return _from_folder(replace(found, folder=folder, name=""), folder, device, dtype)


def _from_cache(found: Source, error: Exception, device: torch.device, dtype: str) -> Opened | None:
    """A cached repository opened as the folder that it is; None where that is no way out.

    The library asks the hub for files that some repositories never had, even where all that there
    is was downloaded.
    """
    if not found.name.startswith("hf-hub:") or not out_of_reach(error):
        return None
    folder = Repository(found.name.removeprefix("hf-hub:")).cached
    try:
        checked(replace(found, folder=folder, name=""))
        make = opened if found.trained else untrained
        return make(f"local-dir:{folder}", None, False, device, dtype) if folder else None
    except Exception:
        return None


def _why(found: Source, error: Exception) -> str:
    """Why a model of the hub did not open, and what to do."""
    repository = holder(found.name, found.pretrained)
    lacks = repository is not None and repository.cached is None
    if repository is not None and lacks and out_of_reach(error):
        return unreached(
            found.spelling, repository, f"nothing of {repository.id}", "give it as clip:FOLDER"
        )
    return (
        f"{found.spelling} could not be fetched or opened ({with_kind(error)}): is the hub in "
        f"reach? offline, a downloaded folder works as clip:/path/to/folder"
    )


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
