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
from benchmark.backends.llava.blocks import blocks_of, path_of
from benchmark.backends.llava.folders import check, has_parts, hash_of_folder
from benchmark.backends.llava.loading import bits, greedy, why
from benchmark.backends.llava.names import Source, source
from benchmark.backends.llava.tower import TOWERS, tower_sites
from benchmark.backends.llava.views import Views, any_side, merged_by
from benchmark.contracts import Need
from benchmark.planning.hubs import Fetch, fetch, held
from benchmark.planning.known import Known, known
from benchmark.planning.outline import BYTES, EIGHT_BITS, FOUR_BITS, Outline
from benchmark.planning.pictures import shown
from benchmark.planning.stacks import counted, longest, stack_of, unweighed
from benchmark.worlds.scenes import Scenes

FRAME_TOKENS = 20
"""What a chat template writes around a text, where there is none to ask."""
SMALL_FOLDER = 2e9
"""Bytes of weights that are hashed to know their revision; more would take longer than a plan."""


def outline(spec: str, size: tuple[int, int]) -> tuple[Outline, Fetch | None]:
    """The model of a spec over pictures of a size (height, width), and what is to be fetched.

    Raises ValueError, one line, where neither a configuration is at hand nor the table knows it.
    """
    found = source(spec)
    check(found)
    folder = found.folder if found.repository is None else found.repository.cached
    if folder is not None and (has_parts(folder) or (folder / "config.json").is_file()):
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
    parcel = None
    if found.repository is not None and found.trained:
        parcel = fetch(found.repository, made.parameters, BYTES["bfloat16"])
    return made, parcel


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
    made = _figures(spec, found, model, asker, size)
    offers = frozenset({Need.PROJECTOR}) if parts else frozenset()
    made = replace(
        made,
        provides=made.provides | offers,
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
    made = _figures(spec, found, model, None, size, told)
    return replace(made, known="assumed")


def _figures(
    spec: str,
    found: Source,
    model: Any,
    asker: Asker | None,
    size: tuple[int, int],
    told: Known | None = None,
) -> Outline:
    """Stacks, tokens and sites of a model without weights."""
    blocks = blocks_of(model, spec)
    text = model.config.get_text_config(decoder=True)
    vision = model.config.vision_config
    tower = model.get_submodule(path_of(model, TOWERS))
    views = asker.views if asker else _views(model, told)
    per_view = views.n_patches * max(1, views.merged)
    times, tokens = shown(views, size)
    whole = found.device_map == found.quantised == "none"
    each = {"8bit": EIGHT_BITS, "4bit": FOUR_BITS}.get(found.quantised, BYTES[found.dtype])
    return Outline(
        name=spec,
        sites=blocks.sites + tower_sites(model, blocks, views),
        provides=llava.SPEAKS,
        dtype=found.dtype,
        text_pass=found.text_pass,
        parameters=counted(model),
        bytes_each=BYTES[found.dtype] if whole else each,
        tower=stack_of("vision tower", longest(tower), vision.hidden_size, vision),
        tower_tokens=per_view + 1,
        views=times,
        prompt_tokens=tokens,
        patches=views.n_patches,
        words=stack_of("language model", list(blocks.modules), text.hidden_size, text),
        frame_tokens=_frame(asker),
        text_tokens=_counter(asker, found.text_pass) if asker else None,
        decodes=True,
        merged=max(1, views.merged),
        together=True,
    )


def _views(model: Any, told: Known | None) -> Views:
    """How pictures are cut where there is no processor to ask."""
    vision = model.config.vision_config
    merged = merged_by(model)
    fixed = getattr(vision, "image_size", None)
    side = fixed if isinstance(fixed, int) else any_side(vision)
    grid = side // vision.patch_size // int(max(1, merged) ** 0.5)
    pinpoints = told.pinpoints if told else ()
    return Views((grid, grid), pinpoints=pinpoints, side=side, merged=merged)


def _frame(asker: Asker | None) -> float:
    if asker is None:
        return FRAME_TOKENS
    words = asker.chat.words(["a"], asker.chat.plain)
    return len(words.ids[0]) - int(words.counts()[0])


def _counter(asker: Asker, text_pass: str) -> Any:
    chat = asker.chat
    frame = chat.pictured if text_pass == "joint" else chat.plain
    return lambda captions: chat.words(captions, frame).counts().tolist()


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
