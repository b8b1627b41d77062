"""The words of `judge`."""

from __future__ import annotations

import argparse
from typing import Any

JUDGE_SAYS = "Let other judges read the answers of a run, and see how far they agree."
JUDGE_EXAMPLES = """examples:
  python -m benchmark judge results/mine
  python -m benchmark judge results/mine --judge names vlm:llava-hf/llava-1.5-7b-hf
  python -m benchmark judge results/mine --judge names openai:gpt-4o-mini \\
      --price-in 0.15 --price-out 0.6 --max-cost 1
  python -m benchmark judge results/mine --judge openai:my-model \\
      --base-url http://localhost:8000/v1 --json judged.json

Judges: `names` is the run's own (names of things, what is annotated); `caption` takes what captions
name for the truth; `vlm:` is a local vision-language model, a folder or a hub id; `openai:` any
OpenAI-compatible endpoint. The last two see both answers and the picture, where it is at hand, and
choose: 2, done and nothing else changed; 1, done, but something was lost or added; 0, else.

Answers are those of object_removal and object_replacement on backends that write text. Scores of
the run stay as they are. Replies of an endpoint are kept in BENCHMARK_CACHE: asked again, they cost
nothing. The key is read from the environment, and is neither printed nor written.
"""


def judge_flags(verb: argparse.ArgumentParser) -> None:
    """The run, its judges, and what an endpoint needs."""
    verb.add_argument("run", metavar="RUN", help="a results folder")
    many: dict[str, Any] = {"action": "extend", "nargs": "+", "metavar": "NAME"}
    verb.add_argument(
        "--judge",
        **many,
        help="names, caption, vlm:FOLDER, openai:MODEL (default: names caption)",
    )
    verb.add_argument("--data", metavar="NAME", help="of the pictures (default: as the run had it)")
    verb.add_argument("--device", default="auto", help="of vlm: auto, cpu, cuda, cuda:1, mps")
    verb.add_argument(
        "--letters",
        nargs=3,
        default=["A", "B", "C"],
        metavar="WORD",
        help="how vlm begins an answer for 2, 1 and 0 (default: A B C)",
    )
    verb.add_argument("--base-url", metavar="URL", help="of openai (default: that of OpenAI)")
    verb.add_argument(
        "--key-variable",
        default="OPENAI_API_KEY",
        metavar="NAME",
        help="the variable that holds the key (default: OPENAI_API_KEY)",
    )
    for flag, says in (
        ("--price-in", "dollars a million tokens of questions and pictures"),
        ("--price-out", "dollars a million tokens of replies"),
        ("--max-cost", "dollars: stops before the request that could pass it"),
    ):
        verb.add_argument(flag, type=_dollars, metavar="X", help=says)
    verb.add_argument("--json", metavar="FILE", help="everything as data; - for stdout, no table")


def _dollars(text: str) -> float:
    try:
        found = float(text)
    except ValueError:
        found = -1.0
    if not 0 <= found < float("inf"):
        raise argparse.ArgumentTypeError(f"wanted dollars from 0, found {text!r}")
    return found
