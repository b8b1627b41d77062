"""Embeddings files: what is read, how it is split, and one clear line for every bad file."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file
from safetensors.torch import save_file as torch_file

from benchmark.activations.reading import activations
from benchmark.backends.embeddings import SITE, Embeddings, open_backend
from benchmark.contracts import Backend, Need

COCO = Path(__file__).parents[2] / "shared" / "data"
RNG = np.random.default_rng(0)
N, D = 20, 6


def good(**changes: object) -> dict[str, np.ndarray]:
    """Arrays of a sound file; None takes a key away."""
    arrays = {
        "image": RNG.standard_normal((N, D)).astype(np.float32),
        "text": RNG.standard_normal((N, D)).astype(np.float32),
    }
    arrays |= changes
    return {key: np.asarray(value) for key, value in arrays.items() if value is not None}


def written(folder: Path, **changes: object) -> Path:
    path = folder / "rows.npz"
    np.savez(path, **good(**changes))
    return path


def opened(folder: Path, **changes: object) -> Embeddings:
    return open_backend(f"embeddings:{written(folder, **changes)}")


def test_rows_come_as_given(tmp_path: Path) -> None:
    image = 7 * RNG.standard_normal((N, D)).astype(np.float32)
    backend = opened(tmp_path, image=image)
    assert isinstance(backend, Backend)
    found = activations(backend, backend.data, "all", SITE, store=None)
    assert np.array_equal(found.image.numpy(), image)
    assert found.pairs.tolist() == [[i, i] for i in range(N)]
    assert found.image.dtype == torch.float32


@pytest.mark.parametrize("dtype", ["<f2", "<f4", "<f8", ">f4", ">f8"])
def test_every_float_is_read_as_float32(tmp_path: Path, dtype: str) -> None:
    image = np.round(RNG.standard_normal((N, D)), 2)
    backend = opened(tmp_path, image=image.astype(dtype))
    rows = backend.encode(backend.data.split("all"), "image", 0, N, SITE)
    assert torch.equal(rows, torch.from_numpy(image.astype(dtype).astype(np.float32)))


def test_splits_share_no_image_and_cover_all(tmp_path: Path) -> None:
    backend = opened(tmp_path)
    parts = [set(backend.data.split(name).ids) for name in ("train", "val", "test")]
    assert [len(part) for part in parts] == [12, 4, 4]
    assert set.union(*parts) == set(backend.data.split("all").ids)


def test_the_split_is_of_the_image_not_of_its_place(tmp_path: Path) -> None:
    arrays = good(image_id=np.arange(100, 100 + N))
    shuffled = np.random.default_rng(3).permutation(N)
    (tmp_path / "a").mkdir()
    one = opened(tmp_path, **arrays).data
    other = opened(tmp_path / "a", **{k: v[shuffled] for k, v in arrays.items()}).data
    for name in ("train", "val", "test"):
        assert set(one.split(name).ids) == set(other.split(name).ids)


def test_equal_image_rows_stay_in_one_split(tmp_path: Path) -> None:
    image = np.repeat(RNG.standard_normal((N // 2, D)), 2, axis=0).astype(np.float32)
    data = opened(tmp_path, image=image).data
    home = {i: name for name in ("train", "val", "test") for i in data.split(name).ids}
    assert all(home[str(2 * i)] == home[str(2 * i + 1)] for i in range(N // 2))


def test_a_given_split_is_kept(tmp_path: Path) -> None:
    split = np.array(["test"] * 3 + ["val"] * 2 + ["train"] * 15)
    data = opened(tmp_path, split=split).data
    assert data.split("test").ids == ("0", "1", "2")
    assert data.split("val").ids == ("3", "4")


def test_owners_follow_into_the_split(tmp_path: Path) -> None:
    owner = np.random.default_rng(1).permutation(np.repeat(np.arange(N), 3))
    text = RNG.standard_normal((3 * N, 4)).astype(np.float32)
    words = np.array([f"caption of {i}" for i in owner])
    backend = opened(tmp_path, text=text, text_owner=owner, captions=words)
    assert Need.SAME_WIDTH not in backend.provides
    found = activations(backend, backend.data, "test", SITE, store=None)
    part = backend.data.split("test")
    assert part.captions == tuple(f"caption of {part.ids[i]}" for i in part.caption_of)
    assert found.text.shape == (12, 4)
    rows = {row.tobytes(): int(i) for row, i in zip(text, owner, strict=True)}
    own = [rows[row.tobytes()] for row in found.text.numpy()]
    assert own == [int(part.ids[i]) for i in part.caption_of]


def test_repeated_image_ids_are_one_image_with_several_texts(tmp_path: Path) -> None:
    once = RNG.standard_normal((N, D)).astype(np.float32)
    ids = np.random.default_rng(2).permutation(np.repeat(np.arange(N), 2)) * 11
    labels = np.zeros((2 * N, 2), bool)
    labels[0, 0] = True
    backend = opened(
        tmp_path,
        image=once[ids // 11],
        text=RNG.standard_normal((2 * N, D)),
        image_id=ids,
        labels=labels,
        label_names=np.array(["a", "b"]),
    )
    every = backend.data.split("all")
    assert len(every.ids) == N
    assert [int(every.ids[i]) for i in every.caption_of] == ids.tolist()
    assert every.concepts.text[0, 0]
    assert every.concepts.text.sum() == 1
    assert every.concepts.image[0, 0]
    found = activations(backend, backend.data, "all", SITE, store=None)
    for row, name in zip(found.image.numpy(), every.ids, strict=True):
        assert np.array_equal(row, once[int(name) // 11])


@pytest.mark.parametrize("step", [1, 10])
def test_image_ids_of_texts_point_at_rows_or_ascend(tmp_path: Path, step: int) -> None:
    ids = np.repeat(np.arange(N), 2) * step
    data = opened(tmp_path, text=RNG.standard_normal((2 * N, D)), image_id=ids).data
    assert data.split("all").caption_of.tolist() == (ids // step).tolist()


def test_texts_inherit_the_labels_of_their_image(tmp_path: Path) -> None:
    labels = RNG.random((N, 3)) < 0.5
    owner = np.repeat(np.arange(N), 2)
    names = np.array(["a", "b", "c"])
    backend = opened(
        tmp_path,
        text=RNG.standard_normal((2 * N, D)),
        text_owner=owner,
        labels=labels.astype(np.int64),
        label_names=names,
    )
    assert backend.provides >= {Need.CONCEPTS, Need.PAIRS, Need.SAME_WIDTH}
    part = backend.data.split("val")
    assert np.array_equal(part.concepts.text, part.concepts.image[part.caption_of])
    assert np.array_equal(part.concepts.image, labels[[int(i) for i in part.ids]])


def test_other_keys_are_left_alone(tmp_path: Path) -> None:
    pickled = np.array([{"a": 1}] * N, dtype=object)
    assert opened(tmp_path, all_captions=pickled).data.split("all").ids


def test_one_class_an_image_is_one_concept_each(tmp_path: Path) -> None:
    classes = RNG.permutation(np.arange(N) % 3)
    names = np.array(["a", "b", "c"])
    backend = opened(tmp_path, labels=classes, label_names=names)
    part = backend.data.split("test")
    assert Need.CONCEPTS in backend.provides
    assert part.concepts.image.argmax(1).tolist() == classes[[int(i) for i in part.ids]].tolist()
    assert part.concepts.image.sum(1).tolist() == [1] * len(part.ids)
    (tmp_path / "matrix").mkdir()
    matrix = opened(tmp_path / "matrix", labels=np.eye(3, dtype=int)[classes], label_names=names)
    whole, same = (each.data.split("all").concepts for each in (backend, matrix))
    assert np.array_equal(whole.image, same.image)
    assert np.array_equal(whole.text, same.text)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float8_e4m3fn])
def test_floats_that_numpy_lacks_are_read(tmp_path: Path, dtype: torch.dtype) -> None:
    rows = {key: torch.from_numpy(value).to(dtype) for key, value in good().items()}
    torch_file(rows, tmp_path / "rows.safetensors")
    every = open_backend(f"embeddings:{tmp_path / 'rows.safetensors'}").data.split("all")
    assert torch.equal(torch.from_numpy(every.image), rows["image"].float())


def test_safetensors_say_the_same(tmp_path: Path) -> None:
    arrays, path = good(), tmp_path / "rows.safetensors"
    words = [f"text about {i}" for i in range(N)]
    save_file(arrays, path, metadata={"captions": json.dumps(words)})
    backend = open_backend(f"embeddings:{path}")
    every = backend.data.split("all")
    assert every.captions == tuple(words)
    assert np.array_equal(every.image, arrays["image"])


def test_a_changed_file_is_another_revision(tmp_path: Path) -> None:
    assert opened(tmp_path).revision != opened(tmp_path).revision


def with_nan(rows: tuple[int, ...], value: float) -> np.ndarray:
    image = np.ones((N, D), np.float32)
    image[list(rows)] = value
    return image


LABELS = {"labels": np.zeros((N, 2)), "label_names": np.array(["a", "b"])}
THIRDS = np.array(["train"] * 10 + ["val"] * 5 + ["test"] * 5)
COPIED = RNG.standard_normal((N, D)).astype(np.float32)
COPIED[15:17] = COPIED[:2]
TWICE = {"image": np.ones((N, D), np.float32), "image_id": np.arange(N) // 2}


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"image": None}, "found no 'image' but text, wanted"),
        ({"text": None}, "found no 'text'"),
        ({"image": with_nan((4, 9), np.nan)}, "2 of 20 rows of 'image' hold NaN.*row 4"),
        ({"text": with_nan((3,), np.inf)}, "1 of 20 rows of 'text' hold NaN or inf.*row 3"),
        ({"image": with_nan((5, 6, 7), 0)}, "3 of 20 rows of 'image' hold only zeros.*row 5"),
        ({"image": np.full((N, D), 1e300)}, "20 of 20 rows of 'image' hold NaN or inf"),
        ({"image": np.ones((N, D), np.int64)}, "'image' has dtype int64, wanted float"),
        ({"image": np.ones((N, D), complex)}, "'image' has dtype complex128"),
        ({"image": np.ones((N, D), object)}, "'image' has object dtype"),
        ({"captions": np.array(["a"] * N, object)}, "'captions' has object dtype"),
        ({"image": np.ones(N)}, r"'image' has shape \[20\], wanted \[n, d\]"),
        ({"image": np.ones((N, 2, 3))}, r"'image' has shape \[20, 2, 3\]"),
        ({"image": np.ones((N, 0))}, r"'image' has shape \[20, 0\]"),
        ({"text": np.ones((N + 1, D))}, "'image' has 20 rows and 'text' 21.*'text_owner'"),
        ({"text_owner": np.arange(N + 1)}, r"'text_owner' is int64 \[21\], wanted integers \[20\]"),
        ({"text_owner": np.arange(N) + 1}, "1 of 20 values of 'text_owner'.*first is 20 at row 19"),
        ({"text_owner": np.arange(N) - 1}, "out of range, the first is -1 at row 0"),
        ({"text_owner": np.arange(N) / 1.0}, "'text_owner' is float64"),
        ({"text_owner": np.zeros(N, int)}, "19 of 20 rows of 'image' have no text"),
        ({"image_id": np.arange(3)}, r"'image_id' is int64 \[3\]"),
        ({"image_id": np.arange(N) // 2}, "differ from the first row with the same 'image_id'"),
        ({"text": np.ones((3, D)), "image_id": np.array([90, 80, 70])}, "wanted 'text_owner'"),
        (
            LABELS | {"labels": np.zeros((N, 3))},
            r"of shape \[20, 3\], wanted 0 or 1 of shape \[20, 2",
        ),
        (LABELS | {"labels": np.zeros((N - 1, 2))}, r"of shape \[19, 2\]"),
        (LABELS | {"labels": np.arange(N) % 3}, "6 of 20 classes of 'labels'.*first is 2 at row 2"),
        (LABELS | {"labels": np.arange(N) % 2 - 1}, "10 of 20 classes.*wanted 0 to 1"),
        (LABELS | {"labels": np.arange(N) % 2 / 1.0}, r"float64 of shape \[20\].*whole numbers"),
        (LABELS | {"labels": np.arange(N) % 2 == 0}, r"bool of shape \[20\].*whole numbers"),
        ({"labels": np.zeros(N, int), "label_names": np.array(["a"])}, r"wanted .* \[20, 1\]"),
        (LABELS | {"labels": None}, "'label_names' stand without 'labels'"),
        ({"labels": np.array(["a"] * N)}, r"found none: numpy\.unique"),
        (LABELS | {"labels": np.full((N, 2), 0.5)}, "holds more than 0 and 1"),
        (LABELS | {"labels": np.full((N, 2), "x")}, "holds more than 0 and 1"),
        (LABELS | {"label_names": None}, "'labels' want 'label_names'.*found none"),
        (LABELS | {"label_names": np.array(["a", "a"])}, "names a concept twice"),
        ({"captions": np.array(["a"] * 3)}, r"'captions' is <U1 \[3\]"),
        ({"split": np.where(THIRDS == "val", "dev", THIRDS)}, "'split' names 'dev'"),
        ({"split": np.where(THIRDS == "val", "test", THIRDS)}, "split 'val' has no image"),
        ({"split": THIRDS[:-1]}, r"'split' is <U5 \[19\]"),
        ({"split": np.where(THIRDS == "test", "train", THIRDS)}, "split 'test' has no image"),
        ({"split": THIRDS.astype("S5")}, r"'split' is \|S5 \[20\], wanted strings"),
        ({"split": np.array(list("abcde") * 4)}, r"'a' \(4 rows\), .*'d' \(4 rows\) and 1 more"),
        (TWICE | {"split": np.roll(THIRDS, 1)}, "'image_id' . is in two splits"),
        (
            {"image": COPIED, "split": THIRDS},
            r"2 rows .* copies .* row 15 \(test\).* row 0 \(train",
        ),
        ({"image": COPIED, "image_id": np.arange(N)}, "copies of rows in another split"),
        ({"image": np.ones((N, D))}, "1 different images in 20"),
        ({"image_id": np.arange(N) == 0}, r"'image_id' is bool"),
        ({"image_id": np.zeros(N), "text_owner": np.arange(N)}, "'image_id' is float64"),
        (
            {"image_id": np.arange(N) // 2, "text_owner": np.arange(N)},
            r"repeats \(0 stands 2 times\)",
        ),
        ({"image": np.full((N, D), 1e20)}, r"values beyond ±1e\+15"),
        ({"captions": np.array(["a", "\ud800"] * (N // 2))}, "'captions' holds .* at place 1"),
        ({"image": np.ones((2, D)), "text": np.ones((2, D))}, "has no image"),
    ],
)
def test_a_bad_file_is_one_line_that_names_it(tmp_path: Path, changes: dict, says: str) -> None:
    path = written(tmp_path, **changes)
    with pytest.raises(ValueError, match=says) as told:
        open_backend(f"embeddings:{path}")
    assert str(told.value).startswith(str(path))
    assert "\n" not in str(told.value)


def one_line(path: Path) -> str:
    with pytest.raises(ValueError) as told:  # noqa: PT011
        open_backend(f"embeddings:{path}")
    assert "\n" not in str(told.value)
    assert str(path) in str(told.value)
    return str(told.value)


def test_files_that_are_no_archives(tmp_path: Path) -> None:
    assert "found nothing there" in one_line(tmp_path / "none.npz")
    (tmp_path / "folder.npz").mkdir()
    assert "found a folder there" in one_line(tmp_path / "folder.npz")
    (tmp_path / "rows.csv").write_text("1,2")
    assert "wanted .npz or .safetensors" in one_line(tmp_path / "rows.csv")
    for name, data in (("empty", b""), ("text", b"hello there"), ("pickle", b"\x80\x04}.")):
        (tmp_path / f"{name}.npz").write_bytes(data)
        assert "allow_pickle" not in one_line(tmp_path / f"{name}.npz")
    assert "0 bytes" in one_line(tmp_path / "empty.npz")
    with (tmp_path / "array.npz").open("wb") as file:
        np.save(file, np.ones((3, 3)))
    assert "single array" in one_line(tmp_path / "array.npz")
    (tmp_path / "short.safetensors").write_bytes(b"\x08\x00\x00\x00\x00\x00\x00\x00{}")
    assert "truncated or corrupt" in one_line(tmp_path / "short.safetensors")
    save_file(good(), tmp_path / "deep.safetensors", metadata={"captions": "[" * 100_000})
    assert "metadata 'captions' is no JSON" in one_line(tmp_path / "deep.safetensors")


def test_objects_are_refused_in_our_own_words(tmp_path: Path) -> None:
    path = written(tmp_path, captions=np.array(["a"] * N, object))
    assert "allow_pickle" not in one_line(path)
    with path.open("wb") as file:
        np.save(file, np.array([{}], object))
    assert "allow_pickle" not in one_line(path)


def test_an_archive_that_promises_what_it_does_not_hold(tmp_path: Path) -> None:
    path = tmp_path / "rows.npz"
    header = io.BytesIO()
    described = {"descr": "<f4", "fortran_order": False, "shape": (10**6, 10**7)}
    np.lib.format.write_array_header_1_0(header, described)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("image.npy", header.getvalue())
        archive.writestr("text.npy", header.getvalue())
    assert "'image' is corrupt or cannot be read" in one_line(path)
    data = bytearray(written(tmp_path).read_bytes())
    for first, byte, says in ((8, 99, "compression"), (6, 1, "encrypted")):
        broken = data.copy()
        broken[first] = broken[data.find(b"PK\x01\x02") + first + 2] = byte
        path.write_bytes(broken)
        assert says in one_line(path)


@pytest.mark.parametrize("compressed", [False, True])
def test_a_cut_or_flipped_archive_is_noticed(tmp_path: Path, compressed: bool) -> None:
    path = tmp_path / "rows.npz"
    (np.savez_compressed if compressed else np.savez)(path, **good())
    data = path.read_bytes()
    for kept in (10, len(data) // 3, len(data) - 30):
        path.write_bytes(data[:kept])
        assert "truncated or corrupt" in one_line(path)
    flipped = bytearray(data)
    flipped[300] ^= 0xFF
    path.write_bytes(flipped)
    one_line(path)


def test_what_it_cannot_do_is_said(tmp_path: Path) -> None:
    backend = opened(tmp_path)
    with pytest.raises(ValueError, match="no model"):
        backend.encode_texts(["new"], SITE)
    with pytest.raises(ValueError, match="no weights"):
        backend.patched({"w": torch.ones(1)})
    assert backend.patched({}) is backend
    with pytest.raises(ValueError, match="split 'dev' is unknown"):
        backend.data.split("dev")


@pytest.mark.skipif(not COCO.is_dir(), reason="the COCO embeddings are not here")
@pytest.mark.parametrize(
    ("name", "i2t", "t2i"),
    [("coco500_clip_vitb16", 0.552, 0.506), ("coco500_random_init", 0.002, 0.002)],
)
def test_coco_gives_the_known_recall(name: str, i2t: float, t2i: float) -> None:
    backend = open_backend(f"embeddings:{COCO / name}.npz")
    found = activations(backend, backend.data, "all", SITE, store=None)
    scores, own = found.image @ found.text.T, torch.arange(500)
    assert found.pairs.tolist() == [[i, i] for i in range(500)]
    assert (scores.argmax(1) == own).float().mean().item() == pytest.approx(i2t, abs=5e-4)
    assert (scores.argmax(0) == own).float().mean().item() == pytest.approx(t2i, abs=5e-4)
    assert [len(backend.data.split(s).ids) for s in ("train", "val", "test")] == [300, 100, 100]
