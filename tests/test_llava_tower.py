"""Sites of the tower: the library's own patch features, and texts after the last block."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from transformers import AutoModelForImageTextToText

from benchmark.backends.hooks import outputs_of
from benchmark.backends.llava.backend import open_backend
from benchmark.backends.llava.model import Llava
from benchmark.contracts import Site
from tests.test_backend_llava import changed
from tests.tiny_llava import (
    BLOCKS,
    GRID,
    WIDTH,
    Pictures,
    save_any_size_folder,
    save_folder,
    save_next_folder,
)

DATA = Pictures()
FULL = {"vision_feature_select_strategy": "full"}
TOWER_WIDTH, TOWER_WIDTH_OF_ANY_SIZE = 24, 32
NAMES = ("tower", "tower/tokens")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_folder(tmp_path_factory.mktemp("tower") / "tiny")


@pytest.fixture(scope="module")
def llava(folder: Path) -> Llava:
    return open_backend(f"llava:{folder}")


def site(backend: Llava, name: str) -> Site:
    return next(s for s in backend.sites if s.name == name)


def test_the_sites_come_last_and_their_modules_are_real(llava: Llava) -> None:
    assert [s.name for s in llava.sites[-2:]] == list(NAMES)
    assert [s.name for s in llava.sites if s.block is None] == list(NAMES)
    core = llava.model.model
    for s, pool in zip(llava.sites[-2:], ("mean", "none"), strict=True):
        wanted = "model.vision_tower", f"model.language_model.layers.{BLOCKS - 1}"
        assert (s.image_module, s.text_module) == wanted
        assert llava.model.get_submodule(s.image_module) is core.vision_tower
        assert llava.model.get_submodule(s.text_module) is core.language_model.layers[-1]
        assert s.pool == pool


@torch.no_grad()
def test_of_several_views_it_is_the_one_that_shows_the_whole_picture(tmp_path: Path) -> None:
    other = open_backend(f"llava:{save_next_folder(tmp_path / 'other')}")
    pixels = other.ask(DATA.images(0, 4), ["?"] * 4).inputs["pixel_values"]
    assert pixels.shape[:2] == (4, 5)
    tower = other.model.model.vision_tower
    wanted = tower(pixels[:, 0], output_hidden_states=True).hidden_states[-1][:, 1:]
    tokens = other.encode(DATA, "image", 0, 4, site(other, "tower/tokens"))
    assert torch.allclose(tokens, wanted, atol=1e-5)


@torch.no_grad()
def test_where_tokens_are_merged_a_row_is_what_becomes_one_patch(tmp_path: Path) -> None:
    other = open_backend(f"llava:{save_any_size_folder(tmp_path / 'other')}")
    asked = other.ask(DATA.images(0, 4), ["?"] * 4)
    tokens = other.encode(DATA, "image", 0, 4, site(other, "tower/tokens"))
    assert tokens.shape == (4, 9, 4 * TOWER_WIDTH_OF_ANY_SIZE)
    merger = other.model.model.visual.merger
    merged = merger(tokens.reshape(-1, TOWER_WIDTH_OF_ANY_SIZE))
    with outputs_of(merger) as found:
        other.residuals(asked, [0])
    assert torch.allclose(merged, found[0], atol=1e-5)


def test_a_site_that_is_not_there_is_one_line(llava: Llava) -> None:
    where = Site("towel", "model.vision_tower", f"{llava.blocks.path}.3", pool="mean")
    with pytest.raises(ValueError, match=r"no site 'towel', wanted block:0 to block:3, tower, or"):
        llava.encode(DATA, "image", 0, 1, where)


@torch.no_grad()
@pytest.mark.parametrize("layer", [-1, -2, 1])
def test_pictures_are_the_towers_patch_tokens_of_the_selected_layer(
    folder: Path, tmp_path: Path, layer: int
) -> None:
    place = changed(folder, tmp_path / "layer", "config.json", vision_feature_layer=layer)
    backend, model = open_backend(f"llava:{place}"), AutoModelForImageTextToText
    tower = model.from_pretrained(place).eval().model.vision_tower
    pixels = backend.ask(DATA.images(0, 4), ["?"] * 4).inputs["pixel_values"]
    wanted = tower(pixels, output_hidden_states=True).hidden_states[layer][:, 1:]
    tokens = backend.encode(DATA, "image", 0, 4, site(backend, "tower/tokens"))
    pooled = backend.encode(DATA, "image", 0, 4, site(backend, "tower"))
    assert tokens.shape == (4, GRID**2, TOWER_WIDTH)
    assert tokens.dtype == pooled.dtype == torch.float32
    assert not tokens.requires_grad
    assert torch.allclose(tokens, wanted, atol=1e-5)
    assert torch.allclose(pooled, wanted.mean(1), atol=1e-5)


def test_a_class_token_that_the_projector_reads_is_no_row(
    llava: Llava, folder: Path, tmp_path: Path
) -> None:
    kept = changed(folder, tmp_path / "full", "config.json", **FULL, image_seq_length=37)
    backend = open_backend(f"llava:{changed(kept, kept, 'processor_config.json', **FULL)}")
    for name in NAMES:
        found = [b.encode(DATA, "image", 0, 3, site(b, name)) for b in (llava, backend)]
        assert torch.equal(*found)


def test_nothing_after_the_projectors_door_is_run(llava: Llava) -> None:
    ran: list[int] = []
    core = llava.model.model
    modules = [core.vision_tower, core.multi_modal_projector, llava.blocks[0]]
    hooks = [
        module.register_forward_hook(lambda *_, i=i: ran.append(i))
        for i, module in enumerate(modules)
    ]
    for name in NAMES:
        llava.encode(DATA, "image", 0, 3, site(llava, name))
    for hook in hooks:
        hook.remove()
    assert ran == [0, 0]
    assert not core.multi_modal_projector._forward_pre_hooks


@pytest.mark.parametrize("text_pass", ["isolated", "joint"])
def test_texts_are_those_of_the_last_block(folder: Path, text_pass: str) -> None:
    backend = open_backend(f"llava:{folder}?text_pass={text_pass}")
    texts = DATA.captions[2:7]
    for name in NAMES:
        here = site(backend, name)
        last = site(backend, name.replace("tower", f"block:{BLOCKS - 1}"))
        reads = [lambda s: backend.encode(DATA, "text", 2, 7, s)]
        reads += [lambda s: backend.encode_together(DATA.images(0, 5), texts, s)]
        if text_pass == "isolated":
            reads += [lambda s: backend.encode_texts(texts, s)]
        for read in reads:
            found, wanted = read(here), read(last)
            if here.pool == "none":
                assert torch.equal(found.counts, wanted.counts)
                assert torch.equal(found.counts, backend.token_counts(texts, here))
                found, wanted = found.rows, wanted.rows
            assert torch.equal(found, wanted)
            assert found.shape[1] == WIDTH
    assert backend.token_counts(texts, site(backend, "tower")).tolist() == [1] * 5


def test_batches_do_not_matter(llava: Llava) -> None:
    for name in NAMES:
        whole = llava.encode(DATA, "image", 0, 6, site(llava, name))
        ones = [llava.encode(DATA, "image", i, i + 1, site(llava, name)) for i in range(6)]
        assert (whole - torch.cat(ones)).abs().max() < 1e-5


def test_a_patch_of_the_tower_moves_its_rows_and_one_of_the_projector_does_not(
    llava: Llava,
) -> None:
    own = llava.model.state_dict()
    tower = next(n for n in own if n.startswith("model.vision_tower") and n.endswith("fc1.weight"))
    before = llava.encode(DATA, "image", 0, 3, site(llava, "tower"))
    for name, moves in ((tower, True), ("model.multi_modal_projector.linear_1.weight", False)):
        other = llava.patched({name: own[name].flip(0)})
        after = other.encode(DATA, "image", 0, 3, site(other, "tower"))
        assert torch.equal(before, after) != moves


def test_another_site_of_the_name_is_refused(llava: Llava) -> None:
    where = Site("tower", "vision_tower", "", pool="mean")
    wanted = r"no site 'tower', wanted block:0 to block:3, tower, or one of them with /tokens"
    for act in (
        lambda: llava.encode(DATA, "image", 0, 1, where),
        lambda: llava.encode_texts(["a cat"], where),
        lambda: llava.token_counts(["a cat"], where),
    ):
        with pytest.raises(ValueError, match=wanted):
            act()
