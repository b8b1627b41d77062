"""What the store hands on: the right rows, pairs and keys, whatever the batch size or limit."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from benchmark.activations.prefetch import ahead
from tests.fake_rows import SITE, TOKENS, FakeBackend, FakeData, bytes_of, take


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "store"


def test_rows_are_those_of_the_backend(root: Path) -> None:
    found, data = take(root), FakeData().split("test")
    assert torch.equal(found.image, FakeBackend().encode(data, "image", 0, 10, SITE))
    assert torch.equal(found.text, FakeBackend().encode_texts(data.captions, SITE))
    assert torch.equal(found.negatives, FakeBackend().encode_texts(data.negatives.captions, SITE))
    assert found.negative_of.tolist() == data.negatives.caption.tolist()
    assert found.caption_of.tolist() == data.caption_of.tolist()
    assert found.pooled
    assert found.image.dtype == torch.float32


def test_train_has_written_pairs_and_the_rest_all_true_ones(root: Path) -> None:
    train, test, data = take(root, split="train"), take(root), FakeData().split("test")
    assert train.pairs.tolist() == [[int(i), j] for j, i in enumerate(data.caption_of)]
    assert test.pairs.tolist() == data.true_pairs().tolist()
    assert len(test.pairs) == len(train.pairs) + 1


def test_a_second_run_reads_and_asks_the_model_nothing(root: Path) -> None:
    first, backend = take(root), FakeBackend()
    again = take(root, backend)
    assert backend.calls == []
    assert torch.equal(first.image, again.image)
    assert torch.equal(first.text, again.text)
    assert first.fingerprint == again.fingerprint


def test_equal_captions_are_encoded_once(root: Path) -> None:
    backend = FakeBackend()
    take(root, backend, batch_size=100)
    texts = [stop for kind, _, stop in backend.calls if kind == "text"]
    assert sorted(texts) == [1, 1, 2, 5]  # two widths, the 2 + 5 distinct ones


def test_batch_size_changes_neither_rows_nor_key(root: Path, tmp_path: Path) -> None:
    one, other = take(root, batch_size=1), take(tmp_path / "other", batch_size=7)
    assert torch.equal(one.image, other.image)
    assert torch.equal(one.text, other.text)
    assert one.fingerprint == other.fingerprint
    assert bytes_of(root) == bytes_of(tmp_path / "other")


@pytest.mark.parametrize(
    ("backend", "changes"),
    [
        (FakeBackend(revision="r2"), {}),
        (FakeBackend(preprocessing="crop"), {}),
        (FakeBackend(dtype="bfloat16"), {}),
        (FakeBackend(), {"split": "val"}),
        (FakeBackend(), {"limit": 3}),
        (FakeBackend(), {"site": TOKENS}),
        (FakeBackend(), {"data": FakeData(revision="2")}),
        (FakeBackend(), {"data": FakeData(name="other")}),
        (FakeBackend(), {"data": FakeData(salt="!")}),
        (FakeBackend(), {"data": FakeData(n=11)}),
    ],
)
def test_the_key_moves_with_all_that_matters(backend: FakeBackend, changes: dict) -> None:
    assert take(None, backend, **changes).fingerprint != take(None).fingerprint


def test_the_key_leaves_the_name_of_the_backend_out() -> None:
    assert take(None, FakeBackend(name="moved")).fingerprint == take(None).fingerprint


def test_limit_keeps_the_first_images_and_what_belongs_to_them(root: Path) -> None:
    whole, part = take(root), take(root, limit=4)
    kept = torch.nonzero(whole.caption_of < 4).flatten()
    assert part.ids == whole.ids[:4]
    assert torch.equal(part.image, whole.image[:4])
    assert torch.equal(part.text, whole.text[kept])
    assert torch.equal(part.caption_of, whole.caption_of[kept])
    old = {int(j): i for i, j in enumerate(kept)}
    wanted = [[i, old[j]] for i, j in whole.pairs.tolist() if i < 4 and j in old]
    assert part.pairs.tolist() == wanted
    assert np.array_equal(part.concepts.text, whole.concepts.text[kept.numpy()])
    assert all(0 <= j < len(kept) for j in part.negative_of.tolist())
    assert len(part.negatives) == sum(int(j) in old for j in whole.negative_of)


def test_limit_above_the_split_is_the_whole_split(root: Path) -> None:
    assert take(root, limit=1000).fingerprint == take(root).fingerprint


def test_limit_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="limit is 0, wanted at least 1"):
        take(None, limit=0)


def test_an_empty_split_is_refused() -> None:
    with pytest.raises(ValueError, match="has 0 images"):
        take(None, data=FakeData(n=0))


def test_tokens_are_rows_with_an_owner(root: Path) -> None:
    found = take(root, site=TOKENS)
    assert found.image.shape == (20, 6)
    assert found.image_owner.tolist() == [i // 2 for i in range(20)]
    assert torch.equal(found.image[1::2], 2 * found.image[::2])
    assert not found.pooled
    assert found.n_images == 10


@pytest.mark.parametrize("in_store", [True, False])
@pytest.mark.parametrize(("value", "what"), [(float("nan"), "NaN"), (0.0, "all zero")])
def test_bad_rows_are_named(root: Path, in_store: bool, value: float, what: str) -> None:
    place = root if in_store else None
    with pytest.raises(ValueError, match=rf"3 of 10 image rows .* {what}.* first is row 7") as told:
        take(place, FakeBackend(spoil=value), batch_size=100)
    assert "\n" not in str(told.value)


def test_a_backend_in_memory_leaves_the_disk_alone(root: Path) -> None:
    backend = SimpleNamespace(
        encode=FakeBackend().encode,
        encode_texts=FakeBackend().encode_texts,
        in_memory=True,
        **{
            key: getattr(FakeBackend(), key)
            for key in ("name", "revision", "preprocessing", "dtype")
        },
    )
    held, through = take(root, backend), take(None)
    assert not root.exists()
    assert torch.equal(held.image, through.image)
    assert torch.equal(held.text, through.text)
    assert torch.equal(take(root, backend, limit=4).text, take(None, limit=4).text)


def test_the_next_pictures_are_drawn_ahead_and_only_those() -> None:
    asked: list[tuple[int, int]] = []

    def draw(start: int, stop: int) -> list[int]:
        asked.append((start, stop))
        if start == 6:
            raise ValueError("a picture is missing")
        return list(range(start, stop))

    with ahead(draw, 7) as drawn:
        assert drawn(0, 1) == [0]
        assert drawn(0, 3) == [0, 1, 2]
        assert drawn(3, 6) == [3, 4, 5]
        with pytest.raises(ValueError, match="a picture is missing"):
            drawn(6, 7)
    assert asked == [(0, 1), (1, 2), (0, 3), (3, 6), (6, 7)]


def test_a_short_answer_of_a_backend_is_refused() -> None:
    class Short(FakeBackend):
        def encode(self, examples, modality, start, stop, site) -> torch.Tensor:
            return super().encode(examples, modality, start, stop, site)[: max(1, stop - start - 1)]

    with pytest.raises(ValueError, match="gave 3 image rows for 4"):
        take(None, Short())
