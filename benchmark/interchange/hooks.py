"""Where in a model an SAE was trained, as its checkpoint says, against the site it is read at."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from benchmark.contracts import Site

RESIDUAL = re.compile(r"blocks\.(\d+)\.(hook_resid_post|hook_resid_pre|hook_resid_mid)\b")
ELSEWHERE = re.compile(r"blocks\.\d+\.(hook_mlp_out|hook_attn_out|attn\.hook_z|mlp\.hook_\w+)")
DOTTED = re.compile(r"(?:^|[._])(?:layers?|h|resid_post_layer)[._](\d+)(?:$|[._])")


def block_of(told: Mapping[str, Any]) -> int | None:
    """The decoder block (0-based) whose output an SAE reads; None where that is not said."""
    hook = str(told.get("hook", ""))
    if found := RESIDUAL.search(hook):
        block = int(found.group(1))
        return block - 1 if found.group(2) == "hook_resid_pre" else block
    if found := DOTTED.search(hook):
        return int(found.group(1))
    said = told.get("block")
    return said if isinstance(said, int) and not isinstance(said, bool) else None


def check_hook(told: Mapping[str, Any], site: Site) -> None:
    """Raises ValueError, one line, where an SAE is of another place of a model than the site."""
    hook = told.get("hook")
    if hook is None or site.block is None:
        return
    if ELSEWHERE.search(str(hook)) or "hook_resid_mid" in str(hook):
        raise ValueError(
            f"the checkpoint is of {hook}, the site {site.name} is the residual stream after a "
            "block: --set any_site=true reads it there all the same"
        )
    block = block_of(told)
    if block is not None and block != site.block:
        raise ValueError(
            f"the checkpoint is of {hook}, which is after block {block}, and the site {site.name} "
            f"after block {site.block}: wanted --site block:{block}, or --set any_site=true to "
            "read it here all the same"
        )
