"""Pictures small enough that a page can hold hundreds of them."""

from __future__ import annotations

import io
from typing import Any

from PIL import Image

from benchmark.portraits.covering import as_array, middle

PX = 96
QUALITY = 72


def thumbnail(picture: Any) -> bytes:
    """The middle square of a picture, at most PX pixels a side, as WebP; never made larger."""
    array = as_array(picture)
    top, left, side = middle(array)
    image = Image.fromarray(array[top : top + side, left : left + side])
    if side > PX:
        image = image.resize((PX, PX), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    image.save(out, "WEBP", quality=QUALITY, method=6)
    return out.getvalue()
