"""Ranks that neither reward nor punish ties: the expected hit over every order of the tied.

With s candidates strictly above the best relevant score, b tied at it and g of those relevant,
    hit@k = 0                              where k <= s
    hit@k = 1 - C(b - g, t) / C(b, t)      otherwise, t = min(k - s, b)
so a code that ties everything scores exactly chance.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
import torch
from jaxtyping import Float, Int

from benchmark.kernels.ranks.cpu import stand
from benchmark.metrics.similarity import Millionths, UnitRows, blocks

PerQuery = Int[np.ndarray, " q"]
Pairs = Int[np.ndarray, "p 2"]
DEPTH = 10
"""How many leading scores are kept for drawing again: the largest k of hit@k."""
NONE = -(2**30)


@dataclass(frozen=True, eq=False)
class Standing:
    """Where the best relevant candidate of each query stands."""

    above: PerQuery
    """s: candidates with a strictly better score."""
    tied: PerQuery
    """b: candidates with the same score, itself included."""
    relevant: PerQuery
    """g: relevant ones among the tied."""

    def of(self, queries: np.ndarray) -> Standing:
        """Only these queries."""
        return Standing(self.above[queries], self.tied[queries], self.relevant[queries])


@dataclass(frozen=True, eq=False)
class Leaders:
    """The leading scores of each query: enough for hit@k, k <= DEPTH, of any relevant set."""

    scores: Int[np.ndarray, "q depth"]
    """Ascending."""
    tied_at_last: PerQuery
    """Candidates at the smallest of them."""
    every: Int[np.ndarray, "q n"] | None = None
    """All scores, in millionths, where they were to be kept."""


def expected_hit(standing: Standing, k: int) -> Float[np.ndarray, " q"]:
    """Chance that a relevant candidate is among the first k when ties are broken at random."""
    slots = np.clip(k - standing.above, 0, standing.tied)
    missed = np.ones(len(slots))
    for i in range(int(slots.max(initial=0))):
        left, pool = standing.tied - standing.relevant - i, standing.tied - i
        step = np.maximum(left, 0) / np.maximum(pool, 1)
        missed *= np.where(i < slots, step, 1.0)
    return 1.0 - missed


def pessimistic_hit(standing: Standing, k: int) -> Float[np.ndarray, " q"]:
    """Whether fewer than k other candidates score at least as well: every tie counts against."""
    return (standing.above + standing.tied - 1 < k).astype(np.float64)


def expected_reciprocal_rank(standing: Standing) -> Float[np.ndarray, " q"]:
    """Mean of 1 / rank of one relevant candidate over every order of the tied."""
    last = standing.above + standing.tied
    harmonic = np.concatenate([[0.0], np.cumsum(1 / np.arange(1, last.max(initial=0) + 1))])
    return (harmonic[last] - harmonic[standing.above]) / standing.tied


def by_query(pairs: Pairs) -> Int[np.ndarray, "distinct 2"]:
    """Distinct (query, candidate) pairs in ascending order."""
    width = int(pairs[:, 1].max(initial=0)) + 1
    keys = np.unique(pairs[:, 0].astype(np.int64) * width + pairs[:, 1])
    return np.stack(np.divmod(keys, width), axis=1)


def best_relevant(
    query: Int[np.ndarray, " p"], scores: Int[np.ndarray, " p"], n: int
) -> tuple[PerQuery, PerQuery]:
    """Best relevant score of each of n queries (NONE without one), and how many reach it."""
    best = np.full(n, NONE, dtype=np.int64)
    where, reached = torch.from_numpy(np.asarray(query, np.int64)), np.asarray(scores, np.int64)
    torch.from_numpy(best).scatter_reduce_(0, where, torch.from_numpy(reached), "amax")
    return best, np.bincount(query[scores == best[query]], minlength=n)


def rank(
    queries: UnitRows,
    candidates: UnitRows,
    pairs: Pairs,
    leaders: bool = False,
    every: bool = False,
) -> tuple[Standing, Leaders | None]:
    """Standing of every query against every candidate; `pairs` as `by_query` leaves them.

    A query without a relevant candidate stands below all of them: leave it out with `Standing.of`.
    `leaders`, with `every` score or without, make it cheap to `rank_again` under other pairs.
    """
    if sp.issparse(queries) and sp.issparse(candidates) and not every:
        *counts, top, last = stand(queries, candidates, pairs, DEPTH)
        return Standing(*counts), Leaders(top, last) if leaders else None
    return ranked(blocks(queries, candidates), pairs, leaders, every)


def ranked(
    parts: Iterable[tuple[int, Millionths]],
    pairs: Pairs,
    leaders: bool = False,
    every: bool = False,
) -> tuple[Standing, Leaders | None]:
    """The same from (first query, scores of a block of queries) as `similarity.blocks` has them."""
    found, leading, kept = [], [], []
    for start, scores in parts:
        low, high = np.searchsorted(pairs[:, 0], [start, start + len(scores)])
        query = pairs[low:high, 0] - start
        reached = scores[query, pairs[low:high, 1]]
        best, relevant = best_relevant(query, reached, len(scores))
        level = best.astype(np.int32)[:, None]
        above = np.count_nonzero(scores > level, axis=1)
        found.append((above, np.count_nonzero(scores == level, axis=1), relevant))
        if leaders:
            leading.append(_leading(scores))
        if every:
            kept.append(scores)
    standing = Standing(*(np.concatenate(column) for column in zip(*found, strict=True)))
    if not leaders:
        return standing, None
    top, tied = (np.concatenate(column) for column in zip(*leading, strict=True))
    return standing, Leaders(top, tied, np.concatenate(kept) if every else None)


def _leading(scores: Int[np.ndarray, "q n"]) -> tuple[np.ndarray, np.ndarray]:
    depth = min(DEPTH, scores.shape[1])
    cut = scores.shape[1] - depth
    top = np.sort(np.partition(scores, cut, axis=1)[:, cut:], axis=1)
    return top, np.count_nonzero(scores == top[:, :1], axis=1)


def rank_again(leaders: Leaders, pairs: Pairs, scores: Int[np.ndarray, " p"]) -> Standing:
    """Standing under other relevant pairs, from the leading scores alone.

    Exact for hit@k up to DEPTH: below the leaders it only says that DEPTH candidates are above.
    """
    top = leaders.scores
    best, relevant = best_relevant(pairs[:, 0], scores, len(top))
    last = top[:, 0]
    tied = np.where(best == last, leaders.tied_at_last, (top == best[:, None]).sum(1))
    above = np.where(best < last, top.shape[1], (top > best[:, None]).sum(1))
    return Standing(above, np.maximum(np.maximum(tied, relevant), 1), relevant)
