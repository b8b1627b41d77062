"""Makes pocket-lm: `python -m benchmark.recipes.pocket_lm --output-path DIR`; about 60 minutes.

A small Llama that learns the pocket world from text alone: captions, questions, and scenes told
patch by patch. A killed run continues with the same command; `--measure` measures the card again.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch

from benchmark.recipes.card import Describes
from benchmark.recipes.language import model as lm
from benchmark.recipes.language.objective import LanguagePlan, Objective
from benchmark.recipes.language.quality import measure
from benchmark.recipes.recipe import Recipe, parser, run, told
from benchmark.recipes.trainer import Training

SAYS = Describes(
    command="pocket_lm",
    about="A small Llama that knows the pocket world from text alone.",
    opens=(
        "It opens with `AutoModelForCausalLM` and `AutoTokenizer`. Tokens are words; the\n"
        "tokenizer has a chat template, an `<image>` token that patches replace."
    ),
    legend=(
        "Share of questions that are answered, greedily, word by word as the truth has it.\n"
        "`blended`: the scene told patch by patch, several words a patch as a weighted sum of\n"
        "their embeddings, with wrong words and noise; `worst`: the same with all the noise that\n"
        "training had; `plain`: one word a patch; `caption`: one full caption, whose words may\n"
        "mean two things. `list`: every object in reading order. `place`: the words for a cell."
    ),
    bars={"list/blended": 0.95},
    weights="model.safetensors",
)


def train(plan: LanguagePlan, device: torch.device, folder: Path) -> Training:
    """Runs the plan to its end, from the last checkpoint if there is one."""
    objective = Objective(plan, device)
    training = Training(plan, objective.modules, objective, folder)
    training.run(lambda: lm.save(objective.model, folder))
    return training


RECIPE = Recipe(SAYS, LanguagePlan(), train, measure)


def main(arguments: list[str] | None = None) -> int:
    """Command line."""
    chosen = parser("pocket_lm", __doc__).parse_args(arguments)
    return told(lambda: run(RECIPE, chosen))


if __name__ == "__main__":
    sys.exit(main())
