"""Looks at an open_clip folder before it is opened: what is missing is one clear line."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from benchmark.backends.clip_names import Source
from benchmark.backends.options import check_shipped
from benchmark.backends.paths import standing_at
from benchmark.messages.raised import one_line, with_kind

CONFIG_FILE = "open_clip_config.json"
WEIGHTS = (".safetensors", ".bin", ".pth")
PREFERRED = (
    "open_clip_model.safetensors",
    "open_clip_pytorch_model.safetensors",
    "open_clip_pytorch_model.bin",
    "open_clip_pytorch_model.pth",
    "model.safetensors",
    "pytorch_model.bin",
    "pytorch_model.pth",
    "model.pth",
)
"""What open_clip takes first where a folder has several files of weights."""
TOKENIZER = ("tokenizer", "vocab", "merges", "special_tokens", "added_tokens", "spiece")


def checked(found: Source) -> Path | None:
    """The weights file of a source's folder; None where there is no folder, or weights are drawn.

    Raises ValueError, one line, where the folder is not whole: drawn weights need none there.
    """
    if found.folder is None:
        return None
    if found.name:
        check_shipped(found.name, found.folder, "pocket_clip")
    _check_described(found.folder)
    return weights_file(found.folder) if found.trained else None


def _check_described(folder: Path) -> None:
    """Raises ValueError where a folder has no configuration of open_clip."""
    there = standing_at(folder)
    if there != "a folder":
        raise ValueError(f"{folder}: found {there} there, wanted an open_clip model folder")
    config = folder / CONFIG_FILE
    if not config.is_file():
        raise ValueError(f"{folder} has no {CONFIG_FILE}, wanted open_clip's folder format")
    try:
        description = json.loads(config.read_text())
    except OSError as error:
        raise ValueError(f"{config} cannot be read ({one_line(error)})") from error
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{config} is no JSON ({one_line(error)}): cut short?") from error
    if not isinstance(description, dict) or "model_cfg" not in description:
        raise ValueError(f"{config} has no 'model_cfg', wanted open_clip's folder format")


def weights_file(folder: Path) -> Path:
    """The one file that open_clip reads. Raises ValueError where there is none, or it is spoilt."""
    files = sorted(file for file in folder.iterdir() if file.suffix in WEIGHTS)
    known = [folder / name for name in PREFERRED if folder / name in files]
    if not known and len(files) != 1:
        names = ", ".join(file.name for file in files) or "no file"
        raise ValueError(f"{folder} has {names} of weights, wanted one {PREFERRED[0]}")
    chosen = known[0] if known else files[0]
    if chosen.suffix == ".safetensors":
        _check_safetensors(chosen)
    return chosen


def _check_safetensors(path: Path) -> None:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt"):
            pass
    except (SafetensorError, OSError) as error:
        raise ValueError(
            f"{path} cannot be read ({with_kind(error)}): truncated or corrupt? fetch it again"
        ) from error


def hash_of_folder(folder: Path, weights: Path | None) -> str:
    """sha256 over all files that the numbers depend on: weights, configuration and tokenizer."""
    digest = hashlib.sha256()
    for file in sorted(folder.iterdir()):
        if file == weights or file.name == CONFIG_FILE or file.name.startswith(TOKENIZER):
            digest.update(f"{file.name}\0{file.stat().st_size}\0".encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()
