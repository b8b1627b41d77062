"""Options of --data in a plan: they count; what a run refuses a plan refuses in the same line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmark.__main__ import main
from tests import hub_cache
from tests.test_planning_verb import planned
from tests.test_run import one_error

CLIP = ["--method", "posthoc", "--backend", "pocket-clip"]
TRAIN, SHARDS = 2_900_000, 576


@pytest.fixture(autouse=True)
def _offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hub_cache.used(monkeypatch, tmp_path / "hub")


def plan_of(capsys: pytest.CaptureFixture[str], data: str, *words: str) -> dict[str, Any]:
    return planned(capsys, *CLIP, "--data", data, *words, "--output-path", "nowhere")


def test_so_many_shards_are_that_share_of_pictures_and_bytes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    whole, some = plan_of(capsys, "cc3m"), plan_of(capsys, "cc3m?shards=40")
    images = [split["images"] for split in some["splits"]]
    assert images == [round(TRAIN * 40 / SHARDS), 6_700, 6_700]  # 16 shards of val are all there
    (all_of_it,), (part,) = whole["fetch"], some["fetch"]
    share = sum(images) / (TRAIN + 2 * 6_700)
    assert part["total"] == pytest.approx(all_of_it["total"] * share)
    assert some["reading"]["images"] == sum(images)
    assert some["activation_bytes"] < whole["activation_bytes"] / 10
    assert some["reading"]["seconds"] < whole["reading"]["seconds"] / 10
    assert "hf download --repo-type dataset pixparse/cc3m-wds" in all_of_it["command"]
    assert part["command"] == ""
    assert plan_of(capsys, "cc3m?shards=9999")["splits"] == whole["splits"]


def test_a_limit_counts_within_the_shards_that_are_read(
    capsys: pytest.CaptureFixture[str],
) -> None:
    some = plan_of(capsys, "cc3m?shards=1", "--limit", "6000")
    assert [split["images"] for split in some["splits"]] == [round(TRAIN / SHARDS), 419, 419]


def test_what_is_streamed_is_read_and_not_kept(capsys: pytest.CaptureFixture[str]) -> None:
    (kept,) = plan_of(capsys, "cc3m?shards=2")["fetch"]
    made = plan_of(capsys, "cc3m?stream=yes&shards=2")
    (read,) = made["fetch"]
    assert not read["kept"]
    assert read["total"] == pytest.approx(2 * kept["total"])  # to list pictures, and to show them
    (few,) = plan_of(capsys, "cc3m?stream=yes&shards=2", "--limit", "10")["fetch"]
    assert kept["total"] < few["total"] < 1.1 * kept["total"]
    assert "the time that the network takes to stream pictures is not counted" in made["warnings"]
    words = [*CLIP, "--data", "cc3m?stream=yes", "--output-path", "nowhere"]
    assert main(["plan", *words]) == 0
    said = capsys.readouterr().out
    assert "500.0 GB (assumed) are read from the hub while it runs, nothing is kept on disk" in said
    assert "to fetch: 0 B, and 500 GB that are read and not kept" in said


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ("coco?shards=3", "how many shards coco has is not known here: all of it is counted"),
        ("imagenet?shards=3", "imagenet has no *.tar: shards=3 changes nothing"),
    ],
)
def test_an_option_of_which_the_effect_is_not_known_is_told(
    capsys: pytest.CaptureFixture[str], data: str, says: str
) -> None:
    made = plan_of(capsys, data)
    assert any(says in line for line in made["warnings"])
    assert made["splits"] == plan_of(capsys, data.partition("?")[0])["splits"]


@pytest.mark.parametrize(
    ("backend", "data"),
    [
        ("pocket-clip", "cc3m?shards=0"),
        ("pocket-clip", "cc3m?shards=many"),
        ("pocket-clip", "cc3m?stream=no"),
        ("pocket-clip", "coco?limit=3"),
        ("pocket-clip", "flickr30k?stream=yes"),
        ("pocket-clip", "llava-pretrain?stream=yes&shards=2"),
        ("pocket-clip", "coco:"),
        ("pocket-clip", "coco:nowhere"),
        ("pocket-clip", "hub:nothing"),
        ("pocket-clip", "hub:org/name?shards=x"),
        ("pocket-clip", "scenes?shards=2"),
        ("pocket-llava", "hub:org/name"),
        ("pocket-llava", "cc3m?shards=0"),
        ("pocket-llava", "cc3m?shards=2"),
    ],
)
def test_what_a_run_refuses_a_plan_refuses_in_the_same_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], backend: str, data: str
) -> None:
    asked = ["--method", "posthoc", "--backend", backend, "--data", data]
    asked += ["--output-path", str(tmp_path / "out")]
    assert one_error(capsys, "plan", *asked) == one_error(capsys, "run", *asked)


def test_all_of_a_real_data_set_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--method", "identity", "--task", "retrieval", "--backend", "pocket-clip"]
    said = one_error(capsys, "plan", *words, "--data", "coco", "--split", "all")
    assert "--split all: coco is scored on the split that its authors keep for it" in said
