"""A vision-language model by its configuration and processor: `llava:…` and the shipped ones."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from benchmark.backends import hosts
from benchmark.backends.hub import asking
from benchmark.backends.llava import backend as llava
from benchmark.backends.llava.asking import Asker, asker_of
from benchmark.backends.llava.folders import check, has_parts, hash_of_folder
from benchmark.backends.llava.loading import bits, greedy, why
from benchmark.backends.llava.names import Source, source
from benchmark.contracts import Need
from benchmark.planning import host
from benchmark.planning.hubs import Fetch, fetch, held
from benchmark.planning.known import Known, known
from benchmark.planning.outline import BYTES, Outline
from benchmark.planning.speaking import figures
from benchmark.planning.stacks import unweighed
from benchmark.worlds.scenes import Scenes

SMALL_FOLDER = 2e9
"""Bytes of weights that are hashed to know their revision; more would take longer than a plan."""


def outline(spec: str, size: tuple[int, int]) -> tuple[Outline, list[Fetch]]:
    """The model of a spec over pictures of a size (height, width), and what is to be fetched.

    Raises ValueError, one line, where neither a configuration is at hand nor the table knows it.
    """
    found = source(spec)
    check(found)
    folder = found.folder if found.repository is None else found.repository.cached
    if folder is not None and has_parts(folder):
        return _of_parts(spec, found, folder, size)
    if folder is not None and (folder / "config.json").is_file():
        made = _at_hand(spec, found, folder, size)
    else:
        assert found.repository is not None
        told = known(found.repository.id)
        if told is None or "vision_config" not in told.config:
            raise ValueError(
                f"{spec}: nothing of it is in the hub's cache and its figures are not known here, "
                f"so its size, sites and time cannot be told before its config.json is fetched: hf "
                f"download {found.repository.id} config.json"
            )
        made = _assumed(spec, found, told, size)
    if found.repository is None or not found.trained:
        return made, []
    return made, [fetch(found.repository, made.parameters, BYTES["bfloat16"])]


def _of_parts(
    spec: str, found: Source, folder: Path, size: tuple[int, int]
) -> tuple[Outline, list[Fetch]]:
    """A host by its parts: as they lie here, or where one of them does not by its figures."""
    parts = host.parts_of(folder)
    if all(part.whole for part in parts):
        made = _at_hand(spec, found, folder, size)
    else:
        model, told = host.untold(spec, folder)
        made = replace(figures(spec, found, model, None, size, told), known="assumed")
    made = replace(made, provides=made.provides | {Need.PROJECTOR})
    return made, host.fetches(parts) if found.trained else []


def _at_hand(spec: str, found: Source, folder: Path, size: tuple[int, int]) -> Outline:
    """By the configuration and the processor of a folder."""
    from transformers import AutoConfig, AutoModelForImageTextToText, AutoProcessor

    parts = has_parts(folder)
    try:
        with asking(), unweighed():
            if parts:
                model, processor = hosts.untrained(folder)
            else:
                config = AutoConfig.from_pretrained(folder)
                model = AutoModelForImageTextToText.from_config(config)
        if not parts:
            processor = _processor(AutoProcessor, folder)
    except Exception as error:
        if parts and isinstance(error, ValueError):
            raise
        raise ValueError(why(found, error)) from error
    asker = None
    if processor is not None:
        greedy(model, processor.tokenizer)
        asker = asker_of(model, processor, torch.device("cpu"), spec, found.pixels)
    made = replace(
        figures(spec, found, model, asker, size),
        preprocessing=_reading(found, asker) if asker else "",
        revision=_revision(found, folder, parts),
        data=Scenes(sizes=llava.SIZES) if found.shipped else None,
    )
    if asker is None:
        return replace(made, notes=("assumed: image tokens, as its processor is not here",))
    return made


def _processor(kind: Any, folder: Path) -> Any:
    """The processor of a folder; None where files of it are still to be fetched."""
    try:
        with asking():
            return kind.from_pretrained(folder)
    except Exception:
        return None


def _assumed(spec: str, found: Source, told: Known, size: tuple[int, int]) -> Outline:
    """By the table's figures alone."""
    from transformers import AutoConfig, AutoModelForImageTextToText

    fields = dict(told.config)
    with asking(), unweighed():
        config = AutoConfig.for_model(fields.pop("model_type"), **fields)
        model = AutoModelForImageTextToText.from_config(config)
    return replace(figures(spec, found, model, None, size, told), known="assumed")


def _reading(found: Source, asker: Asker) -> str:
    """What `open_backend` says of how pictures and words are read, in the same words."""
    reading = {
        "image_processor": asker.processor.image_processor.to_dict(),
        "chat_template": asker.processor.chat_template,
        "text_pass": found.text_pass,
        "side": asker.side,
    }
    return json.dumps(reading, sort_keys=True, default=str)


def _revision(found: Source, folder: Path, parts: bool) -> str:
    """The backend's revision where it follows from names and small files; else ""."""
    if not found.trained or parts:
        return ""
    if found.repository is not None:
        revision = found.repository.resolved
    else:
        revision = hash_of_folder(folder) if held(folder) < SMALL_FOLDER else ""
    return f"{revision}{bits(found)}+{found.text_pass}" if revision else ""
