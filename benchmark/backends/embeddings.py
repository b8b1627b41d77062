"""The backend `embeddings:FILE`: paired matrices of a user's own model, with their own data.

Keys of the .npz or .safetensors file: `image` [n_i, d_i] and `text` [n_t, d_t]; optional
`text_owner` [n_t] (image row of each text) or `image_id` (equal ids are one image with several
texts), `labels` with `label_names` [c] ([n_i, c] of 0 and 1, or [n_i] classes as whole numbers),
`captions` [n_t], `split` [n_i]. Rows are used as given, in their own units. Labels belong to
images; texts inherit them, so on texts they are weak.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from benchmark.backends.embedding_files import check_file
from benchmark.backends.embedding_splits import SPLIT_NAMES
from benchmark.backends.embedding_tables import Table, read_table
from benchmark.backends.paths import path_of
from benchmark.contracts import Concepts, Examples, Modality, Need, Planted, Site, Split

SITE = Site(name="embedding", image_module="image", text_module="text")


@dataclass(frozen=True, eq=False)
class Rows:
    """Examples whose activations are known already: one split of a table."""

    image: Float[np.ndarray, "n_i d_i"]
    text: Float[np.ndarray, "n_t d_t"]
    ids: tuple[str, ...]
    captions: tuple[str, ...]
    caption_of: Int[np.ndarray, " n_t"]
    concepts: Concepts | None
    negatives: None = None

    def images(self, start: int, stop: int) -> Sequence[object]:
        """Raises ValueError: there are embeddings here, no pictures."""
        raise ValueError(f"images {start} to {stop} were asked for: an embeddings file has none")

    def true_pairs(self) -> Int[np.ndarray, "p 2"]:
        """Every text with its image: all that the file knows."""
        return np.stack([self.caption_of, np.arange(len(self.caption_of))], axis=1)


@dataclass(frozen=True, eq=False)
class TableData:
    """The table as a data set, split by image."""

    name: str
    revision: str
    table: Table
    provides: frozenset[Need]
    licence: str = "as the file's owner says"
    planted: Planted | None = None

    def split(self, name: Split) -> Rows:
        """The rows of one split in the order of the file. Raises ValueError on another name."""
        if name not in (*SPLIT_NAMES, "all"):
            raise ValueError(f"split {name!r} is unknown, wanted train, val, test or all")
        t = self.table
        images = np.arange(len(t.image)) if name == "all" else np.flatnonzero(t.split == name)
        new = np.full(len(t.image), -1)
        new[images] = np.arange(len(images))
        texts = np.flatnonzero(new[t.owner] >= 0)
        c = t.concepts
        return Rows(
            image=t.image[images],
            text=t.text[texts],
            ids=tuple(t.ids[i] for i in images),
            captions=tuple(t.captions[j] for j in texts),
            caption_of=new[t.owner[texts]],
            concepts=c and Concepts(c.names, c.kinds, c.image[images], c.text[texts]),
        )


@dataclass(frozen=True, eq=False)
class Embeddings:
    """A backend without a model: it knows the rows of its own data and nothing else."""

    name: str
    revision: str
    provides: frozenset[Need]
    data: TableData
    sites: tuple[Site, ...] = (SITE,)
    preprocessing: str = "none: rows as given"
    dtype: str = "float32"
    in_memory: bool = True

    def encode(
        self, examples: Examples, modality: Modality, start: int, stop: int, site: Site
    ) -> Float[Tensor, "b d"]:
        """Rows start..stop as the file has them. Raises ValueError on other data or sites."""
        if not isinstance(examples, Rows):
            raise ValueError(f"{self.name} holds rows of its own data only: drop --data")
        if site != SITE:
            raise ValueError(f"{self.name} has no site {site.name!r}, only {SITE.name!r}")
        rows = examples.image if modality == "image" else examples.text
        return torch.from_numpy(rows[start:stop])

    def encode_texts(self, texts: Sequence[str], site: Site) -> Float[Tensor, "b d"]:
        """Raises ValueError: there is no text tower to ask."""
        wanted = f"{len(texts)} captions at {site.name!r}"
        raise ValueError(f"{self.name} cannot encode {wanted}: a file of rows has no model")

    def patched(self, patch: Mapping[str, Tensor]) -> Embeddings:
        """Itself for an empty patch; raises ValueError where there are weights to replace."""
        if patch:
            raise ValueError(f"{self.name} has no weights, wanted a patch of none: {list(patch)}")
        return self


def spelling(spec: str) -> str:
    """The one spelling of a spec: its file's whole path. Raises ValueError where there is none."""
    path = file_of(spec)
    check_file(path)
    return f"embeddings:{path.resolve()}"


def file_of(spec: str) -> Path:
    """The file that a spec names."""
    return path_of(spec.removeprefix("embeddings:"))


def open_backend(
    spec: str, *, device: torch.device | str = "cpu", dtype: str = "float32"
) -> Embeddings:
    """The backend of `embeddings:FILE`. Raises ValueError, one line, on a file it cannot trust.

    The rows stay on the CPU in float32, whatever the device.
    """
    del device, dtype
    path = file_of(spec)
    table = read_table(path)
    with path.open("rb") as file:
        revision = hashlib.file_digest(file, "sha256").hexdigest()
    labelled = frozenset({Need.CONCEPTS}) if table.concepts else frozenset()
    known = frozenset({Need.PAIRS}) | labelled
    same = table.image.shape[1] == table.text.shape[1]
    provides = known | ({Need.SAME_WIDTH} if same else frozenset())
    data = TableData(path.stem, revision, table, known)
    return Embeddings(f"embeddings:{path.name}", revision, provides, data)
