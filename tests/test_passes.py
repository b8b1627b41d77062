"""Rows of several sites that one pass of a model fills: stored together, each as if alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest
import torch

from benchmark.activations import encoding
from benchmark.activations.store import Store
from tests.fake_rows import SITE, TOKENS, FakeBackend, take


@dataclass(frozen=True, eq=False)
class Together(FakeBackend):
    """Counts what is asked of several sites at once."""

    passes: list[tuple[str, int, int, int]] = field(default_factory=list)

    def encode_sites(self, examples, modality, start, stop, sites) -> list[torch.Tensor]:
        self.passes.append((modality, start, stop, len(sites)))
        return [self.encode(examples, modality, start, stop, site) for site in sites]


def files(root: Path) -> dict[str, dict[str, bytes]]:
    """Every file of every entry."""
    entries = [path for path in root.iterdir() if path.name != "locks"]
    return {e.name: {f.name: f.read_bytes() for f in e.iterdir()} for e in entries}


@pytest.fixture
def alone(tmp_path: Path) -> Path:
    """A store in which both sites were read by themselves."""
    for site in (SITE, TOKENS):
        take(tmp_path / "alone", site=site)
    return tmp_path / "alone"


def test_one_pass_stores_what_each_site_alone_would(tmp_path: Path, alone: Path) -> None:
    backend, root = Together(), tmp_path / "together"
    take(root, backend, along=(SITE, TOKENS))
    assert files(root) == files(alone)
    starts = [(m, start) for m, start, _, n in backend.passes if n == 2]
    assert starts.count(("image", 4)) == 1
    asked = len(backend.calls)
    take(root, backend, site=TOKENS, along=(SITE, TOKENS))
    assert len(backend.calls) == asked


def test_a_backend_that_reads_one_site_a_pass_reads_only_what_is_asked(tmp_path: Path) -> None:
    take(tmp_path, along=(SITE, TOKENS))
    assert len(files(tmp_path)) == 1


def test_another_encode_below_is_not_passed_over(tmp_path: Path) -> None:
    class Doubled(Together):
        def encode(self, *where: object) -> torch.Tensor:
            return 2 * FakeBackend.encode(self, *where)  # type: ignore[arg-type]

    backend = Doubled()
    take(tmp_path, backend, along=(SITE, TOKENS))
    assert backend.passes == []
    assert len(files(tmp_path)) == 1


def test_a_batch_is_cut_where_all_sites_together_would_not_fit(
    tmp_path: Path, alone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend, root = Together(), tmp_path / "together"
    monkeypatch.setattr(encoding, "AT_ONCE", 2 * (4 * 6 + 4 * 12))
    take(root, backend, along=(SITE, TOKENS))
    assert ("image", 2, 4, 2) in backend.passes
    assert files(root) == files(alone)


def test_only_what_is_missing_is_made_along(tmp_path: Path, alone: Path) -> None:
    backend, root = Together(), tmp_path / "together"
    take(root, backend, site=TOKENS)
    take(root, backend, along=(TOKENS,))
    assert backend.passes == []
    assert files(root) == files(alone)


@pytest.mark.parametrize("ahead", [SITE, TOKENS])
def test_files_that_stopped_apart_go_on_from_the_first(
    tmp_path: Path, alone: Path, ahead: object
) -> None:
    root = tmp_path / "together"
    held = Store(root, say=lambda _: None, checkpoint_s=0)
    broken = Together(spoil=float("nan"))
    with pytest.raises(ValueError, match="NaN"):
        take(root, broken, store=held, batch_size=2, along=(TOKENS,))
    behind = [f for f in root.glob("*.partial/image.journal") if _tokens(f) == (ahead is SITE)]
    for journal in behind:
        first, *_ = journal.read_text().splitlines(keepends=True)
        journal.write_text(first)
    backend = Together()
    take(root, backend, batch_size=2, along=(TOKENS,))
    assert [s for m, s, _, _ in backend.passes if m == "image"] == [0, 2, 4, 6, 8]
    assert files(root) == files(alone)


def _tokens(journal: Path) -> bool:
    """Whether the array beside it has an axis of tokens."""
    return b"(10, 2, 6)" in journal.with_suffix(".npy").read_bytes()[:128]


def test_the_room_of_all_is_asked_for(tmp_path: Path) -> None:
    told: list[str] = []
    take(tmp_path, Together(), store=Store(tmp_path, say=told.append), along=(TOKENS,))
    assert len(told) == 1
    assert told[0].endswith("and 1 beside it")
