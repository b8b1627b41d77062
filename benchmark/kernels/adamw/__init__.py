"""AdamW without decay on weight rows, with the projections that keep decoder rows at length one."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import torch
from torch import Tensor

from benchmark.kernels.adamw import cpu
from benchmark.kernels.device import compiled


class AdamW:
    """Takes steps on groups of parameters; a group is clipped by the norm over all of it.

    Of parameters named in `unit` the gradient is made perpendicular to each row before, and rows
    are brought back to length one after. Gradients are left as they are.
    """

    def __init__(
        self,
        groups: Sequence[Sequence[torch.nn.Parameter]],
        unit: Collection[torch.nn.Parameter] = (),
        *,
        clip: float,
        betas: tuple[float, float] = (0.9, 0.999),
    ) -> None:
        self.groups = [list(group) for group in groups]
        self.unit = {id(parameter) for parameter in unit}
        self.clip, self.betas, self.steps = clip, betas, 0
        self.moments = {
            id(p): (torch.zeros_like(p), torch.zeros_like(p)) for g in self.groups for p in g
        }

    @torch.no_grad()
    def step(self, rate: float) -> None:
        """One step at a learning rate on every parameter that has a gradient."""
        self.steps += 1
        one, two = (1 - beta**self.steps for beta in self.betas)
        for group in self.groups:
            having = [p for p in group if p.grad is not None]
            along = {id(p): _along(p) for p in having if id(p) in self.unit}
            if not having:
                continue
            state = self._factor(having, along).repeat(3)
            state[0].fill_(rate / one)
            state[1].fill_(two**0.5)
            for p in having:
                self._update(p, along.get(id(p)), state)

    def zero_grad(self) -> None:
        """Forgets all gradients."""
        for group in self.groups:
            for parameter in group:
                parameter.grad = None

    def _factor(self, having: Sequence[Tensor], along: dict[int, Tensor]) -> Tensor:
        """What gradients are multiplied with so that their norm is no more than `clip`."""
        squares = [torch.linalg.vector_norm(_gradient(p)).square() for p in having]
        squares += [-part.dot(part) for part in along.values()]
        norm = torch.stack(squares).sum().clamp_min(0).sqrt()
        return (self.clip / (norm + 1e-6)).clamp(max=1)

    def _update(self, p: torch.nn.Parameter, along: Tensor | None, state: Tensor) -> None:
        """`state`: the rate over the first correction, √ of the second, the clipping factor."""
        rows = [folded(t) for t in (p.data, _gradient(p), *self.moments[id(p)])]
        if compiled(p):
            from benchmark.kernels.adamw import triton

            moments = (rows[2], rows[3])
            triton.update(rows[0], rows[1], moments, state, betas=self.betas, along=along)
        elif p.device.type == "cpu":
            arrays = [t.numpy() for t in rows]
            cpu.update(
                arrays[0], arrays[1], (arrays[2], arrays[3]), tuple(state.tolist()),
                betas=self.betas, along=None if along is None else along.numpy(),
            )  # fmt: skip
        else:
            _plain(rows, along, state, self.betas)


def _plain(
    rows: Sequence[Tensor],
    along: Tensor | None,
    state: Tensor,
    betas: tuple[float, float],
) -> None:
    """The same, one operation after another: for devices without kernels."""
    p, gradient, mean, spread = rows
    rate, correction, factor = state
    if along is not None:
        gradient = gradient - along[:, None] * p
    gradient = gradient * factor
    mean.lerp_(gradient, 1 - betas[0])
    spread.mul_(betas[1]).addcmul_(gradient, gradient, value=1 - betas[1])
    p.sub_(rate * mean / (spread.sqrt() / correction + 1e-8))
    if along is not None:
        p.div_(torch.linalg.vector_norm(p, dim=1, keepdim=True).clamp_min(1e-12))


def _along(p: torch.nn.Parameter) -> Tensor:
    """⟨gradient, row⟩ of every row."""
    gradient = _gradient(p)
    if p.device.type == "cpu":
        return torch.from_numpy(cpu.parallel(gradient.numpy(), p.data.numpy()))
    return torch.linalg.vecdot(gradient, p.data)


def _gradient(p: Tensor) -> Tensor:
    assert p.grad is not None
    return p.grad.contiguous()


def folded(t: Tensor) -> Tensor:
    """Rows as they are; a vector as rows of the largest power of two up to 1024 that divides it."""
    return t if t.ndim == 2 else t.view(-1, min(t.numel() & -t.numel(), 1024))
