"""What pocket-clip is trained on: image-caption contrast, and words against patches they name.

The word-patch term asks every patch which object, colour or ground it shows; the answers are the
text tower's own token embeddings of those words. Without it the class token does all the work and
patch tokens hardly tell objects apart, which a projector to a language model would need.
"""

from __future__ import annotations

from collections.abc import Sequence

import open_clip
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, normalize, softplus

from benchmark.recipes.contrastive.batches import UNNAMED
from benchmark.worlds.palette import BACKGROUNDS, COLOURS
from benchmark.worlds.pictograms import OBJECTS

KINDS = (len(OBJECTS), len(COLOURS), len(BACKGROUNDS))


class WordPatch(nn.Module):
    """Scores patches against words; used in training only, the saved model has no part of it."""

    share: Tensor

    def __init__(
        self, width: int, words: int, tokenizer: open_clip.tokenizer.HFTokenizer, vocab: int
    ) -> None:
        super().__init__()
        groups = [item.names for item in OBJECTS] + [item.names for item in COLOURS]
        groups += [item.names for item in BACKGROUNDS]
        share = torch.zeros(len(groups), vocab)
        for row, names in enumerate(groups):
            for name in names:
                ids = tokenizer.tokenizer(name, add_special_tokens=False)["input_ids"]
                for token in ids:
                    share[row, token] += 1 / (len(names) * len(ids))
        self.register_buffer("share", share)
        self.to_words = nn.Linear(width, words)
        self.scale = nn.Parameter(torch.tensor(10.0))

    def forward(
        self, patches: Float[Tensor, "b p d"], embedding: Float[Tensor, "v w"]
    ) -> tuple[Float[Tensor, "b p kind"], ...]:
        """Scores of the words of each kind: objects, colours, grounds."""
        words = normalize(self.share @ embedding, dim=1)
        scores = self.scale * normalize(self.to_words(patches), dim=2) @ words.T
        return scores.split(KINDS, dim=2)


def encode_trimmed(
    model: open_clip.CLIP, tokens: Int[Tensor, "b 48"], n_groups: int = 3
) -> Float[Tensor, "b e"]:
    """The model's own text features, unit length, without computing what lies after the end.

    Attention is causal and the pooled end token is last, so pads change nothing: texts of like
    length go through together, cut to the longest of their group. Halves the text tower's work.
    """
    ends = tokens.argmax(dim=1)
    out = tokens.new_zeros(len(tokens), model.text_projection.shape[1], dtype=torch.float32)
    for rows in ends.argsort().chunk(n_groups) if len(ends) else ():
        length = int(ends[rows].max()) + 1
        x = model.token_embedding(tokens[rows, :length]) + model.positional_embedding[:length]
        x = model.transformer(x, attn_mask=model.attn_mask[:length, :length])
        pooled = model.ln_final(x[torch.arange(len(rows), device=x.device), ends[rows]])
        out = out.index_copy(0, rows, pooled @ model.text_projection)
    return normalize(out, dim=1)


def contrast(
    image: Float[Tensor, "b e"],
    text: Float[Tensor, "b e"],
    true: Bool[Tensor, "b b"],
    twins: tuple[Int[Tensor, " t"], Float[Tensor, "t e"]],
    scale: Tensor,
) -> tuple[Tensor, Tensor]:
    """Symmetric cross-entropy and accuracy, other true pairs left out of the competition.

    A false twin competes for its own image only: it may be true of another.
    """
    scores = scale * image @ text.T
    own = torch.arange(len(scores), device=scores.device)
    others = true.clone()
    others[own, own] = False
    scores = scores.masked_fill(others, -torch.inf)
    rows, false = twins
    extra = scores.new_full((len(scores),), -torch.inf)
    extra = extra.index_copy(0, rows, scale * (image[rows] * false).sum(1))
    of_images = torch.cat([scores, extra[:, None]], dim=1)
    loss = (cross_entropy(of_images, own) + cross_entropy(scores.T, own)) / 2
    return loss, (of_images.argmax(1) == own).float().mean()


def statement_loss(
    image: Float[Tensor, "b e"],
    text: Float[Tensor, "s e"],
    true: Bool[Tensor, "b s"],
    scale: Tensor,
) -> Tensor:
    """Every true (image, statement) against all false ones of its image, and of its statement."""
    if not true.any():
        return image.new_zeros(())
    scores = scale * image @ text.T
    false = scores.masked_fill(true, -torch.inf)
    per_image, per_statement = false.logsumexp(1, keepdim=True), false.logsumexp(0, keepdim=True)
    losses = softplus(per_image - scores) + softplus(per_statement - scores)
    return losses[true].mean() / 2


def word_patch_loss(
    scores: Sequence[Float[Tensor, "b p kind"]], shown: Int[Tensor, "b p 3"]
) -> tuple[Tensor, Tensor]:
    """Sum of three cross-entropies over the patches that have an answer; accuracy on objects."""
    answers = shown.unbind(2)
    losses = [
        cross_entropy(score.flatten(0, 1), answer.flatten(), ignore_index=UNNAMED)
        for score, answer in zip(scores, answers, strict=True)
    ]
    named = answers[0] != UNNAMED
    return torch.stack(losses).sum(), (scores[0].argmax(2) == answers[0])[named].float().mean()
