"""What is known of a backend without its weights: sizes, sites, and which rows it makes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from benchmark.contracts import Dataset, Modality, Need, Site

BYTES = {"float32": 4.0, "bfloat16": 2.0, "float16": 2.0}
EIGHT_BITS, FOUR_BITS = 1.0, 0.56
"""Bytes of a quantised parameter; the scales of blocks of 64 are counted in."""
WORDS_TO_TOKENS = 1.3
"""Tokens that a word of English takes, where no tokenizer is at hand."""
Counts = Callable[[Sequence[str]], Sequence[int]]


@dataclass(frozen=True)
class Stack:
    """Blocks of a transformer that tokens run through."""

    name: str
    blocks: int
    parameters: float
    """Weights of one block that a token is multiplied with; of experts those that are chosen."""
    width: int
    inner: int
    """The widest row inside a block, as a rule that of its MLP."""

    def flops(self, tokens: float, blocks: int | None = None) -> float:
        """Operations of one example: 2 a weight and token, and 4 · tokens² · width of attention."""
        run = self.blocks if blocks is None else blocks
        return run * (2 * self.parameters * tokens + 4 * tokens**2 * self.width)

    def working_bytes(self, tokens: float, each: float) -> float:
        """Bytes of one example inside a block: the stream, its norm, q, k, v, and two MLP rows."""
        return tokens * (6 * self.width + 2 * self.inner) * each


@dataclass(frozen=True)
class Walk:
    """Blocks of one stack that the tokens of one example go through, `times` times (views)."""

    stack: Stack
    tokens: float
    blocks: int
    times: float = 1.0

    @property
    def flops(self) -> float:
        return self.times * self.stack.flops(self.tokens, self.blocks)


@dataclass(frozen=True, eq=False)
class Outline:
    """A backend by its figures. It answers to what a cell's key asks of a backend."""

    name: str
    sites: tuple[Site, ...]
    provides: frozenset[Need]
    revision: str = ""
    """"" where it is not known before the weights are read."""
    data: Dataset | None = None
    preprocessing: str = ""
    dtype: str = "float32"
    text_pass: str = "isolated"
    in_memory: bool = False
    parameters: int = 0
    bytes_each: float = 4.0
    """Of a parameter, as it is held."""
    tower: Stack | None = None
    tower_tokens: float = 0
    views: float = 1.0
    """Times the tower reads a picture: the whole, and finer views of its parts."""
    prompt_tokens: float = 0
    """Image tokens of a picture in a prompt; a dual encoder has no prompt."""
    patches: int = 0
    """Rows of a picture at sites of tokens."""
    words: Stack | None = None
    """Where captions are read: a text tower, or a decoder that reads pictures as well."""
    frame_tokens: float = 0
    """What the chat template writes around a caption."""
    text_tokens: Counts | None = None
    """Tokens of captions, by the model's own tokenizer."""
    fixed_tokens: int = 0
    """To which every caption is filled up; 0 where captions are as long as they are."""
    decodes: bool = False
    embedded: tuple[int, int] = (0, 0)
    """Width of an embedding, image and text."""
    merged: int = 1
    """Tower tokens side by side in one row at the sites of the tower."""
    packs: bool = False
    """Whether several questions about a picture are read in one row."""
    together: bool = False
    """Whether several sites are read in one pass."""
    known: Literal["counted", "assumed"] = "counted"
    notes: tuple[str, ...] = ()
    revisions: dict[str, str] = field(default_factory=dict)
    """By modality, where the rows of one depend on parts of the model alone."""

    def revision_of(self, modality: Modality) -> str:
        """What the rows of one modality depend on; "" where that is not known."""
        return self.revisions.get(modality, self.revision)

    @property
    def weight_bytes(self) -> float:
        return self.parameters * self.bytes_each

    def width(self, site: Site, modality: Modality) -> int:
        """Columns of the rows at a site."""
        if site.block is None and not self.decodes:
            return self.embedded[modality == "text"]
        stack = self.words if modality == "text" or self.decodes else self.tower
        if site.block is None and modality == "image":  # what a projector reads
            stack = self.tower
        if stack is None:
            return self.embedded[modality == "text"]
        merged = self.merged if stack is self.tower and site.block is None else 1
        return stack.width * merged

    def tokens_of(self, captions: Sequence[str]) -> list[float]:
        """Tokens of each caption, by the tokenizer where there is one, else by its words."""
        if self.text_tokens is not None and captions:
            return [float(n) for n in self.text_tokens(captions)]
        return [max(1.0, len(caption.split()) * WORDS_TO_TOKENS) for caption in captions]

    def walks(self, modality: Modality, sites: Sequence[Site], tokens: float) -> list[Walk]:
        """What one example goes through on its way to these sites; `tokens` of the caption.

        A decoder stops after the last block that is asked for; an encoder runs to its end.
        """
        found: list[Walk] = []
        pictured = modality == "image" or self.text_pass == "joint"
        if self.tower is not None and pictured:
            found.append(Walk(self.tower, self.tower_tokens, self.tower.blocks, self.views))
        if self.words is None:
            return found
        if not self.decodes:
            read = self.fixed_tokens or tokens
            whole = Walk(self.words, read, self.words.blocks)
            return found if modality == "image" else [whole]
        last = [self._last(site, modality) for site in sites]
        blocks = max(last, default=self.words.blocks)
        shown = self.prompt_tokens if pictured else 0
        if blocks:
            said = 2.0 if modality == "image" else tokens
            found.append(Walk(self.words, shown + self.frame_tokens + said, blocks))
        return found

    def _last(self, site: Site, modality: Modality) -> int:
        """Decoder blocks that run for a site: none for what the projector reads of a picture."""
        assert self.words is not None
        if site.block is not None:
            return site.block + 1
        return 0 if modality == "image" else self.words.blocks
