"""What a page must be, read by a parser: whole, inert, named, and in order."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "link", "br", "img", "hr", "input", "wbr"}
SVG_VOID = {"path", "circle", "use", "image", "rect", "line"}
LINKS = ("href", "src", "xlink:href", "action", "formaction", "poster", "data", "srcset")


@dataclass
class Read(HTMLParser):
    """Everything that is wrong with a page, and what stands in it."""

    faults: list[str] = field(default_factory=list)
    open: list[str] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    targets: list[str] = field(default_factory=list)
    headings: list[int] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    csp: str = ""

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self._attributes(tag, dict(attrs), [name for name, _ in attrs])
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self._attributes(tag, dict(attrs), [name for name, _ in attrs])
        if "svg" not in self.open:
            self.faults.append(f"<{tag}/> outside of SVG")

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open[-1] != tag:
            self.faults.append(f"</{tag}> where {self.open[-3:]} are open")
        else:
            self.open.pop()

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def _attributes(self, tag: str, of: dict[str, str | None], names: list[str]) -> None:
        if len(names) != len(set(names)):
            self.faults.append(f"<{tag}> says an attribute twice: {names}")
        if tag in ("script", "iframe", "object", "embed", "form", "base", "foreignobject"):
            self.faults.append(f"<{tag}> is there")
        for name, value in of.items():
            if name.startswith("on"):
                self.faults.append(f"<{tag} {name}>")
            if name in LINKS and not re.match(r"#|data:image/webp;base64,|data:,$", value or ""):
                self.faults.append(f"<{tag} {name}={(value or '')[:40]}>")
            if name in LINKS and (value or "").startswith("#"):
                self.targets.append((value or "")[1:])
        if "id" in of:
            self.ids.append(of["id"] or "")
        if tag == "meta" and of.get("http-equiv") == "Content-Security-Policy":
            self.csp = of.get("content") or ""
        if re.fullmatch(r"h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag == "img" and not of.get("alt"):
            self.faults.append("a picture without a text")
        if tag == "svg" and not (of.get("aria-label") or of.get("aria-hidden")):
            self.faults.append("a drawing without a text")


def read(page: str) -> Read:
    """The page, with every fault that is found."""
    found = Read()
    found.feed(page)
    found.close()
    if found.open:
        found.faults.append(f"never closed: {found.open}")
    twice = {each for each in found.ids if found.ids.count(each) > 1}
    if twice:
        found.faults.append(f"ids twice: {sorted(twice)[:5]}")
    gone = set(found.targets) - set(found.ids)
    if gone:
        found.faults.append(f"links to nothing: {sorted(gone)[:5]}")
    for before, after in zip([0, *found.headings], found.headings, strict=False):
        if after > before + 1:
            found.faults.append(f"h{after} under h{before}")
    outside = re.findall(r"url\((?!#)[^)]*\)|@import|https?://[^\s\"'<]*", page)
    if outside:
        found.faults.append(f"asks for {outside[:3]}")
    return found
