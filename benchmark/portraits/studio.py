"""Makes the portraits that are missing, dictionary by dictionary; a failure is a reason."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from benchmark.contracts import Progress
from benchmark.kernels.device import device as device_of
from benchmark.messages.raised import with_kind
from benchmark.messages.storage import StorageError
from benchmark.portraits.making import gallery
from benchmark.portraits.opening import Kept, Opener, dense, fit_of, kept_fits, sitter
from benchmark.portraits.records import Asked, Gallery, Refused
from benchmark.portraits.shelf import PortraitShelf

DENSE = "its codes are dense: every latent fires on every input, so there is none to show"


def made(
    asks: Sequence[Asked],
    fits: Path,
    specs: Sequence[str],
    shelf: PortraitShelf,
    device: str,
    progress: Progress,
    say: Callable[[str], None],
) -> dict[Asked, Gallery | Refused | str]:
    """A gallery, or why there is none, for everything that is asked; galleries are kept.

    Raises StorageError alone: where the run's folder cannot be written.
    """
    kept = kept_fits(fits)
    opener = Opener(specs, device_of(device), progress, say)
    found: dict[Asked, Gallery | Refused | str] = {}
    for ask in progress(asks, "portraits"):
        found[ask] = one(ask, fit_of(ask, kept), opener, shelf)
    return found


def one(
    ask: Asked, fit: Kept | None, opener: Opener, shelf: PortraitShelf
) -> Gallery | Refused | str:
    """One gallery, kept; a reason where it cannot be made."""
    if fit is None:
        return "no fit of this run's fits/ has the checksum of its record"
    try:
        if dense(fit.dictionary):
            refused = Refused(asked=ask, reason=DENSE)
            shelf.put(refused)
            return refused
        drawn = gallery(ask, sitter(ask, fit, opener.materials(ask)), shelf)
        shelf.put(drawn)
        return drawn
    except StorageError:
        raise
    except ValueError as error:
        return " ".join(str(error).split())
    except Exception as error:
        return f"not drawn: {with_kind(error)}"
