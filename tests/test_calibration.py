"""The committed record of the tests' sizes: of these settings, and held."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmark.statistics.calibration.__main__ import main
from benchmark.statistics.calibration.rates import BAR
from benchmark.statistics.calibration.settings import settings

RECORD = Path(__file__).resolve().parents[1] / "leaderboards/calibration/steering.json"


def key(row: dict[str, Any]) -> tuple[Any, ...]:
    world = row["world"]
    return row["test"], row["name"], row["claim"], world["effects"], world["n_concepts"]


def test_the_record_is_of_the_settings_that_there_are() -> None:
    said = [
        (s.test, s.name, s.claim, s.world.effects, s.world.n_concepts, s.kind, list(s.mean))
        for s in settings()
    ]
    rows = json.loads(RECORD.read_text())["rows"]
    assert [(*key(row), row["kind"], row["mean"]) for row in rows] == said
    assert len(set(map(key, rows))) == len(rows)


def test_every_size_in_the_record_is_held() -> None:
    record = json.loads(RECORD.read_text())
    assert tuple(record["bar"]) == BAR
    assert record["draws"] >= 2000
    for row in record["rows"]:
        assert row["held"] in ((None,) if row["kind"] in ("other", "power") else (True,))
        assert 0 <= row["rate"] <= (BAR[1] if row["held"] else 1)
        assert row["rate"] >= BAR[0] or row["kind"] != "exact"


def test_the_command_writes_a_record(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "new" / "record.json"
    main(["--output", str(output), "--draws", "2", "--seed", "3"])
    record, said = json.loads(output.read_text()), capsys.readouterr().err
    assert (record["seed"], record["draws"]) == (3, 2)
    assert len(record["rows"]) == len(list(settings())) == said.count("\n") - 1
    assert f"in {output}" in said
