"""Miniatures of real data sets, in the formats that their authors distribute them in."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

WORDS = ("dog", "cat", "bus", "pizza")
SUPER = {"dog": "animal", "cat": "animal", "bus": "vehicle", "pizza": "food"}
SIDES = ((64, 48), (48, 64), (40, 40))


def picture(i: int, kind: str = "JPEG") -> bytes:
    """A small picture of its own, in one of three sizes."""
    width, height = SIDES[i % len(SIDES)]
    pixels = np.random.default_rng(i).integers(0, 256, (height // 8, width // 8, 3), np.uint8)
    held = io.BytesIO()
    Image.fromarray(pixels).resize((width, height)).save(held, kind)
    return held.getvalue()


def words_of(i: int) -> list[str]:
    """The one or two things of picture i."""
    return [WORDS[i % 4]] if i % 3 == 0 else [WORDS[i % 4], WORDS[(i + 1) % 4]]


def captions_of(i: int) -> list[str]:
    """Captions that name them, one of them with blanks to be put right."""
    first, last = words_of(i)[0], words_of(i)[-1]
    return [f"A {first} near a {last}  in picture {i}.", f"picture {i} shows a {last}"]


def karpathy(folder: Path, n: int = 24, *, coco: bool = True) -> Path:
    """`dataset_coco.json` with restval and two folders, or `dataset_flickr30k.json` with none."""
    splits = ("train", "restval", "val", "test") if coco else ("train", "val", "test")
    images = []
    for i in range(n):
        split = splits[i % len(splits)]
        place = ("train2014" if split == "train" else "val2014") if coco else ""
        name = f"COCO_{place}_{i:012d}.jpg" if coco else f"{1000 + i}.jpg"
        path = folder / (place or "flickr30k-images") / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(picture(i))
        image: dict[str, Any] = {"filename": name, "imgid": i, "split": split}
        image |= {"filepath": place, "cocoid": i} if coco else {}
        image["sentences"] = [{"raw": text, "tokens": text.split()} for text in captions_of(i)]
        images.append(image)
    name = "coco" if coco else "flickr30k"
    (folder / f"dataset_{name}.json").write_text(json.dumps({"images": images, "dataset": name}))
    return folder


def instances(folder: Path, n: int = 24) -> Path:
    """`annotations/instances_{train,val}2014.json` about the same pictures; cats are a crowd."""
    categories = [
        {"id": 10 + c, "name": word, "supercategory": SUPER[word]} for c, word in enumerate(WORDS)
    ]
    for half in ("train", "val"):
        own = [i for i in range(n) if (i % 4 == 0) == (half == "train")]
        rows = []
        for i in own:
            width, height = SIDES[i % len(SIDES)]
            for k, word in enumerate(words_of(i)):
                box = (
                    [0.0, 0.0, width / 2, height] if k == 0 else [width / 2, 0.0, width / 2, height]
                )
                row = {"image_id": i, "category_id": 10 + WORDS.index(word), "bbox": box}
                rows.append(row | {"iscrowd": int(word == "cat"), "area": 1.0, "id": len(rows)})
        sizes = [dict(zip(("width", "height"), SIDES[i % 3], strict=True)) | {"id": i} for i in own]
        content = {"images": sizes, "annotations": rows, "categories": categories}
        file = folder / "annotations" / f"instances_{half}2014.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(content))
    return folder


def shard(file: Path, pictures: Sequence[int], *, said: str = "txt") -> Path:
    """A tar of pictures with their captions beside them, as `.txt` or in `.json`."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(file, "w") as tar:
        for i in pictures:
            if said == "txt":
                beside = {
                    "txt": captions_of(i)[0].encode(),
                    "json": json.dumps({"url": "u"}).encode(),
                }
            else:
                beside = {"json": json.dumps({"captions": captions_of(i), "cocoid": i}).encode()}
            for kind, content in {"jpg": picture(i), **beside}.items():
                member = tarfile.TarInfo(f"{i:09d}.{kind}")
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
    return file


def cc3m(folder: Path) -> Path:
    """Two shards of train, one of validation; picture 3 is in both."""
    shard(folder / "cc3m-train-0000.tar", range(10))
    shard(folder / "cc3m-train-0001.tar", range(10, 16))
    shard(folder / "cc3m-validation-0000.tar", [*range(20, 32), 3])
    return folder


def classes(folder: Path, each: int = 4) -> Path:
    """`train/CLASS/*.JPEG` and `val/CLASS/*.JPEG` of three classes."""
    for s, split in enumerate(("train", "val")):
        for c, name in enumerate(("great_dane", "tabby-cat", "bus")):
            for k in range(each):
                path = folder / split / name / f"{name}_{k}.JPEG"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(picture(100 * s + 10 * c + k))
    return folder


def table(folder: Path, *, labels: bool = False, each: bool = False) -> Path:
    """Parquet files of the hub: captions in a list, or a row a caption, or labels alone."""
    from datasets import ClassLabel, Dataset, Features, Value
    from datasets import Image as Picture
    from datasets import Sequence as Many

    for s, split in enumerate(("train", "validation", "test")):
        own = range(10 * s, 10 * s + 8)
        rows: dict[str, list[Any]] = {"image": [{"bytes": picture(i), "path": None} for i in own]}
        kinds: dict[str, Any] = {"image": Picture()}
        if labels:
            rows["label"] = [-1 if split == "test" else i % 3 for i in own]
            kinds["label"] = ClassLabel(names=["great dane, dog", "tabby", "bus"])
        elif each:
            rows = {k: [v for v in values for _ in range(2)] for k, values in rows.items()}
            rows |= {"caption": [t for i in own for t in captions_of(i)]}
            rows |= {"cocoid": [i for i in own for _ in range(2)]}
            kinds |= {"caption": Value("string"), "cocoid": Value("int64")}
        else:
            rows |= {"captions": [captions_of(i) for i in own], "image_id": list(own)}
            kinds |= {"captions": Many(Value("string")), "image_id": Value("int64")}
        file = folder / "data" / f"{split}-00000-of-00001.parquet"
        file.parent.mkdir(parents=True, exist_ok=True)
        Dataset.from_dict(rows, features=Features(kinds)).to_parquet(str(file))
    return folder


def with_metadata(folder: Path) -> Path:
    """Pictures with `metadata.csv` beside them, captions in two columns."""
    for s, split in enumerate(("train", "validation", "test")):
        (folder / split).mkdir(parents=True, exist_ok=True)
        lines = ["file_name,caption_0,caption_1"]
        for i in range(10 * s, 10 * s + 5):
            (folder / split / f"{i}.jpg").write_bytes(picture(i))
            lines.append(f"{i}.jpg," + ",".join(captions_of(i)))
        (folder / split / "metadata.csv").write_text("\n".join(lines) + "\n")
    return folder
