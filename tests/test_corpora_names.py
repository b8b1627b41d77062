"""A name stands for one data set: its own format, its own licence, and what to do without it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmark.corpora.known import KNOWN
from benchmark.corpora.licences import NOT_STATED
from benchmark.corpora.naming import open_corpus
from benchmark.corpora.shard_files import remote
from tests import corpora, tiny_talks

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
"""`datasets` leaves files of metadata open."""
COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENCHMARK_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", str(tmp_path / "datasets"))


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, and no hub to ask."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "hub"


def line(spec: str) -> str:
    """Why a data set does not open, in one line."""
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        open_corpus(spec)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def both(folder: Path) -> Path:
    """COCO and Flickr30k in one folder, with what is known of COCO's things."""
    corpora.karpathy(folder, coco=False)
    return corpora.instances(corpora.karpathy(folder))


def test_of_two_data_sets_in_a_folder_each_name_finds_its_own(tmp_path: Path) -> None:
    folder = both(tmp_path / "data")
    flickr, coco = open_corpus(f"flickr30k:{folder}"), open_corpus(f"coco:{folder}")
    assert flickr.split("test").ids[0].endswith(".jpg")
    assert coco.split("test").ids[0].isdigit()
    assert coco.split("test").concepts is not None
    assert flickr.split("test").concepts is None
    said = line(str(folder))
    assert "2 files of captions, dataset_coco.json, dataset_flickr30k.json" in said
    assert "coco:FOLDER or flickr30k:FOLDER" in said


def other_conversations(folder: Path) -> Path:
    """A list of conversations that is called otherwise than LLaVA-Pretrain's."""
    tiny_talks.instruct(folder)
    (folder / tiny_talks.NAME).rename(folder / "llava_v1_5_mix665k.json")
    return folder


@pytest.mark.parametrize(
    ("name", "maker", "found"),
    [
        ("flickr30k", corpora.karpathy, "dataset_coco.json"),
        ("flickr30k", corpora.cc3m, "*.tar"),
        ("coco", lambda f: corpora.karpathy(f, coco=False), "dataset_flickr30k.json"),
        ("coco", corpora.table, "*.parquet"),
        ("cc3m", corpora.classes, "a folder a class"),
        ("cc3m", corpora.karpathy, "dataset_coco.json"),
        ("imagenet", corpora.cc3m, "*.tar"),
        ("imagenet", corpora.with_metadata, "pictures with metadata"),
        ("llava-pretrain", corpora.cc3m, "*.tar"),
        ("llava-pretrain", other_conversations, "llava_v1_5_mix665k.json"),
        ("llava-pretrain", lambda f: f.mkdir() or f, "nothing that is known"),
    ],
)
def test_a_name_refuses_what_it_does_not_stand_for(
    name: str, maker: Callable[[Path], Path], found: str, tmp_path: Path
) -> None:
    said = line(f"{name}:{maker(tmp_path / 'data')}")
    assert f"holds no data set as {name} is distributed: found {found}" in said
    assert f"wanted {KNOWN[name].wanted}" in said
    assert ("--data" in said) == (found != "nothing that is known")


def test_tables_of_labels_and_of_captions_are_two_things(tmp_path: Path) -> None:
    labels = corpora.table(tmp_path / "labels", labels=True)
    own = corpora.table(tmp_path / "captions")
    assert open_corpus(f"imagenet:{labels}").licence == KNOWN["imagenet"].licence
    assert open_corpus(f"flickr30k:{own}").licence == KNOWN["flickr30k"].licence
    assert "has captions and no classes: wanted train/n0" in line(f"imagenet:{own}")
    assert "has classes and no captions: wanted dataset_fl" in line(f"flickr30k:{labels}")


def test_a_folder_that_happens_to_be_called_so_is_no_known_data_set(tmp_path: Path) -> None:
    data = open_corpus(str(corpora.with_metadata(tmp_path / "cc3m")))
    assert (data.name, data.licence) == ("folder:cc3m", NOT_STATED)


def test_folders_that_are_called_like_files(tmp_path: Path) -> None:
    folder = corpora.with_metadata(tmp_path / "data")
    for name in ("a.json", "dataset_x.json", "b.tar", "c.parquet", "instances_d.json"):
        (folder / name).mkdir()
    assert len(open_corpus(str(folder)).split("test").ids) == 5


def test_terms_are_named_where_there_is_no_hub(hub: Path) -> None:
    page = "https://huggingface.co/datasets/ILSVRC/imagenet-1k"
    command = "hf download --repo-type dataset ILSVRC/imagenet-1k --include 'data/*.parquet'"
    for spec in ("imagenet", "imagenet?shards=2"):
        said = line(spec)
        assert str(hub) in said
        assert f"accept its terms at {page}, log in with hf auth login, and run: {command}" in said
        assert "imagenet:FOLDER" in said
    assert "accept its terms" not in line("coco")
    files = "liuhaotian/LLaVA-Pretrain blip_laion_cc_sbu_558k.json images.zip;"
    assert files in line("llava-pretrain")
    at = "--revision refs/convert/parquet --include '*.parquet'"
    assert f"nlphuji/flickr30k {at}; or bring a folder here and give it as flickr30k:FOLDER" in (
        line("flickr30k")
    )


def test_what_is_advised_is_taken(hub: Path, tmp_path: Path) -> None:
    said = line("hub:org/name@v1")
    assert str(hub) in said
    assert "hf download --repo-type dataset org/name --revision v1; or" in said
    assert said.endswith("bring a folder here and give it as --data FOLDER")
    assert open_corpus(str(corpora.with_metadata(tmp_path / "FOLDER"))).split("val").ids
    assert "names no folder: wanted flickr30k or flickr30k:FOLDER" in line("flickr30k:")


@pytest.mark.parametrize("name", ["imagenet", "flickr30k", "llava-pretrain"])
def test_what_has_no_shards_is_not_streamed(name: str) -> None:
    assert "has no *.tar to stream: leave out stream=yes" in line(f"{name}?stream=yes")


def test_a_repository_without_shards_is_not_streamed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmark.corpora.naming.streamed", lambda *_: ([], COMMIT))
    assert "org/name has no *.tar to stream" in line("hub:org/name?stream=yes")


CARDS = [
    ("---\nlicense: cc-by-4.0\n---\n# Pairs\n", "cc-by-4.0, as its card says"),
    ("---\nlicense:\n- mit\n- cc0-1.0\n---\n", "mit, cc0-1.0, as its card says"),
    (
        "---\nlicense: other\nlicense_name: own-terms\nlicense_link: https://a.org/t\n---\n",
        "other own-terms https://a.org/t, as its card says",
    ),
    ("---\nlicense: unknown\n---\n", NOT_STATED),
    ("---\nlicense: [\n---\n", NOT_STATED),
    ("---\n- license\n---\n", NOT_STATED),
    ("# Pairs\nlicense: mit\n", NOT_STATED),
    (None, NOT_STATED),
]


@pytest.mark.parametrize(("card", "licence"), CARDS)
def test_the_card_of_a_repository_tells_its_licence(
    card: str | None, licence: str, hub: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = hub / "datasets--org--name"
    folder = corpora.cc3m(own / "snapshots" / COMMIT)
    (own / "refs").mkdir()
    (own / "refs" / "main").write_text(COMMIT)
    if card is not None:
        (folder / "README.md").write_text(card)
    data = open_corpus("hub:org/name")
    assert (data.name, data.licence) == ("org/name", licence)
    assert open_corpus(str(folder)).licence == licence
    from fsspec.implementations.dirfs import DirFileSystem
    from fsspec.implementations.local import LocalFileSystem

    found = remote(DirFileSystem(str(folder), LocalFileSystem()), "", COMMIT)
    monkeypatch.setattr("benchmark.corpora.naming.streamed", lambda *_: (found, COMMIT))
    assert open_corpus("hub:org/name?stream=yes").licence == licence


def test_the_card_is_fetched_with_the_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []

    def snapshot(*_: object, allow_patterns: list[str], **__: object) -> str:
        asked.append(allow_patterns)
        raise OSError("stop")

    monkeypatch.setattr("huggingface_hub.snapshot_download", snapshot)
    line("hub:org/name")
    line("cc3m")
    assert asked == [["*.tar", "*.parquet", "README.md"], ["*.tar"]]


def test_a_known_data_set_keeps_the_licence_of_its_authors(tmp_path: Path) -> None:
    folder = corpora.cc3m(tmp_path / "data")
    (folder / "README.md").write_text("---\nlicense: mit\n---\n")
    assert open_corpus(f"cc3m:{folder}").licence == KNOWN["cc3m"].licence
    shutil.move(folder / "cc3m-train-0000.tar", folder / "pairs.tar")
    assert open_corpus(str(folder)).licence == "mit, as its card says"
