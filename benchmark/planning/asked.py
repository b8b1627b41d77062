"""What is planned: the same request as a run's, made without touching any folder."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from benchmark.kernels.device import device
from benchmark.planning.rates import GPUS, Rate, here, named
from benchmark.run.request import Request, worded


def planned(arguments: argparse.Namespace) -> tuple[Request, Rate]:
    """The request behind a command line, and the device that it is planned for.

    Raises ValueError, one line, for all that `run` would refuse; a GPU that is not here is named
    by its kind, as `--device h100`.
    """
    asked = worded(arguments)
    where, rate = _device(arguments.device)
    return replace(asked, device=where, output=_folder(arguments.output_path)), rate


def _device(name: str) -> tuple[str, Rate]:
    """What torch calls the device, and its figures."""
    usual = named(name)
    if usual is not None:
        return "cuda", usual
    try:
        where = device(name)
    except ValueError as error:
        raise ValueError(f"{error}; or name a GPU that is not here: {', '.join(GPUS)}") from None
    return where, here(where)


def _folder(output_path: str) -> Path:
    """The results folder, which need not be there. Raises ValueError where it is no folder."""
    if not output_path:
        raise ValueError("--output-path is empty: wanted a folder, as in --output-path results")
    found = Path(output_path)
    if found.exists() and not found.is_dir():
        raise ValueError(f"cannot write to {found}: it is no folder; choose another --output-path")
    return found
