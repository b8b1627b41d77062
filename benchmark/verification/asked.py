"""What a maintainer asked to verify: the submission, which part of it, and what may be run."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass

from benchmark.contracts import derived_seed
from benchmark.submissions import Submitted

SECRET = "BENCHMARK_VERIFY_SECRET"
"""A maintainer's own words: with them set, the fresh test of one submission is always the same."""


@dataclass(frozen=True)
class Asked:
    """The command as data."""

    submitted: Submitted
    seeds: tuple[int, ...] = ()
    """Empty: all."""
    backends: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()
    refit: bool = False
    run_code: bool = False
    any_backend: bool = False
    fresh_seed: int | None = None
    """None where no test is drawn anew."""
    device: str = "cpu"
    batch_size: int = 1024
    traceback: bool = False

    @property
    def whole(self) -> bool:
        """Whether every cell of the submission is asked for."""
        return not (self.seeds or self.backends or self.tasks)


def fresh_seed(given: str | None, submission_sha256: str) -> int | None:
    """The seed of the fresh test: as given, none, or one that no submitter could know.

    Without `given` it is drawn from the submission's digest and the secret of the environment, or
    from the system's own randomness where there is no secret.
    """
    if given == "none":
        return None
    if given is not None:
        return int(given)
    own = os.environ.get(SECRET) or secrets.token_hex(16)
    return 1 + derived_seed("fresh test", submission_sha256, own) % (2**53 - 1)
