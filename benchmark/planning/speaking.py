"""Figures of a vision-language model that is built without weights: stacks, tokens and sites."""

from __future__ import annotations

from typing import Any

from benchmark.backends.llava import backend as llava
from benchmark.backends.llava.asking import Asker
from benchmark.backends.llava.blocks import blocks_of, path_of
from benchmark.backends.llava.names import Source
from benchmark.backends.llava.packing import packs
from benchmark.backends.llava.tower import TOWERS, tower_sites
from benchmark.backends.llava.views import Views, any_side, merged_by
from benchmark.planning.known import Known
from benchmark.planning.outline import BYTES, EIGHT_BITS, FOUR_BITS, Outline
from benchmark.planning.pictures import shown
from benchmark.planning.stacks import counted, longest, stack_of

FRAME_TOKENS = 20
"""What a chat template writes around a text, where there is none to ask."""


def figures(
    spec: str,
    found: Source,
    model: Any,
    asker: Asker | None,
    size: tuple[int, int],
    told: Known | None = None,
) -> Outline:
    """A model without weights over pictures of a size; `asker` where its processor is at hand."""
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
        packs=packs(model),
        together=True,
    )


def _views(model: Any, told: Known | None) -> Views:
    """How pictures are cut where there is no processor to ask."""
    vision = model.config.vision_config
    merged = merged_by(model)
    fixed = getattr(vision, "image_size", None)
    side = fixed if isinstance(fixed, int) else any_side(vision)
    side = (told.side if told else 0) or side
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
