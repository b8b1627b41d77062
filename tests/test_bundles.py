"""Reference rows as they ship: the same bytes again, rounded alike, refused where torn."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmark.reports import panels
from benchmark.results import bundle_file, read_bundle, write_bundle
from tests.records import cell
from tests.test_reports import main_score


def test_a_bundle_comes_back_and_is_the_same_bytes_in_any_order(tmp_path: Path) -> None:
    cells = [cell(seed=seed, scores=(main_score(1 / (3 + seed)),)) for seed in (0, 1, 2)]
    path = bundle_file(tmp_path, "pocket-clip")
    write_bundle(path, cells)
    first = path.read_bytes()
    write_bundle(path, cells[::-1])
    assert path.read_bytes() == first
    found = sorted(read_bundle(path), key=lambda each: each.seed)
    assert [each.key for each in found] == [each.key for each in cells]
    assert found[0].scores[0].value == 0.3333333
    assert found[0].method == cells[0].method


def test_units_stay_with_the_run(tmp_path: Path) -> None:
    units = {"units_file": "a.npz", "units_sha256": "0" * 64}
    write_bundle(tmp_path / "x.jsonl.xz", [cell(scores=(main_score(0.6),), **units)])
    (found,) = read_bundle(tmp_path / "x.jsonl.xz")
    assert found.units_file is None
    assert found.scores[0].value == 0.6


@pytest.mark.parametrize("keep", [0.5, 0.0])
def test_a_torn_file_is_one_line(tmp_path: Path, keep: float) -> None:
    path = tmp_path / "x.jsonl.xz"
    write_bundle(path, [cell(scores=(main_score(0.6),))])
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * keep)] or b"{}")
    with pytest.raises(ValueError, match=r"x\.jsonl\.xz is no bundle of cells"):
        read_bundle(path)


def test_a_name_with_parameters_has_a_file_of_its_own(tmp_path: Path) -> None:
    one = bundle_file(tmp_path, "synthetic:tiny,alpha=0.5")
    assert one.parent == tmp_path
    assert one != bundle_file(tmp_path, "synthetic:tiny,alpha=0.8")


def test_a_run_reads_the_rows_of_its_backends_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("one", "two"):
        write_bundle(bundle_file(tmp_path, name), [cell(backend=name, scores=(main_score(0.5),))])
    monkeypatch.setattr(panels, "BUNDLED", tmp_path)
    assert [each.backend.name for each in panels.bundled_cells({"two"})] == ["two"]
    assert len(panels.bundled_cells()) == 2
    assert panels.bundled_cells({"three"}) == ()
