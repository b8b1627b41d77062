"""Which devices there are, and whether compiled kernels run on them."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


def compiled(tensor: Tensor) -> bool:
    """True on a GPU for which Triton can compile."""
    return tensor.is_cuda and _has_triton()


@cache
def _has_triton() -> bool:
    return find_spec("triton") is not None


@cache
def halves_on_cpu() -> bool:
    """Whether this processor has units for bfloat16 products; without them they are emulated."""
    import torch

    asked = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    return any(getattr(torch.cpu, name, bool)() for name in asked)


def device(name: str) -> str:
    """The device to use. Raises ValueError where it is not there."""
    import torch

    cuda, mps = torch.cuda.is_available(), torch.backends.mps.is_available()
    if name == "auto":
        return "cuda" if cuda else "cpu"
    try:
        kind = torch.device(name).type
    except RuntimeError:
        raise ValueError(f"--device {name}: wanted auto, cpu, cuda, cuda:N or mps") from None
    if (kind == "cuda" and not cuda) or (kind == "mps" and not mps):
        raise ValueError(f"--device {name}: this machine has no {kind} device; leave it at auto")
    if kind not in ("cpu", "cuda", "mps"):
        raise ValueError(f"--device {name}: wanted auto, cpu, cuda, cuda:N or mps")
    index = torch.device(name).index or 0
    if kind == "cuda" and index >= torch.cuda.device_count():
        raise ValueError(f"--device {name}: there are {torch.cuda.device_count()} cuda devices")
    return name
