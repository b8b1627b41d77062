"""The files of a checkpoint: its tensors, its configuration, what they are checked by.

Nothing is executed: safetensors, npz without objects, and torch files with `weights_only=True`.
"""

from __future__ import annotations

import hashlib
import io
import json
import pickle
import re
import warnings
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from benchmark.messages.raised import one_line, with_kind

WEIGHTS = (
    "sae_weights.safetensors",
    "sae.safetensors",
    "dictionary.safetensors",
    "ae.pt",
    "sae.pt",
    "params.npz",
    "model.safetensors",
    "pytorch_model.bin",
)
"""Names that formats give to their weights, the first that is there is taken."""
SUFFIXES = (".safetensors", ".pt", ".pth", ".bin", ".npz")
CONFIGS = ("cfg.json", "config.json")
STATES = ("model_state_dict", "state_dict", "model", "sae", "ae")
"""Keys under which files put their tensors beside other things."""
BESIDE = ("sparsity.safetensors", "map.safetensors", "patch.safetensors")
"""Tensors of a folder that are no SAE."""
LONGEST_HEADER = 1 << 20
BEGINS = (b"PK", b"\x80")
"""First bytes of what torch saves: an archive, or a pickle of old."""
UNSAFE = re.compile(r"GLOBAL ([\w.]+)")


@dataclass(frozen=True, eq=False)
class Found:
    """What one path holds."""

    told: str
    """The path as it was named, for errors."""
    weights: Path
    tensors: dict[str, Tensor]
    config: dict[str, Any]
    """The JSON beside it, and plain values beside the tensors."""
    config_file: Path | None = None
    header: dict[str, Any] = field(default_factory=dict)
    """The JSON line that a file of saev begins with, or the metadata of safetensors."""
    more: dict[str, np.ndarray] = field(default_factory=dict)
    """Arrays of npz files beside it, as `perm.npz`."""
    sha256: str = ""


def find(path: Path) -> Found:
    """Reads a file or folder. Raises ValueError, one line, where there is no checkpoint in it."""
    weights = weights_of(path)
    tensors, plain, header = tensors_of(weights)
    config_file = config_of(weights)
    config = parsed(config_file) if config_file is not None else {}
    more = arrays_beside(weights)
    sha = hashlib.sha256(file_sha256(weights).encode())
    sha.update(json.dumps(config, sort_keys=True).encode())
    for name, array in sorted(more.items()):
        sha.update(name.encode() + array.tobytes())
    whole = {**plain, **config}
    return Found(str(path), weights, tensors, whole, config_file, header, more, sha.hexdigest())


def weights_of(path: Path) -> Path:
    """The file with the tensors of a path."""
    if path.is_file():
        return path
    if not path.is_dir():
        raise ValueError(f"{path} is not there: wanted a file or a folder with a fitted SAE")
    for name in WEIGHTS:
        if (path / name).is_file():
            return path / name
    every = [p for p in sorted(path.iterdir()) if p.suffix in SUFFIXES and p.name not in BESIDE]
    there = [p for p in every if p.suffix != ".npz"] or every
    if len(there) == 1:
        return there[0]
    shown = ", ".join(p.name for p in (there or sorted(path.iterdir()))[:8]) or "nothing"
    raise ValueError(
        f"{path} holds {'several files' if there else 'none'} that could be the weights ({shown}): "
        f"name the file, or a folder with one of {', '.join(WEIGHTS[:5])}"
    )


def config_of(weights: Path) -> Path | None:
    """The JSON that describes these weights, if there is one."""
    own = (f"{weights.stem}.json", f"{weights.stem}_cfg.json")
    named = (weights.parent / name for name in (*own, *CONFIGS))
    return next((path for path in named if path.is_file()), None)


def parsed(path: Path) -> dict[str, Any]:
    """A JSON object. Raises ValueError, one line, for anything else."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ValueError(f"{path} is no JSON: {one_line(error)}") from None
    if not isinstance(found, dict):
        raise ValueError(f"{path} holds a {type(found).__name__}, wanted an object with fields")
    return found


def file_sha256(path: Path) -> str:
    """Checksum of a file. Raises ValueError where it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ValueError(f"cannot read {path}: {error.strerror}") from None


def tensors_of(path: Path) -> tuple[dict[str, Tensor], dict[str, Any], dict[str, Any]]:
    """Tensors by key, plain values beside them, and the header of a file."""
    if path.suffix == ".safetensors":
        tensors, metadata = from_safetensors(path)
        return tensors, {}, metadata
    if path.suffix == ".npz":
        arrays = from_npz(path)
        return {name: torch.from_numpy(array) for name, array in arrays.items()}, {}, {}
    content, header = path.read_bytes(), dict[str, Any]()
    if content[:1] == b"{":
        line = content[:LONGEST_HEADER].partition(b"\n")[0]
        header, content = header_line(line, path), content[len(line) + 1 :]
    tensors, plain = from_torch(content, path)
    return tensors, plain, header


def from_safetensors(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors and metadata. Raises ValueError, one line, where the file is broken."""
    try:
        with safe_open(path, framework="pt") as file:
            names = list(file.keys())
            return {name: file.get_tensor(name) for name in names}, file.metadata() or {}
    except (SafetensorError, OSError) as error:
        raise ValueError(f"{path} is no whole safetensors file: {one_line(error)}") from None


def from_npz(path: Path) -> dict[str, np.ndarray]:
    """Arrays of numbers; objects are not read. Raises ValueError in one line."""
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: np.array(file[name]) for name in file.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, AttributeError) as error:
        raise ValueError(f"{path} is no npz file of plain arrays: {one_line(error)}") from None


def arrays_beside(weights: Path) -> dict[str, np.ndarray]:
    """`perm.npz` of a folder, whose arrays are a map."""
    path = weights.parent / "perm.npz"
    return from_npz(path) if path.is_file() and path != weights else {}


def from_torch(content: bytes, path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """A state dict and the plain values beside it, read with `weights_only=True`.

    Raises ValueError, one line with what to do, where more than tensors would have to be made.
    """
    if not content.startswith(BEGINS):
        raise ValueError(f"{path} is no whole torch file: it begins with {content[:8]!r}")
    try:
        with warnings.catch_warnings(action="ignore"):
            whole = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        what = UNSAFE.search(str(error))
        named = f" ({what.group(1)})" if what else ""
        raise ValueError(
            f"{path} holds more than tensors{named}: reading it would run code, so it is not read; "
            "where it was made, save the tensors alone: torch.save(sae.state_dict(), 'sae.pt')"
        ) from None
    except Exception as error:  # whatever a file that is no torch file makes its readers raise
        raise ValueError(f"{path} is no whole torch file: {with_kind(error)}") from None
    if not isinstance(whole, Mapping):
        raise ValueError(f"{path} holds a {type(whole).__name__}, wanted a state dict of tensors")
    inner = next((key for key in STATES if isinstance(whole.get(key), Mapping)), None)
    state = whole if inner is None else whole[inner]
    tensors = {bare(key): v.detach() for key, v in state.items() if isinstance(v, Tensor)}
    plain = {str(k): v for k, v in [*whole.items(), *state.items()] if is_plain(v)}
    for key, value in whole.items():
        if inner is not None and isinstance(value, Tensor):
            tensors.setdefault(str(key), value.detach())
        if key != inner and isinstance(value, Mapping) and key in ("cfg", "config", "args"):
            plain |= {str(k): v for k, v in value.items() if is_plain(v)}
    return tensors, plain


def bare(key: Any) -> str:
    """A key without what wrappers of modules put before it."""
    return str(key).removeprefix("_orig_mod.").removeprefix("module.")


def is_plain(value: Any) -> bool:
    return isinstance(value, str | int | float | bool)


def header_line(line: bytes, path: Path) -> dict[str, Any]:
    """The JSON that a file of saev begins with."""
    try:
        header = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} begins with a line that is no JSON: {one_line(error)}") from None
    return header if isinstance(header, dict) else {}
