"""Packed rows of the language model: a branch sees its prefix and itself, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor
from transformers import LlamaForCausalLM

from benchmark.recipes.language import model as lm
from benchmark.recipes.language import tokenizer
from benchmark.recipes.language.rows import (
    CAPTION_WEIGHT,
    GRID,
    PICTURE,
    Packed,
    Row,
    Shares,
    Writer,
    pack,
)
from benchmark.recipes.precision import ATTENTION
from benchmark.worlds import questions, textual_maps
from benchmark.worlds.scene import sample, stream
from benchmark.worlds.textual_maps import Noise
from tests.tiny_recipes import tiny_llama

WORDS = tokenizer.build()
IDS = WORDS.get_vocab()
WRITER = Writer(WORDS)
SILENT = Noise(words=0.0, blur=0.0)
CONTEXTS = {
    "blended": Shares(1, 0, 0),
    "plain": Shares(0, 1, 0),
    "caption": Shares(0, 0, 1),
    "alone": Shares(0, 0, 0),
}


@pytest.fixture(scope="module")
def model() -> LlamaForCausalLM:
    return tiny_llama()


def row(context: str, index: int) -> Row:
    scene = sample(41, "train", index, n_objects=1 + index % 3)
    return WRITER.row(stream("rows", index), scene, CONTEXTS[context], Noise())


def some() -> list[Row]:
    """Rows of every context, of different lengths."""
    return [row(context, i) for i, context in enumerate([*CONTEXTS, "blended", "caption"])]


def packed(rows: list[Row]) -> Packed:
    return pack(rows, IDS, IDS[tokenizer.PAD])


def reading(model: LlamaForCausalLM, rows: Packed, noise: Noise = SILENT) -> Tensor:
    return lm.read_text(model, rows, noise, torch.Generator().manual_seed(0))


def logits(model: LlamaForCausalLM, rows: Packed) -> Tensor:
    """What the model says at every token of packed rows, as training reads them."""
    model.set_attn_implementation(ATTENTION)
    with torch.no_grad():
        out = model.model(
            inputs_embeds=reading(model, rows),
            attention_mask=lm.visible(torch.from_numpy(rows.branch)),
            position_ids=torch.from_numpy(rows.positions),
            use_cache=False,
        )
        return model.lm_head(out.last_hidden_state)


def alone(model: LlamaForCausalLM, one: Row, branch: int) -> Tensor:
    """The same for a prefix and one branch, as transformers reads any text."""
    ids = torch.tensor([[*one.prefix, *one.branches[branch][0]]])
    read = model.get_input_embeddings()(ids)
    if one.blend is not None:
        table = model.get_input_embeddings().weight
        at = [i for i, token in enumerate(one.prefix) if token == IDS["<image>"]]
        for patch, place in enumerate(at):
            parts = zip(one.blend.words[patch], one.blend.weights[patch], strict=True)
            read[0, place] = sum(float(w) * table[IDS[word]] for word, w in parts)
    model.set_attn_implementation("eager")
    with torch.no_grad():
        return model(inputs_embeds=read).logits[0]


def test_a_branch_reads_as_it_would_alone(model: LlamaForCausalLM) -> None:
    rows = some()
    together = logits(model, packed(rows))
    for i, one in enumerate(rows):
        at = n = len(one.prefix)
        for branch, (ids, _) in enumerate(one.branches):
            single = alone(model, one, branch)
            torch.testing.assert_close(together[i, :n], single[:n], atol=1e-5, rtol=1e-5)
            here = together[i, at : at + len(ids)]
            torch.testing.assert_close(here, single[n:], atol=1e-5, rtol=1e-5)
            at += len(ids)


def test_another_branch_could_be_any(model: LlamaForCausalLM) -> None:
    one = row("plain", 3)
    changed = replace(one, branches=(*one.branches[:1], one.branches[-1], *one.branches[2:]))
    first, second = (logits(model, packed([each]))[0] for each in (one, changed))
    known = len(one.prefix) + len(one.branches[0][0])
    assert torch.equal(first[:known], second[:known])
    last = len(one.branches[-1][0])
    torch.testing.assert_close(first[-last:], second[-last:], atol=1e-5, rtol=1e-5)


def test_the_prefix_matters_to_every_branch(model: LlamaForCausalLM) -> None:
    one = row("plain", 3)
    prefix = (*one.prefix[:2], IDS["sun"], *one.prefix[3:])
    first, second = (logits(model, packed([replace(one, prefix=p)])) for p in (one.prefix, prefix))
    assert (first - second).abs().amax(2)[0, 2:].min() > 1e-4


def test_padding_changes_nothing(model: LlamaForCausalLM) -> None:
    rows = sorted(some(), key=lambda r: len(r.prefix) + sum(len(ids) for ids, _ in r.branches))
    short, long = rows[0], rows[-1]
    width = packed([short]).tokens.shape[1]
    assert width < packed([long]).tokens.shape[1]
    own, padded = logits(model, packed([short])), logits(model, packed([short, long]))
    torch.testing.assert_close(padded[0, :width], own[0], atol=1e-5, rtol=1e-5)
    assert padded.isfinite().all()
    both = packed([short, long])
    assert (both.branch[0, width:] == -1).all()
    assert (both.weights[0, width:] == 0).all()
    assert (both.tokens[0, width:] == IDS[tokenizer.PAD]).all()


def test_positions_go_on_from_the_prefix() -> None:
    rows = some()
    both = packed(rows)
    for i, one in enumerate(rows):
        n = len(one.prefix)
        assert both.positions[i, :n].tolist() == list(range(n))
        for b, (ids, _) in enumerate(one.branches, start=1):
            here = both.branch[i] == b
            assert both.positions[i, here].tolist() == list(range(n, n + len(ids)))
            assert both.tokens[i, here].tolist() == list(ids)
        assert set(both.branch[i]) - {-1} == set(range(len(one.branches) + 1))


@pytest.mark.parametrize("context", ["blended", "plain", "caption"])
def test_answers_and_their_ends_count_and_nothing_else(context: str) -> None:
    for index in range(12):
        scene = sample(41, "train", index)
        for ids, weights in WRITER.row(
            stream("w", index), scene, CONTEXTS[context], Noise()
        ).branches:
            ask = ids.index(IDS["<assistant>"])
            assert set(weights[: ask + 1]) == {0.0}
            assert set(weights[ask + 1 :]) in ({1.0}, {CAPTION_WEIGHT})
            assert ids[-1] == IDS["</s>"]
            answer = WORDS.decode(ids[ask + 1 : -1])
            question = WORDS.decode(ids[:ask])
            assert (weights[-1] == CAPTION_WEIGHT) == (question == questions.DESCRIBE)
            if question == questions.LIST:
                assert answer == questions.list_objects(scene).answer


def test_captions_alone_are_the_scenes_own() -> None:
    scene = sample(41, "train", 2)
    one = WRITER.row(stream("c"), scene, CONTEXTS["alone"], Noise())
    assert one.prefix == (IDS["<s>"],)
    said = [WORDS.decode(ids, skip_special_tokens=True) for ids, _ in one.branches]
    plain = [
        text.replace(",", " ,").replace(":", " :") for text in (c.text for c in scene.captions())
    ]
    assert said == plain
    for ids, weights in one.branches:
        assert weights == (0.0, *[CAPTION_WEIGHT] * (len(ids) - 1))


def test_rows_have_the_contexts_that_the_shares_ask_for() -> None:
    shares, found = Shares(), {"blended": 0, "plain": 0, "caption": 0, "alone": 0}
    for index in range(300):
        scene = sample(41, "train", index, n_objects=1)
        one = WRITER.row(stream("shares", index), scene, shares, Noise())
        if one.blend is not None:
            assert one.prefix == (IDS["<s>"], IDS["<user>"], *[IDS["<image>"]] * GRID**2)
            found["blended"] += 1
        elif one.prefix[1:2] != (IDS["<user>"],):
            found["alone"] += 1
        else:
            map_like = set(one.prefix[2:]) <= plain_words()
            found["plain" if map_like and len(one.prefix) == 2 + GRID**2 else "caption"] += 1
    wanted = {"blended": 0.5, "plain": 0.2, "caption": 0.15, "alone": 0.15}
    for name, share in wanted.items():
        assert abs(found[name] / 300 - share) < 0.06, found


def plain_words() -> set[int]:
    named = {word for own in textual_maps.patch_words() for word in own}
    return {IDS[word] for word in named | set(textual_maps.every_word())}


def test_loss_by_hand(model: LlamaForCausalLM) -> None:
    rows = [row("blended", 0), row("caption", 1), row("alone", 2)]
    both, total, weight, right, n = packed(rows), 0.0, 0.0, 0, 0
    for one in rows:
        for branch, (ids, weights) in enumerate(one.branches):
            said = alone(model, one, branch)[len(one.prefix) - 1 : -1].log_softmax(1)
            for at, (token, w) in enumerate(zip(ids, weights, strict=True)):
                total, weight = total - w * float(said[at, token]), weight + w
                right += w == 1 and int(said[at].argmax()) == token
                n += w == 1
    model.set_attn_implementation(ATTENTION)
    with torch.no_grad():
        loss, hit = lm.answer_loss(model.model, model.lm_head, both, reading(model, both))
    assert loss.item() == pytest.approx(total / weight, rel=1e-5)
    assert hit.item() == pytest.approx(right / n, abs=1e-6)


def test_patch_vectors_stand_at_the_image_tokens() -> None:
    rows = packed([row("plain", 0), row("blended", 1), row("caption", 2), row("blended", 3)])
    table, p = torch.randn(len(WORDS), 8, generator=torch.Generator().manual_seed(0)), GRID**2
    patches = torch.arange(2 * p).float()[:, None].expand(-1, 8).reshape(2, p, 8) + 1000
    read = lm.embeddings(table, rows, patches)
    assert rows.blended.tolist() == [1, 3]
    for i, patch_rows in ((1, patches[0]), (3, patches[1])):
        assert torch.equal(read[i, 2 : 2 + p], patch_rows)
    others = torch.from_numpy(rows.tokens != IDS["<image>"])
    assert torch.equal(read[others], table[torch.from_numpy(rows.tokens)][others])
    assert int(others.sum()) == rows.tokens.size - 2 * p
    assert torch.equal(lm.embeddings(table, rows, None), table[torch.from_numpy(rows.tokens)])


def test_a_blend_without_noise_is_the_weighted_sum() -> None:
    one = row("blended", 5)
    table = torch.randn(len(WORDS), 8, generator=torch.Generator().manual_seed(0))
    found = lm.blend(table, packed([one]), SILENT, torch.Generator().manual_seed(3))
    assert one.blend is not None
    for patch in range(len(PICTURE)):
        by_hand = torch.zeros(8)
        for word, weight in zip(one.blend.words[patch], one.blend.weights[patch], strict=True):
            by_hand += float(weight) * table[IDS[word]]
        torch.testing.assert_close(found[0, patch], by_hand, atol=1e-5, rtol=1e-5)


def test_noise_on_a_blend_is_as_large_as_it_says() -> None:
    d, rows = 256, packed([row("blended", i) for i in range(24)])
    table = 3 * torch.randn(len(WORDS), d, generator=torch.Generator().manual_seed(0))
    length = table.norm(dim=1).mean()

    def off(noise: Noise) -> Tensor:
        clean = lm.blend(table, rows, SILENT, torch.Generator().manual_seed(1))
        return lm.blend(table, rows, noise, torch.Generator().manual_seed(1)) - clean

    blur = off(Noise(words=0.0, blur=0.4)).norm(dim=2) / length
    assert blur.mean().item() == pytest.approx(0.4, rel=0.02)
    words = off(Noise(words=0.2, blur=0.0))
    every = table[[IDS[word] for word in textual_maps.every_word()]]
    weights = torch.linalg.lstsq(every.T, words.flatten(0, 1).T).solution
    torch.testing.assert_close(weights.T @ every, words.flatten(0, 1), atol=1e-2, rtol=1e-3)
    spread = weights.T.reshape(24, -1).std(1)
    assert 0 < spread.min() < 0.06
    assert 0.13 < spread.max() < 0.21


def test_a_blend_is_made_where_the_table_is() -> None:
    """No device but one can be had everywhere: one without data stands for an accelerator."""
    table = torch.empty(len(WORDS), 8, device="meta")
    rows = packed([row("blended", 1)])
    generator = torch.Generator().manual_seed(0)
    assert lm.blend(table, rows, Noise(), generator).device == table.device


def test_images_of_maps_are_words_and_weights_in_order() -> None:
    rows = [row("blended", 1), row("plain", 2), row("blended", 3)]
    both = packed(rows)
    assert both.words.shape == (2, GRID**2, textual_maps.SLOTS)
    for found, weights, one in zip(both.words, both.word_weights, (rows[0], rows[2]), strict=True):
        assert one.blend is not None
        assert [[IDS[w] for w in patch] for patch in one.blend.words] == found.tolist()
        assert np.array_equal(weights, one.blend.weights)
