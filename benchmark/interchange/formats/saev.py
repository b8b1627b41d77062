"""saev: a JSON header line, then a torch state dict with W_enc, b_enc, W_dec and b_dec.

The header has `schema` 1 to 5 and the configuration with its activation; b_dec is subtracted.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from benchmark.interchange.coders import Coder
from benchmark.interchange.files import Found
from benchmark.interchange.formats.held import Held, number, refused, some, taken
from benchmark.interchange.options import Options

NAME = "saev"
SCHEMAS = (1, 2, 3, 4, 5)
AXES = {"W_enc": "d_in d_sae", "b_enc": "d_sae", "W_dec": "d_sae d_in", "b_dec": "d_in"}


def sees(found: Found) -> str | None:
    """What speaks for this format."""
    return "a header line with a schema" if "schema" in found.header else None


def read(found: Found, options: Options) -> Held:
    """One SAE. Raises ValueError, one line, for a schema or activation that is not known."""
    schema = found.header.get("schema")
    if schema not in SCHEMAS:
        raise refused(found.told, f"its header has schema {schema!r}, read are 1 to 5")
    kind, k, least = activation(found.header)
    t = taken(found, AXES)
    if kind is None and options.activation == "auto":
        raise ValueError(
            f"{found.told}: its header names no activation: say it, as in --set activation=relu"
        )
    if kind == "batchtopk" and least is None and options.threshold is None:
        raise ValueError(
            f"{found.told} is BatchTopK, whose codes depend on the batch, and has no threshold: "
            "say one, --set threshold=T, or read it as TopK, --set activation=topk"
        )
    is_batch = kind == "batchtopk"
    threshold = None if least is None else t["b_enc"].new_full(t["b_enc"].shape, least)
    coder = Coder(
        W_enc=t["W_enc"],
        b_enc=t["b_enc"],
        W_dec=t["W_dec"],
        b_dec=t["b_dec"],
        activation="topk" if kind == "topk" else "jumprelu" if is_batch else "relu",
        k=k if kind == "topk" or options.activation == "topk" else None,
        threshold=threshold if is_batch else None,
        budget=k if is_batch else None,
        told=some(found.header, model="model", data="data", commit="commit"),
    )
    return Held(one=coder)


def activation(header: dict[str, Any]) -> tuple[str | None, int | None, float | None]:
    """Kind, k and threshold, wherever in the header a schema puts them."""
    kind, k, least = None, None, None
    for key, value in flat(header):
        word = str(value).lower().replace("_", "").replace("-", "")
        if key in ("activation", "cls", "kind", "type", "key") and kind is None:
            kind = next((w for w in ("batchtopk", "topk", "relu") if word == w), None)
        if key in ("top_k", "topk", "k"):
            k = number({"k": value}, "k") if k is None else k
        if key == "threshold" and isinstance(value, int | float):
            least = float(value)
    return kind, k, least


def flat(tree: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Every plain value of nested objects with its own key, outer ones first."""
    for key, value in tree.items():
        if not isinstance(value, dict):
            yield key, value
    for value in tree.values():
        if isinstance(value, dict):
            yield from flat(value)
