"""The backend of vision-language models: its rows, positions and losses are the library's own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy
from transformers import AutoModelForImageTextToText, AutoProcessor

from benchmark.backends.hooks import mean_over
from benchmark.backends.llava.backend import open_backend
from benchmark.backends.llava.model import Llava
from benchmark.backends.llava.views import Views
from benchmark.conformance.backend_case import BackendCase
from benchmark.conformance.backends import check_backend
from benchmark.conformance.promises import faults
from benchmark.contracts import Need, Site, Speaker
from tests.tiny_llava import BLOCKS, GRID, QUESTIONS, WIDTH, Pictures, save_folder, save_next_folder

DATA = Pictures()
CAPTIONS = DATA.captions[:6]


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_folder(tmp_path_factory.mktemp("llava") / "tiny")


@pytest.fixture(scope="session")
def next_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_next_folder(tmp_path_factory.mktemp("llava") / "next")


@pytest.fixture(scope="session")
def llava(folder: Path) -> Llava:
    return open_backend(f"llava:{folder}")


@pytest.fixture(scope="session")
def finer(next_folder: Path) -> Llava:
    return open_backend(f"llava:{next_folder}")


@pytest.fixture(params=["llava", "finer"])
def backend(request: pytest.FixtureRequest) -> Llava:
    return request.getfixturevalue(request.param)


def site(backend: Llava, name: str) -> Site:
    return next(site for site in backend.sites if site.name == name)


def own_inputs(place: Path, picture: Any, text: str) -> dict[str, torch.Tensor]:
    """One prompt as transformers' own processor makes it, chat template and all."""
    processor = AutoProcessor.from_pretrained(place)
    content = [{"type": "image", "image": picture}] if picture is not None else []
    content += [{"type": "text", "text": text}]
    return processor.apply_chat_template(
        [{"role": "user", "content": content}],
        add_generation_prompt=True,
        tokenize=True,
        return_dict=True,
        return_tensors="pt",
    )


def test_it_speaks_and_its_sites_are_its_decoder_blocks(backend: Llava) -> None:
    assert isinstance(backend, Speaker)
    assert backend.provides == {Need.GENERATION, Need.TOKENS, Need.SAME_WIDTH}
    assert backend.n_blocks == BLOCKS
    names = [f"block:{i}" for i in range(BLOCKS)]
    blocks = [s for s in backend.sites if s.block is not None]
    assert sorted(s.name for s in blocks) == sorted([*names, *(f"{n}/tokens" for n in names)])
    assert backend.sites[0].name == f"block:{BLOCKS // 2}"
    for s in blocks:
        assert s.image_module == s.text_module == f"model.language_model.layers.{s.block}"
        layers = backend.model.model.language_model.layers
        assert backend.model.get_submodule(s.image_module) is layers[s.block]
        assert (s.pool == "none") == s.name.endswith("/tokens")


@torch.no_grad()
def test_block_l_is_the_librarys_hidden_state_after_block_l(backend: Llava) -> None:
    asked = backend.ask(DATA.images(0, 4), QUESTIONS)
    found = backend.residuals(asked, range(BLOCKS))
    places = (asked.inputs["attention_mask"].cumsum(1) - 1).clamp(min=0)
    out = backend.model(**asked.inputs, position_ids=places, output_hidden_states=True)
    real = asked.inputs["attention_mask"].bool()
    assert len(out.hidden_states) == BLOCKS + 1
    for block in range(BLOCKS - 1):
        gap = found[block][real] - out.hidden_states[block + 1][real]
        assert gap.abs().max() < 1e-4
    last = backend.model.model.language_model.norm(found[BLOCKS - 1])
    assert (last[real] - out.hidden_states[BLOCKS][real]).abs().max() < 1e-4
    assert all(bool(stream.isfinite().all()) for stream in found.values())


def test_blocks_that_come_later_are_not_run(llava: Llava) -> None:
    ran: list[int] = []
    asked = llava.ask(None, CAPTIONS)
    hooks = [
        module.register_forward_hook(lambda *_, i=i: ran.append(i))
        for i, module in enumerate(llava.blocks.modules)
    ]
    llava.residuals(asked, [0, 1])
    for hook in hooks:
        hook.remove()
    assert ran == [0, 1]


@pytest.mark.parametrize("kind", ["folder", "next_folder"])
def test_prompts_are_the_processors_own(
    kind: str, request: pytest.FixtureRequest, folder: Path
) -> None:
    place = request.getfixturevalue(kind)
    backend = request.getfixturevalue("llava" if place == folder else "finer")
    for picture, text in zip(DATA.images(0, 4), QUESTIONS, strict=True):
        for shown in (picture, None):
            wanted = own_inputs(place, shown, text)
            asked = backend.ask(None if shown is None else shown[None], [text])
            assert set(asked.inputs) == set(wanted)
            for name, value in wanted.items():
                assert torch.equal(asked.inputs[name], value), name


def test_positions_are_the_patches_and_the_texts_own_words(backend: Llava) -> None:
    asked = backend.ask(DATA.images(0, 4), QUESTIONS)
    ids, chat = asked.inputs["input_ids"], backend.asker.chat
    n_patches = backend.patch_grid[0] * backend.patch_grid[1]
    assert asked.image.sum(1).tolist() == [n_patches] * 4
    assert bool((ids[asked.image] == backend.asker.image_id).all())
    assert not bool((asked.image & asked.text).any())
    for i, question in enumerate(QUESTIONS):
        assert chat.tokenizer.decode(ids[i][asked.text[i]]) == question
        assert asked.patch[i][asked.image[i]].tolist() == list(range(n_patches))
    assert bool((asked.patch[~asked.image & (ids != backend.asker.image_id)] == -1).all())
    lengths = asked.inputs["attention_mask"].sum(1)
    assert len(set(lengths.tolist())) == 4
    assert bool(asked.inputs["attention_mask"][:, -1].all())
    alone = backend.ask(None, CAPTIONS)
    assert not bool(alone.image.any())
    assert alone.text.sum(1).tolist() == [len(chat.tokenizer.tokenize(c)) for c in CAPTIONS]


def test_an_object_lies_where_its_patches_are(llava: Llava) -> None:
    """Pixels of one cell, changed, move the tower's patches of that cell more than any other."""
    assert llava.patch_grid == (GRID, GRID)
    pictures = DATA.images(0, 1)
    grey = llava.ask(np.full_like(pictures, 128), ["?"]).inputs["pixel_values"]
    for item in DATA.scenes[2].objects:
        painted = np.full_like(pictures, 128)
        left, top, right, bottom = item.box()
        painted[:, top:bottom, left:right] = 255
        shown = llava.ask(painted, ["?"]).inputs["pixel_values"]
        embed = llava.model.model.vision_tower.embeddings.patch_embedding
        moved = (embed(shown) - embed(grey)).abs().sum(1).flatten()
        assert set(moved.nonzero().flatten().tolist()) <= set(item.patches(GRID))
        assert bool(moved.any())


@torch.no_grad()
@pytest.mark.parametrize("block", [0, 2, BLOCKS - 1])
def test_rows_are_means_over_patches_and_over_own_words(
    llava: Llava, folder: Path, block: int
) -> None:
    model = AutoModelForImageTextToText.from_pretrained(folder).eval()
    pooled, tokens = (site(llava, f"block:{block}{end}") for end in ("", "/tokens"))
    image, image_tokens = (llava.encode(DATA, "image", 0, 3, s) for s in (pooled, tokens))
    text, ragged = (llava.encode(DATA, "text", 0, 5, s) for s in (pooled, tokens))
    assert image.shape == (3, WIDTH)
    assert image_tokens.shape == (3, GRID**2, WIDTH)
    with llava_hook(model.model.language_model.layers[block]) as kept:
        for i, picture in enumerate(DATA.images(0, 3)):
            inputs = own_inputs(folder, picture, "describe it")
            model(**inputs)
            own = kept.pop()[0][inputs["input_ids"][0] == model.config.image_token_id]
            assert (image_tokens[i] - own).abs().max() < 1e-4
            assert (image[i] - own.mean(0)).abs().max() < 1e-4
        first = 0
        for i, caption in enumerate(DATA.captions[:5]):
            model(**own_inputs(folder, None, caption))
            own = kept.pop()[0][2:-1]
            assert ragged.counts[i] == len(own)
            assert (ragged.rows[first : first + len(own)] - own).abs().max() < 1e-4
            assert (text[i] - own.mean(0)).abs().max() < 1e-4
            first += len(own)
    assert first == len(ragged.rows)
    counted = llava.token_counts(DATA.captions[:5], tokens)
    assert torch.equal(counted, ragged.counts)
    assert llava.token_counts(DATA.captions[:5], pooled).tolist() == [1] * 5


class llava_hook:  # noqa: N801
    """Every output of a block while the context is open."""

    def __init__(self, block: torch.nn.Module) -> None:
        self.kept: list[torch.Tensor] = []
        self.handle = block.register_forward_hook(lambda _m, _i, out: self.kept.append(out))

    def __enter__(self) -> list[torch.Tensor]:
        return self.kept

    def __exit__(self, *_: Any) -> None:
        self.handle.remove()


def test_rows_of_a_picture_do_not_depend_on_what_is_asked(backend: Llava) -> None:
    pictures = DATA.images(0, 4)
    one = backend.ask(pictures, QUESTIONS)
    other = backend.ask(pictures, [*QUESTIONS[1:], QUESTIONS[0]])
    for block in range(BLOCKS):
        rows = [backend.residuals(a, [block])[block][a.image] for a in (one, other)]
        assert (rows[0] - rows[1]).abs().max() < 1e-4
        words = [mean_over(backend.residuals(a, [block])[block], a.text) for a in (one, other)]
        assert (words[0] - words[1]).abs().max() > 1e-2


@pytest.mark.parametrize("name", ["block:0", "block:3", "block:2/tokens"])
def test_batches_do_not_matter(backend: Llava, name: str) -> None:
    where = site(backend, name)
    for modality in ("image", "text"):
        whole = backend.encode(DATA, modality, 0, 6, where)
        ones = [backend.encode(DATA, modality, i, i + 1, where) for i in range(6)]
        if isinstance(whole, tuple):
            assert whole.counts.tolist() == [int(one.counts) for one in ones]
            whole, ones = whole.rows, [one.rows for one in ones]
        assert (whole - torch.cat(ones)).abs().max() < 1e-4


def test_it_keeps_the_promises_of_a_backend(backend: Llava) -> None:
    pooled = [replace_sites(b) for b in (backend, open_backend(backend.name))]
    case = BackendCase(pooled[0], Pictures(12), lambda: pooled[1])
    assert not faults(check_backend(case))


def replace_sites(backend: Llava) -> Any:
    """The same backend with its pooled sites alone."""

    class Pooled(Llava):
        @property
        def sites(self) -> tuple[Site, ...]:
            return tuple(s for s in super().sites if s.pool == "mean")

    return Pooled(**vars(backend))


def test_captions_are_read_alone_or_after_their_picture(llava: Llava, folder: Path) -> None:
    joint = open_backend(f"llava:{folder}?text_pass=joint")
    assert joint.revision != llava.revision
    assert joint.preprocessing != llava.preprocessing
    for name in ("block:1", "block:1/tokens"):
        where = site(llava, name)
        image = [b.encode(DATA, "image", 1, 4, where) for b in (llava, joint)]
        assert torch.equal(*image)
        alone, after = (b.encode(DATA, "text", 3, 7, where) for b in (llava, joint))
        owners = DATA.caption_of[3:7]
        pictures = [DATA.images(i, i + 1)[0] for i in owners]
        wanted = joint.encode_together(pictures, DATA.captions[3:7], where)
        if isinstance(after, tuple):
            assert torch.equal(after.counts, alone.counts)
            assert torch.equal(joint.token_counts(DATA.captions[3:7], where), after.counts)
            alone, after, wanted = alone.rows, after.rows, wanted.rows
        assert (after - wanted).abs().max() < 1e-4
        assert (after - alone).abs().max() > 1e-2
        with pytest.raises(ValueError, match=r"after its picture.*text_pass=isolated"):
            joint.encode_texts(["a cat"], where)
    asked = joint.ask(DATA.images(1, 2), [DATA.captions[3]])
    stream = joint.residuals(asked, [1])[1]
    row = joint.encode(DATA, "text", 3, 4, site(joint, "block:1"))
    assert (stream[asked.text].mean(0) - row[0]).abs().max() < 1e-4


def changed(place: Path, to: Path, file: str, **fields: Any) -> Path:
    """A copy of a folder with fields of one JSON file changed."""
    to.mkdir(exist_ok=True)
    for each in place.iterdir():
        (to / each.name).write_bytes(each.read_bytes())
    found = json.loads((to / file).read_text()) | fields
    (to / file).write_text(json.dumps(found))
    return to


def test_a_class_token_is_dropped_only_where_there_is_one(
    llava: Llava, folder: Path, tmp_path: Path
) -> None:
    full = {"vision_feature_select_strategy": "full"}
    kept = changed(folder, tmp_path / "full", "config.json", **full, image_seq_length=37)
    kept = changed(kept, kept, "processor_config.json", **full)
    backend = open_backend(f"llava:{kept}")
    assert backend.patch_grid == (GRID, GRID)
    asked = backend.ask(DATA.images(0, 2), QUESTIONS[:2])
    images = asked.inputs["input_ids"] == backend.asker.image_id
    assert images.sum(1).tolist() == [37, 37]
    assert asked.image.sum(1).tolist() == [36, 36]
    for row in range(2):
        assert int(images[row].int().argmax()) + 1 == int(asked.image[row].int().argmax())
    before = llava.residuals(llava.ask(DATA.images(0, 2), QUESTIONS[:2]), [0])[0]
    assert before.shape[1] + 1 == backend.residuals(asked, [0])[0].shape[1]


@pytest.mark.parametrize("size", [(96, 96), (48, 96), (100, 60), (40, 90), (96, 50), (31, 96)])
def test_finer_views_show_the_patches_that_the_library_packs(
    finer: Llava, size: tuple[int, int]
) -> None:
    """Pixels say where in the picture they are; the library's packing says where tokens end up."""
    height, width = size
    picture = np.full((1, height, width, 3), 255, dtype=np.uint8)
    picture[0, :, :, 0] = np.round((np.arange(height) + 0.5) * 255 / height)[:, None]
    picture[0, :, :, 1] = np.round((np.arange(width) + 0.5) * 255 / width)[None]
    asked = finer.ask(picture, ["?"])
    pixels, cells, patch = asked.inputs["pixel_values"][0], 3, 16
    reader = finer.asker.processor.image_processor
    mean, std = (torch.tensor(each).view(3, 1, 1) for each in (reader.image_mean, reader.image_std))
    colours = torch.nn.functional.avg_pool2d(pixels * std + mean, patch)
    features = colours.flatten(2).transpose(1, 2)
    packed, _ = finer.model.model.pack_image_features(
        [features], torch.tensor([size]), "default", image_newline=torch.full((3,), -9.0)
    )
    shown = asked.patch[0][asked.inputs["input_ids"][0] == finer.asker.image_id]
    assert len(shown) == len(packed[0])
    assert shown[: cells**2].tolist() == list(range(cells**2))
    assert torch.equal(shown == -1, packed[0][:, 0] == -9)
    filled = packed[0][:, 2] > 0.99  # a cell that the picture fills
    assert int(filled.sum()) > cells**2
    for at, channel in ((shown // cells, 0), (shown % cells, 1)):
        away = (at[filled] + 0.5) / cells - packed[0][filled, channel]
        assert float(away.abs().max()) <= 0.5 / cells + 0.02


def test_another_number_of_image_tokens_is_refused() -> None:
    image = torch.ones(1, 5, dtype=torch.bool)
    with pytest.raises(ValueError, match="holds 5 image tokens, wanted 4 for a grid of 2 x 2"):
        Views((2, 2)).places(image)


def test_answers_are_generates_own(llava: Llava, folder: Path) -> None:
    model = AutoModelForImageTextToText.from_pretrained(folder).eval()
    tokenizer = llava.asker.chat.tokenizer
    found = llava.answers(llava.ask(DATA.images(0, 4), QUESTIONS), max_new_tokens=7)
    logits = llava.next_logits(llava.ask(DATA.images(0, 4), QUESTIONS))
    for i, (picture, question) in enumerate(zip(DATA.images(0, 4), QUESTIONS, strict=True)):
        inputs = own_inputs(folder, picture, question)
        made = model.generate(
            **inputs,
            do_sample=False,
            max_new_tokens=7,
            output_logits=True,
            return_dict_in_generate=True,
        )
        said = made.sequences[0, inputs["input_ids"].shape[1] :]
        assert found[i] == tokenizer.decode(said, skip_special_tokens=True).strip()
        assert (logits[i] - made.logits[0][0]).abs().max() < 1e-4
    assert len(set(found)) > 1
    assert [len(answer.split()) for answer in found] == [7] * 4
    short = llava.answers(llava.ask(DATA.images(0, 4), QUESTIONS), max_new_tokens=2)
    assert [" ".join(answer.split()[:2]) for answer in found] == short


def test_nothing_of_a_checkpoints_sampling_reaches_the_answers(
    llava: Llava, folder: Path, tmp_path: Path
) -> None:
    wild = {"do_sample": True, "temperature": 9.0, "repetition_penalty": 3.0, "min_new_tokens": 9}
    place = changed(folder, tmp_path / "wild", "generation_config.json", **wild)
    other = open_backend(f"llava:{place}")
    asked = llava.ask(DATA.images(0, 4), QUESTIONS)
    assert other.answers(asked, max_new_tokens=6) == llava.answers(asked, max_new_tokens=6)


def by_hand(llava: Llava, picture: Any, question: str, answer: str) -> tuple[float, int]:
    """Loss of one answer, written out by the library's own template in the assistant's turn."""
    processor = llava.asker.processor
    content = [{"type": "image", "image": picture}, {"type": "text", "text": question}]
    said = {"role": "assistant", "content": [{"type": "text", "text": answer}]}
    whole = processor.apply_chat_template(
        [{"role": "user", "content": content}, said],
        tokenize=True,
        return_dict=True,
        return_tensors="pt",
    )
    n = len(answer.split()) + 1
    with torch.no_grad():
        logits = llava.model(**whole).logits[0, -n - 1 : -1]
    return float(cross_entropy(logits, whole["input_ids"][0, -n:], reduction="sum")), n


def test_the_loss_of_an_answer_is_its_tokens_cross_entropy(backend: Llava) -> None:
    answers = ("cat", "yes", "a red umbrella , sun", "nothing at all")
    pictures = DATA.images(0, 4)
    found = backend.spoken(backend.ask(pictures, QUESTIONS), answers)
    assert not found.loss.requires_grad
    for i in range(4):
        loss, n = by_hand(backend, pictures[i], QUESTIONS[i], answers[i])
        assert float(found.loss[i]) == pytest.approx(loss, abs=1e-3)
        assert int(found.tokens[i]) == n


def test_what_is_kept_of_a_spoken_pass_is_the_stream_over_prompt_and_answer(llava: Llava) -> None:
    asked = llava.ask(DATA.images(0, 4), QUESTIONS)
    found = llava.spoken(asked, ["cat", "yes", "a red umbrella , sun", "no"], blocks=[0, 2])
    before = llava.residuals(asked, [0, 2])
    length = asked.image.shape[1]
    assert set(found.residuals) == {0, 2}
    for block, stream in found.residuals.items():
        assert stream.shape[1] == length + 6 == found.image.shape[1]
        real = asked.inputs["attention_mask"].bool()
        assert (stream[:, :length][real] - before[block][real]).abs().max() < 1e-4
    assert torch.equal(found.image[:, :length], asked.image)
    assert not bool(found.image[:, length:].any())


def test_a_spoken_loss_flows_into_the_patch_and_nowhere_else(llava: Llava) -> None:
    name = "model.multi_modal_projector.linear_1.weight"
    own = llava.model.get_parameter(name)
    patch = {name: own.clone().requires_grad_()}
    asked, answers = llava.ask(DATA.images(0, 2), QUESTIONS[:2]), ["cat , sun", "yes"]
    found = llava.spoken(asked, answers, blocks=[0], patch=patch)
    plain = llava.spoken(asked, answers)
    assert (found.loss - plain.loss).abs().max() < 1e-4
    total = found.loss.sum() + found.residuals[0][found.image].square().mean()
    (slope,) = torch.autograd.grad(total, [patch[name]])
    assert not any(p.requires_grad for p in llava.model.parameters())
    step = torch.zeros_like(own)
    step[3, 4] = 1e-2

    def at(weight: torch.Tensor) -> float:
        found = llava.spoken(asked, answers, blocks=[0], patch={name: weight})
        assert not found.loss.requires_grad
        return float(found.loss.sum() + found.residuals[0][found.image].square().mean())

    wanted = (at(own + step) - at(own - step)) / 2e-2
    assert float(slope[3, 4]) == pytest.approx(wanted, rel=0.05, abs=2e-2)
    assert slope.abs().max() > 1e-2


def test_words_are_told_by_their_first_token(llava: Llava) -> None:
    tokenizer = llava.asker.chat.tokenizer
    assert tokenizer.decode([llava.word_id("yes")]) == "yes"
    assert llava.word_id("yes") == tokenizer.get_vocab()["yes"] != llava.word_id("no")
    with pytest.raises(ValueError, match="no token that begins 'xylophone'"):
        llava.word_id("xylophone")


def test_a_patch_makes_another_model_that_shares_all_else(llava: Llava) -> None:
    name = "model.multi_modal_projector.linear_1.weight"
    where, asked = site(llava, "block:1"), llava.ask(DATA.images(0, 4), QUESTIONS)
    before = llava.encode(DATA, "image", 0, 4, where), llava.next_logits(asked)
    value = llava.model.get_parameter(name).flip(0)
    other = llava.patched({name: value})
    assert (other.encode(DATA, "image", 0, 4, where) - before[0]).abs().max() > 1e-2
    assert torch.equal(
        other.encode(DATA, "text", 0, 4, where), llava.encode(DATA, "text", 0, 4, where)
    )
    assert torch.equal(other.model.get_parameter(name), value)
    assert torch.equal(llava.encode(DATA, "image", 0, 4, where), before[0])
    assert torch.equal(llava.next_logits(asked), before[1])
    assert other.revision != llava.revision
    assert llava.patched({}).revision == llava.revision
    held = {n: p.data_ptr() for n, p in llava.model.state_dict().items()}
    apart = {n for n, p in other.model.state_dict().items() if p.data_ptr() != held[n]}
    assert apart == {name}
    assert other.blocks.modules is not llava.blocks.modules
    assert other.answers(asked, max_new_tokens=4) != llava.answers(asked, max_new_tokens=4)


def test_a_weight_of_two_names_is_patched_under_both(llava: Llava) -> None:
    head, table = "lm_head.weight", "model.language_model.embed_tokens.weight"
    other = llava.patched({head: llava.model.get_parameter(head) + 1})
    assert other.model.get_parameter(head) is other.model.get_parameter(table)
    assert not torch.equal(other.model.get_parameter(head), llava.model.get_parameter(head))
    patch = {head: llava.model.get_parameter(head) + 1}
    asked = llava.ask(DATA.images(0, 1), QUESTIONS[:1])
    gap = other.spoken(asked, ["cat"]).loss - llava.spoken(asked, ["cat"], patch=patch).loss
    assert gap.abs().max() < 1e-4


def test_a_patch_that_does_not_fit_is_refused(llava: Llava) -> None:
    asked = llava.ask(DATA.images(0, 1), QUESTIONS[:1])
    for act in (llava.patched, lambda patch: llava.spoken(asked, ["cat"], patch=patch)):
        with pytest.raises(ValueError, match=r"no weight 'projector'"):
            act({"projector": torch.zeros(1)})
        with pytest.raises(ValueError, match=r"shape \[1\], .* has \[32, 24\]"):
            act({"model.multi_modal_projector.linear_1.weight": torch.zeros(1)})


def test_what_is_asked_wrongly_is_one_line(llava: Llava) -> None:
    asked = llava.ask(None, CAPTIONS)
    where = Site("block:9", "model.language_model.layers.9", "", block=9, pool="mean")
    for modality in ("image", "text"):
        with pytest.raises(ValueError, match="no site 'block:9', wanted block:0 to block:3"):
            llava.encode(DATA, modality, 0, 1, where)
    with pytest.raises(ValueError, match=r"no block 4: .* has blocks 0 to 3"):
        llava.residuals(asked, [4])
    with pytest.raises(ValueError, match="no block -1"):
        llava.residuals(asked, [-1])
    with pytest.raises(ValueError, match="2 pictures for 3 texts"):
        llava.ask(DATA.images(0, 2), QUESTIONS[:3])
    with pytest.raises(ValueError, match="text 1 of 2 is empty"):
        llava.ask(None, ["a cat", " "])
    with pytest.raises(ValueError, match="holds the image token <image>"):
        llava.ask(DATA.images(0, 1), ["look at <image> here"])
    with pytest.raises(ValueError, match="1 answers to 6 prompts"):
        llava.spoken(asked, ["cat"])


def test_answers_of_other_lengths_in_the_batch_change_no_loss(llava: Llava) -> None:
    asked = llava.ask(DATA.images(0, 4), QUESTIONS)
    answers = ["cat", "yes", "a red umbrella , sun", "nothing at all"]
    whole = llava.spoken(asked, answers).loss
    for i in range(4):
        one = llava.ask(DATA.images(i, i + 1), [QUESTIONS[i]])
        assert (llava.spoken(one, [answers[i]]).loss - whole[i]).abs().max() < 1e-3
