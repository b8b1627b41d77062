"""The words of `plan` that `run` does not have."""

from __future__ import annotations

import argparse

PLAN_SAYS = "What a run would take: disk, memory, time, downloads. Nothing is fetched or fitted."
PLAN_EXAMPLES = """examples:
  python -m benchmark plan --method jsae posthoc --seed 0 1 2
  python -m benchmark plan --method jsae --explain
  python -m benchmark plan --method posthoc --data coco --device h100 \\
      --backend 'llava:llava-hf/llava-v1.6-mistral-7b-hf?dtype=bfloat16'

Sizes follow from configurations, never from weights; a model of which the hub's cache has nothing
is told from a table, as assumed. Times scale with what this machine multiplies in half a second;
--device takes a GPU that is not here by its name: h200, h100, a100, 4090 and others.
"""


def plan_flags(verb: argparse.ArgumentParser) -> None:
    """Whether the arithmetic is shown, and what else `run` takes."""
    verb.add_argument("--split", choices=["test", "val", "all"], default="test")
    verb.add_argument("--variant", choices=["fair", "paper", "both"], default="fair")
    verb.add_argument(
        "--explain", action="store_true", help="the arithmetic (always for large models)"
    )
