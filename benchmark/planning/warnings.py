"""What a plan has to say before it is too late: what does not fit, and what is not known."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

from benchmark.activations.root import default_root
from benchmark.planning.amounts import size
from benchmark.planning.listed import Listed
from benchmark.planning.memory import batch, on_gpu, total
from benchmark.planning.plan import BackendPlan
from benchmark.planning.rates import Rate

USABLE = 0.92
"""Share of a GPU's memory that a run can have."""


def warnings(made: BackendPlan, rate: Rate) -> Iterator[str]:
    """Lines about one backend."""
    outline = made.outline
    if outline.known == "assumed":
        yield "figures are assumed: its config.json is not in the hub's cache"
    yield from outline.notes
    if isinstance(made.data, Listed):
        yield from made.data.notes
    if outline.decodes and outline.text_tokens is None:
        yield "assumed: tokens of captions from their words, as its tokenizer is not here"
    if made.parts and not made.store_known:
        yield "whether activations are in the store cannot be told before it is opened"
    if not (outline.revision and made.data.revision):
        yield "its revision is not known: cells count as scored under any revision"
    new, free = made.new_bytes, _free()
    if new > free:
        yield (
            f"activations do not fit: {size(new)} to write, {size(free)} free; take --limit, fewer "
            f"sites, or point BENCHMARK_CACHE to another disk"
        )
    if made.gpu and total(made.gpu) > rate.memory * USABLE:
        yield _too_large(made, rate)
    for method in made.methods:
        if method.guessed:
            names = ", ".join(method.guessed)
            yield f"{method.method}: the time of {names} is a guess, no such task was measured"


def _too_large(made: BackendPlan, rate: Rate) -> str:
    """What does not fit on the GPU, and what would."""
    site = made.sites[0] if made.sites else made.outline.sites[0]
    whole = f"{size(total(made.gpu))} of GPU memory are wanted, {rate.name} has {size(rate.memory)}"
    room = rate.memory * USABLE - made.outline.weight_bytes
    one = batch(made.outline, site, made.material, 1)
    fits = int(room / one.bytes) if one is not None and room > 0 else 0
    if fits < 1:
        return (
            f"{whole}: weights alone are too large; take ?dtype=bfloat16, ?quantised=4bit, or "
            f"?device_map=auto over several"
        )
    terms = on_gpu(made.outline, made.material, site, 0, min(fits, made.batch))
    if terms[-1].name != "a batch":
        return f"{whole}: rows of train do not fit; take --limit or a site without tokens"
    return f"{whole}: take --batch-size {min(fits, made.batch)} or less"


def _free() -> float:
    """Bytes free where activations go."""
    root = default_root()
    while not root.exists():
        root = root.parent
    return float(shutil.disk_usage(root).free)
