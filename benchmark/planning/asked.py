"""What is planned: the same request as a run's, made without touching any folder."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

from benchmark.backends import expand
from benchmark.configure import settings
from benchmark.kernels.device import device
from benchmark.planning.rates import GPUS, Rate, here, named
from benchmark.run.request import Request, check_built, check_limit, choose, rows


def planned(arguments: argparse.Namespace) -> tuple[Request, Rate]:
    """The request behind a command line, and the device that it is planned for.

    Raises ValueError, one line, for all that `run` would refuse; a GPU that is not here is named
    by its kind, as `--device h100`.
    """
    logging.getLogger("benchmark").setLevel("ERROR" if arguments.quiet else "WARNING")
    variants = ("fair", "paper") if arguments.variant == "both" else (arguments.variant,)
    methods, sets = rows(arguments)
    tasks = choose("task", arguments.task or ["all"])
    given = settings(methods, sets)
    for variant in variants:
        check_built(methods, given, tasks, variant)
    check_limit(arguments.limit)
    where, rate = _device(arguments.device)
    request = Request(
        methods=tuple(methods),
        given=tuple(given),
        tasks=tuple(tasks),
        backends=tuple(expand(arguments.backend or ["pocket-clip"])),
        data=arguments.data,
        sites=tuple(arguments.site or ()),
        seeds=tuple(dict.fromkeys(arguments.seed)),
        split=arguments.split,
        variants=variants,
        centre=arguments.centre,
        limit=arguments.limit,
        batch_size=arguments.batch_size,
        device=where,
        output=_folder(arguments.output_path),
        overwrite=arguments.overwrite_strategy,
        traceback=arguments.traceback,
    )
    return request, rate


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
