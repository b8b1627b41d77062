"""Inputs that kernels get wrong: ties, odd sizes, nothing that fires, one latent on every row.

Every case draws its inputs, runs one op as one provider has it and says how far off it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from benchmark.kernels.adamw import reference as plain_adamw
from benchmark.kernels.bench.case import relative
from benchmark.kernels.coactivation import reference as plain_coactivation
from benchmark.kernels.decode import reference as plain_decode
from benchmark.kernels.encode import reference as plain_encode
from benchmark.kernels.gradients import reference as plain_gradients
from benchmark.kernels.topk import reference as plain_topk


@dataclass(frozen=True)
class Hard:
    """`error(device)` is the distance from the reference; it may be up to `tolerance`."""

    op: str
    name: str
    error: Callable[[torch.device], float]
    tolerance: float = 0.0


ROWS: dict[str, Callable[[Tensor], Tensor]] = {
    "random": lambda x: x,
    "few above 0": lambda x: x - 3,
    "none above 0": lambda x: -x.abs(),
    "ties": lambda x: (2 * x).round(),
    "all equal": torch.ones_like,
    "infinite": lambda x: x.masked_fill(x > 2, torch.inf),
}
SIZES = [(3, 5003, 8), (2, 1025, 1), (4, 100, 7), (2, 4096, 32), (3, 64, 64), (2, 2000, 100)]


def topk_cases() -> Iterator[Hard]:
    """Rows of three types: the same values at the same places as the reference."""
    from benchmark.kernels.topk.triton import topk

    def error(
        device: torch.device, kind: str, size: tuple[int, int, int], dtype: torch.dtype
    ) -> float:
        n, width, k = size
        rows = ROWS[kind](_normal(device, n, width)).to(dtype)
        found, wanted = topk(rows, k), plain_topk.topk(rows, k)
        same = torch.equal(found[0], wanted[0]) and torch.equal(found[1], wanted[1])
        return 0.0 if same else 1.0

    for kind in ROWS:
        for size in SIZES:
            for dtype in (torch.float32, torch.bfloat16, torch.float16):
                name = f"{kind}, {size[0]} x {size[1]}, k {size[2]}, {dtype}"
                yield Hard("topk", name, _bound(error, kind, size, dtype))
    yield Hard("topk", "NaN is among the values", _nan_shows)


def _nan_shows(device: torch.device) -> float:
    from benchmark.kernels.topk.triton import topk

    rows = _normal(device, 2, 3000)
    rows[1, 77] = torch.nan
    values = topk(rows, 4)[0]
    return 0.0 if values.isnan().any(1).tolist() == [False, True] else 1.0


def encode_cases() -> Iterator[Hard]:
    """Dead latents, k = 1, and low precision scored again."""
    from benchmark.kernels.encode.triton import encode

    def error(device: torch.device, m: int, k: int, bias: float, low: bool) -> float:
        x, encoder = _normal(device, 5, 37), _normal(device, m, 37)
        b_enc = torch.full((m,), bias, device=device)
        cheap = encoder.bfloat16() if low else None
        found = encode(x, encoder, b_enc, k, cheap)
        wanted = plain_encode.encode(x, encoder, b_enc, k)
        return (
            1.0
            if not torch.equal(found[1], wanted[1])
            else float((found[0] - wanted[0]).abs().max())
        )

    for m, k in ((300, 1), (2500, 8), (40, 40)):
        for bias in (0.0, -1e6):
            for low in (False, True):
                dead = ", all dead" if bias else ""
                name = f"m {m}, k {k}{dead}{', bf16 first' if low else ''}"
                yield Hard("encode_topk", name, _bound(error, m, k, bias, low), 1e-4)


def decode_cases() -> Iterator[Hard]:
    """Codes with empty slots, without any, one slot, odd widths."""
    from benchmark.kernels.decode.triton import decode, decode_loss

    def error(device: torch.device, d: int, k: int, kept: float) -> float:
        values, indices = _codes(device, 6, 90, k, kept)
        decoder, b_dec, target = (
            _normal(device, 90, d),
            _normal(device, 1, d)[0],
            _normal(device, 6, d),
        )
        weights = (values, indices, decoder, b_dec)
        residual, along, squares = decode_loss(*weights, target)
        wanted = plain_decode.decode_loss(*weights, target)
        return max(
            relative(decode(*weights), plain_decode.decode(*weights)),
            relative((residual, along, squares), wanted),
        )

    for d, k in ((33, 1), (130, 5), (64, 90)):
        for kept in (1.0, 0.5, 0.0):
            name = f"d {d}, k {k}, {kept:.0%} of slots"
            yield Hard("decode", name, _bound(error, d, k, kept), 1e-5)


def gradient_cases() -> Iterator[Hard]:
    """Latents without a slot, and one that fires on every row."""
    from benchmark.kernels.gradients.triton import grouped, row_gradients

    def error(device: torch.device, n: int, kept: float, crowded: bool) -> float:
        m, d, k = 50, 70, 4
        values, indices = _codes(device, n, m, k, kept)
        if crowded:
            indices[:, 0], values[:, 0] = 0, 1.5
            indices[:, 1:] = indices[:, 1:].clamp_min(1)
        weight = _normal(device, n, k) * (values != 0)
        left, right = _normal(device, n, d), _normal(device, n, d)
        out = (torch.zeros(m, d, device=device), torch.zeros(m, d, device=device))
        found = row_gradients(grouped(values, indices, m), left, values, right, weight, out=out)
        wanted = plain_gradients.row_gradients(indices, m, left, values, right, weight)
        sums = torch.zeros(m, device=device).scatter_add(0, indices.flatten(), weight.flatten())
        squares = sum(t.square().sum() for t in wanted)
        return relative(
            (found.left, found.right, found.right_sum, found.squares.sum()),
            (*wanted, sums, squares),
        )

    for n in (1, 9, 700):
        for kept in (1.0, 0.6, 0.0):
            yield Hard(
                "gradients", f"{n} rows, {kept:.0%} of slots", _bound(error, n, kept, False), 1e-5
            )
    yield Hard("gradients", "one latent on 700 rows", _bound(error, 700, 1.0, True), 1e-5)


def adamw_cases() -> Iterator[Hard]:
    """Three steps in which a third of the rows have no gradient."""

    def error(device: torch.device, d: int) -> float:
        from benchmark.kernels.adamw.triton import update

        row = torch.nn.functional.normalize(_normal(device, 21, d)[1:], dim=1)
        parameter = torch.nn.Parameter(row.clone())
        adam = torch.optim.AdamW([parameter], lr=1e-2, weight_decay=0.0)
        moments = (torch.zeros_like(row), torch.zeros_like(row))
        has = torch.arange(20, device=device) % 3 != 0
        starts = torch.cat([has.new_zeros(1), has]).cumsum(0).int()
        clip = torch.tensor(0.5, device=device)
        for step in range(1, 4):
            gradient = _normal(device, 20 * step, d)[-20:] * has[:, None]
            along = torch.linalg.vecdot(gradient, row)
            plain_adamw.update(parameter, gradient, adam, clip)
            state = torch.tensor(
                [1e-2 / (1 - 0.9**step), (1 - 0.999**step) ** 0.5, 0.5], device=device
            )
            gradient[~has] = torch.nan
            update(row, gradient, moments, state, starts=starts, along=along)
        return relative(row, parameter.detach())

    for d in (7, 64, 300):
        yield Hard("adamw", f"d {d}, rows without a gradient", _bound(error, d), 1e-5)


def coactivation_cases() -> Iterator[Hard]:
    """Odd sizes, empty slots, no slots."""

    def error(device: torch.device, n: int, kept: float) -> float:
        from benchmark.kernels.coactivation.triton import add_cross

        image, text = _codes(device, n, 40, 5, kept), _codes(device, n, 40, 3, kept)
        cross = torch.zeros(40, 40, dtype=torch.float64, device=device)
        add_cross(cross, image, text)
        return relative(cross, plain_coactivation.cross(image, text, 40))

    for n in (1, 77):
        for kept in (1.0, 0.5, 0.0):
            yield Hard(
                "coactivation", f"{n} rows, {kept:.0%} of slots", _bound(error, n, kept), 1e-12
            )


def hard_cases() -> Iterator[Hard]:
    """All of them."""
    yield from topk_cases()
    yield from encode_cases()
    yield from decode_cases()
    yield from gradient_cases()
    yield from adamw_cases()
    yield from coactivation_cases()


def _bound(error: Callable[..., float], *what: object) -> Callable[[torch.device], float]:
    return lambda device: error(device, *what)


def _normal(device: torch.device, rows: int, columns: int) -> Tensor:
    generator = torch.Generator(device).manual_seed(rows * 7919 + columns)
    return torch.randn(rows, columns, device=device, generator=generator)


def _codes(device: torch.device, n: int, m: int, k: int, kept: float) -> tuple[Tensor, Tensor]:
    generator = torch.Generator(device).manual_seed(n * 7919 + k)
    scores = torch.rand(n, m, device=device, generator=generator)
    values = torch.rand(n, k, device=device, generator=generator) + 0.1
    values[torch.rand(n, k, device=device, generator=generator) >= kept] = 0
    return values, scores.topk(k, dim=1).indices.sort(dim=1).values
