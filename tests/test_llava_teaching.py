"""Talks about pictures: packed or not, every question costs what it costs when asked alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from transformers import MistralConfig, MistralForCausalLM, Qwen2Config, Qwen2ForCausalLM

from benchmark import edits
from benchmark.backends.llava import teaching
from benchmark.backends.llava.backend import open_backend
from benchmark.backends.llava.model import Llava
from benchmark.backends.llava.packing import packed, packs, parted, visible
from benchmark.contracts import Edit, Spoken
from benchmark.recipes.vlm import assembly
from tests.test_llava_kinds import PLAIN_TEMPLATE, subwords
from tests.tiny_llava import (
    BLOCKS,
    WIDTH,
    Pictures,
    eye,
    louder,
    mouth,
    save_any_size_folder,
    save_folder,
    save_next_folder,
)

N = 4
PICTURES = Pictures().images(0, N)
TALKS = (
    [("list every object", "cat , sun"), ("is there a cat ?", "yes"), ("describe it", "a red cat")],
    [("what color is the umbrella ?", "red")],
    [("is there a cat ?", "no"), ("is there a cat ?", "yes"), ("is there a sun ?", "no")],
    [("is there a sun ?", "no"), ("list every object", "a red umbrella , cat , sun , cat")],
)
"""Talks of other lengths: one of a single question, one that asks twice in the same words."""
PATCH = "model.multi_modal_projector.linear_1.weight"
TIGHT = 1e-4


def save_other_folder(folder: Path, kind: str, **fields: Any) -> Path:
    """The tiny host with another decoder."""
    made = {
        "mistral": (MistralConfig, MistralForCausalLM),
        "qwen2": (Qwen2Config, Qwen2ForCausalLM),
    }
    config, model = made[kind]
    own = mouth()
    given = {k: v for k, v in own.config.to_dict().items() if k not in ("model_type", "head_dim")}
    torch.manual_seed(5)
    other = louder(model(config(**given | fields)))
    other.generation_config = own.generation_config
    host = assembly.assemble(eye(), other)
    torch.nn.init.normal_(host.model.multi_modal_projector.linear_1.weight, std=0.1)
    host.save_pretrained(folder)
    assembly.processor(host).save_pretrained(folder)
    return folder


def save_subword_folder(folder: Path) -> Path:
    """The tiny host, spoken to in subwords."""
    words, host = subwords(), assembly.assemble(eye(), mouth())
    processor = assembly.processor(host)
    host.config.image_token_id = words.convert_tokens_to_ids("<image>")
    host.generation_config.eos_token_id = words.eos_token_id
    host.generation_config.pad_token_id = words.pad_token_id
    processor.tokenizer, processor.chat_template = words, PLAIN_TEMPLATE
    processor.image_token_id = host.config.image_token_id
    host.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


KINDS: dict[str, Any] = {
    "llama": save_folder,
    "next": save_next_folder,
    "mistral": lambda folder: save_other_folder(folder, "mistral", sliding_window=None),
    "qwen2": lambda folder: save_other_folder(folder, "qwen2"),
    "subwords": save_subword_folder,
}
OTHERS: dict[str, Any] = {
    "any size": save_any_size_folder,
    "sliding": lambda folder: save_other_folder(folder, "mistral", sliding_window=30),
}


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Llava]:
    """The model of a kind, opened once."""

    @cache
    def of_kind(kind: str) -> Llava:
        save = (KINDS | OTHERS).get(kind, save_folder)
        found = open_backend(f"llava:{save(tmp_path_factory.mktemp('taught') / 'tiny')}")
        if kind == "eager":
            found.model.set_attn_implementation(kind)  # type: ignore[operator]
        return found

    return of_kind


@pytest.fixture(params=[*KINDS, "eager", *OTHERS])
def backend(request: pytest.FixtureRequest, opened: Callable[[str], Llava]) -> Llava:
    """Models that read packed rows, and models that do not."""
    found = opened(request.param)
    assert packs(found.model) == (request.param not in OTHERS)
    return found


@pytest.fixture(params=[*KINDS, "eager"])
def llava(request: pytest.FixtureRequest, opened: Callable[[str], Llava]) -> Llava:
    """Models that read packed rows alone."""
    found = opened(request.param)
    assert rows(found) is not None
    return found


def rows(llava: Llava) -> Any:
    firsts = llava.ask(PICTURES, [talk[0][0] for talk in TALKS])
    return packed(llava.asker, firsts, TALKS)


def one_by_one(llava: Llava, edit_of: Any = None, **more: Any) -> list[list[Spoken]]:
    """Every question asked alone, in a batch of its own."""
    return [
        [
            llava.spoken(
                llava.ask(PICTURES[i : i + 1], [question]),
                [answer],
                edit_of(i) if edit_of else (),
                **more,
            )
            for question, answer in talk
        ]
        for i, talk in enumerate(TALKS)
    ]


def summed(found: list[list[Spoken]]) -> Tensor:
    return torch.stack([torch.stack([each.loss[0] for each in talk]).sum() for talk in found])


def relative(found: Tensor, wanted: Tensor) -> float:
    return float((found - wanted).abs().max() / wanted.abs().max().clamp(min=1.0))


def test_a_talk_costs_what_its_questions_cost_alone(backend: Llava) -> None:
    found, alone = backend.taught(PICTURES, TALKS, blocks=range(BLOCKS)), one_by_one(backend)
    assert relative(found.loss, summed(alone)) < TIGHT
    assert found.tokens.tolist() == [sum(int(each.tokens) for each in talk) for talk in alone]
    assert not found.loss.requires_grad
    asked = backend.ask(PICTURES, [talk[0][0] for talk in TALKS])
    stream = backend.residuals(asked, range(BLOCKS))
    for block in range(BLOCKS):
        here = found.residuals[block][found.image]
        assert relative(here, stream[block][asked.image]) < TIGHT


def test_gradients_are_those_of_its_questions_alone(backend: Llava) -> None:
    names = [f"{backend.blocks.path}.0.mlp.up_proj.weight", "lm_head.weight"]
    names += [PATCH] if PATCH in backend.model.state_dict() else []
    own = [backend.model.get_parameter(n) for n in names]

    def slopes(packs: bool) -> list[Tensor]:
        patch = {n: value.clone().requires_grad_() for n, value in zip(names, own, strict=True)}
        if packs:
            found = backend.taught(PICTURES, TALKS, blocks=[1], patch=patch)
            seen = found.residuals[1][found.image]
            total = found.loss.sum() + seen.square().sum()
        else:
            alone = one_by_one(backend, blocks=[1], patch=patch)
            seen = [talk[0].residuals[1][talk[0].image] for talk in alone]
            total = summed(alone).sum() + sum(each.square().sum() for each in seen)
        return list(torch.autograd.grad(total, list(patch.values())))

    for found, wanted in zip(slopes(True), slopes(False), strict=True):
        assert wanted.abs().max() > 1e-2
        assert relative(found, wanted) < TIGHT


def push(seed: int) -> Tensor:
    direction = torch.randn(WIDTH, generator=torch.Generator().manual_seed(seed))
    return 10 * direction / direction.norm()


@pytest.mark.parametrize("decode", [False, True])
@pytest.mark.parametrize("every", [False, True])
def test_edits_reach_what_they_reach_in_each_question_alone(
    backend: Llava, decode: bool, every: bool
) -> None:
    """A push of its own for each picture, at patches of its own; none in the second picture."""
    pushes = torch.stack([push(i) for i in range(N)])
    chosen = torch.zeros(N, backend.patch_grid[0] * backend.patch_grid[1], dtype=torch.bool)
    for row in (0, 2, 3):
        chosen[row, [-1 - row, -4 - row]] = True

    def edit(rows: slice) -> list[Edit]:
        patches = None if every else chosen[rows]
        wild = Edit(2, lambda x: x * 1.1, patches=patches, decode=decode)
        return [Edit(1, edits.add(pushes[rows]), patches=patches, decode=decode), wild]

    found = backend.taught(PICTURES, TALKS, edit(slice(None)), blocks=[1, 3])
    alone = one_by_one(backend, lambda i: edit(slice(i, i + 1)), blocks=[1, 3])
    assert relative(found.loss, summed(alone)) < TIGHT
    moved = (found.loss - backend.taught(PICTURES, TALKS).loss).abs()
    assert moved[[0, 2, 3]].max() > 1e-2
    assert every or moved[1] < 1e-5
    for block in (1, 3):
        wanted = torch.cat([talk[0].residuals[block][talk[0].image] for talk in alone])
        assert relative(found.residuals[block][found.image], wanted) < TIGHT


def test_no_branch_sees_another(llava: Llava) -> None:
    """Other words in one branch change no number of any other branch, nor of the picture."""
    one = rows(llava)
    changed = one.prompts.inputs["input_ids"].clone()
    last = one.said[0].nonzero().flatten()[:2]
    changed[0, last] = changed[0, last].flip(0)
    inputs = dict(one.prompts.inputs) | {"input_ids": changed}
    two = replace(one, prompts=replace(one.prompts, inputs=inputs))
    streams = [
        teaching.at_once(llava.model, llava.blocks, each, (), [BLOCKS - 1], {}).residuals[
            BLOCKS - 1
        ]
        for each in (one, two)
    ]
    gap = (streams[0] - streams[1]).abs().amax(2)
    assert float(gap[0, last].min()) > 1e-3
    end = int(one.said[0].nonzero()[int((~one.said[0][int(last[0]) :]).int().argmax()) - 1])
    elsewhere = torch.ones_like(gap, dtype=torch.bool)
    elsewhere[0, int(last[0]) : end + 1] = False
    assert float(gap[elsewhere].max()) < 1e-5


def test_what_a_branch_sees_is_its_prefix_and_itself() -> None:
    branch = torch.tensor([[0, 0, 1, 1, 2, 2, -1]])
    wanted = [
        [1, 0, 0, 0, 0, 0, 0],
        [1, 1, 0, 0, 0, 0, 0],
        [1, 1, 1, 0, 0, 0, 0],
        [1, 1, 1, 1, 0, 0, 0],
        [1, 1, 0, 0, 1, 0, 0],
        [1, 1, 0, 0, 1, 1, 0],
    ]
    assert visible(branch)[0, :6].int().tolist() == wanted


def test_prompts_part_where_they_differ_and_keep_a_token() -> None:
    found = parted([(1, 2, 3, 4), (1, 2, 5)], [(7,), (8, 9)])
    assert found.prefix == (1, 2)
    assert found.asked == ((3, 4), (5,))
    assert found.answers == ((7,), (8, 9))
    assert parted([(1, 2, 3)], [(7,)]).prefix == (1, 2)
    assert parted([(1, 2, 3), (1, 2, 3)], [(7,), (7,)]).asked == ((3,), (3,))
    assert parted([(1, 2), (1, 2, 3)], [(7,), (7,)]).asked == ((2,), (2, 3))


def test_the_tower_reads_each_picture_once_and_the_head_answers_alone(llava: Llava) -> None:
    heads, towers = [], []
    hooks = [
        llava.model.lm_head.register_forward_hook(lambda _m, _i, out: heads.append(out.shape)),
        llava.model.model.vision_tower.register_forward_hook(lambda *_: towers.append(1)),
    ]
    found = llava.taught(PICTURES, TALKS)
    for hook in hooks:
        hook.remove()
    assert [list(shape)[:-1] for shape in heads] == [[int(found.tokens.sum())]]
    assert len(towers) == 1
    assert not llava.model.lm_head._forward_pre_hooks
    assert not llava.model.lm_head._forward_hooks


def test_talks_do_not_depend_on_their_batch(backend: Llava) -> None:
    whole = backend.taught(PICTURES, TALKS).loss
    for i in range(N):
        one = backend.taught(PICTURES[i : i + 1], TALKS[i : i + 1]).loss
        assert relative(one, whole[i : i + 1]) < TIGHT


@pytest.fixture
def tiny(opened: Callable[[str], Llava]) -> Llava:
    return opened("llama")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("model_type", "gemma3_text"),
        ("_attn_implementation", "flash_attention_2"),
        ("sliding_window", 4096),
        ("layer_types", ["full_attention", "chunked_attention"]),
        ("rope_parameters", {"rope_type": "dynamic"}),
    ],
)
def test_what_is_not_known_to_be_equal_is_not_packed(tiny: Llava, field: str, value: Any) -> None:
    class Changed:
        """A decoder's configuration with one field of its own."""

        def __getattr__(self, name: str) -> Any:
            return value if name == field else getattr(tiny.model.config.text_config, name)

    class Model:
        class config:  # noqa: N801
            model_type = "llava"
            get_text_config = staticmethod(lambda **_: Changed())

    assert packs(tiny.model)
    assert not packs(Model())
    Model.config.model_type, value = "blip-2", getattr(tiny.model.config.text_config, field, None)
    assert not packs(Model())


def test_a_processor_that_writes_prompts_its_own_way_is_not_packed(tiny: Llava) -> None:
    firsts = tiny.ask(PICTURES, [talk[0][0] for talk in TALKS])
    ids = firsts.inputs["input_ids"].clone()
    ids[0, -1] += 1
    odd = replace(firsts, inputs=dict(firsts.inputs) | {"input_ids": ids})
    assert packed(tiny.asker, firsts, TALKS) is not None
    assert packed(tiny.asker, odd, TALKS) is None


def test_rounds_and_rows_say_the_same(tiny: Llava, monkeypatch: pytest.MonkeyPatch) -> None:
    at_once = tiny.taught(PICTURES, TALKS, blocks=[2])
    monkeypatch.setattr(teaching, "packs", lambda _: False)
    rounds = tiny.taught(PICTURES, TALKS, blocks=[2])
    assert torch.equal(at_once.tokens, rounds.tokens)
    assert relative(at_once.loss, rounds.loss) < TIGHT
    gap = at_once.residuals[2][at_once.image], rounds.residuals[2][rounds.image]
    assert relative(*gap) < TIGHT


def test_talks_that_do_not_fit_are_one_line(tiny: Llava) -> None:
    with pytest.raises(ValueError, match="2 pictures for 4 talks, wanted one talk each"):
        tiny.taught(PICTURES[:2], TALKS)
    with pytest.raises(ValueError, match=r"0 pictures for 0 talks, wanted .* one or more"):
        tiny.taught([], [])
    with pytest.raises(ValueError, match="talk about picture 1 of 2 is empty, wanted a question"):
        tiny.taught(PICTURES[:2], [TALKS[0], []])
    with pytest.raises(ValueError, match="no weight 'projector'"):
        tiny.taught(PICTURES, TALKS, patch={"projector": torch.zeros(1)})
    with pytest.raises(ValueError, match="is empty, wanted a word"):
        tiny.taught(PICTURES[:1], [[("?", "cat"), (" ", "cat")]])
