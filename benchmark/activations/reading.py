"""What a backend says of one split: computed once, kept in the store, checked row by row."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from benchmark.activations.code import READING
from benchmark.activations.encoding import Rows, checked, computed
from benchmark.activations.store import Entry, Store
from benchmark.activations.views import View, seen, texts_of_first
from benchmark.contracts import (
    MODALITIES,
    Backend,
    Dataset,
    Examples,
    Modality,
    PairedActivations,
    Progress,
    Ragged,
    Site,
    Split,
    silent,
)

Names = tuple[str, ...]
READS = ("encode", "encode_sites")


def activations(
    backend: Backend,
    data: Dataset,
    split: Split,
    site: Site,
    *,
    store: Store | None,
    batch_size: int = 256,
    progress: Progress = silent,
    limit: int | None = None,
    along: Sequence[Site] = (),
) -> PairedActivations:
    """Rows of both modalities at a site, float32 on the CPU, with all that belongs to them.

    `limit` keeps the first images of the split and their captions. Equal captions are encoded
    once. Rows at the sites `along` are stored with them where the backend has them in one pass.
    Without a store, or where the backend holds its rows in memory, nothing is written.
    Raises ValueError, one line, on an empty split and on rows that are zero or not finite.
    """
    if limit is not None and limit < 1:
        raise ValueError(f"limit is {limit}, wanted at least 1 image")
    whole = data.split(split)
    examples = seen(whole, limit)
    if not len(examples.ids) or not len(examples.captions):
        raise ValueError(
            f"split {split!r} of {data.name} has {len(examples.ids)} images and "
            f"{len(examples.captions)} captions, wanted at least one of each"
        )
    sites = dict.fromkeys((site, *(along if reads_together(backend) else ())))
    wanted = entries_of(backend, common_of(data, split, examples), tuple(sites))
    keys = [entries[0].key for entries in wanted]
    fingerprint = keys[0]
    if len(keys) > 1:
        fingerprint = hashlib.sha256("".join(keys).encode()).hexdigest()
    if getattr(backend, "in_memory", False):
        rows = _held(backend, whole, examples, site)
    else:
        rows = computed(backend, examples, store, wanted, batch_size, progress)
    return _paired(examples, split, rows, fingerprint)


def entries_of(
    backend: Backend, common: dict[str, Any], sites: Sequence[Site]
) -> list[list[Entry]]:
    """What is kept together, at every site: both modalities, or each by itself.

    By itself where the backend says that they depend on different parts of it, so that what one
    does not depend on (another projector) does not make it anew.
    """
    read = {m: _identity(backend, m) for m in MODALITIES}
    kinds: list[tuple[Names, dict[str, Any]]] = [
        (("image",), read["image"] | {"modality": "image"}),
        (("text", "negatives"), read["text"] | {"modality": "text"}),
    ]
    if read["image"] == read["text"]:
        kinds = [(("image", "text", "negatives"), read["image"])]
    return [
        [_entry(backend, site, names, common | of | {"site": asdict(site)}) for site in sites]
        for names, of in kinds
    ]


def _entry(backend: Backend, site: Site, names: Names, of: dict[str, Any]) -> Entry:
    key = hashlib.sha256(json.dumps(of, sort_keys=True).encode()).hexdigest()
    return Entry(site, names, key, {"backend": backend.name, "of": of})


def _identity(backend: Backend, modality: Modality) -> dict[str, Any]:
    """What the rows of one modality depend on in the model."""
    own = getattr(backend, "revision_of", None)
    revision = backend.revision if own is None else own(modality)
    return {
        "backend": revision,
        "preprocessing": backend.preprocessing if revision == backend.revision else "",
        "dtype": backend.dtype,
    }


def common_of(data: Dataset, split: Split, examples: Examples) -> dict[str, Any]:
    """What the numbers depend on beside model and site; batch size and device move float noise."""
    contents = hashlib.sha256()
    false = examples.negatives.captions if examples.negatives else ()
    for words in (examples.ids, examples.captions, false):
        contents.update(json.dumps(list(words)).encode())
    contents.update(np.asarray(examples.caption_of, dtype="<i8").tobytes())
    return {
        "data": {"name": data.name, "revision": data.revision, "split": split},
        "images": len(examples.ids),
        "texts": len(examples.captions),
        "contents": contents.hexdigest(),
        "code": READING,
    }


def reads_together(backend: Backend) -> bool:
    """Whether `encode_sites` speaks for this backend's own `encode`.

    It does not where a class below has another `encode`, or a wrapper merely hands it through.
    """
    kinds = type(backend).__mro__
    at = [next((i for i, k in enumerate(kinds) if n in vars(k)), None) for n in READS]
    return at[0] is not None and at[1] is not None and at[1] <= at[0]


def _held(backend: Backend, whole: Examples, examples: Examples, site: Site) -> dict[str, Rows]:
    """Rows of a backend that has them in memory, in its own order."""
    rows = {
        "image": _dense(backend.encode(whole, "image", 0, len(whole.ids), site)),
        "text": _dense(backend.encode(whole, "text", 0, len(whole.captions), site)),
    }
    if isinstance(examples, View):
        rows["image"] = rows["image"][: len(examples.ids)]
        rows["text"] = rows["text"][torch.from_numpy(texts_of_first(whole, len(examples.ids)))]
    if examples.negatives and examples.negatives.captions:
        rows["negatives"] = _dense(backend.encode_texts(examples.negatives.captions, site))
    return {
        name: checked(found.float(), f"{name} rows of {backend.name}", 0)
        for name, found in rows.items()
    }


def _dense(rows: Rows) -> Tensor:
    """Rows that all examples have alike."""
    if isinstance(rows, Ragged):
        raise ValueError("found rows of different number in memory, wanted one an example")
    return rows


def _paired(examples: Examples, split: Split, rows: dict[str, Rows], key: str) -> PairedActivations:
    image, image_owner = _flat(rows["image"])
    text, text_owner = _flat(rows["text"])
    caption_of = torch.as_tensor(np.asarray(examples.caption_of, dtype=np.int64))
    written = torch.stack([caption_of, torch.arange(len(caption_of))], dim=1)
    true = written if split == "train" else torch.as_tensor(np.asarray(examples.true_pairs()))
    false = examples.negatives if "negatives" in rows else None
    wrong, wrong_owner = (None, None) if false is None else _flat(rows["negatives"])
    return PairedActivations(
        image=image,
        text=text,
        image_owner=image_owner,
        text_owner=text_owner,
        caption_of=caption_of,
        pairs=true.long(),
        ids=tuple(examples.ids),
        fingerprint=key,
        concepts=examples.concepts,
        negatives=wrong,
        negative_owner=wrong_owner,
        negative_of=None if false is None else torch.as_tensor(np.asarray(false.caption)).long(),
        negative_kinds=() if false is None else tuple(false.kinds),
    )


def _flat(rows: Rows) -> tuple[Float[Tensor, "r d"], Tensor]:
    """Rows, one a token where there are tokens, and the example that each belongs to."""
    if isinstance(rows, Ragged):
        return rows.rows, torch.arange(len(rows.counts)).repeat_interleave(rows.counts)
    if rows.ndim == 2:
        return rows, torch.arange(len(rows))
    owner = torch.arange(len(rows)).repeat_interleave(rows.shape[1])
    return rows.flatten(0, 1), owner
