"""The error of a disk that refuses: the fault of no method, so it ends a run at once."""

from __future__ import annotations


class StorageError(ValueError):
    """A folder that cannot be written or a disk that is full; one line naming it and what to set.

    A ValueError, since the user can mend it; a kind of its own, so that it is not taken for a
    fault of the method that was running.
    """
