"""The card of a submission: its record in words, for people who come to its folder."""

from __future__ import annotations

import re

from benchmark.submissions.records import METHOD, Submission

SPECIAL = re.compile(r"([\\`*_{}\[\]()#+!|<>~&:@.-])")
"""What Markdown or HTML would take for more than a character; in a card all text is text."""


def card(record: Submission) -> str:
    """Markdown, the same for the same record."""
    of = "dictionaries fitted elsewhere" if record.imported else "of the library"
    if record.method_file:
        of = f"`{METHOD}` (ran as `{record.method_file}`)"
    rows = [
        ("Method", f"`{record.method}`, {of}"),
        ("Authors", ", ".join(plain(author) for author in record.authors)),
        ("Licence", plain(record.licence)),
        ("Paper", _link(record.paper)),
        ("Code", _link(record.code)),
        ("Made", f"`{record.created}`"),
        ("Commit", f"`{record.environment.commit or 'unknown'}`{_dirty(record)}"),
        ("Checkpoints", str(len(record.checkpoints)) if record.checkpoints else "none"),
    ]
    lines = [f"# {plain(record.title)}", ""]
    if record.summary:
        lines += [plain(record.summary), ""]
    lines += ["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows), ""]
    lines += [
        "Written by `python -m benchmark submit`. The numbers are in `document.json`; "
        "check them with",
        "",
        "```",
        f"python -m benchmark validate leaderboards/submissions/{record.slug}",
        "```",
        "",
    ]
    return "\n".join(lines)


def plain(text: str) -> str:
    """Text that Markdown shows as it is."""
    return SPECIAL.sub(r"\\\1", text)


def _link(address: str | None) -> str:
    """A web address, which holds no sign that could end the link."""
    return f"<{address}>" if address else "none"


def _dirty(record: Submission) -> str:
    return " with changes" if record.environment.dirty else ""
