"""What a checkpoint holds: its fields, and the digest that cells name, without torch.

`digest` says the same as `benchmark.sae.checkpoints.digest` of the loaded dictionary; a test holds
them together.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

from benchmark.results.plain_json import parsed
from benchmark.submissions.tensors import Tensor, Tensors
from benchmark.submissions.words import escaped

FORMAT, PATCH_FORMAT = "crossmodal-dictionary-1", "backend-patch-1"
PARTS = ("frame", "image", "text")
CLASSES = {"tower": "Tower", "same": "Same", "matched": "Matched", "dense": "DenseMap"}
"""Class of a part by its kind: the digest names it."""
MOST_USES = 4
"""Fields that may name one tensor, on average: towers that are shared name each twice."""
TORCH = {
    "BOOL": "torch.bool",
    "U8": "torch.uint8",
    "I8": "torch.int8",
    "I16": "torch.int16",
    "U16": "torch.uint16",
    "F16": "torch.float16",
    "BF16": "torch.bfloat16",
    "I32": "torch.int32",
    "U32": "torch.uint32",
    "F32": "torch.float32",
    "I64": "torch.int64",
    "U64": "torch.uint64",
    "F64": "torch.float64",
}


def described(tensors: Tensors) -> dict[str, dict[str, Any]]:
    """The fields of both towers and the frame. Raises ValueError where it is no dictionary."""
    if tensors.metadata.get("format") != FORMAT:
        shown = escaped(str(tensors.metadata.get("format")), 40)
        raise ValueError(f"has the format {shown}, wanted {FORMAT}")
    parts = parsed(tensors.metadata.get("parts", "").encode(), deepest=8)
    if not isinstance(parts, dict) or tuple(sorted(parts)) != PARTS:
        raise ValueError(f"describes other parts than {', '.join(PARTS)}")
    for part in parts.values():
        if not isinstance(part, dict) or part.get("kind") not in CLASSES:
            raise ValueError(f"describes a part of no kind that is known: {', '.join(CLASSES)}")
        for field in part.values():
            _known(field, tensors)
    return parts


def _known(field: Any, tensors: Tensors) -> None:
    """Raises ValueError for a field that names a tensor which is not there."""
    if not isinstance(field, dict):
        return
    name = field.get("tensor")
    if set(field) != {"tensor"} or not isinstance(name, str) or name not in tensors.by_name:
        raise ValueError(f"describes a field as {escaped(json.dumps(field), 60)}: no tensor of it")


def digest(dictionary: Tensors, patch: Tensors | None = None) -> str:
    """sha256 over every tensor and setting, and over the weights that a patch puts in place."""
    sha = hashlib.sha256()
    left = MOST_USES * (dictionary.size + (patch.size if patch else 0))
    for name, value in _contents(dictionary, patch):
        if isinstance(value, Tensor):
            left -= len(value.data)
            if left < 0:
                raise ValueError("describes one tensor over and over")
            sha.update(f"{name}:{TORCH[value.dtype]}:{value.shape}:".encode())
            sha.update(value.data)
        else:
            sha.update(f"{name}={value!r};".encode())
    return sha.hexdigest()


def together(digests: list[str]) -> str:
    """What a record says of several fits at once: those of all blocks, in their order."""
    return (
        digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()
    )


def _contents(dictionary: Tensors, patch: Tensors | None) -> Iterator[tuple[str, Any]]:
    """Names and values in the order of the digest; a patched one is a pair."""
    if patch is None:
        yield from _fields(dictionary, "")
        return
    if patch.metadata.get("format") != PATCH_FORMAT:
        shown = escaped(str(patch.metadata.get("format")), 40)
        raise ValueError(f"has weights of the format {shown}, wanted {PATCH_FORMAT}")
    yield from _fields(dictionary, ".0")
    for name in sorted(patch.by_name):
        yield f".1.{name}", patch.by_name[name]


def _fields(dictionary: Tensors, above: str) -> Iterator[tuple[str, Any]]:
    yield f"{above}.class", "Paired"
    for part, fields in sorted(described(dictionary).items()):
        yield f"{above}.{part}.class", CLASSES[fields["kind"]]
        for name in sorted(set(fields) - {"kind"}):
            field = fields[name]
            value = dictionary.by_name[field["tensor"]] if isinstance(field, dict) else field
            yield from _plain(value, f"{above}.{part}.{name}")


def _plain(value: Any, name: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, list):
        for place, each in enumerate(value):
            yield from _plain(each, f"{name}.{place}")
    else:
        yield name, value
