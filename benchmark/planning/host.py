"""A host of parts by their figures, where a language model or a tower is still on the hub."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmark.backends.host_parts import place, read, vision_tower
from benchmark.backends.hosts import n_patches, n_prefix
from benchmark.backends.hub import CONFIG, PICTURES, TOKENIZER, Repository, asking
from benchmark.planning.hubs import Fetch, fetch
from benchmark.planning.known import Known, known
from benchmark.planning.stacks import unweighed


@dataclass(frozen=True)
class Part:
    """A language model or a tower, in a folder or on the hub."""

    where: str
    beside: tuple[str, ...]
    """Files of which it has one beside its configuration."""

    @property
    def repository(self) -> Repository | None:
        """On the hub; None for a folder."""
        return None if Path(self.where).is_dir() else Repository.named(self.where)

    @property
    def folder(self) -> Path | None:
        """Where it lies on this machine; None where nothing of it does."""
        return Path(self.where) if self.repository is None else self.repository.cached

    @property
    def whole(self) -> bool:
        """Whether what describes it is here; a folder is taken to be whole, or to be told why."""
        if self.repository is None:
            return True
        names = {file.name for file in self.folder.iterdir()} if self.folder else set()
        return CONFIG in names and bool(names & set(self.beside))

    @property
    def told(self) -> Known | None:
        """Its figures in the table."""
        return known(self.repository.id) if self.repository else None


def parts_of(folder: Path) -> tuple[Part, Part]:
    """Language model and tower of a host's folder. Raises ValueError, one line, as a run does."""
    parts = read(folder)
    return (
        Part(place(folder, parts.language_model, "language_model"), TOKENIZER),
        Part(place(folder, parts.vision_tower, "vision_tower"), PICTURES),
    )


def fetches(parts: tuple[Part, Part]) -> list[Fetch]:
    """What of the parts comes from the hub."""
    return [fetch(part.repository) for part in parts if part.repository is not None]


def untold(spec: str, folder: Path) -> tuple[Any, Known]:
    """The host without weights, by what is here and by the table, and the side of its pictures.

    Raises ValueError, one line, for a part of which neither knows anything.
    """
    from transformers import LlavaConfig, LlavaForConditionalGeneration

    language, eye = parts_of(folder)
    words = _config(spec, language)
    words.vocab_size += 1  # for the mark that stands where a picture does
    with asking(), unweighed():
        tower, side = _tower(spec, eye)
        config = LlavaConfig(
            vision_config=tower.config,
            text_config=words,
            image_token_index=words.vocab_size - 1,
            image_seq_length=n_patches(tower),
            projector_hidden_act="linear",
            vision_feature_layer=read(folder).vision_feature_layer,
            vision_feature_select_strategy="default" if n_prefix(tower) else "full",
            tie_word_embeddings=words.tie_word_embeddings,
        )
        return LlavaForConditionalGeneration(config), Known({}, 0.0, side=side)


def _config(spec: str, part: Part) -> Any:
    """The configuration of a part, as it lies here or as the table has it."""
    from transformers import AutoConfig

    if part.folder is not None and (part.folder / CONFIG).is_file():
        try:
            with asking():
                return AutoConfig.from_pretrained(part.folder)
        except Exception as error:
            raise ValueError(f"{part.folder / CONFIG} is no configuration: {error}") from error
    if part.told is None:
        raise ValueError(
            f"{spec}: its part {part.where} is not in the hub's cache and its figures are not "
            f"known here, so its size, sites and time cannot be told before its config.json is "
            f"fetched: hf download {part.where} config.json"
        )
    fields = dict(part.told.config)
    return AutoConfig.for_model(fields.pop("model_type"), **fields)


def _tower(spec: str, part: Part) -> tuple[Any, int]:
    """A tower without weights, and the pixels a side that its processor makes of a picture."""
    from transformers import AutoModel

    if part.whole:
        tower, pictures = vision_tower(part.where, trained=False)
        black = np.zeros((64, 64, 3), np.uint8)
        return tower, int(pictures(black, return_tensors="np")["pixel_values"].shape[-1])
    model = AutoModel.from_config(_config(spec, part))
    return getattr(model, "vision_model", model), part.told.side if part.told else 0
