"""The map between two SAEs in a file of its own: `map.safetensors`, format crossmodal-map-1.

    same      width [1]: latent j of images is latent j of texts
    matched   image_of [d_sae of texts], n_image [1]: text latent j is image latent image_of[j],
              one to one; -1 where it has none
    dense     image_map [d_sae, w], image_centre [d_sae], text_map, text_centre:
              codes are compared as (z - centre) @ map

Which keys there are says the kind; the metadata say the format. Index tensors are int64, the
others float32.
"""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import save
from torch import Tensor

from benchmark.interchange.files import from_safetensors
from benchmark.interchange.shapes import listed
from benchmark.sae.frames import DenseMap, Frame, Matched, Same

FORMAT = "crossmodal-map-1"
KEYS = {
    "same": ("width",),
    "matched": ("image_of", "n_image"),
    "dense": ("image_map", "text_map", "image_centre", "text_centre"),
}


def map_bytes(frame: Frame) -> bytes:
    """A map as the content of its file; the same bytes for the same map."""
    if isinstance(frame, Same):
        tensors = {"width": torch.tensor([frame.width])}
    elif isinstance(frame, Matched):
        tensors = {"image_of": frame.image_of.cpu(), "n_image": torch.tensor([frame.n_image])}
    elif isinstance(frame, DenseMap):
        tensors = {key: getattr(frame, key).float().cpu() for key in KEYS["dense"]}
    else:
        raise ValueError(f"a map of kind {frame.kind} has no file: wanted {', '.join(KEYS)}")
    whole = {key: t.contiguous() for key, t in tensors.items()}
    return save(whole, metadata={"format": FORMAT})  # one key: several come in any order


def read_map(path: Path, d_sae: tuple[int, int]) -> Frame:
    """A map between two SAEs of these sizes, images first. Raises ValueError, one line."""
    if not path.is_file():
        raise ValueError(f"{path} is not there: wanted a map, as `export` writes it")
    tensors, metadata = from_safetensors(path)
    if metadata.get("format") != FORMAT:
        raise ValueError(f"{path} has format {metadata.get('format')}, wanted {FORMAT}")
    kind = next((kind for kind, keys in KEYS.items() if set(keys) == set(tensors)), None)
    if kind is None:
        kinds = "; or ".join(", ".join(keys) for keys in KEYS.values())
        raise ValueError(f"{path} holds {listed(tensors)}, wanted {kinds}")
    check_sizes(kind, tensors, d_sae, path)
    if kind == "same":
        return Same(d_sae[0])
    if kind == "matched":
        return Matched(d_sae[0], tensors["image_of"].long())
    return DenseMap(**{key: tensors[key].float() for key in KEYS["dense"]})


def check_sizes(kind: str, tensors: dict[str, Tensor], d_sae: tuple[int, int], path: Path) -> None:
    """Raises ValueError, one line, where a map is between SAEs of other sizes."""
    image, text = d_sae
    if kind == "same":
        wanted = {"width": [1]}
        sizes = {int(tensors["width"].flatten()[0]), image, text}
        fits = len(sizes) == 1
    elif kind == "matched":
        wanted = {"image_of": [text], "n_image": [1]}
        fits = int(tensors["n_image"].flatten()[0]) == image
        fits = fits and bool((tensors["image_of"] >= -1).all())
    else:
        w = tensors["image_map"].shape[-1]
        wanted = {"image_map": [image, w], "text_map": [text, w]}
        wanted |= {"image_centre": [image], "text_centre": [text]}
        fits = True
    shapes = {key: list(tensors[key].shape) for key in wanted}
    if not fits or shapes != wanted:
        shown = ", ".join(f"{key} {shape}" for key, shape in shapes.items())
        raise ValueError(
            f"{path} is a {kind} map with {shown}, and the SAEs have d_sae = {image} (image) and "
            f"{text} (text): is it of others?"
        )
