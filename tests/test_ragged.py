"""Texts whose tokens are rows: stored, spread over equal captions, gone on with after a fault."""

from __future__ import annotations

import errno
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from benchmark.activations import journal
from benchmark.activations.store import Store
from benchmark.contracts import PairedActivations, Ragged, Site
from benchmark.messages.storage import StorageError
from tests.fake_rows import TOKENS, FakeBackend, FakeData, bytes_of, take


@dataclass(frozen=True, eq=False)
class Worded(FakeBackend):
    """A row for each word: its length, and how far on in the caption it stands."""

    text_pass: str = "isolated"

    def encode_texts(self, texts: Sequence[str], site: Site) -> Ragged:
        del site
        self._note("text", 0, len(texts))
        return Ragged(torch.cat([words_of(text) for text in texts]), self.token_counts(texts))

    def token_counts(self, texts: Sequence[str], site: Site | None = None) -> Tensor:
        del site
        return torch.tensor([len(text.split()) for text in texts])


@dataclass(frozen=True, eq=False)
class Together(Worded):
    """Captions after their pictures: every row also knows which picture that was."""

    text_pass: str = "joint"

    def encode(self, examples, modality, start, stop, site) -> Tensor | Ragged:
        if modality == "image":
            return super().encode(examples, modality, start, stop, site)
        texts, owners = examples.captions[start:stop], examples.caption_of[start:stop]
        rows = [words_of(text) + 100 * int(i) for text, i in zip(texts, owners, strict=True)]
        return Ragged(torch.cat(rows), self.token_counts(texts))

    def encode_texts(self, texts: Sequence[str], site: Site) -> Ragged:
        raise ValueError(f"{len(texts)} captions alone at {site.name}")


def words_of(text: str) -> Tensor:
    words = text.split()
    return torch.tensor([[len(word), place + 1.0] for place, word in enumerate(words)])


def read(root: Path | None, backend: FakeBackend | None = None, **changes) -> PairedActivations:
    return take(root, backend or Worded(), site=TOKENS, **changes)


@pytest.mark.parametrize("batch_size", [1, 4, 100])
@pytest.mark.parametrize("stored", [True, False])
def test_every_caption_has_its_own_words(tmp_path: Path, batch_size: int, stored: bool) -> None:
    found = read(tmp_path / "store" if stored else None, batch_size=batch_size)
    captions = FakeData().split("test").captions
    assert torch.equal(found.text, torch.cat([words_of(text) for text in captions]))
    counts = torch.tensor([len(text.split()) for text in captions])
    assert torch.equal(found.text_owner, torch.arange(len(captions)).repeat_interleave(counts))
    assert not found.pooled


def test_false_captions_have_theirs(tmp_path: Path) -> None:
    found, false = read(tmp_path), FakeData().split("test").negatives
    assert false is not None
    assert found.negatives is not None
    assert found.negative_owner is not None
    assert found.negative_of is not None
    assert torch.equal(found.negatives, torch.cat([words_of(text) for text in false.captions]))
    assert found.negative_owner.tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert found.negative_of.tolist() == false.caption.tolist()


def test_a_limit_keeps_whole_captions(tmp_path: Path) -> None:
    found = read(tmp_path, limit=4)
    data = FakeData().split("test")
    kept = [text for text, i in zip(data.captions, data.caption_of, strict=True) if i < 4]
    assert torch.equal(found.text, torch.cat([words_of(text) for text in kept]))


def test_after_a_fault_the_same_file_comes_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, count = journal._checkpoint, iter(range(100))

    def full(*given: object) -> None:
        if next(count) == 6:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(*given)

    root = tmp_path / "store"
    with monkeypatch.context() as patch:
        patch.setattr(journal, "_checkpoint", full)
        with pytest.raises(StorageError, match="the disk is full"):
            read(root, store=Store(root, say=lambda _: None, checkpoint_s=0), batch_size=2)
    backend = Worded()
    read(root, backend, batch_size=2)
    texts = [stop for kind, _, stop in backend.calls if kind == "text"]
    assert sum(texts) < len(set(FakeData().split("test").captions)) + 4
    read(tmp_path / "other", batch_size=2)
    assert bytes_of(root) == bytes_of(tmp_path / "other")


def test_captions_after_pictures_are_never_taken_for_each_other(tmp_path: Path) -> None:
    found, data = read(tmp_path, Together()), FakeData().split("test")
    wanted = [
        words_of(text) + 100 * int(i)
        for text, i in zip(data.captions, data.caption_of, strict=True)
    ]
    assert torch.equal(found.text, torch.cat(wanted))
    false = data.negatives
    assert false is not None
    assert found.negatives is not None
    owners = np.asarray(data.caption_of)[false.caption]
    rows = [words_of(t) + 100 * int(i) for t, i in zip(false.captions, owners, strict=True)]
    assert torch.equal(found.negatives, torch.cat(rows))


def test_too_few_rows_are_one_line(tmp_path: Path) -> None:
    class Short(Worded):
        def token_counts(self, texts: Sequence[str], site: Site | None = None) -> Tensor:
            return super().token_counts(texts, site) + 1

    with pytest.raises(ValueError, match="gave 2 text rows for 3"):
        read(tmp_path, Short(), batch_size=1)
