"""Each released class of vision-language model, in small: read from the hub's own cache, in full.

Positions are held against the processor's own expansion and against markers in the picture; rows,
edits and answers against the class itself, in batches of pictures that differ in shape.
"""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from transformers import AutoModelForImageTextToText, AutoProcessor

from benchmark import edits
from benchmark.activations.reading import activations
from benchmark.activations.store import Store
from benchmark.backends import open_backend
from benchmark.backends.llava.model import Llava
from benchmark.contracts import Artifact, Edit, Ragged, Site, Speaker, Subject
from benchmark.sae.plain_dictionaries import identity
from benchmark.statistics import point_value
from tasks.reconstruction import Reconstruction
from tests import hub_cache
from tests.tiny_llava import Pictures
from tests.tiny_vlms import BLOCKS, KINDS, PATCH, SIDE, WIDTH

QUESTIONS = ("list every object", "is there a cat ?", "what color is the umbrella ?", "describe")
SIZES = ((64, 64), (48, 96), (90, 33), (31, 70))
"""Widths and heights: a square, tall ones, a wide one."""
SITES = ("block:0", "block:3", "block:1/tokens", "tower", "tower/tokens")
MERGED = {"qwen3_vl", "qwen3_vl_moe"}
TILED = {"next_mistral", "next_llama3"}


@dataclass(frozen=True)
class Odd(Pictures):
    """Scenes, each in another shape, as PIL pictures."""

    n: int = 4

    def images(self, start: int, stop: int) -> Any:
        whole = Pictures(self.n).images(start, stop)
        sizes = (SIZES * self.n)[start:stop]
        return [Image.fromarray(p).resize(s) for p, s in zip(whole, sizes, strict=True)]


DATA = Odd()
PICTURES = DATA.images(0, 4)


@dataclass(frozen=True, eq=False)
class World:
    """One class: its backend, opened by its released name, and the same as the library has it."""

    kind: str
    folder: Path
    backend: Llava
    model: Any
    processor: Any

    def inputs(self, picture: Any, text: str) -> dict[str, torch.Tensor]:
        """One prompt as the processor's own chat template makes it."""
        if picture is not None and self.backend.asker.side is not None:
            side = self.backend.asker.side
            picture = picture.resize((side, side), Image.Resampling.BICUBIC)
        content = [{"type": "image", "image": picture}] if picture is not None else []
        content += [{"type": "text", "text": text}]
        return self.processor.apply_chat_template(
            [{"role": "user", "content": content}],
            add_generation_prompt=True,
            tokenize=True,
            return_dict=True,
            return_tensors="pt",
        )


@pytest.fixture(scope="module", params=list(KINDS))
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> World:
    place, kind = tmp_path_factory.mktemp("vlm"), KINDS[request.param]
    folder = kind.save(place / "folder")
    with pytest.MonkeyPatch.context() as patch:
        hub_cache.used(patch, place / "hub")
        hub_cache.filled(place / "hub", kind.released, folder)
        backend = open_backend(f"llava:{kind.released}")
    model = AutoModelForImageTextToText.from_pretrained(folder).eval()
    return World(request.param, folder, backend, model, AutoProcessor.from_pretrained(folder))


def site(backend: Any, name: str) -> Site:
    return next(s for s in backend.sites if s.name == name)


class fed:  # noqa: N801
    """What each of these modules is given while the context is open."""

    def __init__(self, *modules: torch.nn.Module) -> None:
        self.found: list[list[torch.Tensor]] = [[] for _ in modules]

        def keep(i: int) -> Any:
            return lambda _m, args, more: self.found[i].append(
                args[0] if args else more["hidden_states"]
            )

        self.handles = [
            module.register_forward_pre_hook(keep(i), with_kwargs=True)
            for i, module in enumerate(modules)
        ]

    def __enter__(self) -> list[list[torch.Tensor]]:
        return self.found

    def __exit__(self, *_: Any) -> None:
        for handle in self.handles:
            handle.remove()


def embedded(backend: Llava, asked: Any, *more: Edit) -> torch.Tensor:
    """The stream as the first block reads it: projected pictures among embedded words."""
    with fed(backend.blocks[0]) as found:
        backend.residuals(asked, [0], more)
    return found[0][0]


def test_the_class_is_the_released_one_and_its_commit_is_recorded(world: World) -> None:
    backend, kind = world.backend, KINDS[world.kind]
    assert isinstance(backend, Speaker)
    assert type(backend.model).__name__ == kind.model_class
    assert backend.revision == f"{kind.released}@{hub_cache.COMMIT}+isolated"
    assert backend.n_blocks == BLOCKS
    assert {s.name for s in backend.sites} >= set(SITES)
    for s in backend.sites:
        backend.model.get_submodule(s.image_module)
    many = len(list(world.folder.glob("*.safetensors")))
    assert many > 1  # shards, as the released weights are


def test_image_positions_are_the_processors_own_expansion(world: World) -> None:
    """Prompt by prompt the same tokens; patches in order, then finer views, then nothing."""
    backend = world.backend
    asked = backend.ask(PICTURES, QUESTIONS)
    n = backend.patch_grid[0] * backend.patch_grid[1]
    real = asked.inputs["attention_mask"].bool()
    for row, (picture, question) in enumerate(zip(PICTURES, QUESTIONS, strict=True)):
        wanted = world.inputs(picture, question)
        ids = wanted["input_ids"][0]
        assert asked.inputs["input_ids"][row][real[row]].tolist() == ids.tolist()
        expanded = ids == world.processor.image_token_id
        assert torch.equal(asked.picture[row][real[row]], expanded)
        assert asked.patch[row][asked.image[row]].tolist() == list(range(n))
        assert torch.equal(expanded.nonzero()[:n, 0], asked.image[row][real[row]].nonzero()[:, 0])
        assert bool((asked.patch[row][~asked.picture[row]] == -1).all())
        alone = backend.ask([picture], [question])
        assert set(alone.inputs) == set(wanted)
        for name, value in wanted.items():
            assert torch.equal(alone.inputs[name], value), name
        own = ids[asked.text[row][real[row]]]
        assert world.processor.tokenizer.decode(own).strip() == question
    assert len(set(asked.picture.sum(1).tolist())) == (1 if world.kind not in TILED else 4)
    assert not real.all()


def test_end_marks_of_tile_rows_show_no_patch(world: World) -> None:
    backend = world.backend
    asked = backend.ask(PICTURES, QUESTIONS)
    marks = asked.picture & (asked.patch == -1)
    assert bool(marks.any(1).all()) == (world.kind in TILED)
    if world.kind not in TILED:
        assert not bool(marks.any())
        return
    stream, newline = embedded(backend, asked), backend.model.model.image_newline
    is_newline = (stream - newline).abs().amax(2) < 1e-6
    assert torch.equal(is_newline & asked.picture, marks)


def silenced(backend: Llava) -> Llava:
    """The model with the attention of its tower off: each patch is seen by its own token alone."""
    off = {
        name: torch.zeros_like(value)
        for name, value in backend.model.state_dict().items()
        if ("vision_tower" in name and "out_proj" in name)
        or (".visual.blocks." in name and ".attn.proj." in name)
    }
    assert off
    return backend.patched(off)


def test_a_marker_moves_the_tokens_that_show_its_patch(world: World) -> None:
    """Every position that is said to show a patch moves with it, and no other position does."""
    backend, (rows, columns) = silenced(world.backend), world.backend.patch_grid
    where = site(backend, "tower/tokens")
    own = backend.asker.side or SIDE
    shapes = ((2, 2), (1, 2), (2, 1)) if world.kind in TILED else ((1, 1),)
    for (tall, broad), (row, column) in product(shapes, ((0, 0), (1, 2), (3, 3))):
        height, width = tall * own, broad * own
        plain = np.full((1, height, width, 3), 90, dtype=np.uint8)
        marked, high, wide = plain.copy(), height // rows, width // columns
        top, left = row * high, column * wide
        marked[
            :, top + high // 4 : top + high - high // 4, left + wide // 4 : left + wide - wide // 4
        ] = 250
        asked = [backend.ask(pictures, ["?"]) for pictures in (plain, marked)]
        patch = row * columns + column
        told = asked[0].patch[0] == patch
        streams = [embedded(backend, each)[0] for each in asked]
        moved = (streams[0] - streams[1]).abs().amax(1) > 1e-5
        assert torch.equal(moved, told)
        # tiles of a view's own size cut a patch finer
        assert int(told.sum()) == (1 + tall * broad if world.kind in TILED else 1)
        tokens = [
            backend.encode(Shown(pictures), "image", 0, 1, where)[0] for pictures in (plain, marked)
        ]
        assert (tokens[0] - tokens[1]).abs().amax(1).nonzero().flatten().tolist() == [patch]


@dataclass(frozen=True, eq=False)
class Shown:
    """One picture."""

    pictures: np.ndarray

    def images(self, start: int, stop: int) -> np.ndarray:
        return self.pictures[start:stop]


@torch.no_grad()
def test_blocks_are_the_librarys_hidden_states(world: World) -> None:
    where = [site(world.backend, f"block:{block}/tokens") for block in range(BLOCKS - 1)]
    rows = world.backend.encode_sites(DATA, "image", 0, 4, where)
    for i, picture in enumerate(PICTURES):
        inputs = world.inputs(picture, "?")
        hidden = world.model(**inputs, output_hidden_states=True).hidden_states
        first = int((inputs["input_ids"][0] == world.processor.image_token_id).int().argmax())
        for block, found in enumerate(rows):
            n = found.shape[1]
            assert (found[i] - hidden[block + 1][0, first : first + n]).abs().max() < 1e-4


def test_batches_do_not_matter(world: World) -> None:
    backend = world.backend
    for name in SITES:
        where = site(backend, name)
        for modality in ("image", "text"):
            whole = backend.encode(DATA, modality, 0, 4, where)
            ones = [backend.encode(DATA, modality, i, i + 1, where) for i in range(4)]
            if isinstance(whole, Ragged):
                whole, ones = whole.rows, [one.rows for one in ones]
            assert (whole - torch.cat(ones)).abs().max() < 1e-4, (name, modality)
    asked = backend.ask(PICTURES, QUESTIONS)
    logits, said = backend.next_logits(asked), backend.answers(asked, max_new_tokens=5)
    for i in range(4):
        one = backend.ask(PICTURES[i : i + 1], QUESTIONS[i : i + 1])
        assert (backend.next_logits(one)[0] - logits[i]).abs().max() < 1e-4
        assert backend.answers(one, max_new_tokens=5) == [said[i]]
        losses = [backend.spoken(p, ["a cat"] * len(p)).loss for p in (asked, one)]
        assert (losses[0][i] - losses[1][0]).abs().max() < 1e-3


def generated(world: World, picture: Any, question: str) -> str:
    inputs = world.inputs(picture, question)
    tokens = world.model.generate(**inputs, do_sample=False, max_new_tokens=5)
    said = tokens[0, inputs["input_ids"].shape[1] :]
    return world.processor.tokenizer.decode(said, skip_special_tokens=True).strip()


def test_answers_are_the_librarys_own_with_and_without_a_picture(world: World) -> None:
    backend = world.backend
    shown, alone = backend.ask(PICTURES, QUESTIONS), backend.ask(None, QUESTIONS)
    without = backend.answers(alone, max_new_tokens=5)
    wanted = [generated(world, p, q) for p, q in zip(PICTURES, QUESTIONS, strict=True)]
    assert backend.answers(shown, max_new_tokens=5) == wanted
    assert backend.answers(alone, max_new_tokens=5) == without  # nothing is kept of the pictures
    fresh = AutoModelForImageTextToText.from_pretrained(world.folder).eval()
    once = World(world.kind, world.folder, backend, fresh, world.processor)
    assert without == [generated(once, None, question) for question in QUESTIONS]


def push(width: int, size: float = 20.0) -> torch.Tensor:
    direction = torch.randn(width, generator=torch.Generator().manual_seed(1))
    return size * direction / direction.norm()


def test_an_edit_reaches_the_chosen_patch_of_its_own_picture_alone(world: World) -> None:
    backend = world.backend
    asked = backend.ask(PICTURES, QUESTIONS)
    chosen = torch.zeros(4, backend.patch_grid[0] * backend.patch_grid[1], dtype=torch.bool)
    chosen[2, 5] = True
    where = asked.picture & (asked.patch == 5)
    where[[0, 1, 3]] = False
    edit = Edit(1, edits.add(push(WIDTH)), chosen)
    before, after = backend.residuals(asked, [1]), backend.residuals(asked, [1], [edit])
    moved = (after[1] - before[1]).abs().amax(2) > 0
    assert torch.equal(moved, where)
    logits = [backend.next_logits(asked, each) for each in ([], [edit])]
    assert torch.equal(logits[0][[0, 1, 3]], logits[1][[0, 1, 3]])
    assert (logits[0][2] - logits[1][2]).abs().max() > 1e-3
    for block in range(BLOCKS):
        lists = [[], [Edit(block, edits.add(push(WIDTH)), chosen)]]
        under = backend.next_logits_under(asked, lists)
        for found, own in zip(under, lists, strict=True):
            assert (found - backend.next_logits(asked, own)).abs().max() < 1e-4
    steady = Edit(1, edits.add(torch.zeros(WIDTH)), decode=True)
    said = backend.answers(asked, max_new_tokens=5)
    assert backend.answers(asked, [steady], max_new_tokens=5) == said
    loud = Edit(1, edits.add(push(WIDTH, 60.0)), decode=True)
    assert backend.answers(asked, [loud], max_new_tokens=5) != said


def test_an_edit_of_the_tower_reaches_every_view_of_the_chosen_patch(world: World) -> None:
    backend = world.backend
    asked = backend.ask(PICTURES, QUESTIONS)
    width = backend.encode(DATA, "image", 0, 1, site(backend, "tower")).shape[1]
    n = backend.patch_grid[0] * backend.patch_grid[1]
    chosen = torch.zeros(4, n, dtype=torch.bool)
    chosen[1, 6] = chosen[3, 2] = True
    plain = embedded(backend, asked)
    assert torch.equal(embedded(backend, asked, Edit(None, lambda x: x, chosen)), plain)
    found = embedded(backend, asked, Edit(None, edits.add(push(width)), chosen))
    moved = (found - plain).abs().amax(2) > 0
    wanted = torch.zeros_like(moved)
    wanted[1], wanted[3] = asked.patch[1] == 6, asked.patch[3] == 2
    assert torch.equal(moved, wanted)
    everywhere = embedded(backend, asked, Edit(None, edits.add(push(width))))
    assert torch.equal((everywhere - plain).abs().amax(2) > 0, asked.patch >= 0)
    rows = backend.encode(DATA, "image", 0, 4, site(backend, "tower/tokens"))
    seen: list[torch.Tensor] = []
    embedded(backend, asked, Edit(None, lambda x: seen.append(x) or x))
    assert (seen[0][:, :n] - rows).abs().max() < 1e-5


@torch.no_grad()
def test_features_of_deeper_tower_layers_join_between_blocks(world: World) -> None:
    """A block reads what the one before put out and what the model added at image positions."""
    backend = world.backend
    asked = backend.ask(PICTURES, QUESTIONS)
    given: list[list[torch.Tensor]]
    with fed(*backend.blocks.modules) as given:
        backend.residuals(asked, range(BLOCKS))
    streams = backend.residuals(asked, range(BLOCKS))
    added = [given[block + 1][0] - streams[block] for block in range(BLOCKS - 1)]
    if world.kind not in MERGED:
        assert all(not bool(each.any()) for each in added)
        return
    visual = backend.model.model.visual
    features = visual(asked.inputs["pixel_values"], grid_thw=asked.inputs["image_grid_thw"])
    for block, deep in enumerate(features.deepstack_features):
        assert (added[block][asked.image] - deep).abs().max() < 1e-4
        assert not bool(added[block][~asked.image].any())
    assert len(features.deepstack_features) == 2
    assert not bool(added[2].any())
    ran: list[int] = []
    hook = visual.register_forward_hook(lambda *_: ran.append(1))
    for block in range(BLOCKS):
        backend.next_logits_under(asked, [[], [Edit(block, edits.add(push(WIDTH)))]])
    hook.remove()
    # where features are still to come a pass begins with the picture, later it goes on without
    assert len(ran) == BLOCKS + 2


def test_no_more_than_one_batch_is_held(world: World, tmp_path: Path) -> None:
    """When a batch begins, no stream of the batches before is alive."""
    backend = world.backend
    streams: weakref.WeakSet[torch.Tensor] = weakref.WeakSet()
    most: list[int] = []

    def begins(*_: Any) -> None:
        if len(streams):
            gc.collect()
        most.append(len(streams))

    hooks = [backend.model.register_forward_pre_hook(begins)]
    for block in backend.blocks.modules:
        hooks.append(block.register_forward_hook(lambda _m, _i, out: streams.add(out)))
    for name in ("block:1", "block:1/tokens"):
        store = Store(tmp_path / name.replace("/", "-"), say=lambda _: None)
        activations(backend, Odd(8), "test", site(backend, name), store=store, batch_size=2)
    for hook in hooks:
        hook.remove()
    assert len(most) >= 16
    assert max(most) == 0


def test_a_task_is_scored(world: World) -> None:
    """Reconstruction, with the loss of answers where it is spliced in: the identity loses none."""
    backend, where = world.backend, site(world.backend, "block:1/tokens")
    rows = activations(backend, DATA, "test", where, store=None, batch_size=2)
    artifact = Artifact(identity(WIDTH, WIDTH), where)
    subject = Subject(artifact, rows, rows, rows, 0, backend=backend, examples={"test": DATA})
    found = {
        name: point_value(each, name) for name, each in Reconstruction().score(subject).items()
    }
    assert found["spliced/ce_loss"] == pytest.approx(found["spliced/ce_clean"], abs=1e-4)
    assert found["spliced/ce_mean"] != pytest.approx(found["spliced/ce_clean"], abs=1e-3)


@pytest.fixture
def no_libraries(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr("benchmark.backends.extras.find_spec", lambda _name: None)
    return


def refused(spec: str) -> str:
    with pytest.raises(ValueError, match=r".") as told:
        open_backend(spec)
    assert "\n" not in str(told.value)
    return str(told.value)


@pytest.mark.usefixtures("no_libraries")
def test_options_that_want_a_library_say_so(world: World) -> None:
    spec = f"llava:{world.folder}"
    for option in ("device_map=auto", "quantised=4bit", "quantised=8bit"):
        line = refused(f"{spec}?{option}")
        assert f"{option} wants accelerate, which is not installed: pip install accelerate" in line
    drawn = refused(f"{spec}?device_map=auto&weights=untrained")
    assert "weights that are drawn are held whole, wanted no device_map=auto" in drawn
    assert "device_map is 'cpu', wanted none or auto" in refused(f"{spec}?device_map=cpu")


def test_weights_are_laid_out_as_asked(world: World) -> None:
    """Spread by accelerate, in fewer bits by bitsandbytes: tower, projector and head stay whole."""
    pytest.importorskip("accelerate")
    where = world.backend.sites[0]
    plain = world.backend.encode(DATA, "image", 0, 2, where)
    spread = open_backend(f"llava:{world.folder}?device_map=auto")
    assert torch.equal(spread.encode(DATA, "image", 0, 2, where), plain)
    bits = pytest.importorskip("bitsandbytes")
    assert "write dtype=float16 beside it" in refused(f"llava:{world.folder}?quantised=8bit")
    for options, kind in (
        ("quantised=4bit", bits.nn.Linear4bit),
        ("quantised=8bit&dtype=float16", bits.nn.Linear8bitLt),
    ):
        small = open_backend(f"llava:{world.folder}?{options}")
        assert small.revision.endswith(f"+{options[10:14]}+isolated")
        few = [name for name, module in small.model.named_modules() if isinstance(module, kind)]
        assert few
        assert all(".language_model." in name for name in few)
        rows = small.encode(DATA, "image", 0, 2, where)
        assert 0 < (rows - plain).abs().max() < 0.5 * plain.abs().max()
        asked = small.ask(PICTURES[:2], QUESTIONS[:2])
        edit = Edit(1, edits.add(push(WIDTH)))
        assert len(small.answers(asked, [edit], max_new_tokens=3)) == 2
        assert bool(small.spoken(asked, ["a cat", "no"]).loss.isfinite().all())


def test_a_side_is_for_models_that_take_any(world: World) -> None:
    spec = f"llava:{world.folder}?side=128"
    if world.kind not in MERGED:
        assert "its tower reads 32 pixels a side: leave side=128 out" in refused(spec)
        return
    assert world.backend.asker.side == 320
    backend = open_backend(spec)
    assert backend.patch_grid == (4, 4)
    assert backend.preprocessing != world.backend.preprocessing
    assert backend.encode(DATA, "image", 0, 2, site(backend, "tower/tokens")).shape[1] == 16
    assert "wanted own or a number above 0" in refused(f"llava:{world.folder}?side=0")


def test_half_precision(world: World) -> None:
    half = open_backend(f"llava:{world.folder}?dtype=bfloat16")
    rows = [b.encode(DATA, "image", 0, 2, site(b, "block:0")) for b in (half, world.backend)]
    assert half.dtype == "bfloat16"
    assert half.model.dtype == torch.bfloat16
    assert rows[0].dtype == torch.float32
    assert 0 < (rows[0] - rows[1]).abs().max() < 0.1 * rows[1].abs().max()


def test_offline_what_is_missing_is_named(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = KINDS[world.kind].released
    hub_cache.used(monkeypatch, tmp_path / "hub")
    line = refused(f"llava:{name}")
    assert f"llava:{name}: the hub's cache ({tmp_path / 'hub'}) has nothing of it" in line
    assert "without the hub in reach (HF_HUB_OFFLINE is set)" in line
    assert f"run: hf download {name}; or bring its folder here and give it as llava:" in line
    snapshot = hub_cache.filled(tmp_path / "hub", name, world.folder)
    shards = sorted(snapshot.glob("*.safetensors"))
    shards[1].unlink()
    line = refused(f"llava:{name}")
    assert f"has all but {shards[1].name} of {len(shards)} files of weights" in line
    assert open_backend(f"llava:{name}?weights=untrained").n_blocks == BLOCKS
    (snapshot / "tokenizer.json").unlink()
    (snapshot / "tokenizer_config.json").unlink()
    assert "tokenizer.json" in refused(f"llava:{name}")


def test_the_middle_of_a_patch_lies_in_its_own_tile_token(world: World) -> None:
    """Of pictures that fill no tiles exactly: their rim is cut off and rows are counted anew."""
    if world.kind not in TILED:
        return
    backend = silenced(world.backend)
    for size in ((64, 48), (33, 90), (70, 31), (96, 32), (40, 64)):
        middles(backend, *size)


def middles(backend: Llava, height: int, width: int) -> None:
    """A spot in the middle of a patch moves its tokens most, in views of both kinds."""
    rows, columns = backend.patch_grid
    plain = np.full((1, height, width, 3), 90, dtype=np.uint8)
    before = backend.ask(plain, ["?"])
    stream = embedded(backend, before)[0]
    for row, column in ((0, 0), (2, 1), (3, 3)):
        marked = plain.copy()
        y, x = (row + 0.5) * height / rows, (column + 0.5) * width / columns
        marked[:, int(y), int(x)] = 250
        after = backend.ask(marked, ["?"])
        moved = (embedded(backend, after)[0] - stream).abs().amax(1)
        told = before.patch[0] == row * columns + column
        tiles = told & ~before.image[0]
        assert bool(tiles.any())
        assert float(moved[tiles].max()) == float(moved[before.picture[0] & ~before.image[0]].max())
        assert int(moved[before.image[0]].argmax()) == row * columns + column
    assert PATCH * rows == SIDE
