"""Reads named arrays from an .npz or .safetensors file, never a pickle; bad files are one line."""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from torch import Tensor

from benchmark.backends.embedding_keys import KEYS, check_keys
from benchmark.backends.paths import standing_at
from benchmark.messages.raised import one_line

WANTED = "wanted a file that numpy.savez or safetensors wrote, with 'image' and 'text' rows"
ZIP, NPY = (b"PK\x03\x04", b"PK\x05\x06"), b"\x93NUMPY"
"""First bytes of an archive, of an empty one, and of a single array."""
DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    OSError,
    SyntaxError,
    ValueError,
    RuntimeError,
    MemoryError,
)
"""What reading an array that was cut, changed, encrypted or described wrongly may raise."""


def check_file(path: Path) -> None:
    """Raises ValueError, one line, where no embeddings file can be; does not open it."""
    if path.suffix.lower() not in READERS:
        raise ValueError(
            f"{path} ends in {path.suffix or 'no suffix'!r}, wanted .npz or .safetensors: save the "
            f"rows with numpy.savez(file, image=…, text=…)"
        )
    found = standing_at(path)
    if found != "a file":
        raise ValueError(f"{path}: found {found} there, {WANTED}")


def read_arrays(path: Path) -> Mapping[str, np.ndarray]:
    """The arrays of a file under their keys. Raises ValueError, one line naming file and key."""
    check_file(path)
    arrays = READERS[path.suffix.lower()](path)
    for key, array in arrays.items():
        if array.dtype.kind == "U":
            _check_text(array, key, path)
    return arrays


def _read_npz(path: Path) -> dict[str, np.ndarray]:
    try:
        with path.open("rb") as file:
            _check_first_bytes(file.read(len(NPY)), path)
            file.seek(0)
            with np.load(file, allow_pickle=False) as archive:
                keys = check_keys(archive.files, path)
                return {key: _member(archive, key, path) for key in keys}
    except (zipfile.BadZipFile, NotImplementedError, OSError) as error:
        raise ValueError(
            f"{path} is no complete .npz archive ({one_line(error)}): truncated or corrupt?"
        ) from error


def _check_first_bytes(head: bytes, path: Path) -> None:
    if head.startswith(NPY):
        raise ValueError(f"{path}: found a single array, wanted an .npz archive of several")
    if not head:
        raise ValueError(f"{path} is empty (0 bytes), {WANTED}")
    if not head.startswith(ZIP):
        raise ValueError(f"{path}: found no .npz archive (a pickle, or text?), {WANTED}")


def _member(archive: np.lib.npyio.NpzFile, key: str, path: Path) -> np.ndarray:
    """One array of the archive; names the key where its bytes are damaged or pickled."""
    try:
        return np.asarray(archive[key])
    except DAMAGED as error:
        if "Object arrays" in str(error):
            raise ValueError(
                f"{path}: {key!r} has object dtype (a pickle, which is never read), wanted plain "
                f"numbers or strings: save it with .astype(float) or .astype(str)"
            ) from error
        raise ValueError(
            f"{path}: {key!r} is corrupt or cannot be read ({one_line(error)}), wanted an intact "
            f"array: save it again"
        ) from error


def _read_safetensors(path: Path) -> dict[str, np.ndarray]:
    """Tensors by key; strings (captions, label_names, split) as JSON lists in the metadata."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            tensors, metadata = list(file.keys()), file.metadata() or {}
            keys = check_keys([*tensors, *metadata], path, silent=("format",))
            arrays = {k: _plain(file.get_tensor(k), k, path) for k in keys if k in tensors}
    except (SafetensorError, OSError, MemoryError) as error:
        raise ValueError(
            f"{path} is no complete .safetensors file ({one_line(error)}): truncated or corrupt?"
        ) from error
    words = {key: metadata[key] for key in KEYS if key in metadata and key not in arrays}
    return arrays | {key: _strings(text, key, path) for key, text in words.items()}


def _plain(tensor: Tensor, key: str, path: Path) -> np.ndarray:
    """A tensor as numpy has it; floats that numpy lacks (bfloat16, float8) become float32."""
    try:
        try:
            return tensor.numpy()
        except TypeError:
            return tensor.float().numpy()
    except (TypeError, RuntimeError) as error:
        raise ValueError(
            f"{path}: {key!r} has dtype {tensor.dtype}, which cannot be read: save it as float32"
        ) from error


def _strings(text: str, key: str, path: Path) -> np.ndarray:
    try:
        strings = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise ValueError(f"{path}: metadata {key!r} is no JSON ({one_line(error)})") from error
    if not isinstance(strings, list) or not all(isinstance(s, str) for s in strings):
        raise ValueError(f"{path}: metadata {key!r} is no list of strings, wanted a JSON one")
    return np.array(strings, dtype=np.str_)


def _check_text(array: np.ndarray, key: str, path: Path) -> None:
    """Half of a surrogate pair is no text: nothing that is written could hold it."""
    for place, text in enumerate(array.ravel().tolist()):
        if not text.isascii() and text != text.encode("utf-8", "replace").decode():
            raise ValueError(
                f"{path}: {key!r} holds {text!r} at place {place}, which is no text that could be "
                f"written: decode it as utf-8 before it is saved"
            )


READERS = {".npz": _read_npz, ".safetensors": _read_safetensors}
