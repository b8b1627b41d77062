"""Which tensors of a file belong to images and which to texts, read from their keys."""

from __future__ import annotations

from torch import Tensor

from benchmark.contracts import Modality

WORDS: dict[Modality, tuple[str, ...]] = {
    "image": ("image", "img", "vision", "visual", "vis", "images"),
    "text": ("text", "txt", "language", "lang", "caption", "texts"),
}
LETTERS: dict[Modality, tuple[str, ...]] = {"image": ("i", "v"), "text": ("t", "l")}
WRAPPERS = ("sae", "ae", "model", "saes", "autoencoder")
Sides = tuple[dict[str, Tensor], dict[str, Tensor], dict[str, Tensor]]


def sided(tensors: dict[str, Tensor]) -> Sides:
    """Tensors of images, of texts, and of both, by their keys without the words for it.

    `vision_sae.encoder.weight` is `encoder.weight` of images. Single letters count only where no
    word does.
    """
    for words in (WORDS, LETTERS):
        found: Sides = {}, {}, {}
        for key, tensor in tensors.items():
            place, name = split(key, words)
            found[place][name] = tensor
        if found[0] and found[1]:
            return found
    return {}, {}, dict(tensors)


def split(key: str, words: dict[Modality, tuple[str, ...]]) -> tuple[int, str]:
    """0 for images, 1 for texts, 2 for neither; and the key without the words that say it."""
    place, kept = 2, []
    for part in key.split("."):
        tokens = part.split("_")
        for index, modality in enumerate(("image", "text")):
            if any(token.lower() in words[modality] for token in tokens):  # type: ignore[index]
                place = index
                tokens = [t for t in tokens if t.lower() not in words[modality]]  # type: ignore[index]
        tokens = [t for t in tokens if t.lower() not in WRAPPERS]
        if tokens:
            kept.append("_".join(tokens))
    return place, ".".join(kept)
