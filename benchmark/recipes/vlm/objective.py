"""What one step of a pocket VLM's training asks: questions about fresh pictures."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from transformers import LlavaForConditionalGeneration

from benchmark.backends.clip_loading import hash_of
from benchmark.backends.hosts import PROJECTOR
from benchmark.projectors import Projector
from benchmark.recipes.contrastive.batches import normalised
from benchmark.recipes.language import model as lm
from benchmark.recipes.language import tokenizer
from benchmark.recipes.language.rows import PICTURE, Row, Writer, pack
from benchmark.recipes.precision import ATTENTION, mixed
from benchmark.recipes.trainer import Plan
from benchmark.worlds import questions
from benchmark.worlds.claims import MAX_OBJECTS
from benchmark.worlds.scene import Scene, sample, stream

PICTURE_STREAM = 6_000_000
"""Added to the seed: these scenes are in no other recipe and in no benchmark of a small seed."""
N_SPREAD = 200
COLOUR_WEIGHT = 4.0
"""Of the answer to an object's colour in the loss: few words, and the last thing to be learned."""


@dataclass(frozen=True)
class ProjectorPlan(Plan):
    """What training the projector alone spends; tower and language model stay as they are."""

    steps: int = 600
    batch_size: int = 48
    lr: float = 1e-2
    weight_decay: float = 0.0


@dataclass(frozen=True)
class FullPlan(Plan):
    """What training everything spends, from the parts and their projector on."""

    steps: int = 900
    batch_size: int = 48
    lr: float = 6e-4


def pictures(seed: int, first: int, n: int, full: bool = False) -> list[Scene]:
    """n scenes of the recipe's own stream, from `first` on; `full` gives every other one three
    objects, as which colour is whose is only learned where there are several."""
    return [
        sample(PICTURE_STREAM + seed, "train", i, MAX_OBJECTS if full and i % 2 else None)
        for i in range(first, first + n)
    ]


class Objective:
    """A VLM whose projector alone, or all of it, learns to answer."""

    def __init__(
        self,
        plan: Plan,
        model: LlavaForConditionalGeneration,
        everything: bool,
        device: torch.device,
    ) -> None:
        self.plan, self.device, self.everything = plan, device, everything
        self.model, self.start = model, _start(model, everything)
        self.model.set_attn_implementation(ATTENTION)
        self.model.to(device)  # type: ignore[arg-type]
        self.writer = Writer(tokenizer.build())
        self.model.requires_grad_(everything)
        self.model.model.multi_modal_projector.linear_2.requires_grad_(False)
        self.projector = None if everything else self._fresh()

    def _fresh(self) -> Projector:
        """A projector that knows how wide the tower's patch tokens spread."""
        scenes = pictures(self.plan.seed, -N_SPREAD - 1, N_SPREAD)
        with torch.no_grad():
            tokens = self._tokens(self._pixels(scenes))
        generator = torch.Generator().manual_seed(self.plan.seed)
        width = self.model.lm_head.in_features
        return Projector(tokens, width, generator).to(self.device)

    @property
    def modules(self) -> dict[str, nn.Module]:
        """All that is trained, and saved in a checkpoint."""
        return {"model": self.model} if self.projector is None else {"projector": self.projector}

    def __call__(self, step: int) -> dict[str, Tensor]:
        """The loss of a step on fresh pictures, and the share of answers' tokens that are right."""
        plan = self.plan
        first = step * plan.batch_size
        scenes = pictures(plan.seed, first, plan.batch_size, self.everything)
        rows = [self._row(scene, step, i) for i, scene in enumerate(scenes)]
        vocabulary = self.writer.vocabulary
        packed = pack(rows, vocabulary, vocabulary[tokenizer.PAD])
        core, head = self.model.model.language_model, self.model.lm_head
        with mixed(self.device):
            patches = self._patches(self._pixels(scenes))
            read = lm.embeddings(core.embed_tokens.weight, packed, patches)
            loss, hit = lm.answer_loss(core, head, packed, read)
        return {"loss": loss, "hit": hit}

    def _row(self, scene: Scene, step: int, i: int) -> Row:
        rng = stream("picture rows", self.plan.seed, step, i)
        talk = self.writer.talk(rng, scene)
        if self.everything:
            colours = (questions.colour_question(item) for item in scene.objects)
            said = (self.writer.answered(each) for each in colours)
            talk += tuple((ids, tuple(COLOUR_WEIGHT * w for w in counts)) for ids, counts in said)
        return Row(self.writer.opening(*PICTURE), talk)

    def _pixels(self, scenes: list[Scene]) -> Float[Tensor, "b 3 96 96"]:
        return normalised([scene.render() for scene in scenes]).to(self.device)

    def _patches(self, pixels: Float[Tensor, "b 3 96 96"]) -> Float[Tensor, "b p w"]:
        if self.projector is None:
            return self.model.model.multi_modal_projector(self._tokens(pixels))
        with torch.no_grad():
            tokens = self._tokens(pixels)
        return self.projector(tokens.float())

    def _tokens(self, pixels: Float[Tensor, "b 3 96 96"]) -> Float[Tensor, "b p d"]:
        """The tower's patch tokens, as the host reads them."""
        config = self.model.config
        states = self.model.model.vision_tower(pixels, output_hidden_states=True).hidden_states
        read = states[config.vision_feature_layer]
        return read[:, 1:] if config.vision_feature_select_strategy == "default" else read

    def finished(self) -> LlavaForConditionalGeneration:
        """The model with its projector in place."""
        if self.projector is not None:
            layer = self.model.get_submodule(PROJECTOR)
            weight, bias = self.projector.folded()
            layer.load_state_dict({"weight": weight, "bias": bias})
        return self.model


def _start(model: LlavaForConditionalGeneration, everything: bool) -> str:
    """Hash of the weights that training starts from; a projector that is drawn is none of them."""
    weights = model.state_dict()
    kept = {n: w for n, w in weights.items() if everything or "multi_modal_projector" not in n}
    return hash_of(kept, model.config.to_json_string())
