"""What requests cost: counted from the usage that a server reports, held under a bound."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

PICTURE_TOKENS = 30_000
"""More than any model is known to count for one picture of the size that is sent."""
MARGIN = 1.5
"""How much longer than the longest so far the next question may be."""


@dataclass
class Spending:
    """Tokens so far, and their price in dollars a million."""

    price_in: float | None = None
    price_out: float | None = None
    most: float | None = None
    """No request is sent that could bring the cost over it."""
    tokens_in: int = 0
    tokens_out: int = 0
    requests: int = 0
    remembered: int = 0
    """Replies of earlier runs, which cost nothing."""
    _longest: int = 0

    def __post_init__(self) -> None:
        """Raises ValueError, one line, for a bound without prices and for a price below 0."""
        priced = self.price_in is not None and self.price_out is not None
        if self.most is not None and not priced:
            raise ValueError("--max-cost needs --price-in and --price-out: the cost is not known")
        if any(p is not None and not p >= 0 for p in (self.price_in, self.price_out, self.most)):
            raise ValueError("a price or --max-cost is below 0, wanted dollars from 0")

    @property
    def cost(self) -> float | None:
        """In dollars; None where prices were not given."""
        return self._price(self.tokens_in, self.tokens_out)

    def allow(self, prompt: str, *, picture: bool, replies: int) -> None:
        """Raises ValueError, one line, where the next request could pass the bound.

        A prompt has at most as many tokens as bytes; pictures count as the largest so far, and
        before the first as more than any model takes.
        """
        if self.most is None:
            return
        bound = int(MARGIN * self._longest)
        if not self._longest:
            bound = len(prompt.encode()) + (PICTURE_TOKENS if picture else 0)
        next_cost = self._price(self.tokens_in + bound, self.tokens_out + replies)
        if next_cost is not None and next_cost > self.most:
            raise ValueError(
                f"--max-cost {self.most:g}: {self.told()}, and the next request could cost up to "
                f"{next_cost - (self.cost or 0):.4f} dollars: it was not sent; replies so far are "
                "kept, the same command with a higher bound goes on"
            )

    def count(self, usage: Mapping[str, Any] | None, prompt: str, reply: str) -> None:
        """Counts a reply; where a server reports no usage, every byte as a token."""
        told = usage or {}
        spent = int(told.get("prompt_tokens") or len(prompt.encode()))
        self.tokens_in += spent
        self.tokens_out += int(told.get("completion_tokens") or len(reply.encode()))
        self.requests += 1
        self._longest = max(self._longest, spent)

    def told(self) -> str:
        """One line: requests, tokens, dollars."""
        parts = [f"{self.requests} requests", f"{self.tokens_in:,} tokens in"]
        parts.append(f"{self.tokens_out:,} out")
        if self.cost is not None:
            parts.append(f"{self.cost:.4f} dollars")
        if self.remembered:
            parts.append(f"{self.remembered} replies from before")
        return ", ".join(parts)

    def _price(self, tokens_in: int, tokens_out: int) -> float | None:
        if self.price_in is None or self.price_out is None:
            return None
        return (self.price_in * tokens_in + self.price_out * tokens_out) / 1e6
