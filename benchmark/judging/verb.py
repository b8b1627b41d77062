"""The `judge` verb: other judges of the answers that a run wrote, and how far they agree."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmark.contracts import Speaker
from benchmark.judging.judging import judged
from benchmark.judging.opinions import ByCaptions, ByNames, SheetJudge
from benchmark.judging.pictures import Gallery
from benchmark.judging.printing import as_data, print_judged
from benchmark.judging.sheets import sheets_of
from benchmark.judging.spending import Spending
from benchmark.messages.nearest import hint
from benchmark.reports.comparing import to_file
from benchmark.reports.consoles import wide
from benchmark.results import read_document, write_whole

OPENAI = "https://api.openai.com/v1"
KINDS = ("names", "caption", "vlm:FOLDER", "openai:MODEL")


def judge_verb(arguments: argparse.Namespace) -> int:
    """0 where every judge did its work. Raises ValueError, one line, where one cannot."""
    to_file(arguments.json)
    run = Path(arguments.run)
    sheets = sheets_of(run)
    gallery = Gallery(arguments.data or data_of_run(run))
    spending = Spending(arguments.price_in, arguments.price_out, arguments.max_cost)
    names = dict.fromkeys(arguments.judge or ("names", "caption"))
    judges = [judge_named(name, arguments, gallery, spending) for name in names]
    try:
        found = judged(sheets, judges)
    finally:
        if spending.requests or spending.remembered:
            print(f"spent: {spending.told()}", file=sys.stderr)
    if arguments.data and not gallery.opened:
        print(f"--data {arguments.data}: no judge looked at pictures", file=sys.stderr)
    for why in dict.fromkeys(gallery.missing):
        print(f"judged without pictures: {why}", file=sys.stderr)
    if arguments.json:
        kept = ("tokens_in", "tokens_out", "requests", "remembered")
        spent = {name: value for name, value in asdict(spending).items() if name in kept}
        written(arguments.json, as_data(found, str(run), spent | {"dollars": spending.cost}))
    if arguments.json != "-":
        print_judged(found, wide(stderr=False))
    return 0


def judge_named(
    word: str, arguments: argparse.Namespace, gallery: Gallery, spending: Spending
) -> SheetJudge:
    """The judge of a word of the command line. Raises ValueError, one line, where there is none."""
    kind, _, what = word.partition(":")
    if word == "names":
        return ByNames()
    if word == "caption":
        return ByCaptions()
    if kind == "vlm" and what:
        from benchmark.backends import open_backend
        from benchmark.judging.vlm import VlmJudge

        speaker = open_backend(f"llava:{what}", device=device(arguments.device))
        assert isinstance(speaker, Speaker)
        return VlmJudge(word, speaker, gallery, tuple(arguments.letters))
    if kind == "openai" and what:
        from benchmark.judging.endpoint import EndpointJudge
        from benchmark.judging.posting import Server
        from benchmark.run.running import bar

        server = Server(arguments.base_url or OPENAI, arguments.key_variable)
        return EndpointJudge(word, what, server, spending, gallery, progress=bar(quiet=False))
    raise ValueError(f"no judge called {word}: {hint(word, KINDS)}")


def device(name: str) -> str:
    """The device of a name; `auto` is a GPU where there is one."""
    if name != "auto":
        return name
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def data_of_run(run: Path) -> str | None:
    """What `--data` of the run was, where its document says so."""
    try:
        found = read_document(run / "document.json").run.arguments.get("data")
    except ValueError:
        return None
    return found if isinstance(found, str) else None


def written(place: str, data: dict[str, Any]) -> None:
    """To a file, or to stdout for -."""
    text = json.dumps(data, indent=1, ensure_ascii=False) + "\n"
    if place == "-":
        sys.stdout.write(text)
    else:
        write_whole(Path(place), text.encode())
