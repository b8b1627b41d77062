"""Keeps stdout for the one who asked for data there: whatever else is printed goes to stderr."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from io import UnsupportedOperation


@contextmanager
def stdout_to_stderr(wanted: bool) -> Iterator[None]:
    """Sends prints to stderr meanwhile, and what libraries and children write to descriptor 1.

    A method's own code may print: without this it would stand in the middle of `--json -`.
    """
    if not wanted:
        yield
        return
    sys.stdout.flush()
    kept = os.dup(1)
    try:
        with suppress(UnsupportedOperation):
            os.dup2(sys.stderr.fileno(), 1)
        with redirect_stdout(sys.stderr):
            yield
    finally:
        if sys.__stdout__ is not None:
            sys.__stdout__.flush()
        os.dup2(kept, 1)
        os.close(kept)
