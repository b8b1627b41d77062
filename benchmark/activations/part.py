"""One array of an entry of the store: its shape, its bytes, and which rows are whose."""

from __future__ import annotations

import io
from dataclasses import dataclass
from math import prod

import numpy as np
from jaxtyping import Int


@dataclass(frozen=True)
class Part:
    """A float32 array that is filled example by example."""

    name: str
    shape: tuple[int, ...]
    offsets: Int[np.ndarray, " o"] | None = None
    """First row of every example and, last, how many rows there are; None: one row an example."""

    @property
    def n_examples(self) -> int:
        return self.shape[0] if self.offsets is None else len(self.offsets) - 1

    def row_of(self, example: int) -> int:
        """Rows of the examples before this one."""
        return example if self.offsets is None else int(self.offsets[example])

    def example_at(self, row: int) -> int:
        """The first example that is not wholly in the first rows."""
        return row if self.offsets is None else int(np.searchsorted(self.offsets, row))

    @property
    def row_bytes(self) -> int:
        return 4 * prod(self.shape[1:])

    @property
    def file_bytes(self) -> int:
        return len(self.header) + self.shape[0] * self.row_bytes

    @property
    def header(self) -> bytes:
        """The .npy header of the whole array."""
        head = io.BytesIO()
        described = {"descr": "<f4", "fortran_order": False, "shape": self.shape}
        np.lib.format.write_array_header_1_0(head, described)
        return head.getvalue()
