"""The words of `leaderboard`."""

from __future__ import annotations

import argparse
from typing import Any

LEADERBOARD_SAYS = "The leaderboard as static pages: write them, or look at them here."
LEADERBOARD_EXAMPLES = """examples:
  python -m benchmark leaderboard build --output-path site
  python -m benchmark leaderboard serve --port 8000

Pages hold the bundled reference rows and whatever lies in leaderboards/submissions/. They open from
disk, ask no other machine for anything, and can be read without script.
"""
PORTS = 65536


def leaderboard_flags(verb: argparse.ArgumentParser) -> None:
    """What is done, and where."""
    todo: Any = verb.add_subparsers(dest="what", required=True, metavar="{build,serve}")
    build = todo.add_parser("build", help="write the site into a folder")
    build.add_argument("--output-path", required=True, metavar="DIR")
    serve = todo.add_parser("serve", help="build it and show it on this machine alone")
    serve.add_argument("--port", type=port, default=8000, metavar="N", help="0: any that is free")


def port(text: str) -> int:
    """A port's number, 0 for any."""
    if not (text.isdecimal() and len(text) < 6 and int(text) < PORTS):
        raise argparse.ArgumentTypeError(f"wanted a port, 0 to {PORTS - 1}, found {text!r}")
    return int(text)
