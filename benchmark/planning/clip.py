"""An open_clip model by its configuration: `clip:…` and `pocket-clip`."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from torch import nn

from benchmark.backends.clip import spelling
from benchmark.backends.clip_folders import checked, hash_of_folder
from benchmark.backends.clip_names import Source, source
from benchmark.backends.clip_opening import holder
from benchmark.backends.clip_towers import TextReader, n_prefix_tokens, sites_of
from benchmark.backends.quiet import quiet
from benchmark.contracts import Need
from benchmark.messages.raised import with_kind
from benchmark.planning.hubs import Fetch, fetch, held
from benchmark.planning.outline import Outline
from benchmark.planning.stacks import counted, longest, stack_of, unweighed

MARKS = 2
"""Start and end marks of a caption."""
SMALL_FOLDER = 2e9
"""Bytes of weights that are hashed to know their revision."""


def outline(spec: str, size: tuple[int, int]) -> tuple[Outline, list[Fetch]]:
    """The model of a spec, and what is to be fetched; the size of pictures changes nothing.

    Raises ValueError, one line, where its configuration is neither here nor open_clip's own.
    """
    del size
    spelling(spec)
    found = source(spec)
    repository = holder(found.name, found.pretrained) if found.folder is None else None
    place = _place(spec, found, repository.cached if repository else None)
    model = _model(spec, place)
    made = _figures(spec, model, found.folder)
    parcels = [fetch(repository, made.parameters)] if repository and found.trained else []
    if found.folder is None or not found.trained:
        return made, parcels
    weights = checked(found)
    small = held(found.folder) < SMALL_FOLDER
    return replace(made, revision=hash_of_folder(found.folder, weights) if small else ""), parcels


def _place(spec: str, found: Source, cached: Path | None) -> str:
    """What open_clip builds a model from without fetching anything."""
    if found.folder is not None:
        return f"local-dir:{found.folder}"
    if not found.name.startswith("hf-hub:"):
        return found.name
    if cached is None:
        raise ValueError(
            f"{spec}: nothing of it is in the hub's cache, so its size, sites and time cannot be "
            f"told before its open_clip_config.json is fetched: hf download "
            f"{found.name.removeprefix('hf-hub:')} open_clip_config.json"
        )
    return f"local-dir:{cached}"


def _model(spec: str, place: str) -> nn.Module:
    """The model without memory for weights."""
    try:
        with quiet():
            import open_clip

            with unweighed():
                model, _, _ = open_clip.create_model_and_transforms(
                    place, load_weights=False, pretrained_text=False, device=unweighed()
                )
    except Exception as error:
        raise ValueError(
            f"{spec} does not open as an open_clip model ({with_kind(error)}): is its "
            f"open_clip_config.json whole?"
        ) from error
    return model


def _figures(spec: str, model: Any, folder: Path | None) -> Outline:
    """Towers, tokens and sites."""
    visual = model.visual
    image, text = longest(visual), longest(_words(model))
    reader = _reader(model)
    positions = model.get_parameter(f"{reader.prefix}positional_embedding")
    side = dict(visual.preprocess_cfg)["size"]
    high, wide = (side, side) if isinstance(side, int) else side
    patch = _patch(visual)
    patches = (high // patch) * (wide // patch) if patch else 0
    width = _width(image, visual)
    return Outline(
        name=spec,
        sites=sites_of(model),
        provides=frozenset({Need.SAME_WIDTH}),
        preprocessing=json.dumps(dict(visual.preprocess_cfg), sort_keys=True),
        parameters=counted(model),
        tower=stack_of("image tower", image, width) if image else None,
        tower_tokens=patches + n_prefix_tokens(model),
        patches=patches,
        words=stack_of("text tower", text, positions.shape[1]) if text else None,
        frame_tokens=MARKS,
        fixed_tokens=0 if reader.cuts else positions.shape[0],
        text_tokens=_counter(folder, reader) if folder is not None else None,
        embedded=_embedded(model, visual),
    )


def _reader(model: Any) -> TextReader:
    """How captions are read, where a mask has a shape and no values: it is taken to be causal."""
    prefix = "text." if hasattr(model, "text") else ""
    owner = model.text if prefix else model
    pool = str(getattr(owner, "pool_type" if prefix else "text_pool_type", "other"))
    end = int(getattr(owner, "eos_id" if prefix else "text_eos_id", None) or 0)
    plain = getattr(owner, "cls_emb", None) is None and not getattr(owner, "use_pad_mask", False)
    masked = getattr(owner, "attn_mask", None) is not None
    cuts = masked and plain and pool in ("argmax", "eos")
    return TextReader(model, prefix, pool, end, int(getattr(owner, "pad_id", 0)), cuts)


def _words(model: Any) -> nn.Module:
    """Where the text tower is; a model of open_clip's first kind keeps it in itself."""
    found: nn.Module = model.text if hasattr(model, "text") else model.transformer
    return found


def _patch(visual: Any) -> int:
    """Pixels a side of a patch: the stride of the first convolution."""
    for module in visual.modules():
        if isinstance(module, nn.Conv2d):
            return int(module.stride[0])
    return 0


def _width(blocks: list[nn.Module], visual: Any) -> int:
    """Columns of the residual stream: of the first norm inside a block."""
    for block in blocks[:1]:
        for module in block.modules():
            if isinstance(module, nn.LayerNorm):
                return int(module.normalized_shape[0])
    return int(getattr(visual, "output_dim", 0) or 0)


def _embedded(model: Any, visual: Any) -> tuple[int, int]:
    """Width of the joint embedding, the same for both towers."""
    for owner in (visual, model.text if hasattr(model, "text") else model):
        d = getattr(owner, "output_dim", None)
        if isinstance(d, int) and d > 0:
            return d, d
    d = int(model.text_projection.shape[1])
    return d, d


def _counter(folder: Path, reader: Any) -> Any:
    """Tokens of captions by the tokenizer in a folder; marks are counted in."""

    def counts(captions: Any) -> list[int]:
        with quiet():
            import open_clip

            tokens = open_clip.get_tokenizer(f"local-dir:{folder}")(list(captions))
        found: list[int] = reader.real(tokens).sum(1).tolist()
        return found

    return counts
