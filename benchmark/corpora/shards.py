"""Webdatasets: uncompressed tar shards whose members of one key are a picture and its caption.

A shard is read through once; what is in it, and where, is kept in this machine's cache, so that a
reading that was killed goes on at the next shard. Pictures are later read from their place in it:
nothing is unpacked.
"""

from __future__ import annotations

import hashlib
import json
import tarfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmark.contracts import Progress, Split, silent
from benchmark.corpora.kept import kept_table
from benchmark.corpora.listing import Listing, grouped
from benchmark.corpora.pictures import Members
from benchmark.corpora.shard_files import Shard
from benchmark.corpora.splitting import GIVEN

PICTURES = frozenset({"jpg", "jpeg", "png", "webp"})
SAID = ("captions", "caption", "text")
"""Keys of a member's JSON that hold what is said of the picture."""
IDS = ("cocoid", "image_id")
"""Keys that name the picture beyond its shard."""
COLUMNS = ("key", "captions", "offset", "bytes", "sha256")


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
    found = {split: listed(own, [tables[s.path] for s in own]) for split, own in parts.items()}
    empty = [split for split, listing in found.items() if not listing.ids]
    if empty:
        raise ValueError(
            f"shards of {empty[0]}, {parts[empty[0]][0].path.name} first, hold no picture with a "
            f"caption: wanted KEY.jpg with KEY.txt, or KEY.json that has {' or '.join(SAID)}"
        )
    return found


def split_of(shard: Shard) -> Split:
    """What a shard's name or folder calls its split."""
    words = shard.path.stem.lower().replace("_", "-").split("-")
    for word in [*words, shard.path.parent.name.lower()]:
        if word in GIVEN:
            return GIVEN[word]
    return "train"


def listed(shards: Sequence[Shard], tables: Sequence[pd.DataFrame]) -> Listing:
    """One split: pictures in the order of their shards."""
    whole = pd.concat([t.assign(shard=i) for i, t in enumerate(tables)], ignore_index=True)
    ids, captions, caption_of, first = grouped(whole["key"].tolist(), whole["captions"].tolist())
    shard, offset, length = (
        whole[c].to_numpy(np.int64)[first] for c in ("shard", "offset", "bytes")
    )
    return Listing(
        ids=ids,
        captions=captions,
        caption_of=caption_of,
        pictures=Members(tuple(shards), shard, offset, length),
        digests=tuple(whole["sha256"].to_numpy()[first].tolist()),
    )


def indexed(shard: Shard) -> pd.DataFrame:
    """What a shard holds, from the cache where it is the same file as then."""
    return kept_table(
        "shards", shard.identity, lambda: pd.DataFrame(rows_of(shard), columns=list(COLUMNS))
    )


def rows_of(shard: Shard) -> list[tuple[str, list[str], int, int, str]]:
    """Key, captions, place, length and digest of every picture of a shard that has a caption."""
    pictures: dict[str, tuple[int, int, str]] = {}
    said: dict[str, list[str]] = {}
    names: dict[str, str] = {}
    try:
        with shard.open() as opened, tarfile.open(fileobj=opened, mode="r:") as tar:
            for member in tar:
                key, _, kind = Path(member.name).name.partition(".")
                key = f"{Path(member.name).parent}/{key}".removeprefix("./")
                file = tar.extractfile(member) if member.isreg() else None
                if file is None:
                    continue
                if kind.lower() in PICTURES:
                    digest = hashlib.sha256(file.read()).hexdigest()
                    pictures[key] = (member.offset_data, member.size, digest)
                elif kind == "txt":
                    said[key] = [file.read().decode("utf-8", "replace")]
                elif kind == "json":
                    facts = json.loads(file.read())
                    own = [str(facts[name]) for name in IDS if name in facts]
                    names.update({key: own[0]} if own else {})
                    said.setdefault(key, captions_of(facts))
    except (tarfile.TarError, json.JSONDecodeError, AttributeError) as error:
        raise ValueError(
            f"shard {shard.path} cannot be read ({error}): wanted a tar file, get it again"
        ) from None
    return [
        (names.get(key, key), said[key], *place) for key, place in pictures.items() if said.get(key)
    ]


def captions_of(facts: dict[str, Any]) -> list[str]:
    """What a member's JSON says of its picture."""
    for name in SAID:
        if facts.get(name):
            return [facts[name]] if isinstance(facts[name], str) else list(facts[name])
    return []
