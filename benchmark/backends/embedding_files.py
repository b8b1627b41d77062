"""Reads named arrays from an .npz or .safetensors file, never a pickle; bad files are one line."""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np

KEYS = (
    "image",
    "text",
    "text_owner",
    "image_id",
    "labels",
    "label_names",
    "captions",
    "split",
)
"""The arrays that mean something to us; all others in a file are left unread."""


def read_arrays(path: Path) -> Mapping[str, np.ndarray]:
    """The arrays of a file under their keys. Raises ValueError, one line naming file and key."""
    readers = {".npz": _read_npz, ".safetensors": _read_safetensors}
    if path.suffix not in readers:
        raise ValueError(
            f"{path} ends in {path.suffix or 'no suffix'!r}, wanted .npz or .safetensors"
        )
    if not path.is_file():
        found = "a folder" if path.is_dir() else "nothing"
        raise ValueError(f"{path}: found {found} there, wanted a file of paired embeddings")
    return readers[path.suffix](path)


def _read_npz(path: Path) -> Mapping[str, np.ndarray]:
    try:
        with path.open("rb") as file:
            archive = np.load(file, allow_pickle=False)
            if not isinstance(archive, np.lib.npyio.NpzFile):
                raise ValueError(f"{path}: found a single array, wanted an .npz archive of arrays")
            return {key: _member(archive, key, path) for key in KEYS if key in archive.files}
    except (zipfile.BadZipFile, EOFError, OSError) as error:
        raise ValueError(
            f"{path} is no complete .npz archive ({_one_line(error)}): truncated or corrupt?"
        ) from error
    except ValueError as error:
        if str(path) in str(error):
            raise
        raise ValueError(
            f"{path}: found no .npz archive ({_one_line(error)}), wanted one; pickles are not read"
        ) from error


def _member(archive: np.lib.npyio.NpzFile, key: str, path: Path) -> np.ndarray:
    """One array of the archive; names the key where its bytes are damaged or pickled."""
    try:
        return np.asarray(archive[key])
    except ValueError as error:
        if "Object arrays" in str(error) or "pickle" in str(error):
            raise ValueError(
                f"{path}: {key!r} has object dtype (a pickle, which is never read), "
                f"wanted plain numbers or fixed-width strings: save it with an explicit dtype"
            ) from error
        raise ValueError(f"{path}: {key!r} cannot be read ({_one_line(error)})") from error
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, SyntaxError) as error:
        raise ValueError(
            f"{path}: {key!r} is corrupt ({_one_line(error)}), wanted an intact array"
        ) from error


def _read_safetensors(path: Path) -> Mapping[str, np.ndarray]:
    """Tensors by key; strings (captions, label_names, split) as JSON lists in the metadata."""
    import torch
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            found = {key: file.get_tensor(key) for key in KEYS if key in file.keys()}  # noqa: SIM118
            metadata = file.metadata() or {}
    except (SafetensorError, OSError) as error:
        raise ValueError(
            f"{path} is no complete .safetensors file ({_one_line(error)}): truncated or corrupt?"
        ) from error
    arrays = {
        key: (value.float() if value.dtype == torch.bfloat16 else value).numpy()
        for key, value in found.items()
    }
    words = {key: metadata[key] for key in KEYS if key in metadata and key not in arrays}
    return arrays | {key: _strings(text, key, path) for key, text in words.items()}


def _strings(text: str, key: str, path: Path) -> np.ndarray:
    try:
        strings = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"{path}: metadata {key!r} is no JSON ({error})") from error
    if not isinstance(strings, list) or not all(isinstance(s, str) for s in strings):
        raise ValueError(f"{path}: metadata {key!r} is no list of strings, wanted a JSON one")
    return np.array(strings, dtype=np.str_)


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
