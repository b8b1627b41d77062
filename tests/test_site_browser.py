"""The site in a real browser: sorting, filters, themes, small screens, keys, no request out."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from leaderboards.board.sources import Source
from leaderboards.site.facts import gather
from leaderboards.site.pages import makers
from leaderboards.site.serving import server
from tests.leaderboard_worlds import SITES as EVERY
from tests.leaderboard_worlds import made, reference_cells, site_of, submitted

playwright = pytest.importorskip(
    "playwright.sync_api", reason="needs playwright: pip install -e '.[dev]'"
)
CHROMIUM = next((p for n in ("chromium", "chromium-browser") if (p := shutil.which(n))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs chromium: apt-get install chromium")

METHODS = ("identity", "jsae", "labelled", "posthoc", "posthoc-cca", "random", "shared", "vista")
TASKS = ("reconstruction", "retrieval", "modality_split", "matching_rate")
SITES = {"pocket-clip": ("embedding",), "pocket-llava": ("block:0", "block:2")}
WIDE, PHONE = {"width": 1280, "height": 900}, {"width": 360, "height": 740}
BACKEND = "backends/pocket-clip.html"


def sources() -> list[Source]:
    """A small board with everything a table can show."""
    old = {"version": 1, "created": "2026-01-01T00:00:00+00:00", "revision": "r0"}
    stale = [
        made("sparc", "retrieval", "pocket-clip", "embedding", seed, level=0.97, **old)
        for seed in range(3)
    ]
    return [Source([*reference_cells(METHODS, SITES, range(3), TASKS), *stale]), *submitted(4)]


@dataclass
class Site:
    """Where it is served, where it lies, and what its pages are."""

    url: str
    folder: Path
    paths: list[str]
    templates: dict[str, str]
    """One page of each template."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    found = sources()
    folder = site_of(tmp_path_factory.mktemp("site"), found)
    pages = [page for make in makers() for page in make(gather(found))]
    with server(folder, 0) as running:
        thread = threading.Thread(target=running.serve_forever, daemon=True)
        thread.start()
        yield Site(
            url=f"http://127.0.0.1:{running.server_port}/",
            folder=folder,
            paths=[page.path for page in pages],
            templates={page.template: page.path for page in pages},
        )
        running.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as started:
        found = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield found
        found.close()


@dataclass
class Watched:
    """A page, and whatever it should not have done."""

    page: Any
    left: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def clean(self) -> None:
        assert not self.left, f"requests left: {self.left}"
        assert not self.said, f"the console said: {self.said}"


def watched(browser: Any, site: Site, **options: Any) -> Watched:
    """A page of a context of its own; what is not of this site is aborted and told."""
    context = browser.new_context(**({"viewport": WIDE} | options))
    found = Watched(context.new_page())

    def gate(route: Any) -> None:
        if route.request.url.startswith((site.url, site.folder.as_uri())):
            route.continue_()
        else:
            found.left.append(route.request.url)
            route.abort()

    context.route("**/*", gate)
    found.page.on("console", lambda message: found.said.append(message.text))
    found.page.on("pageerror", lambda error: found.said.append(str(error)))
    return found


@pytest.fixture
def view(browser: Any, site: Site) -> Iterator[Watched]:
    found = watched(browser, site)
    found.page.goto(site.url + BACKEND)
    yield found
    found.clean()
    found.page.context.close()


def names(page: Any) -> list[str]:
    """Rows that are shown, in their order."""
    return page.eval_on_selector_all(
        "#rows tbody:last-of-type tr:not([hidden])",
        "rows => rows.map(row => row.querySelector('th a').textContent)",
    )


def values(page: Any, at: int) -> list[float | None]:
    """Fresh values of a column in the order of rows; None for any other."""
    shown = page.eval_on_selector_all(
        "#rows tbody:last-of-type tr:not([hidden])",
        "(rows, at) => rows.map(row => row.cells[at].matches('.stale, .none') ? null"
        " : row.cells[at].querySelector('b').textContent)",
        at,
    )
    return [None if each is None else float(each) for each in shown]


def until(page: Any, script: str) -> None:
    """Waits for a script to give true. Pages allow no `eval`, so it is asked again from here."""
    for _ in range(200):
        if page.evaluate(script):
            return
        page.wait_for_timeout(25)
    raise AssertionError(f"never true: {script}")


def head(page: Any, name: str) -> Any:
    return page.locator("#rows thead th", has_text=name)


def test_a_column_sorts_best_first_then_the_other_way(view: Watched) -> None:
    before = names(view.page)
    assert before == sorted(before, key=lambda n: (n in ("identity", "labelled", "random"), n))
    anchors = view.page.locator("#rows .anchors").inner_text()
    button = head(view.page, "retrieval").get_by_role("button")
    for order, reverse in (("descending", True), ("ascending", False)):
        button.click()
        assert head(view.page, "retrieval").get_attribute("aria-sort") == order
        found = values(view.page, 2)
        known = [each for each in found if each is not None]
        assert known == sorted(known, reverse=reverse)
        assert found[len(known) :] == [None] * (len(found) - len(known))
        assert names(view.page)[-1] == "sparc", "the stale row is last"
    assert sorted(names(view.page)) == sorted(before)
    assert view.page.locator("#rows .anchors").inner_text() == anchors
    assert view.page.locator("#rows [aria-sort]").count() == 1


def test_names_sort_by_letter(view: Watched) -> None:
    button = head(view.page, "method").get_by_role("button")
    button.click()
    assert names(view.page) == sorted(names(view.page), key=str.lower)
    button.click()
    assert names(view.page) == sorted(names(view.page), key=str.lower, reverse=True)


def test_sorting_works_by_keys(view: Watched) -> None:
    button = head(view.page, "retrieval").get_by_role("button")
    button.focus()
    view.page.keyboard.press("Enter")
    assert head(view.page, "retrieval").get_attribute("aria-sort") == "descending"
    view.page.keyboard.press("Space")
    assert head(view.page, "retrieval").get_attribute("aria-sort") == "ascending"
    assert button.evaluate("button => button === document.activeElement")
    assert button.evaluate("button => getComputedStyle(button).outlineStyle") == "solid"


def test_rows_are_filtered_by_name(view: Watched) -> None:
    every = len(names(view.page))
    view.page.get_by_label("Filter rows").fill("POST cca")
    until(view.page, "document.querySelector('output').textContent.startsWith('1 of')")
    assert names(view.page) == ["posthoc-cca"]
    view.page.get_by_role("button", name="Reset").click()
    until(view.page, f"document.querySelector('output').textContent === '{every} of {every} rows'")


def test_rows_are_filtered_by_lane_and_marks(view: Watched) -> None:
    page = view.page
    page.get_by_label("Lane").select_option("self-reported")
    until(page, "document.querySelector('output').textContent.startsWith('3 of')")
    assert all(name.startswith("method-") for name in names(page))
    page.get_by_label("Lane").select_option("")
    for label, gone in (
        ("controls", "identity"),
        ("truncated codes", "jsae (truncated)"),
        ("stale", "sparc"),
        ("dense maps", "posthoc-cca"),
        ("patched", "vista"),
    ):
        until(page, f"{rows_with(gone)} === 1")
        page.get_by_label(label, exact=True).uncheck()
        until(page, f"{rows_with(gone)} === 0")


def rows_with(name: str) -> str:
    """Script that counts shown rows of a name."""
    rows = "[...document.querySelectorAll('#rows tr:not([hidden]) th a')]"
    return f"{rows}.filter(link => link.textContent === '{name}').length"


def test_columns_can_be_left_out(view: Watched) -> None:
    page = view.page
    page.locator("details.pick summary").click()
    for task in ("reconstruction", "modality_split", "matching_rate"):
        page.get_by_label(task, exact=True).uncheck()
    until(page, "document.querySelectorAll('#rows thead th:not([hidden])').length === 2")
    assert head(page, "retrieval").is_visible()
    assert "sparc" in names(page)
    page.get_by_label("retrieval", exact=True).uncheck()
    page.get_by_label("modality_split", exact=True).check()
    until(page, f"{rows_with('sparc')} === 0")


def test_tiers_are_seen_without_colour(view: Watched) -> None:
    page = view.page
    first = page.locator("#rows td.t1 > .tier").first
    other = page.locator("#rows td.t3 > .tier").first
    assert first.inner_text().strip().endswith("1")
    assert int(other.inner_text().split()[-1]) >= 3
    weights = [
        page.locator(f"#rows td.{tier} b").first.evaluate("b => getComputedStyle(b).fontWeight")
        for tier in ("t1", "t3")
    ]
    assert int(weights[0]) > int(weights[1])
    maybe = page.locator("#rows .tier.maybe").first
    assert maybe.evaluate("tier => getComputedStyle(tier).borderStyle") == "dashed"
    stale = page.locator("#rows td.stale").first
    assert stale.evaluate("cell => getComputedStyle(cell).fontStyle") == "italic"
    assert stale.locator(".tier").count() == 0


def test_the_theme_is_the_systems_until_the_reader_chooses(browser: Any, site: Site) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    for scheme, other in (("light", "Dark"), ("dark", "Light")):
        found = watched(browser, site, color_scheme=scheme)
        found.page.goto(site.url)
        was = found.page.evaluate(ground)
        assert (sum(map(int, was[4:-1].split(","))) < 200) == (scheme == "dark")
        button = found.page.locator("[data-theme-toggle]")
        assert button.inner_text() == other
        button.click()
        now = found.page.evaluate(ground)
        assert now != was
        found.page.goto(site.url + BACKEND)
        assert found.page.evaluate(ground) == now
        found.clean()
        found.page.context.close()


def test_keys_alone_reach_the_content(browser: Any, site: Site) -> None:
    found = watched(browser, site)
    found.page.goto(site.url + BACKEND)
    found.page.keyboard.press("Tab")
    skip = found.page.locator(".skip")
    assert skip.evaluate("link => link === document.activeElement")
    until(found.page, "document.querySelector('.skip').getBoundingClientRect().top >= 0")
    found.page.keyboard.press("Enter")
    assert found.page.evaluate("document.activeElement.id") == "main"
    seen = set()
    for _ in range(14):
        found.page.keyboard.press("Tab")
        seen.add(found.page.evaluate("document.activeElement.tagName"))
        shown = "getComputedStyle(document.activeElement).outlineStyle !== 'none'"
        assert found.page.evaluate(shown)
    assert {"A", "INPUT", "BUTTON"} <= seen
    found.clean()
    found.page.context.close()


def test_without_script_pages_are_plain_tables(browser: Any, site: Site) -> None:
    found = watched(browser, site, java_script_enabled=False)
    found.page.goto(site.url + BACKEND)
    assert found.page.locator("#rows tbody tr").count() > len(METHODS)
    assert found.page.locator("#rows th", has_text="retrieval").first.is_visible()
    assert not found.page.locator("form.filters").is_visible()
    assert not found.page.locator("button").filter(visible=True).count()
    found.clean()
    found.page.context.close()


def test_pages_open_from_disk(browser: Any, site: Site) -> None:
    found = watched(browser, site)
    found.page.goto((site.folder / BACKEND).as_uri())
    head(found.page, "retrieval").get_by_role("button").click()
    assert head(found.page, "retrieval").get_attribute("aria-sort") == "descending"
    found.page.get_by_role("link", name="jsae", exact=True).first.click()
    assert found.page.locator("h1").inner_text() == "jsae"
    assert found.page.evaluate("getComputedStyle(document.body).margin") == "0px"
    found.clean()
    found.page.context.close()


@pytest.mark.parametrize("viewport", [WIDE, PHONE], ids=["wide", "phone"])
def test_no_page_scrolls_sideways_or_complains(
    browser: Any, site: Site, viewport: dict[str, int]
) -> None:
    found = watched(browser, site, viewport=viewport)
    for path in site.paths:
        found.page.goto(site.url + path)
        reach = found.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert reach <= 0, f"{path} is {reach} px too wide"
    found.clean()
    found.page.context.close()


def test_wide_tables_scroll_in_their_box_by_keys(browser: Any, site: Site) -> None:
    found = watched(browser, site, viewport=PHONE)
    found.page.goto(site.url + BACKEND)
    box = found.page.locator(".scroll.board")
    assert box.evaluate("box => box.scrollWidth > box.clientWidth")
    assert box.get_attribute("tabindex") == "0"
    box.focus()
    found.page.keyboard.press("ArrowRight")
    until(found.page, "document.querySelector('.scroll.board').scrollLeft > 0")
    left = found.page.locator("#rows tbody:last-of-type th").first.bounding_box()
    assert left is not None
    assert left["x"] < 40, "the names stay in sight"
    found.clean()
    found.page.context.close()


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(browser: Any, site: Site, scheme: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    context = browser.new_context(viewport=WIDE, color_scheme=scheme, bypass_csp=True)
    page = context.new_page()
    told: list[str] = []
    for path in sorted(site.templates.values()):
        page.goto(site.url + path)
        found = axe.run(page).response["violations"]
        told += [
            f"{path}: {v['id']}: {v['nodes'][0]['html'][:200]}"
            for v in found
            if v["impact"] in ("serious", "critical")
        ]
    context.close()
    assert not told, "\n".join(told)


def test_print_shows_whole_tables(view: Watched) -> None:
    view.page.emulate_media(media="print")
    assert (
        view.page.locator(".scroll.board").evaluate("b => getComputedStyle(b).overflow")
        == "visible"
    )
    assert not view.page.locator("form.filters").is_visible()


@pytest.mark.slow
def test_a_thousand_submissions_are_built_and_sort_at_once(browser: Any, tmp_path: Path) -> None:
    backends = [name for name in EVERY if EVERY[name][0]][:5]
    ours = reference_cells(METHODS, {name: EVERY[name] for name in backends}, range(3), TASKS)
    found = [Source(ours), *submitted(1000, backends)]
    started = time.process_time()
    site_of(tmp_path, found)
    assert time.process_time() - started < 60
    context = browser.new_context(viewport=WIDE)
    page = context.new_page()
    page.goto((tmp_path / BACKEND).as_uri())
    assert len(names(page)) == 200
    took = page.evaluate(
        """() => {
            const button = document.querySelectorAll("#rows .sort")[2];
            const spent = [];
            for (let i = 0; i < 5; i += 1) {
                const start = performance.now();
                button.click();
                document.body.offsetHeight;
                spent.push(performance.now() - start);
            }
            return Math.min(...spent);
        }"""
    )
    assert took < 500, f"sorting took {took:.0f} ms"
    known = [each for each in values(page, 2) if each is not None]
    assert known == sorted(known, reverse=True)
    best = known[0]
    page.get_by_role("button", name="Show all").click()
    every = [each for each in values(page, 2) if each is not None]
    assert len(names(page)) > 1000
    assert every[0] == best == max(every)
    page.get_by_label("Filter rows").fill("sub-0999")
    until(page, "document.querySelector('output').textContent.startsWith('1 of')")
    context.close()
