"""Every kernel against its meaning, compiled on a GPU or interpreted, on inputs that are hard."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from benchmark.kernels.adamw.triton import update
from benchmark.kernels.bench.case import Shape
from benchmark.kernels.bench.hard import Hard, hard_cases
from benchmark.kernels.bench.machine import Machine
from benchmark.kernels.bench.suite import HOST, OPS
from benchmark.kernels.decode.triton import decode
from benchmark.kernels.gradients.triton import grouped
from benchmark.kernels.step.triton import TopKStep
from benchmark.kernels.topk.triton import topk
from benchmark.sae.trainable import Sae
from tests.steps import plain_step

DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")
MACHINE = Machine(DEVICE, "any", 1.0, {"float32": 1.0, "bfloat16": 1.0}, 1 << 25, triton=True)
pytestmark = pytest.mark.usefixtures("as_users_run")


@pytest.mark.parametrize("hard", list(hard_cases()), ids=lambda hard: f"{hard.op}: {hard.name}")
def test_hard_inputs_come_out_as_the_reference_has_them(hard: Hard) -> None:
    assert hard.error(DEVICE) <= hard.tolerance


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=["fp32", "bf16"])
@pytest.mark.parametrize("skewed", [False, True], ids=["even", "skewed"])
@pytest.mark.parametrize("op", OPS)
def test_what_is_timed_gives_what_the_reference_gives(
    op: str, skewed: bool, dtype: torch.dtype
) -> None:
    generator = torch.Generator(DEVICE).manual_seed(0)
    case = OPS[op](Shape(24, 48, 256, 8, skewed), dtype, MACHINE, generator)
    wanted = case.providers["reference"]()
    others = set(case.providers) - {"reference"} - case.compared
    assert op in HOST or "triton" in others
    for name in others:
        assert case.error(case.providers[name](), wanted) <= case.tolerance


def test_steps_by_kernels_are_steps_of_the_training_loop() -> None:
    d, m, k, rows = 24, 64, 4, torch.randn(4, 16, 24, generator=torch.Generator().manual_seed(0))
    sae = Sae(d, m, k, torch.zeros(d), torch.Generator().manual_seed(1)).to(DEVICE)
    step = TopKStep(
        sae.encoder, sae.b_enc, sae.b_dec, sae.decoder, k, clip=0.1, dtype=torch.float32
    )
    adam = torch.optim.AdamW(sae.parameters(), lr=1e-2, weight_decay=0.0)
    for u in rows.to(DEVICE):
        step.advance(1e-2)
        wanted = plain_step([sae], adam, u, 0.1)
        torch.testing.assert_close(step.run(u), wanted, rtol=1e-5, atol=0)
    for found, wanted in zip(
        step.weights, (sae.encoder, sae.b_enc, sae.b_dec, sae.decoder), strict=True
    ):
        torch.testing.assert_close(found, wanted.detach(), rtol=1e-4, atol=1e-5)


def test_bf16_steps_learn_as_well_as_float32_ones() -> None:
    rows = torch.randn(2, 16, 24, generator=torch.Generator().manual_seed(0)).to(DEVICE)
    losses = {}
    for dtype in (torch.float32, torch.bfloat16):
        sae = Sae(24, 64, 8, torch.zeros(24), torch.Generator().manual_seed(1)).to(DEVICE)
        step = TopKStep(sae.encoder, sae.b_enc, sae.b_dec, sae.decoder, 8, dtype=dtype)
        for i in range(6):
            step.advance(1e-2)
            losses[dtype, i] = float(step.run(rows[i % 2]))
    assert losses[torch.bfloat16, 5] < 0.8 * losses[torch.bfloat16, 0]
    assert losses[torch.bfloat16, 5] == pytest.approx(losses[torch.float32, 5], rel=0.03)


def test_a_sum_over_slots_is_the_same_to_the_last_bit_each_time() -> None:
    from benchmark.kernels.gradients import weight_gradients
    from benchmark.kernels.gradients.triton import row_gradients

    generator = torch.Generator().manual_seed(0)
    values, rows = (
        torch.rand(300, 4, generator=generator),
        torch.randn(300, 40, generator=generator),
    )
    indices = torch.randint(9, (300, 4), generator=generator)
    values, rows, indices = (t.to(DEVICE) for t in (values, rows, indices))
    by = grouped(values, indices, 9)
    first, second = (row_gradients(by, rows, values, rows, values).left for _ in range(2))
    assert torch.equal(first, second)
    one = weight_gradients(values, indices, 9, rows, values, rows)
    torch.testing.assert_close(one[2], first, rtol=1e-5, atol=1e-5)


X = torch.ones(2, 8, device=DEVICE)
INDICES = torch.zeros(2, 8, dtype=torch.int64, device=DEVICE)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: topk(X.T, 1), r"rows has strides \(1, 8\).*call .contiguous"),
        (lambda: topk(X.double(), 1), "rows is torch.float64, wanted float32"),
        (lambda: topk(X, 9), "k is 9 of 8 columns, wanted 1 to 8"),
        (lambda: topk(X, 0), "k is 0"),
        (
            lambda: decode(X, INDICES[:, :4].contiguous(), X, X[0]),
            r"values are \(2, 8\) and indices \(2, 4\)",
        ),
        (lambda: decode(X, INDICES.int(), X, X[0]), "indices are torch.int32, wanted int64"),
        (lambda: decode(X, INDICES, X, X[0, :5]), "decoder has 8, b_dec has 5 columns"),
        (lambda: grouped(X, INDICES[:1], 8), "wanted \\[n, k\\] both"),
        (lambda: update(X, X[:, :4].contiguous(), (X, X), X[0]), "gradient has 4 columns"),
        (lambda: decode(X, INDICES, X, X[0].to("meta")), "b_dec on meta"),
    ],
)
def test_a_wrong_tensor_is_refused_before_anything_is_launched(
    call: Callable[[], object], says: str
) -> None:
    with pytest.raises(ValueError, match=says):
        call()


def test_an_index_beyond_the_dictionary_reads_nothing() -> None:
    values, decoder = torch.ones(1, 2, device=DEVICE), torch.ones(3, 8, device=DEVICE)
    out = decode(values, torch.tensor([[1, 99]], device=DEVICE), decoder, decoder[0])
    assert out.tolist() == [[2.0] * 8]


def test_no_rows_are_no_rows() -> None:
    values, indices = topk(torch.empty(0, 3000, device=DEVICE), 3)
    assert values.shape == indices.shape == (0, 3)
