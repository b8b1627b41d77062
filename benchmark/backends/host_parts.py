"""The parts of a host: where `parts.json` says they are, and each of them opened with care.

    parts.json   {"language_model": …, "vision_tower": …, "projector": "projector.safetensors"}

Language model and tower are folders (relative to parts.json) or hub ids, ORG/NAME or, for one
revision, ORG/NAME@COMMIT.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Any

import torch
from transformers import (
    AutoImageProcessor,
    AutoModel,
    AutoModelForCausalLM,
    AutoTokenizer,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from benchmark.backends import open_clip_towers
from benchmark.backends.drawing import drawn
from benchmark.backends.hub import PICTURES, TOKENIZER, Repository, no_retries_offline, trouble
from benchmark.messages.raised import one_line, with_kind

PARTS_FILE, PROJECTOR_FILE = "parts.json", "projector.safetensors"
HUB_ID = re.compile(r"\w[\w.-]*(/\w[\w.-]*)?(@[\w./-]+)?")
MAIN, IN_PARTS = "main", "name that in parts.json"
MAY_BE_NEW = ("pooler.", "head.")
"""Weights of a tower that no patch token depends on: checkpoints of classifiers lack them."""


@dataclass(frozen=True)
class Parts:
    """Where the parts are, and how the tower's tokens are read."""

    language_model: str
    vision_tower: str
    projector: str = PROJECTOR_FILE
    vision_feature_layer: int = -1


def read(folder: Path) -> Parts:
    """The parts of a folder. Raises ValueError in one line."""
    file = folder / PARTS_FILE
    try:
        found = json.loads(file.read_text())
    except OSError as error:
        raise ValueError(f"{file} cannot be read ({one_line(error)}), wanted a host's parts") from (
            error
        )
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{file} is no JSON ({one_line(error)}), wanted a host's parts") from error
    wrong = _wrong(found)
    if wrong:
        wanted = ", ".join(f.name for f in fields(Parts))
        raise ValueError(f"{file} {wrong}: wanted an object with {wanted}")
    return Parts(**found)


def _wrong(found: Any) -> str:
    """What keeps a JSON value from being a description of parts; "" for nothing."""
    if not isinstance(found, dict):
        return f"holds a {type(found).__name__}"
    known = {f.name: f for f in fields(Parts)}
    for name in sorted(found.keys() - known.keys()):
        return f"has an unknown key {name}"
    for name, field in known.items():
        kind = int if name == "vision_feature_layer" else str
        if name not in found and field.default is MISSING:
            return f"does not say {name}"
        if name in found and type(found[name]) is not kind:
            return f"has {name} {found[name]!r}, which is no {kind.__name__}"
    return ""


def place(folder: Path, part: str, what: str) -> str:
    """A part's folder where it is one beside parts.json, else the hub id that was written.

    Raises ValueError for what is neither.
    """
    beside = (folder / part).resolve()
    if beside.is_dir():
        return str(beside)
    if not HUB_ID.fullmatch(part):
        raise ValueError(
            f"{folder / PARTS_FILE}: found no folder {part} for its {what}, wanted one, or a hub id"
        )
    return part


def language_model(
    where: str, trained: bool = True, dtype: torch.dtype = torch.float32
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """A language model and its tokenizer; its weights are drawn where `trained` is false.

    Raises ValueError in one line.
    """
    name, at = named(where)
    with opening("a language model", where, (TOKENIZER,), trained):
        model, report = _model(AutoModelForCausalLM, where, trained, dtype)
        tokenizer = AutoTokenizer.from_pretrained(name, revision=at)
    check_whole(report, where)
    return model, tokenizer


def vision_tower(
    where: str, trained: bool = True, dtype: torch.dtype = torch.float32
) -> tuple[PreTrainedModel, Any]:
    """A tower and its image processor, from transformers' format or an open_clip folder.

    The tower's weights are drawn where `trained` is false. Raises ValueError in one line.
    """
    if (Path(where) / open_clip_towers.CONFIG_FILE).is_file():
        found: Any = open_clip_towers.opened(Path(where), trained)
        return found[0].to(dtype), found[1]
    name, at = named(where)
    with opening("a vision tower", where, (PICTURES,), trained):
        model, report = _model(AutoModel, where, trained, dtype)
        pictures = AutoImageProcessor.from_pretrained(name, revision=at)
    check_whole(report, where)
    return getattr(model, "vision_model", model), pictures


def _model(
    kind: Any, where: str, trained: bool, dtype: torch.dtype
) -> tuple[Any, Mapping[str, Any]]:
    """A model of an auto class, and what is said of missing weights; drawn in single precision."""
    name, at = named(where)
    if not trained:
        return drawn(kind, name, at), {"missing_keys": ()}
    found: Any = kind.from_pretrained(name, revision=at, dtype=dtype, output_loading_info=True)
    return found


def named(where: str) -> tuple[str, str]:
    """What transformers calls a part, and its revision: a folder has none."""
    if Path(where).is_dir():
        return where, MAIN
    wanted = Repository.named(where)
    return wanted.id, wanted.revision or MAIN


@contextmanager
def opening(
    what: str, where: str, beside: tuple[tuple[str, ...], ...] = (), trained: bool = True
) -> Iterator[None]:
    """Whatever a library raises while a part is opened becomes one line; the hub is asked once.

    `beside`: files that the part has beside its configuration and weights, any of each.
    """
    try:
        with no_retries_offline():
            yield
    except Exception as error:
        hub = None if Path(where).is_dir() else Repository.named(where)
        said = hub and trouble(hub, error, IN_PARTS, weights=trained, beside=beside)
        raise ValueError(
            said
            or f"{where} does not open as {what} ({with_kind(error)}): is it a whole folder, or a "
            f"hub id with the hub in reach?"
        ) from error


def check_whole(report: Mapping[str, Any], where: str) -> None:
    """Raises ValueError where a part has no weights for a layer: they would be random."""
    missing = sorted(key for key in report["missing_keys"] if not key.startswith(MAY_BE_NEW))
    if missing:
        raise ValueError(
            f"{where} has no weights for {missing[0]} ({len(missing)} missing), wanted every one"
        )
