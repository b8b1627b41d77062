"""The record of a submission, `submission.json`: who proposes which row, and every file behind it.

What it says is held to by the record itself: text is visible text, addresses are of the web, names
of files are those that a submission has. Whether files and numbers agree is `validate`'s to say.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression
from pydantic import AfterValidator, Field, model_validator

from benchmark.results.records import Environment, Sha256
from benchmark.results.scores import Record
from benchmark.submissions.words import visible

SUBMISSION_VERSION = 1
SLUG = r"^[a-z0-9]+(-[a-z0-9]+)*$"
"""Lower case letters and digits, single dashes between them: what an address and a folder take."""
RECORD, DOCUMENT, METHOD, CARD = "submission.json", "document.json", "method.py", "CARD.md"
UNITS, CHECKPOINTS = "units", "checkpoints"
NAME_OF_FIT = r"[A-Za-z0-9][A-Za-z0-9_.-]{0,120}?"
FILE_NAMES = re.compile(
    rf"(?:{re.escape(DOCUMENT)}|{re.escape(METHOD)}|{re.escape(CARD)}"
    rf"|{UNITS}/[0-9a-f]{{64}}\.npz"
    rf"|{CHECKPOINTS}/{NAME_OF_FIT}(?:\.patch)?\.safetensors|{CHECKPOINTS}/{NAME_OF_FIT}\.json)\Z"
)
"""Every file of a submission but its record."""


def _spdx(licence: str) -> str:
    try:
        return str(canonicalize_license_expression(licence))
    except InvalidLicenseExpression:
        raise ValueError(
            f"{licence} is no SPDX expression: wanted one as in MIT, Apache-2.0 or CC-BY-4.0, or "
            "LicenseRef-NAME for terms of your own"
        ) from None


def _web_address(text: str) -> str:
    """An http(s) address with a host and no user, so that it can be linked. Raises ValueError."""
    if not text.isascii() or re.search(r"[\s\"'<>`\\^{}|\x00-\x1f\x7f]", text):
        raise ValueError("wanted a plain web address, as in https://arxiv.org/abs/2601.00001")
    parts = urlsplit(text)
    if parts.scheme not in ("https", "http") or not parts.hostname or "@" in parts.netloc:
        raise ValueError("wanted an address that begins with https:// and names a host")
    return text


Slug = Annotated[str, Field(pattern=SLUG, max_length=64)]
Title = Annotated[str, Field(min_length=1, max_length=120), AfterValidator(visible)]
Summary = Annotated[str, Field(max_length=500), AfterValidator(visible)]
Author = Annotated[str, Field(min_length=1, max_length=120), AfterValidator(visible)]
MethodName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.=-]*$", max_length=120)]
Licence = Annotated[
    str,
    Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 .+()-]*$", max_length=100),
    AfterValidator(_spdx),
]
"""An SPDX expression, as in MIT or Apache-2.0."""
Web = Annotated[str, Field(max_length=300), AfterValidator(_web_address)]
Moment = Annotated[
    str, Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:Z|[+-]\d\d:\d\d)$", max_length=25)
]
Place = Annotated[str, Field(min_length=1, max_length=400), AfterValidator(visible)]


class FileRecord(Record):
    """One file of a submission, by its content."""

    sha256: Sha256
    bytes: Annotated[int, Field(ge=0)]


class Checkpoint(Record):
    """One fitted dictionary, and the fit that it came from; one a backend, site, variant and seed.

    `file` ends in .safetensors; beside it are its facts (.json) and, of a method that replaced
    weights, the weights (.patch.safetensors).
    """

    file: Annotated[str, Field(pattern=rf"^{CHECKPOINTS}/{NAME_OF_FIT}\.safetensors$")]
    digest: Sha256
    """`benchmark.sae.checkpoints.digest` of what the file holds: `checkpoint_sha256` of cells."""
    backend: Place
    data: Place
    site: Place
    variant: Literal["fair", "paper"] = "fair"
    seed: Annotated[int, Field(ge=0)]
    limit: Annotated[int, Field(ge=1)] | None = None
    centred: bool = False


class Submission(Record):
    """What is proposed: one method in one configuration, its cells, and the files behind them."""

    schema_version: Literal[1] = 1
    slug: Slug
    """The row's name on the board, and the folder's."""
    method: MethodName
    """As the cells have it; that of a file is the file's own name."""
    method_file: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_.-]*\.py$")] | None = None
    """What `method.py` was called when it ran; null for a method of the library, and for
    dictionaries that were fitted elsewhere."""
    imported: bool = False
    """Dictionaries that were fitted elsewhere, as `run --checkpoint` scores them: no method ran."""
    title: Title
    summary: Summary = ""
    authors: Annotated[tuple[Author, ...], Field(min_length=1, max_length=100, strict=False)]
    licence: Licence
    paper: Web | None = None
    code: Web | None = None
    created: Moment
    tasks: dict[MethodName, Sha256] = {}
    """sha256 of each task's file as it was run: with the method's it makes the `code` of cells."""
    environment: Environment
    checkpoints: tuple[Checkpoint, ...] = Field(default=(), strict=False, max_length=2000)
    files: dict[str, FileRecord]
    """Every file but this one, by its path in the folder."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for name in self.files:
            if not FILE_NAMES.match(name):
                raise ValueError(f"files: {name[:80]!a} is no file that a submission has")
        if DOCUMENT not in self.files:
            raise ValueError(f"files: {DOCUMENT} is not among them")
        if (METHOD in self.files) != (self.method_file is not None):
            raise ValueError(f"method_file and {METHOD} come together")
        if self.imported and (self.method_file is not None or not self.checkpoints):
            raise ValueError("imported: wanted checkpoints, and no method file")
        for each in self.checkpoints:
            if each.file not in self.files:
                raise ValueError(f"checkpoints: {each.file} is not among the files")
        return self
