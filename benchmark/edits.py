"""Ready-made changes of a residual stream: what an `Edit` does at the positions that it chooses.

Each function returns a `Change` from [b, t, d] to [b, t, d], made in the stream's own dtype and on
its device. A direction, a size or a latent is one for all, or one for every prompt of the batch.
"""

from __future__ import annotations

import torch
from jaxtyping import Float, Int, Shaped
from torch import Tensor

from benchmark.contracts import Change, Dictionary, Modality, SparseCodes

ROWS = 4096
"""Rows that a dictionary reads at a time."""


def add(push: Float[Tensor, " d"] | Float[Tensor, "b d"]) -> Change:
    """x + push, in the units of the stream; a push of zeros changes nothing, bit for bit."""
    return lambda x: x + _per_prompt(push, x)


def subtract(push: Float[Tensor, " d"] | Float[Tensor, "b d"]) -> Change:
    """x − push: the opposite of `add`."""
    return lambda x: x - _per_prompt(push, x)


def project_out(direction: Float[Tensor, " d"] | Float[Tensor, "b d"]) -> Change:
    """x − (x·u) u with u the direction at unit length: nothing is left along it.

    Raises ValueError for a direction of length zero, which has nothing to project on.
    """
    length = direction.norm(dim=-1, keepdim=True)
    if not bool((length > 0).all()):
        raise ValueError("a direction to project out is all zero, wanted one with a length")
    unit = direction / length

    def change(x: Float[Tensor, "b t d"]) -> Float[Tensor, "b t d"]:
        u = _per_prompt(unit, x)
        return x - (x * u).sum(-1, keepdim=True) * u

    return change


def clamp(
    dictionary: Dictionary,
    latent: int | Int[Tensor, " b"],
    value: float | Float[Tensor, " b"],
    modality: Modality = "image",
) -> Change:
    """x + dec(z′) − dec(z), where z′ is the native code z with one latent held at a value.

    The dictionary's own error stays in the stream. A latent that has the value already changes
    nothing beyond rounding.
    """

    def change(x: Float[Tensor, "b t d"]) -> Float[Tensor, "b t d"]:
        rows = x.flatten(0, 1).float()
        codes = dictionary.encode(rows, modality)
        held = with_latent(codes, _per_row(latent, x).long(), _per_row(value, x))
        moved = dictionary.decode(held, modality) - dictionary.decode(codes, modality)
        return x + moved.view_as(x).to(x)

    return change


def patch_in(values: Float[Tensor, "b t d"]) -> Change:
    """The stream of another run of as many prompts with the same words, position by position.

    Where the stream goes on after the prompt (given answers) it stays as it is. Raises ValueError
    on another batch or width, and on a token that is written after the prompt, for which the other
    run has no value: such an edit is for the prefill alone.
    """

    def change(x: Float[Tensor, "b t d"]) -> Float[Tensor, "b t d"]:
        b, t, d = values.shape
        if x.shape[0] != b or x.shape[2] != d or x.shape[1] < t:
            raise ValueError(
                f"activations of another run are {list(values.shape)}, the stream here is "
                f"{list(x.shape)}: wanted the same prompts, and an edit without decode"
            )
        return torch.cat([values.to(x), x[:, t:]], dim=1)

    return change


def reconstruct(
    dictionary: Dictionary, modality: Modality = "image", k: int | None = None
) -> Change:
    """x̂ = dec(enc(x)): what is lost when the dictionary's reconstruction stands in for x.

    With a k it is of the k strongest latents alone.
    """

    def of_rows(rows: Float[Tensor, "n d"]) -> Float[Tensor, "n d"]:
        codes = dictionary.encode(rows.float(), modality)
        return dictionary.decode(codes if k is None else codes.truncated(k), modality)

    def change(x: Float[Tensor, "b t d"]) -> Float[Tensor, "b t d"]:
        found = [of_rows(rows) for rows in x.flatten(0, 1).split(ROWS)]
        return torch.cat(found).view_as(x).to(x)

    return change


def ablate(row: Float[Tensor, " d"]) -> Change:
    """The same row everywhere: zeros, or the mean over train."""
    return lambda x: _per_prompt(row, x).expand_as(x)


def with_latent(
    codes: SparseCodes, latent: Int[Tensor, " n"], value: Float[Tensor, " n"]
) -> SparseCodes:
    """The same codes with one latent of each row set to a value; 0 switches it off."""
    value, latent = value.to(codes.values), latent.to(codes.values.device)
    if codes.indices is None:
        return SparseCodes(
            codes.values.scatter(1, latent[:, None], value[:, None]), None, codes.width
        )
    others = torch.where(codes.indices == latent[:, None], 0, codes.values)
    values = torch.cat([others, value[:, None]], dim=1)
    indices = torch.cat([codes.indices, latent[:, None]], dim=1)
    return SparseCodes.from_slots(values, indices, codes.width)


def _per_prompt(rows: Tensor, x: Float[Tensor, "b t d"]) -> Float[Tensor, "#b 1 d"]:
    """One row for all prompts, or a row each, ready to meet [b, t, d]."""
    if rows.shape[-1] != x.shape[2] or (rows.ndim == 2 and len(rows) != len(x)) or rows.ndim > 2:
        raise ValueError(
            f"an edit of shape {list(rows.shape)} meets a stream {list(x.shape)}: wanted "
            f"[{x.shape[2]}] or [{x.shape[0]}, {x.shape[2]}]"
        )
    return rows.to(x).view(-1, 1, x.shape[2])


def _per_row(given: float | Tensor, x: Float[Tensor, "b t d"]) -> Shaped[Tensor, " n"]:
    """A number for every row of the flattened stream, from one for all or one a prompt."""
    found = torch.as_tensor(given, device=x.device)
    if found.ndim and found.shape != x.shape[:1]:
        raise ValueError(f"found {list(found.shape)} numbers for {len(x)} prompts, wanted as many")
    return found.expand(len(x)).repeat_interleave(x.shape[1])
