"""Reading a block of a model with tiles, beside the library's own pass over the same prompts.

Timed by `make bench`; run once and unmeasured among the tests.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from transformers import AutoModelForImageTextToText, AutoProcessor

from benchmark.backends import open_backend
from tests import tiny_vlms
from tests.tiny_llava import Pictures

N, TILE, BLOCK = 4, 128, "block:3"
"""Pictures in a batch, pixels of a tile (64 patches), and the last block, so that both run all."""


@dataclass(frozen=True)
class Wide(Pictures):
    """Pictures of four tiles."""

    n: int = N

    def images(self, start: int, stop: int) -> Any:
        whole = Pictures(self.n).images(start, stop)
        return [Image.fromarray(picture).resize((2 * TILE, 2 * TILE)) for picture in whole]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """LLaVA-v1.6-Mistral at a quarter of its width and four blocks."""
    times = TILE // tiny_vlms.SIDE
    sizes = {"WIDTH": 1024, "EYE": 256, "SIDE": TILE, "PATCH": 16}
    sizes["PINPOINTS"] = [[times * a, times * b] for a, b in tiny_vlms.PINPOINTS]  # type: ignore[assignment]
    with pytest.MonkeyPatch.context() as patch:
        for name, value in sizes.items():
            patch.setattr(tiny_vlms, name, value)
        return tiny_vlms.llava_next_mistral(tmp_path_factory.mktemp("wide"))


def reading(folder: Path) -> Any:
    """One batch as a run reads it: pictures, prompts, pass, mean over the picture's tokens."""
    backend = open_backend(f"llava:{folder}")
    sites = [site for site in backend.sites if site.name == BLOCK]
    return lambda: backend.encode_sites(Wide(), "image", 0, N, sites)  # type: ignore[attr-defined]


def bare(folder: Path) -> Any:
    """The same batch through the processor and the model, nothing kept but the last states."""
    model = AutoModelForImageTextToText.from_pretrained(folder).eval()
    processor = AutoProcessor.from_pretrained(folder)
    content = [{"type": "image"}, {"type": "text", "text": "?"}]
    prompt = processor.apply_chat_template([{"role": "user", "content": content}])

    @torch.inference_mode()
    def once() -> Any:
        inputs = processor(images=Wide().images(0, N), text=[prompt] * N, return_tensors="pt")
        return model.model(**inputs).last_hidden_state

    return once


@pytest.mark.parametrize("way", [reading, bare])
def test_a_batch_of_pictures(way: Any, folder: Path, benchmark: Any) -> None:
    benchmark.group = "extraction"
    benchmark(way(folder))
