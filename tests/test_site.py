"""The site as files: valid pages, links that hold, text that cannot act, the same bytes again."""

from __future__ import annotations

import csv
import io
import json
import re
import threading
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import html5lib
import pyarrow.parquet as pq
import pytest

from benchmark.__main__ import main
from benchmark.results import Cell
from leaderboards import metrics
from leaderboards.board.making import board
from leaderboards.board.sources import Source
from leaderboards.site import docs, exports
from leaderboards.site.building import written
from leaderboards.site.facts import gather
from leaderboards.site.inert import inert
from leaderboards.site.links import slug, unique
from leaderboards.site.pages import navigation
from leaderboards.site.rerun import commands
from leaderboards.site.serving import server
from tests import records
from tests.leaderboard_worlds import SITES as EVERY
from tests.leaderboard_worlds import made, reference_cells, site_of, submission, submitted

SCRIPT = "<script>alert('x')</script>"
IMAGE = '"><img src=x onerror=alert(1)>'
TURNED = "abc\u202egnp.exe\u2066\u200b"
SITES = {"pocket-clip": ("embedding",), "pocket-llava": ("block:0", "block:2", "")}
METHODS = ("identity", "jsae", "labelled", "posthoc", "posthoc-cca", "shared", "vista")


def sources() -> list[Source]:
    """Reference rows, stale ones, what failed, submissions, and text that means harm."""
    old = {"version": 1, "created": "2026-01-01T00:00:00+00:00", "revision": "r0"}
    stale = [
        made("sparc", "retrieval", "pocket-clip", "embedding", seed, **old) for seed in range(3)
    ]
    failed = made("pca", "retrieval", "pocket-clip", "embedding", 0).model_copy(
        update={"status": "oom", "reason": SCRIPT + TURNED, "scores": ()}
    )
    ours = reference_cells(METHODS, SITES, range(3), ["reconstruction", "retrieval"])
    evil = [hostile(seed) for seed in range(3)]
    named = evil[0].method.model_copy(update={"name": "evil"})
    claimed = Source(
        [cell.model_copy(update={"method": named}) for cell in evil],
        "self-reported",
        submission("evil", "evil", title=SCRIPT, summary=IMAGE, authors=(IMAGE, "=2+2")),
    )
    return [Source([*ours, *stale, failed, *evil]), *submitted(3, seeds=range(3)), claimed]


def hostile(seed: int) -> Cell:
    """A record whose every free text is an attack."""
    name = f"{SCRIPT}{IMAGE}{TURNED}" + "very-long-" * 40
    return records.cell(
        method=name,
        config={"k": IMAGE},
        task=SCRIPT,
        backend=f"=cmd|{IMAGE}",
        revision=SCRIPT,
        site=IMAGE,
        data=TURNED,
        seed=seed,
        scores=(records.score(name=IMAGE, unit=SCRIPT),),
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    written(gather(sources()), folder)
    return folder


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[str, str]:
    return {p.relative_to(site).as_posix(): p.read_text() for p in sorted(site.rglob("*.html"))}


class Seen(HTMLParser):
    """Tags, links, ids and attributes of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def of(self, *names: str) -> Iterator[dict[str, str | None]]:
        yield from (attributes for tag, attributes in self.tags if tag in names)


def test_a_submission_stands_by_its_name_in_tables_and_is_run_by_its_file(tmp_path: Path) -> None:
    backends = {name: sites[:1] for name, sites in EVERY.items() if not name.startswith("synth")}
    ours = reference_cells(("jsae", "shared"), backends, range(3), ("retrieval",))
    (theirs,) = submitted(1, tuple(backends), ("retrieval",))
    assert theirs.record is not None
    record = theirs.record.model_copy(update={"method_file": "method_0.py"})
    site = site_of(tmp_path, [Source(ours), replace(theirs, record=record)])
    board = (site / "backends" / "pocket-clip.html").read_text()
    assert f"<span>{record.slug}</span>" in board
    assert f"<span>{record.title}</span>" not in board
    page = (site / "submissions" / f"{record.slug}.html").read_text()
    assert "--method method_0.py" in page
    assert f"leaderboards/submissions/{record.slug}/method.py" in page
    task = (site / "tasks" / "retrieval.html").read_text()
    over_all = task[task.index("Over all backends") :]
    assert record.slug in over_all


def test_every_page_is_valid_html(pages: dict[str, str]) -> None:
    for path, text in pages.items():
        parser = html5lib.HTMLParser(strict=False)
        parser.parse(text)
        faults = [code for _, code, _ in parser.errors]
        assert not faults, f"{path}: {faults[:3]}"


def test_a_page_has_one_heading_of_the_first_kind_and_ids_once(pages: dict[str, str]) -> None:
    for path, text in pages.items():
        seen = Seen(text)
        assert len(list(seen.of("h1"))) == 1, path
        ids = [a["id"] for _, a in seen.tags if "id" in a]
        assert len(ids) == len(set(ids)), path


def test_every_link_leads_to_a_page_or_file_that_is_there(
    site: Path, pages: dict[str, str]
) -> None:
    ids = {path: {a["id"] for _, a in Seen(text).tags if "id" in a} for path, text in pages.items()}
    for path, text in pages.items():
        for attributes in Seen(text).of("a", "link", "script", "img", "source"):
            target = attributes.get("href") or attributes.get("src") or ""
            parts = urlsplit(target)
            if parts.scheme:
                continue
            at = (site / path).parent / unquote(parts.path) if parts.path else site / path
            assert at.resolve().is_relative_to(site.resolve()), f"{path}: {target}"
            assert at.is_file(), f"{path}: {target}"
            if parts.fragment:
                assert parts.fragment in ids[at.resolve().relative_to(site.resolve()).as_posix()]


def test_nothing_is_loaded_from_elsewhere(site: Path, pages: dict[str, str]) -> None:
    for path, text in pages.items():
        seen = Seen(text)
        for attributes in seen.of("script", "img", "iframe", "source", "object", "embed"):
            assert not urlsplit(attributes.get("src") or "").scheme, path
        for attributes in seen.of("link"):
            assert not urlsplit(attributes.get("href") or "").scheme, path
        for attributes in seen.of("a"):
            assert urlsplit(attributes.get("href") or "").scheme in ("", "https", "http"), path
        (policy,) = [a for a in seen.of("meta") if a.get("http-equiv")]
        assert str(policy["content"]).startswith("default-src 'none'")
        assert "unsafe" not in str(policy["content"])
    for style in site.rglob("*.css"):
        assert not re.search(r"@import|url\(", style.read_text())


def test_text_of_records_cannot_act(pages: dict[str, str]) -> None:
    for path, text in pages.items():
        seen = Seen(text)
        assert not list(seen.of("img")), path
        for attributes in seen.of("script"):
            assert attributes.get("src") or attributes.get("type") == "application/json", path
        for tag, attributes in seen.tags:
            harm = [a for a in attributes if a.startswith("on") or a in ("style", "srcdoc")]
            assert not harm, f"{path}: <{tag} {harm}>"
        assert not re.search("[\u202a-\u202e\u2066-\u2069\u200b]", text), path
    shown = pages["submissions/evil.html"]
    assert "&lt;script&gt;alert(" in shown


def test_the_same_records_are_the_same_bytes(site: Path, tmp_path: Path) -> None:
    written(gather(sources()), tmp_path)
    first = {p.relative_to(site).as_posix(): p.read_bytes() for p in site.rglob("*.*")}
    again = {p.relative_to(tmp_path).as_posix(): p.read_bytes() for p in tmp_path.rglob("*.*")}
    assert first.keys() == again.keys()
    assert [path for path in first if first[path] != again[path]] == []


def test_stale_values_are_grey_and_in_no_tier(pages: dict[str, str]) -> None:
    rows = re.findall(r'<td class="stale">.*?</td>', pages["backends/pocket-clip.html"])
    assert rows
    assert not any("tier" in row for row in rows)
    assert "other backend revision" in pages["backends/pocket-clip.html"]


def test_tiers_are_told_in_words_too(pages: dict[str, str]) -> None:
    assert '<i class="tier">1</i>' in pages["backends/pocket-clip.html"]


def test_a_table_has_a_column_a_task_and_none_over_them(pages: dict[str, str]) -> None:
    heads = re.findall(r"<thead>.*?</thead>", pages["backends/pocket-clip.html"], re.DOTALL)[0]
    labels = re.findall(r'class="label">(.*?)</span>', heads)
    assert labels == ["method", "reconstruction", "retrieval", "modality_split"]
    for text in pages.values():
        assert not re.search(r">\s*(average|overall|total|mean) (rank|score)", text, re.IGNORECASE)


def test_every_method_task_backend_and_submission_has_its_page(pages: dict[str, str]) -> None:
    wanted = {f"methods/{name}.html" for name in METHODS}
    wanted |= {f"tasks/{slug(name)}.html" for name in metrics.stored()}
    wanted |= {"backends/pocket-clip.html", "submissions/sub-0000.html", "submit.html", "data.html"}
    assert wanted <= pages.keys()


def test_the_navigation_is_on_every_page_and_says_where_one_is(pages: dict[str, str]) -> None:
    for path, text in pages.items():
        links = [a for a in Seen(text).of("a") if a.get("aria-current")]
        known = {each.path.rpartition("/")[0] for each in navigation()}
        if path.rpartition("/")[0] in known - {""}:
            assert links, path


def test_a_method_page_has_its_equation_paper_budget_and_command(pages: dict[str, str]) -> None:
    text = pages["methods/jsae.html"]
    assert 'class="equation"' in text
    assert 'href="https://arxiv.org/abs/2606.25657"' in text
    assert "<dt>n_latents</dt><dd>2048</dd>" in text
    assert "python -m benchmark run --method jsae" in text


def test_the_command_of_a_row_gives_back_what_was_given() -> None:
    cell = made("jsae", "retrieval", "clip:a b/c", "block:0", 1, variant="paper")
    method = cell.method.model_copy(update={"given": {"k": 32, "cut": False, "name": "it's"}})
    data = cell.data.model_copy(update={"limit": 5, "centred": True})
    (table,) = board(
        [Source([cell.model_copy(update={"method": method, "data": data})])], {}
    ).tables
    ((_, said),) = commands(table.rows)
    words = said.replace("\\\n", " ").split()
    assert " ".join(words) == (
        "python -m benchmark run --method jsae --backend 'clip:a b/c' --site block:0 "
        "--task retrieval --seed 1 --set cut=false --set k=32 --set "
        "'name=it'\"'\"'s' --variant paper --limit 5 --centre"
    )


def test_the_command_of_a_bundled_row_is_understood() -> None:
    import shlex

    from benchmark.command.arguments import parser
    from leaderboards.board.sources import sources as bundled

    found, _ = bundled()
    for table in board(found).tables:
        for _, said in commands(table.rows):
            words = shlex.split(said.replace("\\\n", " "))
            assert parser().parse_args(words[3:]).method


def test_rows_are_the_same_in_every_format(site: Path) -> None:
    lines = list(csv.DictReader(io.StringIO((site / "data/rows.csv").read_text())))
    table = pq.read_table(site / "data/rows.parquet").to_pylist()
    whole = json.loads((site / "data/rows.json").read_text())
    nested = [v for t in whole["tables"] for r in t["rows"] for v in r["values"].values()]
    assert len(lines) == len(table) == len(nested)
    for line, row in zip(lines, table, strict=True):
        assert float(line["value"]) == pytest.approx(row["value"], rel=1e-6)
        assert line["tier"] == ("" if row["tier"] is None else str(row["tier"]))
    assert list(lines[0]) == list(exports.FIELDS)
    assert not any(value.startswith("=") for line in lines for value in line.values())
    every = pq.read_table(site / "data/metrics.parquet")
    assert every.column_names == list(exports.METRICS)
    assert every.num_rows > len(lines)


def test_ids_of_pages_are_short_safe_and_distinct() -> None:
    names = ["a", "A", "a/../b", "../../etc/passwd", "", "é", "x" * 500, "a"]
    made_of = unique(enumerate(names), taken=["index"])
    assert len(set(made_of.values())) == len(names)
    for each in made_of.values():
        assert re.fullmatch(r"[a-z0-9][a-z0-9-]{0,70}", each)


def test_unseen_characters_are_seen() -> None:
    assert inert("a\u202eb\x00c\u200bd") == "a\ufffdb\ufffdc\ufffdd"
    assert inert("é λ 猫 -") == "é λ 猫 -"


def test_a_docstring_is_read_and_never_run(tmp_path: Path) -> None:
    file = tmp_path / "evil.py"
    file.write_text('"""Says.\n\n    z = x\n\nMore of\nit.\n"""\nraise SystemExit("ran")\n')
    doc = docs.read(file)
    assert doc.summary == "Says."
    assert [(b.kind, b.text) for b in doc.blocks] == [
        ("equation", "z = x"),
        ("prose", "More of it."),
    ]
    file.write_text("(" * 10_000)
    assert docs.read(file) == docs.Doc()
    assert docs.read(tmp_path / "none.py") == docs.Doc()


def test_what_is_kept_of_metrics_is_what_tasks_declare() -> None:
    assert json.loads(metrics.KEPT.read_text()) == metrics.declared()


def test_the_verb_builds_the_bundled_rows(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    assert main(["leaderboard", "build", "--output-path", str(tmp_path / "out")]) == 0
    said = capsys.readouterr()
    assert said.out.strip().endswith("index.html")
    assert Path(said.out.strip()).is_file()
    size = sum(p.stat().st_size for p in (tmp_path / "out").rglob("*.*"))
    assert size <= 6e6
    assert re.search(r"\d+ files, [\d.]+ MB, in [\d.]+ s", said.err)


def test_a_folder_that_cannot_be_written_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    assert main(["leaderboard", "build", "--output-path", str(tmp_path / "file/out")]) == 2
    assert capsys.readouterr().err.startswith("error: cannot write")


@pytest.mark.parametrize(
    "words", [["serve", "--port", "x"], ["serve", "--port", "70000"], ["build"], []]
)
def test_bad_words_are_one_line(words: list[str], capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["leaderboard", *words])
    assert stopped.value.code == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1


def test_a_served_site_is_for_this_machine(site: Path) -> None:
    with server(site, 0) as running:
        thread = threading.Thread(target=running.serve_forever, daemon=True)
        thread.start()
        port = running.server_port
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/data/rows.json") as answer:
            assert answer.read() == (site / "data/rows.json").read_bytes()
        with pytest.raises(ValueError, match=f"port {port} cannot be used"):
            server(site, port)
        running.shutdown()
        thread.join()
    assert running.server_address[0] == "127.0.0.1"


def test_a_build_takes_away_what_an_earlier_one_wrote_and_nothing_else(tmp_path: Path) -> None:
    few = Source(reference_cells(("jsae", "shared"), tasks=["retrieval"]), "reference", None)
    fewer = Source(reference_cells(("jsae",), tasks=["retrieval"]), "reference", None)
    site_of(tmp_path, [few])
    (tmp_path / "methods" / "mine.html").write_text("mine")
    assert (tmp_path / "methods" / "shared.html").is_file()
    site_of(tmp_path, [fewer])
    assert not (tmp_path / "methods" / "shared.html").exists()
    assert (tmp_path / "methods" / "jsae.html").is_file()
    assert (tmp_path / "methods" / "mine.html").read_text() == "mine"
    (tmp_path / "files.txt").write_text("../outside.txt\n/etc/hostname\n")
    (tmp_path.parent / "outside.txt").write_text("kept")
    site_of(tmp_path, [fewer])
    assert (tmp_path.parent / "outside.txt").read_text() == "kept"
