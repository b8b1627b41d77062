"""Plans of hosts of which parts are still on the hub."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from transformers import AutoConfig

from benchmark.backends import open_backend
from benchmark.contracts import Need
from benchmark.planning import known, vlm
from benchmark.planning.configs import Known
from tests import hub_cache, tiny_hosts
from tests.test_planning_figures import SCENE
from tests.test_planning_verb import planned
from tests.test_run import one_error

GEMMA, DINO = "google/gemma-2-2b-it", "facebook/dinov2-large"
ROOM = ["--method", "posthoc", "--data", "coco", "--device", "h100", "--output-path", "nowhere"]


@pytest.fixture(autouse=True)
def _offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hub_cache.used(monkeypatch, tmp_path / "hub")


def host(folder: Path, language: str, tower: str) -> str:
    folder.mkdir()
    said = {"language_model": language, "vision_tower": tower}
    (folder / "parts.json").write_text(json.dumps(said))
    return f"llava:{folder}"


def test_a_host_of_parts_that_are_on_the_hub_is_told_by_their_figures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = planned(capsys, *ROOM, "--backend", host(tmp_path / "host", GEMMA, DINO))
    assert made["known"] == "assumed"
    projector = 2304 * (1024 + 2304) / 1e9
    assert made["parameters"] / 1e9 == pytest.approx(2.6143 + 0.3044 + projector, abs=0.0002)
    assert made["sites"] == ["block:13"]
    language, tower, data = made["fetch"]
    assert (language["name"], language["total"]) == (GEMMA, 5.23e9)
    assert language["command"] == f"hf download {GEMMA}"
    assert (language["gated"], tower["gated"]) == (True, False)
    assert language["page"] == f"https://huggingface.co/{GEMMA}"
    assert tower["command"] == f"hf download {DINO}"
    assert data["name"] == "data coco"


@pytest.mark.parametrize("language", ["google/gemma-2-9b-it", "meta-llama/Llama-3.1-8B-Instruct"])
@pytest.mark.parametrize(
    ("tower", "side", "patch"),
    [
        (DINO, 224, 14),
        ("openai/clip-vit-large-patch14-336", 336, 14),
        ("facebook/ijepa_vith14_1k", 224, 14),
    ],
)
def test_pictures_are_cut_as_the_towers_processor_cuts_them(
    tmp_path: Path, language: str, tower: str, side: int, patch: int
) -> None:
    made, parcels = vlm.outline(host(tmp_path / "host", language, tower), SCENE)
    assert made.patches == made.prompt_tokens == (side // patch) ** 2
    assert Need.PROJECTOR in made.provides
    assert [parcel.name for parcel in parcels] == [language, tower]


@pytest.mark.parametrize(("words", "eye"), tiny_hosts.PAIRS)
def test_figures_of_parts_are_those_of_the_opened_host(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: str, eye: str
) -> None:
    parts = tiny_hosts.parts(tmp_path / "parts", words, eye)
    there = open_backend(f"llava:{parts.host}")
    for name, folder in (("org/words", parts.language), ("org/eye", parts.tower)):
        fields = AutoConfig.from_pretrained(folder).to_dict()
        monkeypatch.setitem(known.MODELS, name, Known(fields, 0.001, side=tiny_hosts.SIDE))
    on_the_hub = host(tmp_path / "hub-host", "org/words", "org/eye")
    mixed = host(tmp_path / "mixed", "org/words", str(parts.tower))
    for spec, names in ((on_the_hub, ["org/words", "org/eye"]), (mixed, ["org/words"])):
        made, parcels = vlm.outline(spec, SCENE)
        assert (made.known, made.sites) == ("assumed", there.sites)
        assert made.patches == tiny_hosts.GRID**2
        assert made.parameters == sum(p.numel() for p in there.model.parameters())  # type: ignore[attr-defined]
        assert [parcel.name for parcel in parcels] == names


def test_parts_that_are_in_the_hubs_cache_are_counted(tmp_path: Path) -> None:
    parts = tiny_hosts.parts(tmp_path / "parts", "gemma2", "dinov2")
    hub_cache.filled(tmp_path / "hub", "org/words", parts.language)
    hub_cache.filled(tmp_path / "hub", "org/eye", parts.tower)
    made, parcels = vlm.outline(host(tmp_path / "host", "org/words", "org/eye"), SCENE)
    there = open_backend(f"llava:{parts.host}")
    assert (made.known, made.sites) == ("counted", there.sites)
    assert made.preprocessing == there.preprocessing
    assert [parcel.name for parcel in parcels] == ["org/words", "org/eye"]


def test_a_part_that_nobody_knows_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [*ROOM, "--backend", host(tmp_path / "host", GEMMA, "org/unheard")]
    said = one_error(capsys, "plan", *words)
    assert "its part org/unheard is not in the hub's cache" in said
    assert said.endswith("hf download org/unheard config.json")
