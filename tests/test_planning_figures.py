"""What a plan counts: parameters, operations, bytes and steps, without a model's weights."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoConfig, AutoModel, AutoModelForCausalLM, AutoModelForImageTextToText

from benchmark.backends import open_backend
from benchmark.backends.hub import Repository
from benchmark.configure import build
from benchmark.contracts import Method
from benchmark.planning import clip, dual, vlm
from benchmark.planning.amounts import size, span, work
from benchmark.planning.examples import Counts, Material
from benchmark.planning.fitting import RECIPES, STEPS, fitting
from benchmark.planning.hubs import Fetch, fetch
from benchmark.planning.known import MODELS, known
from benchmark.planning.memory import at_once, on_gpu, total
from benchmark.planning.outline import Outline, Stack
from benchmark.planning.rates import GPUS, Rate, here, named
from benchmark.planning.reading import EFFICIENCY, reading
from benchmark.planning.scoring import scoring
from benchmark.planning.works import TASKS
from benchmark.registry import catalogue, find
from tests import hub_cache, tiny_duals, tiny_vlms

SCENE = (96, 96)
MISTRAL = "llava:llava-hf/llava-v1.6-mistral-7b-hf?dtype=bfloat16"
SIZED = {
    "openai/clip-vit-base-patch32": 0.1513,
    "facebook/metaclip-b32-400m": 0.1513,
    "google/siglip-base-patch16-224": 0.2032,
    "google/siglip-so400m-patch14-384": 0.8780,
    "google/siglip2-base-patch16-naflex": 0.3752,
    "apple/aimv2-large-patch14-224-lit": 0.4364,
    "llava-hf/llava-v1.6-mistral-7b-hf": 7.5667,
    "Qwen/Qwen3-VL-30B-A3B-Instruct": 31.071,
    "google/gemma-2-2b": 2.6143,
    "google/gemma-2-2b-it": 2.6143,
    "google/gemma-2-9b-it": 9.2417,
    "meta-llama/Llama-3.1-8B": 8.0303,
    "meta-llama/Llama-3.1-8B-Instruct": 8.0303,
    "facebook/dinov2-base": 0.0866,
    "facebook/dinov2-large": 0.3044,
    "facebook/ijepa_vith14_1k": 0.6308,
}
"""Billions of parameters as their cards say."""
ALONE = ("clip", "siglip", "siglip2", "aimv2", "dinov2", "ijepa")
"""Kinds of models that write nothing."""


def rate(**more: float) -> Rate:
    """A processor of a hundred billion operations a second."""
    return replace(Rate("a processor", "cpu", 1e11, 5e10, 1e11, 0.0, measured=True), **more)


def one_split(images: int, captions: int, tokens: float = 10.0) -> Counts:
    return Counts("test", images, captions, captions, 0, tokens, tokens, tokens * captions, 0.0, 66)


@pytest.mark.parametrize("name", SIZED)
def test_the_table_holds_configurations_of_the_models_that_it_names(name: str) -> None:
    fields = dict(MODELS[name].config)
    kind = fields.pop("model_type")
    speaks = AutoModelForImageTextToText if "vision_config" in fields else AutoModelForCausalLM
    auto = AutoModel if kind in ALONE else speaks
    with torch.device("meta"):
        model = auto.from_config(AutoConfig.for_model(kind, **fields))
    assert sum(p.numel() for p in model.parameters()) / 1e9 == pytest.approx(SIZED[name], rel=1e-3)


def test_downloads_of_the_table_are_four_or_two_bytes_a_parameter() -> None:
    for name, billions in SIZED.items():
        bytes_each = MODELS[name].download_gb / billions
        assert min(abs(bytes_each - 2), abs(bytes_each - 4)) < 0.1, name


def test_a_model_is_known_whatever_the_case() -> None:
    assert known("META-LLAMA/llama-3.1-8b") is MODELS["meta-llama/Llama-3.1-8B"]
    assert known("nobody/nothing") is None


@pytest.mark.parametrize("name", ["pocket-clip", "pocket-llava", "pocket-llava-frozen"])
def test_an_outline_is_what_opening_the_model_finds(name: str) -> None:
    kind = clip if name == "pocket-clip" else vlm
    made, parcels = kind.outline(name, SCENE)
    there = open_backend(name)
    assert parcels == []
    assert made.sites == there.sites
    assert made.provides == there.provides
    assert made.preprocessing == there.preprocessing
    assert made.parameters == sum(p.numel() for p in there.model.parameters())  # type: ignore[attr-defined]
    assert made.revision in (there.revision, "")
    assert bool(made.revision) == (name != "pocket-llava-frozen")
    split = (made.data or open_data()).split("val")
    for site in there.sites[::4]:
        for modality in ("image", "text"):
            rows = there.encode(split, modality, 0, 3, site)
            rows = getattr(rows, "rows", rows)
            assert rows.shape[-1] == made.width(site, modality)
            if modality == "image" and site.pool == "none":
                assert rows.shape[1] == made.patches


def open_data():
    from benchmark.worlds.scenes import Scenes

    return Scenes()


@pytest.mark.parametrize("kind", ["llava15", "next_mistral", "qwen3_vl"])
def test_a_cached_configuration_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    vlm_kind = tiny_vlms.KINDS[kind]
    hub_cache.used(monkeypatch, tmp_path / "hub")
    assumed, (parcel,) = vlm.outline(f"llava:{vlm_kind.released}", SCENE)
    assert (assumed.known, parcel.here, parcel.missing) == ("assumed", 0, parcel.total)
    folder = vlm_kind.save(tmp_path / "folder")
    hub_cache.filled(tmp_path / "hub", vlm_kind.released, folder)
    made, (parcel,) = vlm.outline(f"llava:{vlm_kind.released}", SCENE)
    there = open_backend(f"llava:{folder}")
    assert (made.known, parcel.missing) == ("counted", 0)
    assert made.revision == f"{vlm_kind.released}@{hub_cache.COMMIT}+isolated"
    assert made.sites == there.sites
    assert made.parameters < assumed.parameters
    captions = ["a cat", "a red umbrella and a cat"]
    counts = there.token_counts(captions, there.sites[-1]).tolist()  # type: ignore[attr-defined]
    assert made.tokens_of(captions) == counts


def test_a_cached_dual_encoder_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kind = tiny_duals.KINDS["siglip2"]
    hub_cache.used(monkeypatch, tmp_path / "hub")
    assert dual.outline(f"dual:{kind.released}", SCENE)[0].known == "assumed"
    folder = kind.save(tmp_path / "folder")
    hub_cache.filled(tmp_path / "hub", kind.released, folder)
    made, _ = dual.outline(f"dual:{kind.released}", SCENE)
    there = open_backend(f"dual:{folder}")
    assert (made.known, made.sites) == ("counted", there.sites)
    assert made.preprocessing == there.preprocessing
    assert made.revision == f"{kind.released}@{hub_cache.COMMIT}"
    rows = there.encode(open_data().split("val"), "image", 0, 2, there.sites[0])
    assert rows.shape[1] == made.width(there.sites[0], "image")


def test_a_stack_counts_its_products() -> None:
    stack = Stack("language model", 4, 1000, 16, 64)
    assert stack.flops(10) == 4 * (2 * 1000 * 10 + 4 * 10**2 * 16)
    assert stack.flops(10, 1) == stack.flops(10) / 4


def test_a_decoder_stops_after_the_block_that_is_asked_for() -> None:
    made, _ = vlm.outline("pocket-llava", SCENE)
    site = {s.name: s for s in made.sites}
    first, last = (made.walks("text", [site[f"block:{b}"]], 10)[-1] for b in (0, 5))
    assert (first.blocks, last.blocks) == (1, 6)
    assert [walk.stack.name for walk in made.walks("image", [site["tower"]], 0)] == ["vision tower"]
    assert made.walks("text", [site["tower"]], 10)[-1].blocks == 6


def test_of_experts_those_count_that_a_token_is_sent_to() -> None:
    made, _ = vlm.outline("llava:Qwen/Qwen3-VL-30B-A3B-Instruct", SCENE)
    assert made.words is not None
    assert made.parameters > 3e10
    assert 2.4e9 < made.words.parameters * made.words.blocks < 3.3e9  # "A3B"


def test_finer_views_are_read_beside_the_whole() -> None:
    made, _ = vlm.outline(MISTRAL, (480, 640))
    assert made.views == 5
    assert 2000 < made.prompt_tokens < 5 * 576
    assert vlm.outline("llava:llava-hf/llava-1.5-7b-hf", (480, 640))[0].views == 1


def test_reading_is_operations_over_what_the_device_multiplies() -> None:
    made, _ = clip.outline("pocket-clip", SCENE)
    found = Material((one_split(100, 500),), SCENE, draw_s=0.01, build_s=2.0)
    read = reading(made, found, made.sites[:1], {}, rate())
    assert made.tower is not None
    assert made.words is not None
    flops = 100 * made.tower.flops(37) + 500 * made.words.flops(10)
    assert read.flops == pytest.approx(flops)
    assert read.model_s == pytest.approx(flops / (1e11 * EFFICIENCY["cpu"]))
    assert read.seconds == pytest.approx(read.model_s + 100 * 0.01 + 2.0)
    twice = reading(made, found, made.sites[:1], {}, rate(single=2e11))
    assert twice.model_s == pytest.approx(read.model_s / 2)
    kept = {("test", "embedding", m): True for m in ("image", "text")}
    assert reading(made, found, made.sites[:1], kept, rate()).flops == 0


def test_sites_of_one_pass_are_paid_for_once() -> None:
    found = Material((one_split(100, 500),), SCENE, 0.0, 0.0)
    host, _ = vlm.outline("pocket-llava", SCENE)
    site = {s.name: s for s in host.sites}
    last, both = ([site[f"block:{b}"] for b in blocks] for blocks in ((5,), (0, 5)))
    assert (
        reading(host, found, last, {}, rate()).flops == reading(host, found, both, {}, rate()).flops
    )
    pair, _ = clip.outline("pocket-clip", SCENE)
    one, two = (reading(pair, found, pair.sites[:n], {}, rate()).flops for n in (1, 2))
    assert two == pytest.approx(2 * one)


@pytest.mark.parametrize(
    ("method", "kind", "dictionaries"), [("posthoc", "sparse", 2), ("jsae", "dense", 3)]
)
def test_a_fit_is_steps_times_dictionaries(method: str, kind: str, dictionaries: float) -> None:
    made = build(find("method", method), {})
    found = fitting(method, made, Outline("x", (), frozenset()), (128, 128), 1000, rate())
    step = STEPS[kind].flops(256, 1024, 128) / 1e11  # type: ignore[index]
    assert found.seconds == pytest.approx(1000 * dictionaries * step)
    assert found.parameters == 2 * 1024 * 256
    half = build(find("method", method), {"steps": 500})
    shorter = fitting(method, half, Outline("x", (), frozenset()), (128, 128), 1000, rate())
    assert shorter.seconds == pytest.approx(found.seconds / 2)


def test_every_shipped_method_and_task_is_in_the_tables() -> None:
    closed = {"identity", "random", "untrained", "labelled", "oracle", "pca"}
    assert set(catalogue("method")) <= closed | set(RECIPES)
    assert set(catalogue("task")) <= set(TASKS)


def test_scoring_grows_with_examples_and_with_their_pairs() -> None:
    method, made = build(find("method", "posthoc"), {}), Outline("x", (), frozenset())

    def seconds(
        task: str, n: int, train: int = 1000, *, tokens: bool = False, method: Method = method
    ) -> float:
        splits = (replace(one_split(train, 5 * train), split="train"), one_split(n, 5 * n))
        found = Material(splits, SCENE, 0.0, 0.0)
        one = scoring(task, "posthoc", method, made, found, "test", rate(), tokens=tokens)
        assert one.known == (task in TASKS)
        return one.seconds

    assert seconds("zero_shot", 1000) == seconds("zero_shot", 8000)
    assert 1 < seconds("reconstruction", 2000) / seconds("reconstruction", 1000) < 2
    assert 2 < seconds("retrieval", 8000) / seconds("retrieval", 4000) < 4
    assert seconds("layer_probe", 1000, 4000) > seconds("layer_probe", 1000, 1000)
    assert seconds("monosemanticity", 1000, 4000) == seconds("monosemanticity", 1000, 1000)
    assert seconds("layer_probe", 1000, tokens=True) > seconds("layer_probe", 1000)
    assert seconds("mine", 10) > 0
    few = build(find("method", "posthoc"), {"n_latents": 256})
    assert seconds("ground_truth", 1000, method=few) < seconds("ground_truth", 1000)


def test_a_batch_too_large_for_a_gpu_is_seen() -> None:
    made, _ = vlm.outline(MISTRAL, (480, 640))
    train = replace(one_split(1000, 5000), split="train")
    found = Material((train,), (480, 640), 0.0, 0.0)
    wide, narrow = (total(on_gpu(made, found, made.sites[0], 0, n)) for n in (1024, 16))
    assert wide > GPUS["h100"].memory > narrow > made.weight_bytes > 15e9
    tokens = [s for s in made.sites if s.name == "block:3/tokens"]
    assert at_once(made, found, tokens, 1024) < 1024
    assert at_once(made, found, made.sites[:1], 1024) == 1024


def test_what_is_to_be_fetched_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hub_cache.used(monkeypatch, tmp_path / "hub")
    gated = fetch(Repository("meta-llama/Llama-3.1-8B"))
    assert (
        "16.1 GB (assumed), gated: accept the terms at https://huggingface.co/meta-llama"
        in gated.told
    )
    other = fetch(Repository("org/other"), parameters=1_000_000, each=4)
    assert (other.total, other.gated) == (4e6, None)
    assert fetch(Repository("org/other")).missing is None
    assert Fetch("x", 10e9, 4e9, False).missing == 6e9


def test_a_device_is_measured_here_and_looked_up_elsewhere() -> None:
    found = here("cpu")
    a = np.ones((512, 512), np.float32)
    assert (a @ a).shape == (512, 512)
    assert 1e8 < found.one_thread <= found.single < 1e14
    assert found.measured
    assert named("H100") is GPUS["h100"]
    assert named("rtx 4090") is GPUS["4090"]
    assert named("cpu") is None
    assert "busy" in replace(found, delay=3.0).busy
    assert not replace(found, delay=1.0).busy


def test_amounts_are_read_at_a_glance() -> None:
    assert [size(n) for n in (12, 15.1e9, 2e12)] == ["12 B", "15.1 GB", "2.00 TB"]
    assert [span(s) for s in (90, 600, 7200, 864_000)] == ["90 s", "10 min", "2.0 h", "10.0 days"]
    assert work(9.5e12) == "9.50 TFLOP"
