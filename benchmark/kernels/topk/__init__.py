"""Row top-k: the k largest entries above 0 of each row; the lowest index wins a tie."""

WIDEST_K = 256
"""Largest k that the compiled kernels take: their tiles grow with it."""
WIDEST_ROW = 1 << 20


def fits(width: int, k: int) -> bool:
    """Whether the compiled kernels take rows of this width."""
    return k <= WIDEST_K and width <= WIDEST_ROW
