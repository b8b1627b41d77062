"""VISTA: a projector trained so that image tokens fit dictionaries of text, in the first blocks.

    loss = CE(answers) + λ · mean_{l in S} Σ‖SAE_l(h) - h‖² / Σ‖h - mean h‖²

h: residual stream of the image tokens after block l; S: the first fifth of the blocks; tower,
language model and the SAE_l, fitted on text alone, are frozen. "Interpretability Transfer from
Language to Vision via Sparse Autoencoders", arXiv 2605.24946, whose error is a plain mean square
(`error=mse`): it also falls when h shrinks, which the normalised one does not reward.
What is left behind is the projector, as a patch, and the text dictionary of the site, which reads
image and text alike. `nosae` is the same training with λ = 0.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal, cast

import torch
from jaxtyping import Float
from torch import Tensor

from benchmark.contracts import (
    Artifact,
    Budget,
    Examples,
    Method,
    Need,
    NotApplicableError,
    Speaker,
    Spoken,
    TrainingData,
    talks_of,
)
from benchmark.projectors import Projector
from benchmark.sae.dictionaries import Paired, Tower
from benchmark.sae.frames import Same
from benchmark.sae.text_towers import block_rows, text_tower
from benchmark.sae.training import Optimiser, order

PRESETS: dict[str, dict[str, object]] = {"nosae": {"weight": 0.0}}
PAPER: dict[str, object] = {"error": "mse", "weight": 1.0}
N_VAL, N_SPREAD, AT_ONCE = 200, 200, 50
"""Pictures of val that costs are measured on; of train whose tokens set a projector's scale."""
HOW = Optimiser()
Aims = Mapping[int, Tower]
"""The text dictionary of each constrained block."""


@dataclass(frozen=True)
class Vista(Budget, Method):
    """One projector for every site of a backend; the text dictionary is the site's own."""

    needs: ClassVar[frozenset[Need]] = frozenset({Need.PROJECTOR, Need.GENERATION, Need.SAME_WIDTH})
    provides: ClassVar[frozenset[Need]] = frozenset({Need.LATENTS, Need.PATCH})
    weight: float = 0.3
    """λ, relative to the loss of answers in nats a token. Of 0, .1, .3 and 1, swept on val of
    `pocket-llava-frozen`, the largest that costs no answers: .107 nats against .110 without."""
    error: Literal["fvu", "mse"] = "fvu"
    depth: float = 0.19
    """Share of the blocks that are constrained, from the first on."""
    projector_steps: int = 150
    projector_batch: int = 32
    projector_lr: float = 1e-2

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.depth <= 1:
            raise ValueError(f"depth is {self.depth}, wanted a share of the blocks: above 0 to 1")

    def fit(self, data: TrainingData) -> Artifact:
        """Raises NotApplicableError before the projector, and where captions saw a picture."""
        if data.site.block is None:
            raise NotApplicableError(f"{data.site.name} lies before the projector that is trained")
        if getattr(data.backend, "text_pass", "isolated") == "joint":
            raise NotApplicableError("its dictionaries are of text alone: wants text_pass=isolated")
        found = dict(data.memo("projector", vars(self), lambda: self._projector(data)))
        chosen = {name: float(found.pop(name)) for name in sorted(found) if "/" in name}
        x, val = data.train.rows("text"), data.val.rows("text")
        tower = text_tower(x, val, self, data, data.site.name)
        dictionary = Paired(tower, tower, Same(self.n_latents))
        return Artifact(dictionary, data.site, k=self.k, patch=found, chosen=chosen)

    def first(self, n_blocks: int) -> int:
        """How many of the blocks are constrained."""
        return math.ceil(self.depth * n_blocks)

    def constrained(self, taught: Taught) -> Aims:
        """Text dictionaries of the blocks that are; without a weight they only measure."""
        return taught.dictionaries(self, self.first(taught.backend.n_blocks))

    def _projector(self, data: TrainingData) -> Mapping[str, Tensor]:
        """The trained projector, and what it costs and buys on val."""
        taught = Taught(speaker(data), data)
        aims = self.constrained(taught)
        made = taught.fresh()
        adam = torch.optim.AdamW(made.parameters(), lr=self.projector_lr, weight_decay=0.0)
        spent = Budget(
            self.n_latents, self.k, self.projector_steps, self.projector_batch, self.projector_lr
        )
        batches = order(data.train.n_images, spent, data.generator("order/pictures"))
        for step in data.progress(range(spent.steps), "projector"):
            adam.param_groups[0]["lr"] = spent.lr * HOW.rate(step, spent.steps)
            adam.zero_grad(set_to_none=True)
            self._loss(taught.said(taught.train, batches[step], made, aims), aims).backward()
            torch.nn.utils.clip_grad_norm_(list(made.parameters()), HOW.clip)
            adam.step()
        with torch.no_grad():
            return taught.patch(made) | self._costs(taught, made, aims)

    def _loss(self, said: Spoken, aims: Aims) -> Float[Tensor, ""]:
        """Nats a token of the answers, and λ times the mean error of the constrained blocks."""
        loss = said.loss.sum() / said.tokens.sum()
        if self.weight:
            found = [
                unexplained(tower, said.residuals[block][said.image], self.error)
                for block, tower in aims.items()
            ]
            loss = loss + self.weight * torch.stack(found).mean()
        return loss

    def _costs(self, taught: Taught, made: Projector, aims: Aims) -> dict[str, Tensor]:
        """On val: nats a token, and for each constrained block FVU, l0 and residual norm."""
        index = torch.arange(min(N_VAL, taught.data.val.n_images))
        seen = [taught.said(taught.val, part, made, aims) for part in index.split(AT_ONCE)]
        tokens = sum(int(said.tokens.sum()) for said in seen)
        found = {"val/ce": torch.stack([said.loss.sum() for said in seen]).sum() / tokens}
        for block, tower in aims.items():
            h = torch.cat([said.residuals[block][said.image] for said in seen]).float()
            found[f"val/fvu/block:{block}"] = unexplained(tower, h, "fvu")
            found[f"val/l0/block:{block}"] = tower.encode(h).l0().float().mean()
            found[f"val/norm/block:{block}"] = h.norm(dim=1).mean()
        return found


@dataclass(frozen=True)
class Taught:
    """A frozen model, and the pictures and talks that teach its projector."""

    backend: Speaker
    data: TrainingData

    @property
    def train(self) -> Examples:
        return self.backend.data.split("train")  # type: ignore[union-attr]

    @property
    def val(self) -> Examples:
        return self.backend.data.split("val")  # type: ignore[union-attr]

    def fresh(self) -> Projector:
        """A projector of random weights that knows how wide the tower's tokens spread."""
        site = next(site for site in self.backend.sites if site.name == "tower/tokens")
        n = min(N_SPREAD, self.data.train.n_images)
        tokens = self.backend.encode(self.train, "image", 0, n, site)
        assert isinstance(tokens, Tensor)
        weight, _ = self.backend.projector.values()
        generator = self.data.generator("weights/projector")
        return Projector(tokens.cpu(), len(weight), generator).to(self.data.device)

    def patch(self, made: Projector) -> dict[str, Tensor]:
        """A projector under the names of the model's own."""
        named = zip(self.backend.projector.items(), made.folded(), strict=True)
        return {name: value.to(own.dtype) for (name, own), value in named}

    def said(self, of: Examples, index: Tensor, made: Projector, aims: Aims) -> Spoken:
        """What the model makes of pictures and of the true answers to their questions."""
        places = index.tolist()
        pictures = [of.images(i, i + 1)[0] for i in places]
        talks = [talks_of(of, i, i + 1)[0] for i in places]
        return self.backend.taught(pictures, talks, blocks=list(aims), patch=self.patch(made))

    def dictionaries(self, budget: Budget, n: int) -> Aims:
        """The text dictionary of each of the first n blocks."""
        n_train, n_val = self.data.train.n_images, self.data.val.n_images
        train = block_rows(self.backend, self.train, n_train, range(n))
        val = block_rows(self.backend, self.val, n_val, range(n))
        towers = {
            block: text_tower(x, val[block], budget, self.data, f"block:{block}/tokens")
            for block, x in train.items()
        }
        return {block: tower.to(self.data.device) for block, tower in towers.items()}


def speaker(data: TrainingData) -> Speaker:
    """The backend, which speaks: the method's needs say so."""
    return cast(Speaker, data.backend)


def unexplained(tower: Tower, h: Float[Tensor, "n d"], kind: str) -> Float[Tensor, ""]:
    """What a dictionary leaves of image tokens: over their variance, or a plain mean square."""
    h = h.float()
    left = (tower.decode(tower.encode(h)) - h).square()
    return left.mean() if kind == "mse" else left.sum() / (h - h.mean(0)).square().sum()
