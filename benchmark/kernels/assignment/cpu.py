"""The exact assignment by shortest augmenting paths that look at the best few of each row first.

max Σ w over one-to-one pairs, w = max(score, 0), has the dual min Σ u + Σ p with u_i + p_j >= w_ij
and u, p >= 0. A row may stay alone, at profit 0. Paths are searched by Dijkstra over reduced costs
u_i + p_j - w_ij. Of a row only its NEAR best entries are tried until the search gets so far that
one of the others could matter, and then all of them: prices are never negative, so an entry beyond
the best few costs at least u_i less the next best score. Nothing is left out; the prices prove it.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int
from scipy.optimize import linear_sum_assignment

from benchmark.kernels.numbers import loop, share

NEAR = 16
Pairs = tuple[Int[np.ndarray, " a"], Int[np.ndarray, " a"]]


def assign(scores: Float[np.ndarray, "a b"]) -> Pairs:
    """Rows and their columns, in ascending rows, min(a, b) of them; Σ max(score, 0) is the largest.

    Where the prices fail to prove it (1e-9 of the sum) scipy decides. Raises ValueError for a
    score that is not a number.
    """
    if not np.isfinite(scores).all():
        raise ValueError("scores have NaN or infinity, wanted numbers")
    a, b = scores.shape
    if not scores.size:
        return np.zeros(0, int), np.zeros(0, int)
    if a > b:
        columns, rows = assign(np.ascontiguousarray(scores.T))
        order = np.argsort(rows, kind="stable")
        return rows[order], columns[order]
    if scores.max() <= 0:
        return np.arange(a), np.arange(a)
    weights = np.ascontiguousarray(np.maximum(scores, 0))
    near = min(NEAR, b)
    columns, nearest, beyond = np.full((a, near), -1, np.int32), np.zeros((a, near)), np.zeros(a)
    share(_best_of_rows, a, weights, columns, nearest, beyond)
    partner, profits, prices = _solve(weights, columns, nearest, beyond)
    if certificate(weights, partner, profits, prices) > 1e-9:
        return linear_sum_assignment(weights, maximize=True)
    return np.arange(a), _everyone(partner, b)


def certificate(
    weights: Float[np.ndarray, "a b"],
    partner: Int[np.ndarray, " a"],
    profits: Float[np.ndarray, " a"],
    prices: Float[np.ndarray, " b"],
) -> float:
    """How far prices are from proving a matching best: 0 where they do.

    The larger of the gap between the two sums, as a share, and the worst pair that would gain.
    """
    matched = np.flatnonzero(partner >= 0)
    total = float(weights[matched, partner[matched]].sum())
    gap = abs(float(profits.sum() + prices.sum()) - total) / max(total, 1.0)
    worst = np.zeros(len(weights))
    share(_worst, len(weights), weights, profits, prices, worst)
    negative = max(0.0, -float(profits.min(initial=0)), -float(prices.min(initial=0)))
    return max(gap, negative, float(worst.max(initial=0)))


def _everyone(partner: Int[np.ndarray, " a"], b: int) -> Int[np.ndarray, " a"]:
    """Rows that stayed alone get the columns left over: pairs that add nothing."""
    free = np.ones(b, bool)
    free[partner[partner >= 0]] = False
    alone = partner < 0
    whole = partner.copy()
    whole[alone] = np.flatnonzero(free)[: int(alone.sum())]
    return whole


@loop
def _worst(start, stop, weights, profits, prices, worst):  # type: ignore[no-untyped-def]
    """Largest w_ij - u_i - p_j of each row, no less than 0."""
    for i in range(start, stop):
        most = 0.0
        for j in range(weights.shape[1]):
            most = max(most, weights[i, j] - profits[i] - prices[j])
        worst[i] = most


@loop
def _best_of_rows(start, stop, weights, columns, values, beyond):  # type: ignore[no-untyped-def]
    """The few largest entries of each row above 0, descending, and the largest left out."""
    near = columns.shape[1]
    for i in range(start, stop):
        least = 0.0
        for j in range(weights.shape[1]):
            w = weights[i, j]
            if w > least:
                if values[i, near - 1] > beyond[i]:
                    beyond[i] = values[i, near - 1]
                slot = near - 1
                while slot > 0 and values[i, slot - 1] < w:
                    values[i, slot] = values[i, slot - 1]
                    columns[i, slot] = columns[i, slot - 1]
                    slot -= 1
                values[i, slot] = w
                columns[i, slot] = j
                least = values[i, near - 1]
            elif w > beyond[i]:
                beyond[i] = w


@loop
def _lower(keys, heap, where, size, item, key):  # type: ignore[no-untyped-def]
    """Puts an item on a binary heap, or lowers its key where it is on it; returns the size."""
    at = where[item]
    if at < 0:
        at = size
        size += 1
    while at > 0:
        above = (at - 1) >> 1
        if keys[heap[above]] <= key:
            break
        heap[at] = heap[above]
        where[heap[at]] = at
        at = above
    keys[item], heap[at], where[item] = key, item, at
    return size


@loop
def _take(keys, heap, where, size):  # type: ignore[no-untyped-def]
    """Takes the first item off a binary heap; returns the size."""
    where[heap[0]] = -1
    size -= 1
    item, at = heap[size], 0
    while size:
        below = 2 * at + 1
        if below >= size:
            break
        if below + 1 < size and keys[heap[below + 1]] < keys[heap[below]]:
            below += 1
        if keys[heap[below]] >= keys[item]:
            break
        heap[at] = heap[below]
        where[heap[at]] = at
        at = below
    if size:
        heap[at], where[item] = item, at
    return size


@loop
def _two_best(weights, columns, nearest, beyond, prices, i):  # type: ignore[no-untyped-def]
    """Best column of a row at these prices, its profit, and the second-best profit; -1 for none."""
    best, first, second = -1, 0.0, 0.0
    for slot in range(columns.shape[1]):
        j = columns[i, slot]
        if j < 0:
            break
        profit = nearest[i, slot] - prices[j]
        if profit > first:
            best, first, second = j, profit, first
        elif profit > second:
            second = profit
    if beyond[i] > second:
        best, first, second = -1, 0.0, 0.0
        for j in range(weights.shape[1]):
            profit = weights[i, j] - prices[j]
            if profit > first:
                best, first, second = j, profit, first
            elif profit > second:
                second = profit
    return best, first, second


@loop
def _solve(weights, columns, nearest, beyond):  # type: ignore[no-untyped-def]
    """Column of each row (-1: alone), row profits and column prices."""
    a, b = weights.shape
    partner, owner = np.full(a, -1, np.int64), np.full(b, -1, np.int64)
    profits, prices = np.zeros(a), np.zeros(b)
    queue, waiting = np.empty(a, np.int64), 0
    for i in range(a):
        profits[i] = nearest[i, 0]
        j = columns[i, 0]
        if j >= 0 and owner[j] < 0:
            partner[i], owner[j] = j, i
        elif j >= 0:
            queue[waiting] = i
            waiting += 1
    rows, match = (weights, columns, nearest, beyond), (partner, owner, profits, prices)
    for _ in range(2):
        waiting = _bid(rows, match, queue, waiting)
    _augment(rows, match, queue, waiting)
    return partner, profits, prices


@loop
def _bid(rows, match, queue, waiting):  # type: ignore[no-untyped-def]
    """Waiting rows outbid the owner of their best column by its lead over the second best.

    Returns how many still wait: those that were outbid in turn, or whose lead is nothing.
    """
    weights, columns, nearest, beyond = rows
    partner, owner, profits, prices = match
    at, left, turns = 0, 0, 0
    while at < waiting:
        i = queue[at]
        at += 1
        turns += 1
        j, first, second = _two_best(weights, columns, nearest, beyond, prices, i)
        profits[i] = second
        if j < 0:
            continue
        loser = owner[j]
        if loser >= 0 and first == second:
            queue[left] = i
            left += 1
            continue
        prices[j] += first - second
        owner[j], partner[i] = i, j
        if loser >= 0:
            partner[loser] = -1
            if turns < 8 * len(queue):
                at -= 1
                queue[at] = loser
            else:
                queue[left] = loser
                left += 1
    return left


@loop
def _augment(rows, match, queue, waiting):  # type: ignore[no-untyped-def]
    """One shortest augmenting path for each waiting row."""
    partner, owner, profits, prices = match
    a, b = len(partner), len(owner)
    came, done = np.full(b, -1, np.int64), np.zeros(b, np.bool_)
    keys, heap = np.full(a + b, np.inf), np.empty(a + b, np.int64)
    where, seen = np.full(a + b, -1, np.int64), np.empty(a + b, np.int64)
    tree, reach = np.empty(a, np.int64), np.empty(a)
    for place in range(waiting):
        root = queue[place]
        best, end, last, grown, met = _search(
            rows, match, root, came, done, keys, heap, where, seen, tree, reach
        )
        for t in range(grown):
            profits[tree[t]] = max(0.0, profits[tree[t]] - (best - reach[t]))
        row, j = last, end
        while True:
            before = partner[row]
            partner[row] = j
            if j >= 0:
                owner[j] = row
            if row == root:
                break
            j = before
            row = came[j]
        for t in range(met):
            item = seen[t]
            if item < b:
                if done[item]:
                    prices[item] += best - keys[item]
                came[item], done[item] = -1, False
            keys[item], where[item] = np.inf, -1


@loop
def _search(rows, match, root, came, done, keys, heap, where, seen, tree, reach):  # type: ignore[no-untyped-def]
    """The shortest way from a row to a free column, or to a row that had better stay alone.

    Items of the heap are columns, and b + t where the t-th row of the tree has entries left to
    look at. Returns the length, the free column (-1: alone), the last row, and how many rows and
    items were met.
    """
    profits, prices = match[2], match[3]
    beyond, b = rows[3], len(prices)
    tree[0], reach[0] = root, 0.0
    grown, met, size, t, whole = 1, 0, 0, 0, False
    best, end, last = profits[root], -1, root
    while True:
        best, end, last, met, size = _look(
            rows,
            match,
            tree[t],
            reach[t],
            whole,
            best,
            end,
            last,
            came,
            done,
            keys,
            heap,
            where,
            seen,
            met,
            size,
        )
        if not whole and beyond[tree[t]] > 0.0:
            label = reach[t] + profits[tree[t]] - beyond[tree[t]]
            if label < best:
                seen[met] = b + t
                met += 1
                size = _lower(keys, heap, where, size, b + t, label)
        if size == 0 or keys[heap[0]] >= best:
            return best, end, last, grown, met
        item = heap[0]
        size = _take(keys, heap, where, size)
        whole = item >= b
        if whole:
            t = item - b
            continue
        done[item] = True
        t = grown
        tree[t], reach[t] = match[1][item], keys[item]
        grown += 1
        if reach[t] + profits[tree[t]] < best:
            best, end, last = reach[t] + profits[tree[t]], -1, tree[t]


@loop
def _look(  # type: ignore[no-untyped-def]
    rows, match, row, base, whole, best, end, last, came, done, keys, heap, where, seen, met, size
):
    """Shortens the ways to columns through one row: its best few entries, or the whole row."""
    weights, columns, nearest, _ = rows
    _, owner, profits, prices = match
    for slot in range(weights.shape[1] if whole else columns.shape[1]):
        if whole:
            j, w = slot, weights[row, slot]
        else:
            j, w = columns[row, slot], nearest[row, slot]
            if j < 0:
                break
        label = base + profits[row] + prices[j] - w
        if done[j] or label >= best or label >= keys[j]:
            continue
        if keys[j] == np.inf:
            seen[met] = j
            met += 1
        came[j] = row
        if owner[j] < 0:
            keys[j] = label
            best, end, last = label, j, row
        else:
            size = _lower(keys, heap, where, size, j, label)
    return best, end, last, met, size
