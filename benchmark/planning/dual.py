"""A dual encoder of transformers by its configuration: `dual:…`."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from benchmark.backends.dual.families import family_of
from benchmark.backends.dual.loading import check
from benchmark.backends.dual.names import Source, source
from benchmark.backends.dual.texts import TextReader
from benchmark.backends.dual.towers import towers_of
from benchmark.backends.hub import asking
from benchmark.backends.llava.folders import hash_of_folder
from benchmark.contracts import Need
from benchmark.messages.raised import with_kind
from benchmark.planning.hubs import Fetch, fetch, held
from benchmark.planning.known import known
from benchmark.planning.outline import BYTES, Outline
from benchmark.planning.stacks import counted, longest, stack_of, unweighed

SMALL_FOLDER = 2e9
"""Bytes of weights that are hashed to know their revision."""
NAFLEX_PATCHES = 256
"""Patches of a picture where they follow its shape: the most that the processor makes."""
Counter = Callable[[Sequence[str]], list[int]]


def outline(spec: str, size: tuple[int, int]) -> tuple[Outline, list[Fetch]]:
    """The model of a spec, and what is to be fetched; the size of pictures changes nothing.

    Raises ValueError, one line, where neither a configuration is at hand nor the table knows it.
    """
    del size
    found = source(spec)
    check(found)
    folder = found.folder if found.repository is None else found.repository.cached
    here = folder is not None and (folder / "config.json").is_file()
    made = _of_config(spec, found, _config(spec, found, folder if here else None))
    if here and folder is not None:
        made = _read_by(made, spec, found, folder)
    made = made if here else replace(made, known="assumed")
    if found.repository is None or not found.trained:
        return made, []
    return made, [fetch(found.repository, made.parameters)]


def _config(spec: str, found: Source, folder: Path | None) -> Any:
    """The configuration in a folder, or as the table has it."""
    from transformers import AutoConfig

    try:
        with asking():
            if folder is not None:
                return AutoConfig.from_pretrained(folder)
    except Exception as error:
        raise ValueError(
            f"{spec} does not open ({with_kind(error)}): is its config.json whole?"
        ) from error
    assert found.repository is not None
    told = known(found.repository.id)
    if told is None:
        raise ValueError(
            f"{spec}: nothing of it is in the hub's cache and its figures are not known here, so "
            f"its size, sites and time cannot be told before its config.json is fetched: hf "
            f"download {found.repository.id} config.json"
        )
    fields = dict(told.config)
    with asking():
        return AutoConfig.for_model(fields.pop("model_type"), **fields)


def _of_config(spec: str, found: Source, config: Any) -> Outline:
    """Towers, tokens and sites of a configuration."""
    from transformers import AutoModel

    family = family_of(config.model_type, spec)
    with asking(), unweighed():
        model = AutoModel.from_config(config)
    towers = towers_of(model, family.native, spec)
    vision, text = config.vision_config, config.text_config
    patches = NAFLEX_PATCHES if towers.grid is None else towers.grid[0] * towers.grid[1]
    joint = getattr(config, "projection_dim", None)
    image_d = joint or vision.hidden_size
    text_d = joint or getattr(text, "projection_size", None) or text.hidden_size
    length = int(text.max_position_embeddings)
    return Outline(
        name=spec,
        sites=towers.sites,
        provides=frozenset({Need.SAME_WIDTH}),
        dtype=found.dtype,
        parameters=counted(model),
        bytes_each=BYTES[found.dtype],
        tower=stack_of("image tower", longest(model.vision_model), vision.hidden_size, vision),
        tower_tokens=patches + towers.n_prefix,
        patches=patches,
        words=stack_of("text tower", longest(model.text_model), text.hidden_size, text),
        fixed_tokens=length if family.fixed_length else 0,
        embedded=(int(image_d), int(text_d)),
        together=True,
    )


def _read_by(made: Outline, spec: str, found: Source, folder: Path) -> Outline:
    """With tokens, preprocessing and revision, where a folder has what they follow from."""
    from transformers import AutoConfig, AutoProcessor

    try:
        with asking():
            config, processor = (
                AutoConfig.from_pretrained(folder),
                AutoProcessor.from_pretrained(folder),
            )
    except Exception:
        return made
    length = int(config.text_config.max_position_embeddings)
    family = family_of(config.model_type, spec)
    texts = TextReader(processor.tokenizer, family, length, torch.device("cpu"))
    pictures = processor.image_processor
    reading = {"image_processor": pictures.to_dict(), "texts": texts.described}
    return replace(
        made,
        preprocessing=json.dumps(reading, sort_keys=True, default=str),
        text_tokens=_counter(texts),
        revision=_revision(found, folder),
    )


def _counter(texts: TextReader) -> Counter:
    return lambda captions: texts.counts(captions).tolist()


def _revision(found: Source, folder: Path) -> str:
    """The backend's revision where it follows from names and small files; else ""."""
    if not found.trained:
        return ""
    if found.repository is not None:
        return found.repository.resolved
    return hash_of_folder(folder) if held(folder) < SMALL_FOLDER else ""
