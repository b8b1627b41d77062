"""A model with some weights replaced that shares the memory of all others with the first one."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import TypeVar

from torch import Tensor, nn

M = TypeVar("M", bound=nn.Module)


def check_patch(model: nn.Module, patch: Mapping[str, Tensor], name: str) -> None:
    """Raises ValueError on a name or a shape that the model does not have."""
    own = model.state_dict()
    for weight, value in patch.items():
        if weight not in own:
            raise ValueError(f"{name} has no weight {weight!r} that could be patched")
        if own[weight].shape != value.shape:
            found, wanted = list(value.shape), list(own[weight].shape)
            raise ValueError(f"patch of {weight!r} has shape {found}, {name} has {wanted}")


def with_weights(model: M, patch: Mapping[str, Tensor]) -> M:
    """A model of the same modules, their tensors shared, but for those of the patch.

    The first model stays as it is. A weight that has two names (tied embeddings) is replaced under
    both.
    """
    kept = [*model.parameters(), *model.buffers()]
    made = copy.deepcopy(model, {id(tensor): tensor for tensor in kept})
    for name, value in patch.items():
        old = _at(made, name)
        new: Tensor = value.detach().clone().to(old.device, old.dtype)
        if isinstance(old, nn.Parameter):
            new = nn.Parameter(new, requires_grad=False)
        for module in made.modules():
            for held in (module._parameters, module._buffers):
                for key in [key for key, tensor in held.items() if tensor is old]:
                    held[key] = new  # type: ignore[assignment]
    return made


def _at(model: nn.Module, name: str) -> Tensor:
    path, _, last = name.rpartition(".")
    return getattr(model.get_submodule(path), last)
