"""The `kernels` verb: what it prints and writes, what it refuses, and that it tells of errors."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from benchmark.__main__ import main
from benchmark.kernels.bench import stages, verb
from benchmark.kernels.bench.case import Case, Shape, gathered, relative
from benchmark.kernels.bench.machine import Machine
from benchmark.kernels.bench.rows import rows
from benchmark.kernels.bench.stages import share, steps
from leaderboards import speeds

COLUMNS = [
    "op",
    "provider",
    "mode",
    "dtype",
    "shape",
    "median_ms",
    "q20_ms",
    "q80_ms",
    "gb_s",
    "tflop_s",
    "fraction_of_roofline",
    "speedup_vs_reference",
    "peak_mib",
    "max_error",
]
CPU = Machine(torch.device("cpu"), "any", 10.0, {"float32": 0.1, "bfloat16": 0.1}, 1 << 20)


@pytest.fixture
def on_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verb, "measure", lambda *_, **__: CPU)
    monkeypatch.setattr(verb, "_check", lambda *_: [])


@pytest.mark.usefixtures("on_cpu")
def test_every_row_is_written_and_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "deep" / "kernels.json"
    ops = ["decode", "step"]
    assert main(["kernels", "--quick", "--op", *ops, "--device", "cpu", "--json", str(file)]) == 0
    found = json.loads(file.read_text())
    assert (found["schema_version"], found["device"]) == (1, "any")
    assert found["environment"]["packages"]["torch"] == torch.__version__.split("+")[0]
    assert [list(row) for row in found["rows"]] == [COLUMNS] * len(found["rows"])
    assert {(row["op"], row["provider"]) for row in found["rows"]} >= {
        ("decode", "reference"),
        ("decode", "cpu"),
        ("step", "reference"),
        ("step", "cpu"),
    }
    for row in found["rows"]:
        assert 0 < row["q20_ms"] <= row["median_ms"] <= row["q80_ms"]
        assert row["provider"] != "reference" or row["speedup_vs_reference"] == 1
        assert row["max_error"] <= 1e-5
    printed = capsys.readouterr().out
    assert f"written to {file}" in printed
    assert printed.count("n256 d128 m1024 k8") == len(found["rows"])


@pytest.mark.usefixtures("on_cpu")
def test_what_is_not_the_references_outcome_is_an_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    providers = {"reference": lambda: torch.ones(2), "wrong": lambda: torch.zeros(2)}
    case = Case("decode", "forward", "float32", Shape(1, 1, 1, 1), providers, relative, nbytes=8)
    monkeypatch.setattr(verb, "cases", lambda *_, **__: [case])
    assert main(["kernels", "--device", "cpu"]) == 1
    assert "decode by wrong at n1 d1 m1 k1 in float32 is not what" in capsys.readouterr().err


def test_a_time_is_told_as_a_multiple_of_its_floor() -> None:
    case = Case(
        "decode",
        "forward",
        "float32",
        Shape(1, 1, 1, 1),
        {"reference": lambda: torch.ones(1)},
        relative,
        nbytes=10e6,
        flops=0.4e9,
    )
    assert CPU.floor_ms(case) == pytest.approx(4.0)
    (row,) = rows(case, CPU, repeat=3)
    assert row.fraction_of_roofline == pytest.approx(4 / row.median_ms)
    assert (row.gb_s, row.tflop_s) == pytest.approx((10 / row.median_ms, 0.4 / row.median_ms))


def test_rows_from_a_table_that_fits_in_cache_are_read_once() -> None:
    assert gathered(100, 10, 4, cache=40) == 40
    assert gathered(100, 10, 4, cache=39) == 400
    assert gathered(3, 10, 4, cache=40) == 12


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--op", "topk", "sort"], "--op sort: there is no such op, wanted topk, encode_topk"),
        (["--json", "/proc/no/file"], "--json /proc/no/file: "),
        (["--device", "tpu9"], "--device tpu9: wanted auto, cpu, cuda"),
    ],
)
def test_bad_words_are_one_line(
    words: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["kernels", "--quick", *words]) == 2
    error = capsys.readouterr().err
    assert says in error
    assert error.count("\n") == 1


def written(**ms: float) -> dict[str, object]:
    """A file of times at one shape, of reference and cpu; names are `op` or `op__dtype`."""
    rows = []
    for name, value in ms.items():
        op, _, dtype = name.partition("__")
        place = {"op": op, "shape": "s", "dtype": dtype or "float32"}
        rows += [
            place | {"provider": "reference", "median_ms": 10 * value},
            place | {"provider": "cpu", "median_ms": value},
        ]
    return {"rows": rows}


def test_a_step_is_told_by_its_parts() -> None:
    times = {"encode_topk": 6.0, "decode_loss": 1.0, "gradients": 1.5, "adamw": 0.5}
    (step,) = steps(written(step=10.0, grouping=0.25, **times))
    assert (step.before, step.after, step.rest) == (100.0, 10.0, 0.75)
    assert step.largest == "encode and top-k"
    assert {part.name: part.before for part in step.parts} == {
        "encode and top-k": 60.0,
        "decode, loss, gradient of codes": 10.0,
        "gradients of weights": 15.0,
        "slots by latent, for those": None,
        "update": 5.0,
    }
    assert "encode and top-k 60%, " in share(step)
    assert share(step).endswith("rest 8%")
    (late,) = steps(written(step=30.0, **times))
    assert late.largest == "rest"


def test_parts_of_a_low_precision_step_run_in_float32_where_they_have_no_other() -> None:
    times = {"encode_topk": 6.0, "decode_loss": 1.0, "gradients": 1.5, "adamw": 0.5}
    low = written(step__bfloat16=5.0, encode_topk__bfloat16=2.0, **times)
    (step,) = steps(low)
    assert (step.dtype, [part.after for part in step.parts]) == ("bfloat16", [2.0, 1.0, 1.5, 0.5])


def test_a_step_without_all_its_parts_is_not_told() -> None:
    assert list(steps(written(step=10.0, encode_topk=6.0))) == []
    assert list(steps(written(encode_topk=6.0))) == []
    assert stages.text(written(step=10.0)) == ""
    times = {"decode_loss": 1.0, "gradients": 1.5, "adamw": 0.5}
    assert list(steps(written(step__bfloat16=5.0, encode_topk=6.0, **times))) == []


def test_the_readme_tells_of_every_device_that_was_measured() -> None:
    text = speeds.text()
    for file in speeds.FOLDER.glob("*.json"):
        document = json.loads(file.read_text())
        assert f"**{document['device']}**" in text
        assert [list(row) for row in document["rows"]] == [COLUMNS] * len(document["rows"])
