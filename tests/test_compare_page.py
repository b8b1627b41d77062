"""The comparison in a real browser: two lists, a link that keeps them, keys, its own numbers."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmark.statistics import holm
from leaderboards.site.building import written
from leaderboards.site.facts import Facts
from leaderboards.site.pairing import Paired
from tests.paired_board import facts

playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright")
CHROMIUM = next((p for n in ("chromium", "chromium-browser") if (p := shutil.which(n))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs chromium")


@pytest.fixture(scope="module")
def known() -> Facts:
    return facts()


@pytest.fixture(scope="module")
def site(known: Facts, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    written(known, folder)
    return folder


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as started:
        found = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture
def page(browser: Any, site: Path) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    found = context.new_page()
    said: list[str] = []
    found.on("console", lambda message: said.append(message.text))
    found.on("pageerror", lambda error: said.append(str(error)))
    found.goto((site / "compare/index.html").as_uri())
    yield found
    assert not said
    context.close()


def shown(page: Any) -> dict[str, list[str]]:
    """Texts of the cells of each question."""
    rows = page.locator(".compared tbody tr").all()
    return {
        row.locator("th a").inner_text(): [cell.inner_text() for cell in row.locator("td").all()]
        for row in rows
    }


def choose(page: Any, a: str, b: str) -> None:
    page.get_by_label("method A", exact=True).select_option(label=a)
    page.get_by_label("method B", exact=True).select_option(label=b)


def test_numbers_are_those_that_ship_with_holm_over_what_is_shown(page: Any, known: Facts) -> None:
    choose(page, "posthoc", "shared")
    table = known.board.tables[0]
    paired = Paired(table, known.pairs)
    row = {each.name: each for each in table.rows}
    pairs = {c.task: paired.of(c, row["posthoc"], row["shared"]) for c in table.columns}
    tested = {task: pair for task, pair in pairs.items() if pair and pair.p is not None}
    adjusted = dict(zip(tested, holm([p.p or 0.0 for p in tested.values()]), strict=True))
    found = shown(page)
    assert found.keys() == pairs.keys()
    for task, pair in tested.items():
        assert pair.difference is not None
        said = float(found[task][3].split("\n")[0].replace("−", "-").replace("+", ""))
        assert said == pytest.approx(pair.difference, abs=2e-3)
        p = adjusted[task]
        assert (
            found[task][4] == ("<0.001" if p < 0.001 else f"{p:.3f}")
            or abs(float(found[task][4]) - p) < 2e-3
        )
        better = "posthoc" if pair.difference > 0 else "shared"
        assert found[task][5].startswith(f"{better} is better" if p <= 0.05 else "not told apart")
    refused = set(pairs) - set(tested)
    assert refused == {"stability"}
    assert "no pairs" in found["stability"][5]


def test_exchanging_the_two_turns_every_sign(page: Any) -> None:
    choose(page, "posthoc", "shared")
    before = shown(page)
    page.get_by_role("button", name="Exchange A and B").click()
    after = shown(page)
    for task, cells in before.items():
        assert after[task][5] == cells[5]
        assert after[task][:2] == cells[1::-1]
    assert page.locator("#a").evaluate("s => s.selectedOptions[0].text") == "shared"


def test_a_link_keeps_what_was_chosen(page: Any) -> None:
    choose(page, "separated", "jsae (truncated)")
    said = page.locator(".said").inner_text()
    url = page.url
    assert "a=separated" in url
    page.goto("about:blank")
    page.goto(url)
    assert page.locator(".said").inner_text() == said
    page.evaluate("location.hash = '#a=nobody&b=shared'")
    page.locator(".head-b", has_text="shared").wait_for()
    assert page.locator("#a").evaluate("s => s.selectedOptions[0].text") == "separated"


def test_another_backend_keeps_both_methods(page: Any) -> None:
    choose(page, "separated", "shared")
    option = page.locator("#place option").nth(1)
    page.get_by_label("backend", exact=True).select_option(value=option.get_attribute("value"))
    page.locator("h1").wait_for()
    page.wait_for_url("**/compare/*pocket-llava*")
    assert page.locator("#a").evaluate("s => s.selectedOptions[0].text") == "separated"
    assert page.locator("#b").evaluate("s => s.selectedOptions[0].text") == "shared"


def test_keys_alone_choose(page: Any) -> None:
    page.get_by_label("method A", exact=True).focus()
    before = page.locator(".head-a").inner_text()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.name") == "swap"
    assert page.locator(".head-a").inner_text() != before
    page.keyboard.press("Enter")
    assert page.locator(".head-b").inner_text() != before


def test_a_method_against_itself_is_said_to_be_no_comparison(page: Any) -> None:
    choose(page, "shared", "shared")
    assert "choose two" in page.locator(".said").inner_text()
    assert all(cells[5] == "not paired" for cells in shown(page).values())


def test_without_script_the_table_against_the_best_is_there(browser: Any, site: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    found = context.new_page()
    found.goto((site / "compare/index.html").as_uri())
    assert not found.locator("form[data-compare]").is_visible()
    assert not found.locator("#compared").is_visible()
    assert found.locator(".against tbody tr").count() >= 7
    assert found.get_by_text("Choosing any two takes script").is_visible()
    assert found.locator("#plain a", has_text="pocket-llava").first.is_visible()
    context.close()


@pytest.mark.parametrize("width", [360, 1280])
def test_nothing_is_wider_than_the_window(browser: Any, site: Path, width: int) -> None:
    context = browser.new_context(viewport={"width": width, "height": 800})
    found = context.new_page()
    found.goto((site / "compare/index.html").as_uri())
    assert found.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    verdict = found.locator(".compared tbody .verdict").first.bounding_box()
    assert verdict is not None
    assert verdict["x"] + verdict["width"] <= width
    context.close()


def test_axe_finds_nothing_serious(browser: Any, site: Path) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    context = browser.new_context(viewport={"width": 1280, "height": 900}, bypass_csp=True)
    found = context.new_page()
    for path in ("compare/index.html", "agreement.html", "tradeoffs.html"):
        found.goto((site / path).as_uri())
        faults = axe.run(found).response["violations"]
        told = {v["id"]: v["nodes"][0]["html"][:200] for v in faults}
        serious = [v["id"] for v in faults if v["impact"] in ("serious", "critical")]
        assert not serious, f"{path}: {told}"
    context.close()
