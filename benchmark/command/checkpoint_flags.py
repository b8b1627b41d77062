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


EXPORT_SAYS = "Write a fitted dictionary of a run in a format that other libraries read."
EXPORT_EXAMPLES = """examples:
  python -m benchmark run --method posthoc
  python -m benchmark export results --method posthoc --output-path posthoc-sae
  python -m benchmark run --checkpoint posthoc-sae

Two SAEs become image/ and text/ with map.safetensors beside them, one SAE a single folder; the
README.md in it says where it comes from, the licence of the data, and how to read it.
"""


def export_flags(verb: argparse.ArgumentParser) -> None:
    """Which dictionary, and where it goes."""
    verb.add_argument("run", metavar="RUN", help="results folder of a run, as in results")
    verb.add_argument("--method", required=True, metavar="NAME", help="as the run calls it")
    verb.add_argument("--seed", type=int, metavar="N", help="where the run has several")
    verb.add_argument("--backend", metavar="NAME", help="where the run has several")
    verb.add_argument("--site", metavar="NAME", help="where the run has several")
    verb.add_argument("--variant", choices=["fair", "paper"], help="where the run has both")
    verb.add_argument(
        "--format",
        choices=["saelens", "benchmark"],
        default="saelens",
        help="benchmark: as runs keep it, for what SAELens has no architecture for",
    )
    verb.add_argument("--output-path", required=True, metavar="DIR", help="folder to write")
    verb.add_argument(
        "--descriptions",
        metavar="own|FILE",
        help="add latents.jsonl: our own names from captions, or descriptions of text latents "
        "(CSV, JSON, an export of Neuronpedia) beside them",
    )
    verb.add_argument("--replace", action="store_true", help="replace an export that is there")
