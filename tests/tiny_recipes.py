"""Small parts for the tests of recipes: models that train in a second, and runs that are killed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import CLIPVisionConfig, CLIPVisionModel, LlamaConfig, LlamaForCausalLM

from benchmark.recipes.language import tokenizer
from benchmark.recipes.trainer import Plan, Training
from benchmark.recipes.vlm import tower as towers

CPU = torch.device("cpu")
WIDTH = 24
Train = Callable[[Any, torch.device, Path], Training]


def llama_config() -> LlamaConfig:
    """Two blocks that know the pocket world's words."""
    words = tokenizer.build()
    return LlamaConfig(
        vocab_size=len(words),
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=2,
        max_position_embeddings=256,
        tie_word_embeddings=True,
        bos_token_id=words.bos_token_id,
        eos_token_id=words.eos_token_id,
        pad_token_id=words.pad_token_id,
    )


def vision_config(**other: Any) -> CLIPVisionConfig:
    """Two blocks over the pocket world's grid of patches."""
    sizes = {"hidden_size": WIDTH, "intermediate_size": 40, "num_hidden_layers": 2}
    grid = {"num_attention_heads": 2, "image_size": 96, "patch_size": 16}
    return CLIPVisionConfig(**{**sizes, **grid, **other})


def loud(model: Any, seed: int) -> Any:
    """Weights of a size at which every token and every patch matters."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, value in model.named_parameters():
            if value.ndim > 1 or "class_embedding" in name:
                value.copy_(0.3 * torch.randn(value.shape, generator=generator))
    return model.eval()


def rounded(model: Any) -> Any:
    """The model with its weights, and nothing else, as half precision has them."""
    with torch.no_grad():
        for value in model.parameters():
            value.copy_(value.half())
    return model


def tiny_llama(seed: int = 0) -> LlamaForCausalLM:
    return loud(LlamaForCausalLM(llama_config()), seed)


def tiny_tower(seed: int = 1) -> CLIPVisionModel:
    return loud(CLIPVisionModel(vision_config()), seed)


def tower_folder(folder: Path, seed: int = 1) -> Path:
    """A vision tower as `pocket_ssl` writes it."""
    tiny_tower(seed).half().save_pretrained(folder)
    towers.image_processor().save_pretrained(folder)
    return folder


def language_folder(folder: Path, seed: int = 0) -> Path:
    """A language model as `pocket_lm` writes it."""
    tiny_llama(seed).half().save_pretrained(folder)
    tokenizer.save(folder)
    return folder


def killed(train: Train, plan: Plan, folder: Path, at: int) -> None:
    """A run that dies before its step `at`."""
    real = Training.advance

    def advance(self: Training) -> dict[str, float]:
        if self.step == at:
            raise KeyboardInterrupt
        return real(self)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Training, "advance", advance)
        with pytest.raises(KeyboardInterrupt):
            train(plan, CPU, folder)


def ends_the_same(train: Train, plan: Plan, folder: Path, weights: str) -> None:
    """A run that was killed after a checkpoint goes on from there, to the same bits."""
    whole = train(plan, CPU, folder / "whole")
    broken = folder / "broken"
    killed(train, plan, broken, at=plan.checkpoint_every + 1)
    steps: list[int] = []
    real = Training.advance

    def advance(self: Training) -> dict[str, float]:
        steps.append(self.step)
        return real(self)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Training, "advance", advance)
        resumed = train(plan, CPU, broken)
    assert steps == list(range(plan.checkpoint_every, plan.steps))
    assert whole.modules.keys() == resumed.modules.keys()
    for name, module in whole.modules.items():
        again = resumed.modules[name].state_dict()
        for key, value in module.state_dict().items():
            assert torch.equal(value, again[key]), f"{name}.{key}"
    assert (broken / weights).read_bytes() == (folder / "whole" / weights).read_bytes()


def refused(main: Callable[[list[str]], int], arguments: list[str], capsys: Any) -> str:
    """The one line on stderr that a wrong wish gets, with exit code 2."""
    capsys.readouterr()
    try:
        code = main(arguments)
    except SystemExit as left:
        code = left.code
    line = capsys.readouterr().err
    assert code == 2
    assert line.startswith("error: ")
    assert line.count("\n") == 1
    assert line.endswith("\n")
    return line
