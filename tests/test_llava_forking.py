"""Logits under many edits of the same prompts are those of each edit by itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from benchmark import edits
from benchmark.backends.llava import forking
from benchmark.backends.llava.backend import open_backend
from benchmark.backends.llava.model import Llava
from benchmark.contracts import Edit
from tests.tiny_llava import (
    BLOCKS,
    QUESTIONS,
    WIDTH,
    Pictures,
    save_any_size_folder,
    save_folder,
    save_next_folder,
)

N = len(QUESTIONS)
PICTURES = Pictures().images(0, N)


@pytest.fixture(scope="module", params=[save_folder, save_next_folder, save_any_size_folder])
def llava(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Llava:
    folder: Path = request.param(tmp_path_factory.mktemp("llava") / "tiny")
    return open_backend(f"llava:{folder}")


def push(seed: int) -> Tensor:
    return 20 * torch.randn(N, WIDTH, generator=torch.Generator().manual_seed(seed))


def alternatives(llava: Llava) -> list[list[Edit]]:
    some = torch.zeros(N, llava.patch_grid[0] * llava.patch_grid[1], dtype=torch.bool)
    some[:, 1:3] = True
    single = [[Edit(b, edits.add(push(b)), patches=some)] for b in range(BLOCKS)]
    two = [Edit(0, edits.add(push(7)), patches=some), Edit(1, edits.subtract(push(8)))]
    return [[], *single, two, two[::-1]]


def test_each_is_what_it_is_alone(llava: Llava) -> None:
    prompts, tried = llava.ask(PICTURES, QUESTIONS), alternatives(llava)
    found = llava.next_logits_under(prompts, tried)
    for edited, logits in zip(tried, found, strict=True):
        assert torch.allclose(logits, llava.next_logits(prompts, edited), atol=1e-4)
    assert not torch.allclose(found[0], found[1], atol=1e-3)


def test_the_model_is_as_it_was(llava: Llava) -> None:
    prompts = llava.ask(PICTURES, QUESTIONS)
    before = llava.next_logits(prompts)
    llava.next_logits_under(prompts, alternatives(llava))
    assert torch.equal(llava.next_logits(prompts), before)
    for block in range(BLOCKS):
        assert "forward" not in vars(llava.blocks[block])
        assert not llava.blocks[block]._forward_hooks


def test_blocks_before_the_edit_do_not_run(llava: Llava) -> None:
    prompts = llava.ask(PICTURES, QUESTIONS)
    llava.next_logits_under(prompts, [[Edit(1, edits.add(push(1)))]])
    ran: list[int] = []
    inner = [llava.blocks[b].get_submodule("mlp") for b in range(BLOCKS)]
    hooks = [
        mlp.register_forward_hook(lambda *_, b=b: ran.append(b)) for b, mlp in enumerate(inner)
    ]
    llava.next_logits_under(prompts, [[Edit(1, edits.add(push(s)))] for s in range(3)])
    for hook in hooks:
        hook.remove()
    assert ran == [*range(BLOCKS), *(list(range(2, BLOCKS)) * 3)]


def test_a_model_that_feeds_its_pictures_elsewhere_runs_from_the_start(
    llava: Llava, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its last block reads the pixels: without them a pass from the middle finds other logits."""
    last = llava.blocks[BLOCKS - 1]
    pixels: list[Tensor] = []

    def fed(_module: nn.Module, _inputs: Any, output: Any) -> Any:
        stream = output[0] if isinstance(output, tuple) else output
        more = stream + 5 * torch.sin(torch.arange(stream.shape[2])) * len(pixels)
        return (more, *output[1:]) if isinstance(output, tuple) else more

    def noted(_module: nn.Module, _args: Any, kwargs: Any) -> None:
        pixels[:] = [kwargs["pixel_values"]] if kwargs.get("pixel_values") is not None else []

    monkeypatch.setattr(forking, "proven", {})
    hooks = [
        last.register_forward_hook(fed),
        llava.model.register_forward_pre_hook(noted, with_kwargs=True),
    ]
    prompts, tried = llava.ask(PICTURES, QUESTIONS), alternatives(llava)
    found = llava.next_logits_under(prompts, tried)
    alone = [llava.next_logits(prompts, edited) for edited in tried]
    for hook in hooks:
        hook.remove()
    assert not forking.proven
    assert all(torch.allclose(a, b, atol=1e-4) for a, b in zip(found, alone, strict=True))
