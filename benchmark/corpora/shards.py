"""Webdatasets: uncompressed tar shards whose consecutive members of one key are a sample.

A sample is a picture and its caption; a key says nothing beyond its shard, other shards may have it
for other pictures.

A shard is read through once; what is in it, and where, is kept in this machine's cache, so that a
reading that was killed goes on at the next shard. Pictures are later read from their place in it:
nothing is unpacked.
"""

from __future__ import annotations

import hashlib
import json
import os
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmark.contracts import Progress, Split, silent
from benchmark.corpora.kept import kept_table
from benchmark.corpora.listing import Listing, written
from benchmark.corpora.pictures import Members
from benchmark.corpora.shard_files import Shard
from benchmark.corpora.splitting import GIVEN

PICTURES = frozenset({"jpg", "jpeg", "png", "webp"})
SAID = ("captions", "caption", "text")
"""Keys of a member's JSON that hold what is said of the picture."""
IDS = ("cocoid", "image_id")
"""Keys of it that hold what the picture is called."""
READ = frozenset({*PICTURES, "txt", "json"})
COLUMNS = ("name", "captions", "offset", "bytes", "sha256")


def first(shards: Sequence[Shard], most: int | None) -> list[Shard]:
    """So many shards of each split, the first ones; all without a number."""
    seen: dict[Split, int] = {}
    kept = []
    for shard in shards:
        split = split_of(shard)
        seen[split] = seen.get(split, 0) + 1
        if most is None or seen[split] <= most:
            kept.append(shard)
    return kept


def read(shards: Sequence[Shard], progress: Progress = silent) -> dict[Split, Listing]:
    """Splits as the names of shards tell them; all is train where they tell nothing.

    Raises ValueError, one line, for what is no tar file and for shards without pairs.
    """
    parts: dict[Split, list[Shard]] = {}
    for shard in shards:
        parts.setdefault(split_of(shard), []).append(shard)
    tables = {s.path: indexed(s) for s in progress(shards, f"{len(shards)} shards")}
    names = names_of([shard.path for shard in shards])
    found = {split: listed(own, tables, names) for split, own in parts.items()}
    empty = [split for split, listing in found.items() if not listing.ids]
    if empty:
        raise ValueError(
            f"shards of {empty[0]}, {parts[empty[0]][0].path.name} first, hold no picture with a "
            "caption: wanted KEY.jpg and next to it KEY.txt, or KEY.json that has "
            f"{' or '.join(SAID)}"
        )
    return found


def split_of(shard: Shard) -> Split:
    """What a shard's name or folder calls its split."""
    words = shard.path.stem.lower().replace("_", "-").split("-")
    for word in [*words, shard.path.parent.name.lower()]:
        if word in GIVEN:
            return GIVEN[word]
    return "train"


def names_of(paths: Sequence[Path]) -> dict[Path, str]:
    """What tells shards apart: their names, with folders where they lie in several."""
    root = os.path.commonpath([path.parent for path in paths]) if paths else ""
    return {path: path.relative_to(root).with_suffix("").as_posix() for path in paths}


def listed(
    shards: Sequence[Shard], tables: Mapping[Path, pd.DataFrame], names: Mapping[Path, str]
) -> Listing:
    """One split: pictures in the order of their shards."""
    own = [tables[shard.path].assign(shard=i) for i, shard in enumerate(shards)]
    whole = pd.concat(own, ignore_index=True)
    captions, caption_of, rows = written(whole["captions"].tolist())
    whole = whole.iloc[rows]
    shard, offset, length = (whole[c].to_numpy(np.int64) for c in ("shard", "offset", "bytes"))
    return Listing(
        ids=tuple(whole["name"].tolist()),
        captions=captions,
        caption_of=caption_of,
        pictures=Members(tuple(shards), shard, offset, length),
        digests=tuple(whole["sha256"].tolist()),
        places=tuple(names[shards[i].path] for i in shard),
    )


def indexed(shard: Shard) -> pd.DataFrame:
    """What a shard holds, from the cache where it is the same file as then."""
    of = json.dumps([COLUMNS, shard.identity])
    return kept_table("shards", of, lambda: pd.DataFrame(rows_of(shard), columns=list(COLUMNS)))


def rows_of(shard: Shard) -> list[tuple[str, list[str], int, int, str]]:
    """Name, captions, place, length and digest of every picture of a shard that has a caption."""
    try:
        with shard.open() as opened, tarfile.open(fileobj=opened, mode="r:") as tar:
            return [(s.name or s.key, s.said, *s.place) for s in samples(tar) if s.place and s.said]
    except (tarfile.TarError, json.JSONDecodeError, AttributeError, TypeError) as error:
        raise ValueError(
            f"shard {shard.path} cannot be read ({error}): wanted a tar file, get it again"
        ) from None


@dataclass
class Sample:
    """Consecutive files of one key."""

    key: str
    kinds: set[str] = field(default_factory=set)
    place: tuple[int, int, str] | None = None
    """Where its picture begins, how long it is, and its digest."""
    said: list[str] = field(default_factory=list)
    name: str = ""

    def add(self, kind: str, begins: int, content: bytes) -> None:
        """One more file of it; a caption of its own goes before those that are in JSON."""
        if kind in PICTURES:
            self.place = (begins, len(content), hashlib.sha256(content).hexdigest())
        elif kind == "txt":
            self.said = [content.decode("utf-8", "replace")]
        elif kind == "json":
            facts = json.loads(content)
            self.name = next((str(facts[name]) for name in IDS if name in facts), "")
            self.said = self.said or captions_of(facts)
        self.kinds.add(kind)


def samples(tar: tarfile.TarFile) -> Iterator[Sample]:
    """Samples one after another: another key begins one, and a kind of file that comes again."""
    own = Sample("")
    for member in tar:
        file = tar.extractfile(member) if member.isreg() else None
        if file is None:
            continue
        key, _, kind = Path(member.name).name.partition(".")
        key, kind = f"{Path(member.name).parent}/{key}".removeprefix("./"), kind.lower()
        if key != own.key or kind in own.kinds:
            yield own
            own = Sample(key)
        own.add(kind, member.offset_data, file.read() if kind in READ else b"")
    yield own


def captions_of(facts: dict[str, Any]) -> list[str]:
    """What a member's JSON says of its picture."""
    for name in SAID:
        if facts.get(name):
            return [facts[name]] if isinstance(facts[name], str) else list(facts[name])
    return []
