"""A frozen vision-language model: rows of activations, answers, and the loss of answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from benchmark.backends.clip_loading import hash_of
from benchmark.backends.llava import rows
from benchmark.backends.llava.asking import PROBE, Asker, Prompts
from benchmark.backends.llava.blocks import Blocks, blocks_of, check_sites
from benchmark.backends.llava.forking import logits_under
from benchmark.backends.llava.halves import linear_projector, text_revision
from benchmark.backends.llava.hooking import edited
from benchmark.backends.llava.sharing import check_patch, with_weights
from benchmark.backends.llava.speaking import generated, run, spoken, streams
from benchmark.backends.llava.teaching import taught
from benchmark.backends.llava.tower import tower_sites
from benchmark.contracts import Dataset, Edit, Examples, Modality, Need, Ragged, Site, Spoken, Talk


@dataclass(frozen=True, eq=False)
class Llava:
    """A frozen model that answers questions about pictures; equal inputs give equal rows."""

    name: str
    revision: str
    preprocessing: str
    dtype: str
    text_pass: str
    provides: frozenset[Need]
    model: nn.Module
    blocks: Blocks
    asker: Asker
    data: Dataset | None = None

    @property
    def sites(self) -> tuple[Site, ...]:
        """Decoder blocks, the default first, and the tower's where it has one view a picture."""
        return self.blocks.sites + tower_sites(self.model, self.blocks, self.asker.views)

    @property
    def n_blocks(self) -> int:
        return len(self.blocks)

    @property
    def patch_grid(self) -> tuple[int, int]:
        """Rows and columns of patch tokens in a picture."""
        return self.asker.views.grid

    @property
    def projector(self) -> dict[str, Tensor]:
        """Weight [w, d] and bias [w] of a projector that may be trained; empty without one."""
        return linear_projector(self.model) if Need.PROJECTOR in self.provides else {}

    def revision_of(self, modality: Modality) -> str:
        """What the rows of one modality depend on.

        Captions that are read alone do not depend on tower and projector: hosts of one language
        model share them.
        """
        if modality == "image" or self.text_pass == "joint" or not self.projector:
            return self.revision
        return self._text_revision

    @cached_property
    def _text_revision(self) -> str:
        return text_revision(self.model, self.asker.chat)

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
        check_sites(sites, self.sites, self.name)
        if modality == "image":
            pictures = examples.images(start, stop)
            asked = self.asker.about(pictures, [PROBE] * len(pictures))
            return rows.pictures_at(self.model, self.blocks, self.asker.views, asked, sites)
        texts = examples.captions[start:stop]
        if self.text_pass == "isolated":
            return rows.texts_at(self.model, self.blocks, self.asker.alone(texts), sites)
        asked = self.asker.about(rows.pictures_of(examples, start, stop), texts)
        return rows.texts_at(self.model, self.blocks, asked, sites)

    def encode_texts(self, texts: Sequence[str], site: Site) -> Float[Tensor, "b d"] | Ragged:
        """Rows of any captions, read without a picture.

        Raises ValueError on a site of another backend, and where captions are read jointly.
        """
        if self.text_pass == "joint":
            raise ValueError(
                f"{self.name} reads each caption after its picture, found captions alone: use "
                f"text_pass=isolated, or encode_together"
            )
        check_sites([site], self.sites, self.name)
        return rows.texts_at(self.model, self.blocks, self.asker.alone(texts), [site])[0]

    def encode_together(
        self, pictures: Sequence[Any], texts: Sequence[str], site: Site
    ) -> Float[Tensor, "b d"] | Ragged:
        """Rows of captions, each read after a picture of its own, in the joint pass."""
        check_sites([site], self.sites, self.name)
        asked = self.asker.about(pictures, texts)
        return rows.texts_at(self.model, self.blocks, asked, [site])[0]

    def token_counts(self, texts: Sequence[str], site: Site) -> Int[Tensor, " b"]:
        """How many rows each caption has at a site, from its words alone."""
        check_sites([site], self.sites, self.name)
        if site.pool != "none":
            return torch.ones(len(texts), dtype=torch.long)
        chat = self.asker.chat
        joint = self.text_pass == "joint"
        return chat.words(texts, chat.pictured if joint else chat.plain).counts()

    def ask(self, pictures: Sequence[Any] | None, prompts: Sequence[str]) -> Prompts:
        """Prompts in the model's chat template, each after its picture; None asks without one."""
        if pictures is None:
            return self.asker.alone(prompts)
        return self.asker.about(pictures, prompts)

    def answers(
        self, asked: Prompts, edits: Sequence[Edit] = (), max_new_tokens: int = 40
    ) -> list[str]:
        """Greedy answers, without special tokens."""
        said = generated(self.model, self.blocks, asked, edits, max_new_tokens)
        texts = self.asker.chat.tokenizer.batch_decode(said, skip_special_tokens=True)
        return [text.strip() for text in texts]

    def next_logits(self, asked: Prompts, edits: Sequence[Edit] = ()) -> Float[Tensor, "b v"]:
        """Logits of the first token of the answer."""
        with torch.no_grad(), edited(self.blocks, asked, edits):
            return run(self.model, asked, {})[:, -1].float()

    def next_logits_under(
        self, asked: Prompts, alternatives: Sequence[Sequence[Edit]]
    ) -> list[Float[Tensor, "b v"]]:
        """What `next_logits` finds under each list of edits, from the first edited block on."""
        return logits_under(self.model, self.blocks, asked, alternatives)

    def word_id(self, word: str) -> int:
        """The token that an answer starts with when it says this word.

        Raises ValueError where the tokenizer does not know the word's beginning.
        """
        first = self.asker.chat.answer_ids([word])[0][0]
        if first == self.asker.chat.tokenizer.unk_token_id:
            raise ValueError(f"{self.name} has no token that begins {word!r}, wanted a known word")
        return first

    def residuals(
        self, asked: Prompts, blocks: Sequence[int], edits: Sequence[Edit] = ()
    ) -> dict[int, Float[Tensor, "b t d"]]:
        """Residual stream after each of these blocks, at every position of the prompts."""
        return streams(self.model, self.blocks, asked, blocks, edits)

    def spoken(
        self,
        asked: Prompts,
        answers: Sequence[str],
        edits: Sequence[Edit] = (),
        blocks: Sequence[int] = (),
        patch: Mapping[str, Tensor] | None = None,
    ) -> Spoken:
        """Loss of given answers; differentiable in the tensors of `patch` and only in them."""
        weights = patch or {}
        check_patch(self.model, weights, self.name)
        ids = self.asker.chat.answer_ids(answers)
        return spoken(self.model, self.blocks, asked, ids, edits, blocks, weights)

    def taught(
        self,
        pictures: Sequence[Any],
        talks: Sequence[Talk],
        edits: Sequence[Edit] = (),
        blocks: Sequence[int] = (),
        patch: Mapping[str, Tensor] | None = None,
    ) -> Spoken:
        """Loss of the answers of each picture's talk; every question is asked alone after it."""
        weights = patch or {}
        check_patch(self.model, weights, self.name)
        return taught(self.model, self.blocks, self.asker, pictures, talks, edits, blocks, weights)

    def patched(self, patch: Mapping[str, Tensor]) -> Llava:
        """The model with weights replaced, all others shared; this one stays untouched.

        Raises ValueError on a name or a shape that the model does not have.
        """
        check_patch(self.model, patch, self.name)
        model = with_weights(self.model, patch)
        revision = hash_of(patch, self.revision) if patch else self.revision
        blocks = blocks_of(model, self.name)
        return replace(self, model=model, blocks=blocks, revision=revision)
