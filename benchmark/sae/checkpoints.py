"""Dictionaries on disk and by content: safetensors with JSON beside, never pickle."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from benchmark.contracts import MODALITIES, Dictionary
from benchmark.messages.storage import StorageError
from benchmark.sae.dictionaries import Paired, Tower
from benchmark.sae.frames import KINDS

FORMAT = "crossmodal-dictionary-1"
PATCH_FORMAT = "backend-patch-1"


def contents(thing: object, name: str = "") -> Iterator[tuple[str, Any]]:
    """Every tensor and every plain value that an object holds, with its dotted name, in order."""
    if isinstance(thing, Tensor | str | int | float | bool | None):
        yield name, thing
    elif isinstance(thing, Mapping):
        for key in sorted(thing, key=str):
            yield from contents(thing[key], f"{name}.{key}")
    elif isinstance(thing, Sequence):
        for place, value in enumerate(thing):
            yield from contents(value, f"{name}.{place}")
    else:
        yield f"{name}.class", type(thing).__name__
        yield from contents(vars(thing), name)


def digest(fitted: Dictionary | tuple[Dictionary, Mapping[str, Tensor]]) -> str:
    """sha256 over every tensor and setting, frame and patch included: equal means equal codes."""
    sha = hashlib.sha256()
    for name, value in contents(fitted):
        if isinstance(value, Tensor):
            dense = value.detach().cpu().contiguous()
            sha.update(f"{name}:{dense.dtype}:{tuple(dense.shape)}:".encode())
            sha.update(dense.view(-1).view(torch.uint8).numpy().tobytes())
        else:
            sha.update(f"{name}={value!r};".encode())
    return sha.hexdigest()


def parameters(fitted: Dictionary | tuple[Dictionary, Mapping[str, Tensor]]) -> int:
    """Number of real parameters; a tensor that both modalities share counts once."""
    tensors = [value for _, value in contents(fitted) if isinstance(value, Tensor)]
    return sum({_identity(t): t.numel() for t in tensors if t.is_floating_point()}.values())


def _identity(tensor: Tensor) -> object:
    """The same for two names of one tensor only."""
    if not tensor.numel():
        return id(tensor)
    return tensor.device, tensor.data_ptr(), tensor.shape, tensor.stride()


def save(dictionary: Dictionary, path: Path) -> None:
    """Write a paired dictionary, whole or not at all; shared tensors are written once."""
    if not isinstance(dictionary, Paired):
        raise ValueError(f"found a {type(dictionary).__name__}, only a Paired can be saved")
    parts = {m: dictionary.tower(m) for m in MODALITIES} | {"frame": dictionary.frame}
    tensors: dict[str, Tensor] = {}
    first: dict[object, str] = {}
    described: dict[str, dict[str, Any]] = {}
    for part, thing in parts.items():
        described[part] = {"kind": getattr(thing, "kind", "tower")}
        for name, value in vars(thing).items():
            if isinstance(value, Tensor):
                key = first.setdefault(_identity(value), f"{part}.{name}")
                tensors[key] = tensors.get(key, value.detach().cpu().contiguous())
                described[part][name] = {"tensor": key}
            else:
                described[part][name] = value
    _write(tensors, path, {"format": FORMAT, "parts": json.dumps(described)})


def save_patch(patch: Mapping[str, Tensor], path: Path) -> None:
    """Write the weights that a method puts in its backend's place, whole or not at all."""
    tensors = {name: value.detach().cpu().contiguous() for name, value in patch.items()}
    _write(tensors, path, {"format": PATCH_FORMAT})


def _write(tensors: Mapping[str, Tensor], path: Path, metadata: dict[str, str]) -> None:
    """A safetensors file, whole or not at all. Raises StorageError where the disk refuses."""
    unfinished = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        save_file(dict(tensors), unfinished, metadata=metadata)
        os.replace(unfinished, path)
    except (OSError, SafetensorError) as error:
        unfinished.unlink(missing_ok=True)
        raise StorageError(
            f"cannot write {path}: {error}; free space or choose another --output-path"
        ) from None


def load_patch(path: Path) -> dict[str, Tensor]:
    """Read what `save_patch` wrote. Raises ValueError where the file is missing or broken."""
    try:
        return load_file(path)
    except (SafetensorError, FileNotFoundError) as error:
        raise ValueError(f"{path} is no whole safetensors file ({error}): fit it again") from error


def load(path: Path) -> Paired:
    """Read what `save` wrote. Raises ValueError where the file is broken or something else."""
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    except SafetensorError as error:
        raise ValueError(f"{path} is no whole safetensors file ({error}): fit it again") from error
    if metadata.get("format") != FORMAT:
        raise ValueError(f"{path} has format {metadata.get('format')}, wanted {FORMAT}")
    parts: dict[str, Any] = {}
    for part, described in json.loads(metadata["parts"]).items():
        kind = Tower if described["kind"] == "tower" else KINDS[described["kind"]]
        parts[part] = kind(
            **{
                field.name: _value(described[field.name], tensors)
                for field in fields(kind)
                if field.init
            }
        )
    return Paired(**parts)


def _value(described: Any, tensors: Mapping[str, Tensor]) -> Any:
    return tensors[described["tensor"]] if isinstance(described, dict) else described
