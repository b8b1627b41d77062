"""Real data sets in their own formats: the same pictures and captions whatever they come as."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmark.__main__ import main
from benchmark.activations import root
from benchmark.contracts import Need
from benchmark.corpora.corpus import Corpus
from benchmark.corpora.framing import framed
from benchmark.corpora.naming import open_corpus
from benchmark.corpora.shard_files import remote
from tests import corpora, tiny_duals

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
"""`datasets` leaves files of metadata open."""
SPLITS = ("train", "val", "test")
MAKERS: dict[str, Callable[[Path], Path]] = {
    "coco": corpora.karpathy,
    "coco with instances": lambda f: corpora.instances(corpora.karpathy(f)),
    "flickr30k": lambda f: corpora.karpathy(f, coco=False),
    "cc3m": corpora.cc3m,
    "imagenet": corpora.classes,
    "table": corpora.table,
    "table, a row a caption": lambda f: corpora.table(f, each=True),
    "table of labels": lambda f: corpora.table(f, labels=True),
    "metadata": corpora.with_metadata,
}


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENCHMARK_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "datasets"))
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", str(tmp_path / "datasets"))


def opened(folder: Path, name: str = "") -> Corpus:
    """A folder, plain or as a data set with a name."""
    return open_corpus(f"{name}:{folder}" if name else str(folder))


@pytest.mark.parametrize("kind", MAKERS)
def test_every_format_keeps_what_the_protocol_of_examples_promises(
    kind: str, tmp_path: Path
) -> None:
    data = opened(MAKERS[kind](tmp_path / "data"))
    every = [key for name in SPLITS for key in data.split(name).ids]  # type: ignore[arg-type]
    assert len(every) == len(set(every))
    for name in SPLITS:
        own = data.split(name)  # type: ignore[arg-type]
        n, m = len(own.ids), len(own.captions)
        assert n
        assert np.array_equal(np.unique(own.caption_of), np.arange(n))
        assert np.array_equal(own.true_pairs(), np.stack([own.caption_of, np.arange(m)], 1))
        assert all(text == " ".join(text.split()) != "" for text in own.captions)
        shown = own.images(0, n)
        assert [p.mode for p in shown] == ["RGB"] * n
        assert [np.asarray(p).tolist() for p in own.images(n - 1, n + 5)] == [
            np.asarray(shown[-1]).tolist()
        ]
        if own.concepts is not None:
            assert own.concepts.image.shape == (n, len(own.concepts.names))
            assert own.concepts.text.shape == (m, len(own.concepts.names))
    assert data.revision == opened(tmp_path / "data").revision


@pytest.mark.parametrize(
    ("maker", "which"),
    [
        (corpora.karpathy, lambda key: int(key)),
        (lambda f: corpora.table(f, each=True), lambda key: int(key)),
        (corpora.table, lambda key: int(key)),
        (corpora.cc3m, lambda key: int(key.rpartition("/")[2])),
    ],
)
def test_pictures_and_captions_belong_together(
    maker: Callable[[Path], Path], which: Callable[[str], int], tmp_path: Path
) -> None:
    """Bytes of each picture as they were made, and its own captions."""
    data = opened(maker(tmp_path / "data"))
    for name in SPLITS:
        own = data.split(name)  # type: ignore[arg-type]
        for i, key in enumerate(own.ids):
            number = which(key)
            wanted = Image.open(io.BytesIO(corpora.picture(number))).convert("RGB")
            assert np.array_equal(np.asarray(own.images(i, i + 1)[0]), np.asarray(wanted))
            told = [own.captions[j] for j in np.flatnonzero(own.caption_of == i)]
            assert told == [" ".join(t.split()) for t in corpora.captions_of(number)][: len(told)]


def test_restval_is_train_and_a_picture_in_two_splits_stays_in_the_one_that_is_scored(
    tmp_path: Path,
) -> None:
    coco = opened(corpora.karpathy(tmp_path / "coco"))
    assert [len(coco.split(s).ids) for s in SPLITS] == [12, 6, 6]  # type: ignore[arg-type]
    cc3m = opened(corpora.cc3m(tmp_path / "cc3m"), "cc3m")
    sizes = [len(cc3m.split(s).ids) for s in SPLITS]  # type: ignore[arg-type]
    assert sizes[0] == 15
    assert sizes[1] + sizes[2] == 13
    assert cc3m.licence.startswith("free for any use")


def test_a_part_alone_is_split_by_its_own_keys(tmp_path: Path) -> None:
    """Adding shards moves no picture from one split to another."""
    shards = tmp_path / "data"
    corpora.shard(shards / "pairs-0000.tar", range(120))
    few = opened(shards)
    corpora.shard(shards / "pairs-0001.tar", range(120, 180))
    more = opened(shards)
    for name in SPLITS:
        assert set(few.split(name).ids) <= set(more.split(name).ids)  # type: ignore[arg-type]
    assert few.revision != more.revision
    assert open_corpus(f"{shards}?shards=1").revision == few.revision


def test_instances_say_what_is_shown_named_and_where(tmp_path: Path) -> None:
    data = opened(corpora.instances(corpora.karpathy(tmp_path / "coco")), "coco")
    assert {Need.CONCEPTS, Need.PLACES} <= data.provides
    own = data.split("test")
    names = own.concepts.names
    assert names == ("bus", "cat", "dog", "pizza", "animal", "food", "vehicle")
    for i, key in enumerate(own.ids):
        shown = {names[c] for c in np.flatnonzero(own.concepts.image[i])}
        words = corpora.words_of(int(key))
        assert shown == {*words, *(corpora.SUPER[w] for w in words)}
        boxes = {names[t.concept]: t.box for t in own.things(i)}
        assert set(boxes) == set(words) - {"cat"}
        if words[0] != "cat":
            assert boxes[words[0]] == (0.0, 0.0, 0.5, 1.0)
        for j in np.flatnonzero(own.caption_of == i):
            told = {names[c] for c in np.flatnonzero(own.concepts.text[j])}
            said = [w for w in corpora.WORDS if f"a {w}" in own.captions[j].lower()]
            assert told == {*said, *(corpora.SUPER[w] for w in said)}
    for i in range(len(own.ids)):
        for k, thing in enumerate(own.things(i)):
            others = {names[c] for c in own.replacements(i, k)}
            shown = {names[t.concept] for t in own.things(i)}
            alike = {w for w in corpora.WORDS if w not in shown}
            kind = {w for w in alike if corpora.SUPER[w] == corpora.SUPER[names[thing.concept]]}
            assert others == (kind or alike)


def test_boxes_are_of_the_square_that_every_backend_is_shown(tmp_path: Path) -> None:
    assert framed((0.0, 0.0, 0.5, 1.0), 64, 48) == (0.0, 0.0, 0.5, 1.0)
    assert framed((0.25, 0.5, 0.75, 1.0), 64, 48) == pytest.approx((1 / 6, 0.5, 5 / 6, 1.0))
    assert framed((0.0, 0.0, 0.1, 1.0), 64, 48) is None
    assert framed((0.0, 0.0, 1.0, 0.1), 40, 80) is None
    assert framed((0.2, 0.2, 0.2, 0.9), 40, 40) is None
    data = opened(corpora.instances(corpora.karpathy(tmp_path / "coco")), "coco")
    plain = opened(corpora.karpathy(tmp_path / "plain"), "coco")
    for own, whole in zip(
        data.split("val").images(0, 6), plain.split("val").images(0, 6), strict=True
    ):
        side = min(whole.size)
        assert own.size == (side, side)
        left, top = (whole.width - side) // 2, (whole.height - side) // 2
        wanted = np.asarray(whole)[top : top + side, left : left + side]
        assert np.array_equal(np.asarray(own), wanted)


def test_classes_are_concepts_and_prompts_about_them_captions(tmp_path: Path) -> None:
    data = opened(corpora.classes(tmp_path / "data"), "imagenet")
    own = data.split("test")
    assert own.concepts.names == ("bus", "great dane", "tabby cat")
    assert np.array_equal(own.concepts.image, own.concepts.text)
    for key, text, row in zip(own.ids, own.captions, own.concepts.image, strict=True):
        name = own.concepts.names[int(row.argmax())]
        assert name.replace(" ", "_") == key.split("/")[1].replace("-", "_")
        assert name in text
    labels = opened(corpora.table(tmp_path / "table", labels=True))
    assert labels.split("train").concepts.names == ("great dane", "tabby", "bus")
    assert {len(labels.split(s).ids) for s in ("val", "test")} != {0}


def test_a_picture_that_is_exchanged_changes_the_revision(tmp_path: Path) -> None:
    folder = corpora.karpathy(tmp_path / "coco")
    before = opened(folder).revision
    one = next((folder / "val2014").iterdir())
    one.write_bytes(corpora.picture(77))
    assert opened(folder).revision != before


def test_a_shard_is_read_through_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = corpora.cc3m(tmp_path / "cc3m")
    before = opened(folder).revision
    assert len(list((root.default_root() / "shards").iterdir())) == 3

    def never(*_: object) -> None:
        raise AssertionError("read again")

    monkeypatch.setattr("benchmark.corpora.shards.rows_of", never)
    assert opened(folder).revision == before


def looked_at(folder: Path) -> None:
    """Opens a folder and every picture of it."""
    data = opened(folder)
    for name in SPLITS:
        data.split(name).images(0, 99)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda f: shutil.rmtree(f / "val2014"), "pictures are not under"),
        (lambda f: (f / "dataset_coco.json").write_text("[]"), "no caption file of Karpathy's"),
        (lambda f: (f / "dataset_coco.json").unlink(), "holds no data set"),
        (
            lambda f: next((f / "val2014").iterdir()).write_bytes(b"nothing"),
            "is no picture that can be read",
        ),
        (
            lambda f: (f / "annotations/instances_val2014.json").unlink(),
            "in none of the files of instances",
        ),
    ],
)
def test_what_is_amiss_is_one_line(
    spoil: Callable[[Path], None], said: str, tmp_path: Path
) -> None:
    folder = corpora.instances(corpora.karpathy(tmp_path / "coco"))
    spoil(folder)
    with pytest.raises(ValueError, match=said) as caught:
        looked_at(folder)
    assert "\n" not in str(caught.value)


def test_shards_are_streamed_as_they_are_read_from_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another file system, the same pictures; only bytes that are asked for are fetched."""
    from fsspec.implementations.dirfs import DirFileSystem
    from fsspec.implementations.local import LocalFileSystem

    folder = corpora.cc3m(tmp_path / "cc3m")
    system = DirFileSystem(str(folder), LocalFileSystem())
    found = remote(system, "", "some commit")
    monkeypatch.setattr("benchmark.corpora.naming.streamed", lambda *_: (found, "0123456789abcdef"))
    near, far = opened(folder, "cc3m"), open_corpus("cc3m?stream=yes")
    assert far.revision == f"0123456789ab+{near.revision}"
    own, other = near.split("test"), far.split("test")
    assert own.captions == other.captions
    for a, b in zip(own.images(0, 9), other.images(0, 9), strict=True):
        assert np.array_equal(np.asarray(a), np.asarray(b))
    few = open_corpus("cc3m?stream=yes&shards=1")
    assert len(few.split("train").ids) == 9


def test_names_that_stand_for_nothing(tmp_path: Path) -> None:
    for spec, said in (
        ("cocoo", "did you mean coco"),
        ("coco:/nowhere", "is no folder"),
        (f"{tmp_path}?shards=0", "wanted shards=N"),
        ("hub:nothing", "wanted hub:ORG/NAME"),
    ):
        with pytest.raises(ValueError, match=said):
            open_corpus(spec)
    shard = corpora.shard(tmp_path / "bad" / "x.tar", range(3))
    shard.write_bytes(shard.read_bytes()[:700])
    with pytest.raises(ValueError, match=r"get it again|no picture with a caption"):
        open_corpus(str(tmp_path / "bad"))


def test_a_data_set_of_the_hub_without_the_hub(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing cached: a line that says what to fetch. Cached: it opens, and the commit is told."""
    cache = tmp_path / "hub"
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(cache))
    with pytest.raises(ValueError, match="hf download --repo-type dataset pixparse/cc3m-wds"):
        open_corpus("cc3m")
    commit = "0123456789abcdef0123456789abcdef01234567"
    own = cache / "datasets--pixparse--cc3m-wds"
    corpora.cc3m(own / "snapshots" / commit)
    (own / "refs").mkdir()
    (own / "refs" / "main").write_text(commit)
    data = open_corpus("cc3m")
    assert data.commit == commit
    assert data.revision.startswith(commit[:12])
    assert json.dumps(data.split("val").captions[0])


def test_a_run_on_photographs_from_the_command_to_the_scores(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A small CLIP of the hub's own format on COCO's; the record says whose terms hold."""
    model = tiny_duals.clip(tmp_path / "clip")
    folder = corpora.instances(corpora.karpathy(tmp_path / "coco", 160), 160)
    asked = ["run", "--method", "identity", "--backend", f"dual:{model}"]
    tasks = ["--task", "reconstruction", "retrieval", "zero_shot", "localization"]
    assert main([*asked, *tasks, "--data", f"coco:{folder}", "--output-path", str(tmp_path)]) == 0
    document = json.loads((tmp_path / "document.json").read_text())
    cells = {cell["task"]["name"]: cell for cell in document["cells"]}
    assert {cells[t]["status"] for t in ("reconstruction", "retrieval", "zero_shot")} == {"scored"}
    assert cells["localization"]["status"] == "not_applicable"
    data = cells["retrieval"]["data"]
    assert data["name"] == "coco"
    assert data["licence"].startswith("annotations CC BY 4.0")
    assert data["sizes"]["evaluated/images"] == 40
    assert data["sizes"]["evaluated/captions"] == 80
    assert main([*asked, "--data", "cocoo"]) != 0
    assert "did you mean coco" in capsys.readouterr().err.splitlines()[-1]
