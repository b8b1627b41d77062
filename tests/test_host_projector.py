"""Training a host's projector: what it learns, what it costs, and that a killed run goes on."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from benchmark.backends import open_backend
from benchmark.backends.host_parts import PARTS_FILE, PROJECTOR_FILE, Parts, read
from benchmark.recipes.card import CARD_FILE
from benchmark.recipes.host_projector import checkpoints
from benchmark.recipes.host_projector.__main__ import main
from benchmark.recipes.host_projector.batches import Batches
from benchmark.recipes.host_projector.host import describe
from benchmark.recipes.host_projector.plan import HostPlan
from benchmark.recipes.host_projector.teaching import Teaching
from benchmark.recipes.host_projector.training import Training
from tests import tiny_hosts, tiny_talks
from tests.tiny_hosts import EYE, PAIRS, WIDTH
from tests.tiny_recipes import refused

pytest.importorskip("accelerate", reason="the extra `models`")
QUICK = ["--device", "cpu", "--workers", "0", "--mixed-precision", "no"]


@pytest.fixture(autouse=True)
def another_process() -> Iterator[None]:
    """Accelerate keeps its settings for a whole process; each test has settings of its own."""
    from accelerate.state import AcceleratorState, GradientState

    yield
    AcceleratorState._reset_state(reset_partial_state=True)
    GradientState._reset_state()


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_talks.pretrain(tmp_path_factory.mktemp("data"), 300)


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Gemma 2 behind I-JEPA, without a projector."""
    return tiny_hosts.parts(
        tmp_path_factory.mktemp("parts"), "gemma2", "ijepa", projector=False
    ).host


def options(steps: int, batch: int = 4, accumulate: int = 1, every: int = 100) -> list[str]:
    """A plan of few steps."""
    found = {"steps": steps, "batch-size": batch, "accumulate": accumulate}
    found["checkpoint-every"] = every
    return [*QUICK, *(word for name, n in found.items() for word in (f"--{name}", str(n)))]


def trained(host: Path, data: Path, out: Path, *more: str) -> dict[str, torch.Tensor]:
    """The projector that a run of the command leaves behind."""
    asked = [str(host), "--data", f"llava-pretrain:{data}", "--output-path", str(out), *more]
    assert main(asked) == 0
    return load_file(out / PROJECTOR_FILE)


@pytest.mark.slow
@pytest.mark.parametrize(("language", "tower"), PAIRS)
def test_a_few_steps_make_answers_likelier(
    language: str, tower: str, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In place, in a folder of the parts' own; what is measured is what the backend then has."""
    made = tiny_hosts.parts(tmp_path, language, tower, projector=False)
    asked = [str(made.host), "--data", str(data), *options(24, 8), "--lr", "0.01"]
    assert main(asked) == 0
    card = json.loads((made.host / CARD_FILE).read_text())
    measured = card["measured"]
    assert measured["val/ce/after"] < measured["val/ce/before"] - 0.02
    said = capsys.readouterr().out
    assert "step 24/24  loss" in said
    assert f"{PROJECTOR_FILE}, card.json and README.md are in {made.host}" in said
    weights = load_file(made.host / PROJECTOR_FILE)
    assert {name: value.shape for name, value in weights.items()} == {
        "weight": (WIDTH, EYE),
        "bias": (WIDTH,),
    }
    assert loss_on_val(made.host, data) == pytest.approx(measured["val/ce/after"], abs=1e-4)
    assert not list(made.host.glob("checkpoint-*"))
    assert f"| {measured['val/ce/after']:.4f} |" in (made.host / "README.md").read_text()
    assert card["data"]["licence"]
    assert card["made"]["plan"]["steps"] == 24


def loss_on_val(host: Path, data: Path) -> float:
    """Nats a token, asked of the finished folder as any backend is."""
    from benchmark.contracts import talks_of
    from benchmark.corpora.naming import open_corpus

    val = open_corpus(str(data)).split("val")
    n = len(val.ids)
    said = open_backend(f"llava:{host}").taught(val.images(0, n), talks_of(val, 0, n))  # type: ignore[attr-defined]
    return float(said.loss.sum() / said.tokens.sum())


def test_a_killed_run_ends_in_the_same_bits(
    host: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = options(6, 2, accumulate=2, every=2)
    whole = trained(host, data, tmp_path / "whole", *asked)
    real = Training.advance

    def dies(self: Training) -> float:
        if self.step == 5:
            raise KeyboardInterrupt
        return real(self)

    with monkeypatch.context() as patch:
        patch.setattr(Training, "advance", dies)
        with pytest.raises(KeyboardInterrupt):
            trained(host, data, tmp_path / "broken", *asked)
    left = [path.name for path in (tmp_path / "broken").glob("checkpoint-*")]
    assert left == ["checkpoint-00000004"]
    assert not (tmp_path / "broken" / PROJECTOR_FILE).exists()
    steps: list[int] = []

    def counted(self: Training) -> float:
        steps.append(self.step)
        return real(self)

    monkeypatch.setattr(Training, "advance", counted)
    resumed = trained(host, data, tmp_path / "broken", *asked)
    assert steps == [4, 5]
    for name, value in whole.items():
        assert torch.equal(resumed[name], value), name
    cards = [json.loads((tmp_path / n / CARD_FILE).read_text()) for n in ("whole", "broken")]
    assert cards[0]["measured"] == cards[1]["measured"]
    assert not list((tmp_path / "broken").glob("checkpoint-*"))


def test_gradients_add_up_whatever_the_batches(host: Path, data: Path, tmp_path: Path) -> None:
    """Answers differ in length: a mean of means would be another loss."""
    whole = trained(host, data, tmp_path / "whole", *options(3, 4))
    parts = trained(host, data, tmp_path / "parts", *options(3, 2, accumulate=2))
    for name, value in whole.items():
        torch.testing.assert_close(parts[name], value, atol=1e-5, rtol=1e-5)


def test_half_precision_runs_and_keeps_the_projector_whole(
    host: Path, data: Path, tmp_path: Path
) -> None:
    asked = [*options(3), "--mixed-precision", "bf16", "--limit", "9"]
    half = trained(host, data, tmp_path / "half", *asked)
    single = trained_anew(host, data, tmp_path / "single", *options(3), "--limit", "9")
    for name, value in half.items():
        assert value.dtype == torch.float32
        assert not torch.equal(value, value.bfloat16().float()), name
        assert not torch.equal(value, single[name]), name
        torch.testing.assert_close(value, single[name], atol=0.05, rtol=0.05)


def trained_anew(*of: Any) -> dict[str, torch.Tensor]:
    """The same with other settings of accelerate's."""
    from accelerate.state import AcceleratorState

    AcceleratorState._reset_state(reset_partial_state=True)
    return trained(*of)


def test_the_order_shows_every_picture_once_an_epoch_and_processes_share_it() -> None:
    plan = HostPlan(steps=6, batch_size=2, accumulate=2)
    batches = list(Batches(plan, 8))
    assert len(batches) == len(Batches(plan, 8)) == 12
    for epoch in range(3):
        shown = [i for batch in batches[4 * epoch : 4 * epoch + 4] for i in batch]
        assert sorted(shown) == list(range(8))
    assert batches[:4] != batches[4:8]
    assert list(Batches(plan, 8, step=4)) == batches[8:]
    spread = HostPlan(steps=6, batch_size=2, accumulate=1, processes=2)
    assert list(Batches(spread, 8)) == batches
    assert list(Batches(HostPlan(steps=6, batch_size=2, accumulate=2, seed=1), 8)) != batches


def test_parts_are_named_from_wherever_the_projector_goes(
    host: Path, data: Path, tmp_path: Path
) -> None:
    copied = shutil.copytree(host, tmp_path / "host")
    described = json.loads((host / PARTS_FILE).read_text())
    ways = {name: str((host / described[name]).resolve()) for name in ("vision_tower",)}
    ways["language_model"] = str(host.parent / "gemma2")
    written = {**described, **ways, "vision_feature_layer": -2}
    (copied / PARTS_FILE).write_text(json.dumps(written | {"projector": "map.safetensors"}))
    trained(copied, data, tmp_path / "deep" / "er", *options(1))
    parts = read(tmp_path / "deep" / "er")
    assert parts.vision_feature_layer == -2
    for name, own in (("language_model", "gemma2"), ("vision_tower", "ijepa")):
        way = getattr(parts, name)
        assert not Path(way).is_absolute()
        assert (tmp_path / "deep" / "er" / way).resolve() == (host.parent / own).resolve()
    assert main([str(copied), "--data", str(data), *options(1)]) == 0
    made, there = load_file(copied / "map.safetensors"), tmp_path / "deep" / "er"
    assert torch.equal(made["weight"], load_file(there / PROJECTOR_FILE)["weight"])
    open_backend(f"llava:{copied}")


@pytest.mark.usefixtures("as_users_run")
def test_wrong_wishes_are_one_line(
    host: Path, data: Path, tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def line(*more: str, at: Path = host) -> str:
        asked = [str(at), "--data", str(data), "--output-path", str(tmp_path / "out"), *QUICK]
        return refused(main, [*asked, *more], capsys)

    assert "--steps is 0, wanted 1 or more" in line("--steps", "0")
    assert "--batch-size is -1" in line("--batch-size", "-1")
    assert "--lr is nan, wanted a number above 0 and up to 1000" in line("--lr", "nan")
    assert "--workers is -2" in line("--workers", "-2")
    assert "no data called nowhere" in line("--data", "nowhere")
    assert "parts.json cannot be read" in line(at=tmp_path / "nowhere")
    assert "(choose from" in line("--mixed-precision", "fp8")
    with monkeypatch.context() as patch:
        patch.setattr("benchmark.backends.extras.find_spec", lambda _: None)
        assert "training wants accelerate, which is not installed: pip install" in line()
    done = tmp_path / "out"
    done.mkdir()
    (done / PROJECTOR_FILE).write_bytes(b"")
    assert "has a projector already: wanted another --output-path" in line()
    (done / CARD_FILE).write_text("{}")
    assert "is finished: wanted a new --output-path" in line()


def test_a_checkpoint_of_another_run_is_one_line(
    host: Path, data: Path, tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"

    def never(_: Training) -> float:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Training, "measured", lambda _: 1.0)
        patch.setattr(Training, "run", lambda self, _: self.save() or never(self))
        with pytest.raises(KeyboardInterrupt):
            trained(host, data, out, *options(2))
    path = checkpoints.latest(out)
    assert path is not None
    asked = [str(host), "--data", str(data), "--output-path", str(out)]
    said = refused(main, [*asked, *options(3)], capsys)
    assert "was made with plan {'steps': 2}, now it is {'steps': 3}: use the same options" in said
    (path / checkpoints.TENSORS).write_bytes(b"cut")
    assert "does not fit" in refused(main, [*asked, *options(2)], capsys)
    (path / checkpoints.FACTS).write_text("{")
    assert "cannot be read" in refused(main, [*asked, *options(2)], capsys)


def test_a_loss_that_is_no_number_ends_the_run_in_one_line(
    host: Path, data: Path, tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Training, "measured", lambda _: 1.0)
    asked = [str(host), "--data", str(data), "--output-path", str(tmp_path), *options(3)]
    monkeypatch.setattr(Teaching, "forward", lambda self, *_: self.projector.bias.sum() / 0)
    said = refused(main, asked, capsys)
    assert "the loss of step 1 is nan: use a lower --lr" in said


@pytest.mark.slow
def test_two_processes_learn_what_one_does(host: Path, data: Path, tmp_path: Path) -> None:
    alone = trained(host, data, tmp_path / "alone", *options(2, 2, accumulate=2))
    asked = [str(host), "--data", str(data), "--output-path", str(tmp_path / "both")]
    launch = ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    command = [sys.executable, *launch, "-m", "benchmark.recipes.host_projector", *asked]
    words = {**os.environ, "OMP_NUM_THREADS": "1"}
    found = subprocess.run(
        [*command, *options(2, 2)], env=words, capture_output=True, text=True, check=False
    )
    assert found.returncode == 0, found.stderr[-2000:]
    assert found.stdout.count("step 2/2") == 1
    both = load_file(tmp_path / "both" / PROJECTOR_FILE)
    for name, value in alone.items():
        torch.testing.assert_close(both[name], value, atol=1e-5, rtol=1e-5)
    cards = [json.loads((tmp_path / n / CARD_FILE).read_text()) for n in ("alone", "both")]
    after = [card["measured"]["val/ce/after"] for card in cards]
    assert after[0] == pytest.approx(after[1], abs=1e-4)


def test_a_hub_id_stays_what_it_is(tmp_path: Path) -> None:
    own = {"language_model": "org/words-it", "vision_tower": "org/eye", "projector": "map.st"}
    (tmp_path / PARTS_FILE).write_text(json.dumps(own))
    describe(tmp_path / "out", tmp_path)
    assert read(tmp_path / "out") == Parts("org/words-it", "org/eye")
