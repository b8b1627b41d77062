"""Looks at a folder of transformers before it is opened: what is missing is one clear line."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from benchmark.backends.extras import need
from benchmark.backends.llava.names import Source
from benchmark.backends.options import check_shipped
from benchmark.backends.paths import standing_at
from benchmark.messages.raised import one_line, with_kind

WEIGHTS, INDEX = "model.safetensors", "model.safetensors.index.json"
PARTS_FILE = "parts.json"
PATTERNS = ("*.json", "*.jinja", "*.model", "*.txt", "*.safetensors")
"""Files that the numbers depend on: weights, configuration, processor, tokenizer, template."""


def check(found: Source) -> None:
    """Raises ValueError, one line, where a source's folder lacks what it is opened from.

    That is a configuration and, where weights are not drawn, every file of them; and the libraries
    that its options stand on.
    """
    _check_options(found)
    if found.folder is None:
        return
    if found.shipped:
        check_shipped(found.shipped, found.folder, "pocket_llava")
    check_folder(found.folder, weights=found.trained)


def _check_options(found: Source) -> None:
    """Raises ValueError where weights cannot be read in the way that was asked for."""
    asked = {"device_map": found.device_map, "quantised": found.quantised}
    chosen = [f"{option}={value}" for option, value in asked.items() if value != "none"]
    if not chosen:
        return
    if not found.trained or (found.folder is not None and has_parts(found.folder)):
        kind = "weights that are drawn" if not found.trained else "a host of parts"
        raise ValueError(f"{found.spelling}: {kind} are held whole, wanted no {chosen[0]}")
    need("accelerate", found.spelling, chosen[0])
    if found.quantised != "none":
        need("bitsandbytes", found.spelling, chosen[-1])
    if found.quantised == "8bit" and found.dtype != "float16":
        raise ValueError(
            f"{found.spelling}: eight bits are multiplied in float16, found dtype={found.dtype}: "
            f"write dtype=float16 beside it"
        )


def check_folder(folder: Path, *, weights: bool = True) -> None:
    """Raises ValueError, one line, where a folder is not whole.

    There is no folder, no configuration, a shard is missing or a file is cut short; without
    `weights` shards and files of them are not looked at.
    """
    there = standing_at(folder)
    if there != "a folder":
        raise ValueError(f"{folder}: found {there} there, wanted a folder of transformers")
    if has_parts(folder):
        return
    config = folder / "config.json"
    if not config.is_file() or "model_type" not in _json(config):
        raise ValueError(f"{folder} has no config.json with a model_type, wanted one")
    for file in _weights(folder) if weights else ():
        _check_safetensors(file)


def has_parts(folder: Path) -> bool:
    """Whether a folder describes a host whose parts are elsewhere."""
    return (folder / PARTS_FILE).is_file()


def _weights(folder: Path) -> tuple[Path, ...]:
    """The one file of weights, or every shard that the index names."""
    if (folder / WEIGHTS).is_file():
        return (folder / WEIGHTS,)
    index = folder / INDEX
    if not index.is_file():
        raise ValueError(f"{folder} has neither {WEIGHTS} nor {INDEX}, wanted one of them")
    names = sorted(set(_json(index).get("weight_map", {}).values()))
    missing = [name for name in names if not (folder / name).is_file()]
    if missing or not names:
        lacks = ", ".join(missing[:3]) or "every shard"
        raise ValueError(
            f"{folder} lacks {lacks} ({len(missing)} of {len(names)} shards that {INDEX} names): "
            f"fetch the folder again"
        )
    return tuple(folder / name for name in names)


def _json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text())
    except OSError as error:
        raise ValueError(f"{path} cannot be read ({one_line(error)})") from error
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is no JSON ({one_line(error)}): cut short?") from error
    if not isinstance(found, dict):
        raise ValueError(f"{path} holds a {type(found).__name__}, wanted an object")
    return found


def _check_safetensors(path: Path) -> None:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt"):
            pass
    except (SafetensorError, OSError) as error:
        raise ValueError(
            f"{path} cannot be read ({with_kind(error)}): truncated or corrupt? fetch it again"
        ) from error


def hash_of_folder(folder: Path) -> str:
    """sha256 over all that the numbers depend on; a card or a picture beside it changes nothing."""
    digest = hashlib.sha256()
    files = {file for pattern in PATTERNS for file in folder.glob(pattern) if file.is_file()}
    for file in sorted(files - {folder / "card.json"}):
        digest.update(f"{file.name}\0{file.stat().st_size}\0".encode())
        with file.open("rb") as content:
            digest.update(hashlib.file_digest(content, "sha256").digest())
    return digest.hexdigest()
