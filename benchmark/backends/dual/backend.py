"""Any dual encoder of transformers: `dual:FOLDER`, `dual:ORG/NAME`, `dual:ORG/NAME@COMMIT`.

Sites: `embedding`, the L2-normalised outputs of both towers; `block:l`, the residual stream after
block l, mean over patch tokens (without a class token) and over a caption's tokens (without
padding); `block:l/tokens`, every one of them; `patches`, every patch token after the last block,
with captions as means. Models whose pictures keep their shape have no sites of tokens: their
pictures differ in patches.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from benchmark.backends.clip_loading import hash_of
from benchmark.backends.dual.loading import check, load
from benchmark.backends.dual.names import source
from benchmark.backends.dual.pictures import PictureReader, real_patches
from benchmark.backends.dual.texts import TextReader
from benchmark.backends.dual.towers import TOKENS, Towers, streams_of, towers_of
from benchmark.backends.hooks import mean_over
from benchmark.backends.llava.sharing import check_patch, with_weights
from benchmark.contracts import Dataset, Examples, Modality, Need, Ragged, Site

Rows = Tensor | Ragged


@dataclass(frozen=True, eq=False)
class Dual:
    """A frozen dual encoder; equal inputs give equal rows up to float noise in any batch."""

    name: str
    revision: str
    preprocessing: str
    dtype: str
    model: nn.Module
    towers: Towers
    pictures: PictureReader
    texts: TextReader
    provides: frozenset[Need] = frozenset({Need.SAME_WIDTH})
    data: Dataset | None = None

    @property
    def sites(self) -> tuple[Site, ...]:
        return self.towers.sites

    @property
    def patch_grid(self) -> tuple[int, int] | None:
        """Rows and columns of patch tokens; None where they follow the shape of the picture."""
        return self.towers.grid

    def encode(
        self, examples: Examples, modality: Modality, start: int, stop: int, site: Site
    ) -> Float[Tensor, "b d"] | Float[Tensor, "b t d"] | Ragged:
        """Rows start..stop in float32; at a site of tokens [b, t, d] for images, ragged for texts.

        Raises ValueError on a site of another backend.
        """
        return self.encode_sites(examples, modality, start, stop, [site])[0]

    def encode_sites(
        self, examples: Examples, modality: Modality, start: int, stop: int, sites: Sequence[Site]
    ) -> Sequence[Float[Tensor, "b d"] | Float[Tensor, "b t d"] | Ragged]:
        """What `encode` gives at each of these sites, of one pass."""
        self._check(sites)
        if modality == "text":
            return self._of_texts(examples.captions[start:stop], sites)
        return self._of_pictures(examples.images(start, stop), sites)

    def encode_texts(self, texts: Sequence[str], site: Site) -> Float[Tensor, "b d"] | Ragged:
        """Rows of any captions in float32. Raises ValueError on a site of another backend."""
        self._check([site])
        return self._of_texts(texts, [site])[0]

    def token_counts(self, texts: Sequence[str], site: Site) -> Int[Tensor, " b"]:
        """How many rows each caption has at a site, from its words alone."""
        self._check([site])
        if not site.name.endswith(TOKENS):
            return torch.ones(len(texts), dtype=torch.long)
        return self.texts.counts(texts)

    @torch.no_grad()
    def _of_pictures(self, pictures: Any, sites: Sequence[Site]) -> Sequence[Rows]:
        inputs = self.pictures(pictures)
        wanted = [site.image_module for site in sites if site.block is not None]
        with streams_of(self.model, wanted, len(pictures)) as streams:
            whole = embedding(self.model.get_image_features(**inputs))  # type: ignore[operator]
        rows: list[Rows] = []
        for site in sites:
            if site.block is None:
                rows.append(whole)
                continue
            tokens = streams[site.image_module][:, self.towers.n_prefix :].float()
            self._check_patches(tokens)
            real = real_patches(inputs, tokens.shape[1])
            rows.append(tokens if site.pool == "none" else mean_over(tokens, real))
        return rows

    @torch.no_grad()
    def _of_texts(self, captions: Sequence[str], sites: Sequence[Site]) -> Sequence[Rows]:
        read = self.texts(captions)
        wanted = [site.text_module for site in sites if site.block is not None]
        with streams_of(self.model, wanted, len(captions)) as streams:
            whole = embedding(self.model.get_text_features(**read.inputs))  # type: ignore[operator]
        rows: list[Rows] = []
        for site in sites:
            if site.block is None:
                rows.append(whole)
                continue
            tokens = streams[site.text_module].float()
            if site.name.endswith(TOKENS):
                rows.append(Ragged(tokens[read.real], read.real.sum(1)))
            else:
                rows.append(mean_over(tokens, read.real))
        return rows

    def patched(self, patch: Mapping[str, Tensor]) -> Dual:
        """The model with weights replaced, all others shared; this one stays untouched.

        Raises ValueError on a name or a shape that the model does not have.
        """
        check_patch(self.model, patch, self.name)
        revision = hash_of(patch, self.revision) if patch else self.revision
        return replace(self, model=with_weights(self.model, patch), revision=revision)

    def _check(self, sites: Sequence[Site]) -> None:
        for site in sites:
            if site not in self.sites:
                names = ", ".join(own.name for own in self.sites)
                raise ValueError(f"{self.name} has no site {site.name!r}, wanted one of {names}")

    def _check_patches(self, tokens: Float[Tensor, "b t d"]) -> None:
        grid = self.towers.grid
        if grid is not None and tokens.shape[1] != grid[0] * grid[1]:
            raise ValueError(
                f"{self.name}: its tower reads {tokens.shape[1]} patches of a picture, its "
                f"config.json says {grid[0]} x {grid[1]}: are processor and model of one kind?"
            )


def embedding(found: Any) -> Float[Tensor, "b d"]:
    """The L2-normalised joint embedding, in float32, from what a tower puts out."""
    rows = found if isinstance(found, Tensor) else found.pooler_output
    return nn.functional.normalize(rows.float(), dim=1)


def spelling(spec: str) -> str:
    """The one spelling of what a spec names; a folder is its whole path.

    Raises ValueError, one line, where a name stands for nothing or a folder is not whole.
    """
    found = source(spec)
    check(found)
    return found.spelling


def open_backend(spec: str, *, device: torch.device | str = "cpu") -> Dual:
    """The backend of `dual:` and a folder or hub id. Raises ValueError, one line."""
    found, device = source(spec), torch.device(device)
    loaded = load(found, device)
    config: Any = loaded.model.config
    towers = towers_of(loaded.model, loaded.family.native, spec)
    length = int(config.text_config.max_position_embeddings)
    texts = TextReader(loaded.processor.tokenizer, loaded.family, length, device)
    pictures = loaded.processor.image_processor
    reading = {"image_processor": pictures.to_dict(), "texts": texts.described}
    return Dual(
        name=spec,
        revision=loaded.revision,
        preprocessing=json.dumps(reading, sort_keys=True, default=str),
        dtype=found.dtype,
        model=loaded.model,
        towers=towers,
        pictures=PictureReader(pictures, device, getattr(torch, found.dtype)),
        texts=texts,
    )
