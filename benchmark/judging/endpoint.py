"""Any OpenAI-compatible endpoint as judge: asked once a case, at temperature 0, and remembered.

Replies are kept in this machine's cache by server, model, question and picture: what was answered
once costs nothing again. A key is read from a variable of the environment, and goes nowhere else.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from benchmark.activations.root import default_root
from benchmark.contracts import Progress, silent
from benchmark.judging.opinions import Opinions
from benchmark.judging.pictures import Gallery
from benchmark.judging.posting import BadRequestError, Server
from benchmark.judging.rubric import asked, chosen
from benchmark.judging.sheets import Sheet
from benchmark.judging.spending import Spending
from benchmark.results import canonical, write_whole

REPLY_TOKENS = 16
LARGEST_PX, SMALL_PX = 768, 256
"""Pictures are sent no larger; small ones without loss."""
UNREAD = "the reply names no letter, or several"


@dataclass(frozen=True, eq=False)
class EndpointJudge:
    """Judges edits by the letter that a model behind an endpoint replies with."""

    name: str
    model: str
    server: Server
    spending: Spending
    gallery: Gallery = field(default_factory=Gallery)
    root: Path | None = None
    """Where replies are kept; by default this machine's cache."""
    progress: Progress = silent

    def opinions(self, sheet: Sheet) -> Opinions:
        """Pictures go along where they are at hand. Raises ValueError as `reply` does."""
        cases = sheet.judged
        pictures: Iterable[Any] = self.gallery.of(sheet.cell, cases) or [None] * len(cases)
        both = self.progress(list(zip(cases, pictures, strict=True)), self.name)
        found = [chosen(self.reply(asked(sheet, case), picture)) for case, picture in both]
        return Opinions(tuple(found), tuple(UNREAD if s is None else "" for s in found))

    def reply(self, prompt: str, picture: Any = None) -> str:
        """What the model replies about a picture (PIL or uint8 [h, w, 3]), or without one.

        Raises ValueError, one line, as `Server.post` and `Spending.allow` do.
        """
        url = None if picture is None else data_url(picture)
        seen = None if url is None else hashlib.sha256(url.encode()).hexdigest()
        of = [self.server.base_url.rstrip("/"), self.model, prompt, seen, REPLY_TOKENS]
        key = hashlib.sha256(canonical(of).encode()).hexdigest()
        file = (self.root or default_root() / "judgements") / f"{key}.json"
        try:
            kept = json.loads(file.read_text("utf-8"))["reply"]
            if isinstance(kept, str):
                self.spending.remembered += 1
                return kept
        except (OSError, ValueError, KeyError, TypeError):
            pass
        self.spending.allow(prompt, picture=url is not None, replies=REPLY_TOKENS)
        told = self._posted(prompt, url)
        text = reply_of(told, self.server.base_url)
        usage = told.get("usage")
        self.spending.count(usage, prompt, text)
        write_whole(file, json.dumps({"reply": text, "usage": usage}).encode())
        return text

    def _posted(self, prompt: str, url: str | None) -> Any:
        """One request. Newer models call the bound of a reply otherwise, and are asked so then."""
        content: list[dict[str, Any]] = [{"type": "text", "text": prompt}]
        if url is not None:
            content.insert(0, {"type": "image_url", "image_url": {"url": url}})
        body = {
            "model": self.model,
            "messages": [{"role": "user", "content": content}],
            "temperature": 0,
        }
        try:
            return self.server.post("chat/completions", body | {"max_tokens": REPLY_TOKENS})
        except BadRequestError as error:
            if "max_completion_tokens" not in str(error):
                raise
        return self.server.post("chat/completions", body | {"max_completion_tokens": REPLY_TOKENS})


def reply_of(told: Any, base_url: str) -> str:
    """The text of a completion. Raises ValueError, one line, where there is none."""
    try:
        text = told["choices"][0]["message"]["content"]
        if isinstance(text, str):
            return text
    except (KeyError, IndexError, TypeError):
        pass
    raise ValueError(
        f"{base_url} answers without choices[0].message.content: is it an OpenAI-compatible server?"
    )


def data_url(picture: Any) -> str:
    """A picture as a data URL: PNG where it is small, else JPEG of at most 768 px a side."""
    from PIL import Image

    image = picture if isinstance(picture, Image.Image) else Image.fromarray(np.asarray(picture))
    image = image.convert("RGB")
    kind, more = ("PNG", {}) if max(image.size) <= SMALL_PX else ("JPEG", {"quality": 90})
    if max(image.size) > LARGEST_PX:
        image.thumbnail((LARGEST_PX, LARGEST_PX))
    into = io.BytesIO()
    image.save(into, kind, **more)
    return f"data:image/{kind.lower()};base64,{base64.b64encode(into.getvalue()).decode()}"
