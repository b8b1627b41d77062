"""The words of `--checkpoint`, and of `export`."""

from __future__ import annotations

import argparse

FORMATS = (
    "saelens",
    "dictionary_learning",
    "sparsify",
    "overcomplete",
    "saev",
    "msae",
    "vl-sae",
    "jsae",
    "heterogeneity",
    "gemma-scope",
    "benchmark",
)
CHECKPOINT_HELP = (
    "a fitted dictionary as a row of its own, not trained: PATH of one SAE for both modalities, or "
    "image=PATH text=PATH [map=PATH]; more words are fields, as name=my-sae k=32; "
    "saelens:RELEASE:ID takes one of SAELens' list"
)


def checkpoint_flags(run: argparse.ArgumentParser) -> None:
    """Dictionaries that are scored as they are."""
    run.add_argument(
        "--checkpoint", action="append", nargs="+", metavar="WORD", help=CHECKPOINT_HELP
    )
    run.add_argument(
        "--format",
        choices=["auto", *FORMATS],
        default="auto",
        help="of the checkpoints (default: auto, what their files and keys say)",
    )
