"""Any open_clip model: `pocket-clip`, `clip:FOLDER`, `clip:ARCH/PRETRAINED`, `clip:hf-hub:ID`.

With `?weights=untrained` behind it, or `-untrained` behind the shipped name, a model is the same in
all but its weights, which are drawn from a seed: the control that never learned anything.

Sites: `embedding`, the L2-normalised outputs of both towers; `block:l`, the residual stream after
block l, mean over patch tokens (without CLS) and over real text tokens (without padding);
`patches`, every patch token after the last block.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor, nn

from benchmark.backends.clip_folders import checked
from benchmark.backends.clip_loading import hash_of, load
from benchmark.backends.clip_names import source
from benchmark.backends.clip_towers import TextReader, n_prefix_tokens, sites_of, text_reader
from benchmark.backends.hooks import mean_over, outputs_of, residual
from benchmark.backends.pixels import Pixels, pixels_of
from benchmark.contracts import Dataset, Examples, Modality, Need, Site


@dataclass(frozen=True, eq=False)
class Clip:
    """A frozen dual encoder; equal inputs give equal rows up to float noise in any batch."""

    name: str
    revision: str
    preprocessing: str
    dtype: str
    sites: tuple[Site, ...]
    model: nn.Module
    pixels: Pixels
    tokenizer: Callable[[list[str]], Tensor]
    reader: TextReader
    device: torch.device
    provides: frozenset[Need] = frozenset({Need.SAME_WIDTH})
    data: Dataset | None = None

    @torch.no_grad()
    def encode(
        self, examples: Examples, modality: Modality, start: int, stop: int, site: Site
    ) -> Float[Tensor, "b d"] | Float[Tensor, "b t d"]:
        """Rows start..stop in float32; [b, t, d] for images at `patches`.

        Raises ValueError on a site of another backend.
        """
        if modality == "text":
            return self.encode_texts(examples.captions[start:stop], site)
        self._check(site)
        pictures = self.pixels(examples.images(start, stop))
        pictures = pictures.to(self.device, getattr(torch, self.dtype))
        if site.block is None:
            return _unit(self.model.encode_image(pictures))  # type: ignore[operator]
        block = self.model.get_submodule(site.image_module)
        with outputs_of(block) as found:
            self.model.encode_image(pictures)  # type: ignore[operator]
        tokens = residual(found, block, len(pictures))[:, n_prefix_tokens(self.model) :].float()
        return tokens if site.pool == "none" else tokens.mean(1)

    @torch.no_grad()
    def encode_texts(self, texts: Sequence[str], site: Site) -> Float[Tensor, "b d"]:
        """Rows of any captions in float32. Raises ValueError on a site of another backend."""
        self._check(site)
        tokens = self.tokenizer(list(texts)).to(self.device)
        tokens = self.reader.trimmed(tokens)
        if site.block is None:
            return _unit(self.reader(tokens))
        block = self.model.get_submodule(site.text_module)
        with outputs_of(block) as found:
            self.reader(tokens)
        rows = residual(found, block, len(tokens)).float()
        return mean_over(rows, self.reader.real(tokens))

    def patched(self, patch: Mapping[str, Tensor]) -> Clip:
        """A copy with weights replaced; this one stays untouched.

        Raises ValueError on a name or a shape that the model does not have.
        """
        own = self.model.state_dict()
        for name, value in patch.items():
            if name not in own:
                raise ValueError(f"{self.name} has no weight {name!r} that could be patched")
            if own[name].shape != value.shape:
                found, wanted = list(value.shape), list(own[name].shape)
                raise ValueError(f"patch of {name!r} has shape {found}, {self.name} has {wanted}")
        model = copy.deepcopy(self.model)
        model.load_state_dict(dict(patch), strict=False)
        revision = hash_of(patch, self.revision) if patch else self.revision
        return replace(self, model=model, reader=text_reader(model), revision=revision)

    def _check(self, site: Site) -> None:
        if site not in self.sites:
            names = ", ".join(own.name for own in self.sites)
            raise ValueError(f"{self.name} has no site {site.name!r}, wanted one of {names}")


def _unit(rows: Float[Tensor, "b d"]) -> Float[Tensor, "b d"]:
    return nn.functional.normalize(rows.float(), dim=1)


def spelling(spec: str) -> str:
    """The one spelling of what a spec names; a folder is its whole path.

    Raises ValueError, one line, where a name stands for nothing or a folder is not whole.
    """
    found = source(spec)
    checked(found)
    return found.spelling


def open_backend(spec: str, *, device: torch.device | str = "cpu", dtype: str = "float32") -> Clip:
    """The backend of a shipped name or of `clip:` and a folder, `arch/pretrained` or `hf-hub:id`.

    Raises ValueError, one line, where the model cannot be had.
    """
    device = torch.device(device)
    loaded = load(spec, device, dtype)
    config = dict(loaded.model.get_submodule("visual").preprocess_cfg)  # type: ignore[arg-type]
    return Clip(
        name=spec,
        revision=loaded.revision,
        preprocessing=json.dumps(config, sort_keys=True),
        dtype=dtype,
        sites=sites_of(loaded.model),
        model=loaded.model,
        pixels=pixels_of(loaded.transform, config),
        tokenizer=loaded.tokenizer,
        reader=text_reader(loaded.model),
        device=device,
    )
