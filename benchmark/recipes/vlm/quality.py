"""How well a pocket VLM sees: its answers about unseen pictures, through its own saved classes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from transformers import AutoModelForImageTextToText, AutoProcessor

from benchmark.backends import hosts
from benchmark.backends.host_parts import PARTS_FILE
from benchmark.recipes.probing import N_SCENES, proportion, unseen
from benchmark.worlds import questions
from benchmark.worlds.palette import BACKGROUNDS, COLOURS
from benchmark.worlds.pictograms import OBJECTS
from benchmark.worlds.scene import Scene, stream

BATCH = 100
MAX_ANSWER = 24


class Asker:
    """A saved folder that answers questions about scenes."""

    def __init__(self, folder: Path, device: torch.device) -> None:
        self.model, self.processor = _opened(folder)
        self.model.eval().to(device)
        self.processor.tokenizer.padding_side = "left"

    @torch.no_grad()
    def answers(self, scenes: Sequence[Scene], asked: Sequence[str]) -> list[str]:
        """Greedy answers to one question about each scene."""
        found: list[str] = []
        for start in range(0, len(scenes), BATCH):
            stop = start + BATCH
            pictures = [Image.fromarray(scene.render()) for scene in scenes[start:stop]]
            inputs = self.processor(
                images=pictures,
                text=[self._prompt(question) for question in asked[start:stop]],
                add_special_tokens=False,
                padding=True,
                return_tensors="pt",
            ).to(self.model.device)
            made = self.model.generate(**inputs, max_new_tokens=MAX_ANSWER, do_sample=False)
            said = made[:, inputs["input_ids"].shape[1] :]
            found += self.processor.batch_decode(said, skip_special_tokens=True)
        return [text.strip() for text in found]

    def _prompt(self, question: str) -> str:
        content = [{"type": "image"}, {"type": "text", "text": question}]
        turns = [{"role": "user", "content": content}]
        return self.processor.apply_chat_template(turns, add_generation_prompt=True)


def _opened(folder: Path) -> tuple[Any, Any]:
    """A host made of parts, or a whole model through the Auto classes."""
    if (folder / PARTS_FILE).is_file():
        return hosts.opened(folder)
    model = AutoModelForImageTextToText.from_pretrained(folder, dtype=torch.float32)
    return model, AutoProcessor.from_pretrained(folder)


def objects(asker: Asker, scenes: Sequence[Scene]) -> dict[str, dict[str, float]]:
    """Recall and precision of the objects listed, and how often the list is exact."""
    lists = asker.answers(scenes, [questions.LIST] * len(scenes))
    said = [set(questions.read_list(answer)) for answer in lists]
    true = [{OBJECTS[item.object].name for item in scene.objects} for scene in scenes]
    pairs = list(zip(said, true, strict=True))
    return {
        "list/recall": proportion([name in a for a, b in pairs for name in sorted(b)]),
        "list/precision": proportion([name in b for a, b in pairs for name in sorted(a)]),
        "list/exact": proportion([a == b for a, b in pairs]),
    } | colours(asker, scenes, said)


def colours(
    asker: Asker, scenes: Sequence[Scene], said: Sequence[set[str]]
) -> dict[str, dict[str, float]]:
    """Colours of the objects that were named, each asked for; nothing where none was."""
    named = [
        (scene, item)
        for scene, names in zip(scenes, said, strict=True)
        for item in scene.objects
        if OBJECTS[item.object].name in names
    ]
    if not named:
        return {}
    asked = [questions.colour_of(item.object) for _, item in named]
    found = asker.answers([scene for scene, _ in named], asked)
    true = [COLOURS[item.colour].name for _, item in named]
    return {"colour": proportion([a == b for a, b in zip(found, true, strict=True)])}


def yes_no(asker: Asker, scenes: Sequence[Scene]) -> dict[str, dict[str, float]]:
    """One question about an object that is there and one about another, for every scene."""
    asked: list[tuple[Scene, str, str]] = []
    for scene in scenes:
        rng = stream("yes or no", scene.key)
        here = {item.object for item in scene.objects}
        for pool in (sorted(here), sorted(set(range(len(OBJECTS))) - here)):
            concept = ("object", pool[int(rng.random() * len(pool))])
            said = questions.is_there(scene, concept)
            asked.append((scene, said.question, said.answer))
    found = asker.answers([scene for scene, _, _ in asked], [question for _, question, _ in asked])
    return {"yes_no": proportion([a == b[2] for a, b in zip(found, asked, strict=True)])}


def measure(folder: Path, device: torch.device, seed: int = 0) -> dict[str, Any]:
    """Everything the card says about quality, from the folder alone."""
    asker = Asker(folder, device)
    scenes = unseen(seed, "test", N_SCENES)
    grounds = asker.answers(scenes, [questions.GROUND] * len(scenes))
    true = [BACKGROUNDS[scene.background].name for scene in scenes]
    return {
        **objects(asker, scenes),
        "ground": proportion([a == b for a, b in zip(grounds, true, strict=True)]),
        **yes_no(asker, scenes),
    }
