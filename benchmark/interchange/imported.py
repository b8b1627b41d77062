"""A dictionary that was fitted elsewhere, as a method of its own: nothing is trained.

One SAE reads both modalities; two keep to theirs, in the frame of their map, of a map that is
fitted here (`align`), or in none. An SAE of images alone leaves texts a latent that never fires.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Literal

from benchmark.alignment.mapping import Operator, post_hoc
from benchmark.contracts import (
    MODALITIES,
    Artifact,
    Method,
    Modality,
    Need,
    NotApplicableError,
    TrainingData,
)
from benchmark.interchange.coders import Coder
from benchmark.interchange.formats.held import Held
from benchmark.interchange.hooks import block_of, check_hook
from benchmark.interchange.options import Options, Told
from benchmark.interchange.probing import Probe, check_expected, probe
from benchmark.interchange.sources import Sources, frame_of
from benchmark.interchange.towers import in_common, silent, tower
from benchmark.sae.dictionaries import Paired, Tower
from benchmark.sae.frames import Same, disjoint

Align = Literal["none", "hungarian", "greedy", "sinkhorn", "decoder", "procrustes", "cca"]


@dataclass(frozen=True)
class Imported(Method):
    """What a checkpoint holds; fields say what it does not say, or what to take instead."""

    needs: ClassVar[frozenset[Need]] = frozenset()
    fits: ClassVar[bool] = True
    sources: ClassVar[Sources]
    activation: Told = "auto"
    k: int | None = None
    """Latents an input: of TopK; for other activations what codes are also truncated to."""
    threshold: float | None = None
    input_scale: float | None = None
    """What rows are multiplied by; None: as the checkpoint says."""
    subtracts: bool | None = None
    """Whether b_dec is subtracted before encoding; None: as the checkpoint says."""
    align: Align = "none"
    """A map of two SAEs that have none, fitted on train as `posthoc` does."""
    probe: Literal["check", "report"] = "check"
    """Whether rows must bring about the l0 and explained variance that a release says."""
    any_site: bool = False
    """Read it at another place of a model than it says."""

    def __post_init__(self) -> None:
        """Raises ValueError, one line, for whatever would keep it from being read."""
        held = self.held
        if self.align != "none" and (held.image is None or held.text is None or held.frame):
            raise ValueError(f"align={self.align} is for two SAEs without a map: image= and text=")
        needs = set()
        if held.one is not None or self.align == "decoder":
            needs.add(Need.SAME_WIDTH)
        if self.align != "none":
            needs.add(Need.PAIRS)
        if self.sources.patch:
            more = type(self).provides | {Need.PATCH}
            object.__setattr__(self, "provides", more)
        object.__setattr__(self, "needs", frozenset(needs))
        object.__setattr__(self, "fits", self.takes_from_data(held))

    @property
    def held(self) -> Held:
        """What the checkpoints hold, with the fields of this method in place."""
        return self.sources.held(self._options)

    @property
    def _options(self) -> Options:
        return Options(**{each.name: getattr(self, each.name) for each in fields(Options)})

    def takes_from_data(self, held: Held) -> bool:
        """Whether anything is taken from train: a scale, a mean, a map."""
        if held.paired is not None:
            return False
        coders = [held.one] if held.one is not None else [held.image, held.text]
        scaled = any(c is None or (c.scale is None and c.norm != "none") for c in coders)
        return scaled or self.align != "none"

    def fit(self, data: TrainingData) -> Artifact:
        """The dictionary at a site. Raises ValueError, one line, where it is of another."""
        held, told = self.held, self._origin()
        if held.paired is not None:
            check_widths(held.paired, data)
            return self._artifact(held.paired, data, told, held.k)
        coders: dict[Modality, Coder | None] = {
            "image": held.one or held.image,
            "text": held.one or held.text,
        }
        for coder in coders.values():
            self._check_hook(coder, data)
        towers = {m: self._tower(coders[m], m, data, told) for m in MODALITIES}
        self._check_probe(held, towers, data, told)
        image, text = towers["image"], in_common(towers["image"], towers["text"])
        if held.one is not None:
            dictionary = Paired(image, text, Same(image.d_sae))
        elif self.align != "none":
            operator: Operator = self.align
            dictionary, how = post_hoc(image, text, data, operator)
            told |= how
        elif held.image is None or held.text is None:
            dictionary = Paired(image, text, disjoint(image.d_sae, text.d_sae))
        else:
            dictionary = Paired(image, text, frame_of(held))
        return self._artifact(dictionary, data, told, self._k(coders))

    def _artifact(
        self, dictionary: Paired, data: TrainingData, told: Mapping[str, Any], k: int | None
    ) -> Artifact:
        patch = dict(self.sources.patch)
        return Artifact(dictionary, data.site, k=k, patch=patch, chosen=dict(told))

    def _tower(
        self, coder: Coder | None, modality: Modality, data: TrainingData, told: dict[str, Any]
    ) -> Tower:
        """The tower of a modality; one that is silent where there is no SAE for it."""
        x = data.train.rows(modality)
        if coder is None:
            told[f"dictionary/{modality}"] = "none: its latent never fires"
            return silent(x.float().cpu())
        made, taken = tower(coder, x.float().cpu(), modality)
        told |= {f"{name}/{modality}": value for name, value in taken.items()}
        return made

    def _check_hook(self, coder: Coder | None, data: TrainingData) -> None:
        if coder is None or self.any_site:
            return
        try:
            check_hook(coder.told, data.site)
        except ValueError as error:
            raise NotApplicableError(str(error)) from None

    def _check_probe(
        self,
        held: Held,
        towers: Mapping[Modality, Tower],
        data: TrainingData,
        told: dict[str, Any],
    ) -> None:
        """Measures every SAE on rows of val, and holds it to what its release says of it."""
        must = self.probe == "check"
        for modality in MODALITIES:
            coder = held.one or getattr(held, modality)
            if coder is None:
                continue
            x = data.val.rows(modality).float().cpu()
            is_its_own = held.one is None or modality == "text" or data.site.block is None
            if held.one is not None and data.site.block is None and modality == "image":
                found = probe(towers[modality], x)  # one of both kinds of row is enough
                must = must and not found.meets(coder.expected)
            else:
                fail = must and is_its_own
                found = check_expected(coder, towers[modality], x, modality, fail=fail)
            self._tell(modality, found, coder, told)

    def _tell(self, modality: str, found: Probe, coder: Coder, told: dict[str, Any]) -> None:
        said = {"l0": coder.expected.l0, "explained_variance": coder.expected.explained_variance}
        for name, value in vars(found).items():
            told[f"val_{name}/{modality}"] = round(value, 6)
            if said[name] is not None:
                told[f"expected_{name}/{modality}"] = said[name]

    def _origin(self) -> dict[str, Any]:
        """Format, checksum and origin of each checkpoint, for the record."""
        told: dict[str, Any] = {}
        for name, opened in self.sources.opened.items():
            said = opened.held(self._options)
            coder = said.one or said.image
            at = "" if name == "one" else f"/{name}"
            told[f"format{at}"] = opened.format
            told[f"sha256{at}"] = opened.found.sha256
            if coder is None:
                continue
            told |= {f"{key}{at}": value for key, value in coder.told.items()}
            told |= {f"block{at}": block} if (block := block_of(coder.told)) is not None else {}
            told |= {f"notes{at}": "; ".join(coder.notes)} if coder.notes else {}
        return told

    def _k(self, coders: Mapping[Modality, Coder | None]) -> int | None:
        """The budget of latents an input, if anybody says one."""
        said = [c.k or c.budget or 0 for c in coders.values() if c is not None]
        return max(said, default=0) or self.k


def check_widths(dictionary: Paired, data: TrainingData) -> None:
    """Raises ValueError, one line, where a dictionary is of other widths than the site."""
    for modality in MODALITIES:
        d, there = data.train.rows(modality).shape[1], dictionary.tower(modality)
        if d != there.d_in:
            raise ValueError(
                f"{modality} rows here are [n, {d}], the checkpoint has W_enc [d_in = "
                f"{there.d_in}, d_sae = {there.d_sae}]: is it of another backend or site?"
            )
