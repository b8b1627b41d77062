"""Looks at a folder in open_clip's format before it is opened: what is missing is one clear line."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

CONFIG_FILE = "open_clip_config.json"
WEIGHTS = (".safetensors", ".bin", ".pth", ".pt")
TOKENIZER = ("tokenizer", "vocab", "merges", "special_tokens", "added_tokens", "spiece")


def weights_file(folder: Path) -> Path:
    """The weights file of a folder that has all it needs."""
    if not folder.is_dir():
        raise ValueError(f"{folder}: found no folder there, wanted an open_clip model folder")
    config = folder / CONFIG_FILE
    if not config.is_file():
        raise ValueError(f"{folder} has no {CONFIG_FILE}, wanted open_clip's folder format")
    try:
        description = json.loads(config.read_text())
    except ValueError as error:
        raise ValueError(f"{config} is no JSON ({one_line(error)}): cut short?") from error
    if not isinstance(description, dict) or "model_cfg" not in description:
        raise ValueError(f"{config} has no 'model_cfg', wanted open_clip's folder format")
    files = sorted(file for file in folder.iterdir() if file.suffix in WEIGHTS)
    if len(files) != 1:
        names = ", ".join(file.name for file in files) or "none"
        raise ValueError(f"{folder} has {names} as weights, wanted one file *.safetensors")
    if files[0].suffix == ".safetensors":
        _check_safetensors(files[0])
    return files[0]


def _check_safetensors(path: Path) -> None:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt"):
            pass
    except (SafetensorError, OSError) as error:
        raise ValueError(
            f"{path} cannot be read ({one_line(error)}): truncated or corrupt? fetch it again"
        ) from error


def hash_of_folder(folder: Path, weights: Path) -> str:
    """sha256 over all that the numbers depend on: weights, configuration and tokenizer."""
    digest = hashlib.sha256()
    for file in sorted(folder.iterdir()):
        if file == weights or file.name == CONFIG_FILE or file.name.startswith(TOKENIZER):
            digest.update(f"{file.name}\0{file.stat().st_size}\0".encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()


def one_line(error: BaseException) -> str:
    """Kind and text of an error without line breaks, cut where it is long."""
    text = " ".join(f"{type(error).__name__}: {error}".split())
    return text if len(text) < 240 else f"{text[:240]}…"
