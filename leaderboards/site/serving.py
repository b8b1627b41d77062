"""The site on this machine, for a look: built anew, kept for as long as it is served."""

from __future__ import annotations

import sys
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from leaderboards.site.building import build

HERE = "127.0.0.1"


class Quiet(SimpleHTTPRequestHandler):
    """Files of one folder, without a line a request."""

    def log_message(self, format: str, *args: Any) -> None:
        del format, args


def serve(port: int) -> int:
    """Builds the site and serves it to this machine until it is interrupted."""
    with TemporaryDirectory() as folder:
        _, problems = build(Path(folder))
        for line in problems:
            print(f"left out: {line}", file=sys.stderr)
        with server(Path(folder), port) as running:
            print(f"http://{HERE}:{running.server_port}/", flush=True)
            print("Ctrl+C stops it", file=sys.stderr)
            try:
                running.serve_forever()
            except KeyboardInterrupt:
                return 0
    return 0


def server(folder: Path, port: int) -> ThreadingHTTPServer:
    """Bound to this machine alone; port 0: any that is free. ValueError where it is taken."""
    try:
        return ThreadingHTTPServer((HERE, port), partial(Quiet, directory=str(folder)))
    except OSError as error:
        said = f"port {port} cannot be used ({error.strerror})"
        raise ValueError(f"{said}: choose another, or --port 0 for any that is free") from None
