"""The page in a real browser: it draws, asks for nothing, fits a phone, and hostile names do not run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import chromium, opened
from handmade import HOSTILE, hostile_audit, small_audit

from llmaudit.errors import printable
from llmaudit.report import render_html, write
from llmaudit.report.letter import render_letter

pytestmark = pytest.mark.browser

WIDTHS = (390, 820, 1440)
PAPER_PX = 794
"""A4 at 96 pixels to the inch."""

SHUT = """[...document.querySelectorAll('details:not([data-long], [data-long] *)')]
    .filter((fold) => !fold.lastElementChild.checkVisibility({ contentVisibilityAuto: true })).length"""
WIDEST = "Math.max(...[...document.querySelectorAll('.plot svg')].map((one) => one.clientWidth))"

HERE = Path(__file__).parent
DRAWN = (HERE / "drawn.js").read_text(encoding="utf-8")
FAINT = (HERE / "faint.js").read_text(encoding="utf-8")
FOREIGN = "document.querySelectorAll('a:not([href^=\"#\"]), img, iframe, svg script').length"


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def pages(catalog, tmp_path_factory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    found = {}
    for name, audit in (("small", small_audit(catalog)), ("hostile", hostile_audit(catalog))):
        found[name] = folder / f"{name}.html"
        write(found[name], render_html(audit))
    return found


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", ["small", "hostile"])
def test_it_draws_every_chart_in_silence_and_fits(browser, pages, name, width):
    with opened(browser, pages[name], width=width) as seen:
        page = seen.page
        drawn = page.evaluate(DRAWN)
        assert len(drawn) >= 7
        assert all(one["shapes"] and one["left"] >= 0 and one["right"] <= width for one in drawn), drawn
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert seen.said == []
        assert seen.asked == [pages[name].as_uri()]


def test_hostile_names_are_seen_and_do_not_run(browser, pages):
    with opened(browser, pages["hostile"], width=1440) as seen:
        text = seen.page.evaluate("document.body.textContent")
        drawn = seen.page.evaluate("[...document.querySelectorAll('.plot')].map((one) => one.textContent).join('\\n')")
        for name in HOSTILE:
            assert printable(name, 120) in text
            assert printable(name, 20).removesuffix("\u2026") in drawn
        assert seen.page.evaluate(FOREIGN) == 0
        seen.page.hover(".plot rect >> nth=0", force=True)
        assert seen.said == []


@pytest.mark.parametrize("name", ["small", "hostile"])
def test_without_javascript_it_is_the_same_page(browser, pages, name):
    """What is drawn, and where, does not depend on the script."""
    with opened(browser, pages[name], width=1440) as seen:
        drawn, text = seen.page.evaluate(DRAWN), seen.page.locator("body").inner_text()
    with opened(browser, pages[name], width=1440, javascript=False) as seen:
        assert seen.page.evaluate(DRAWN) == drawn
        assert seen.page.locator("body").inner_text() == text
        for said in ("Every record accounted for", "unproven"):
            assert said in text


@pytest.mark.parametrize("colors", ["light", "dark"])
@pytest.mark.parametrize("name", ["small", "hostile"])
def test_every_word_can_be_read_on_a_light_and_on_a_dark_screen(browser, pages, name, colors):
    with opened(browser, pages[name], width=1440, colors=colors) as seen:
        page = seen.page
        red, green, blue = page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)")
        assert (red + green + blue < 200) is (colors == "dark")
        assert page.evaluate(FAINT) == []


def test_a_letter_is_as_wide_as_its_paper_and_can_be_read(browser, catalog, tmp_path):
    row = next(row for row in small_audit(catalog).markup.gateways if row.gateway == "dear.example")
    path = tmp_path / "letter.html"
    write(path, render_letter(row, "html", catalog_version="test"))
    for colors in ("light", "dark"):
        with opened(browser, path, width=1280, colors=colors) as seen:
            assert seen.page.evaluate("document.querySelector('main').clientWidth") > 1000
            assert seen.page.evaluate(FAINT) == []
            assert seen.said == []


@pytest.mark.parametrize("javascript", [True, False])
def test_it_prints_light_with_its_folds_open_and_its_charts_on_the_paper(browser, pages, javascript):
    with opened(browser, pages["small"], width=PAPER_PX, colors="dark", javascript=javascript) as seen:
        page = seen.page
        assert page.evaluate(SHUT) > 0
        page.emulate_media(media="print", color_scheme="dark")
        assert page.evaluate(SHUT) == 0
        assert page.evaluate(WIDEST) <= PAPER_PX
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        assert page.pdf(prefer_css_page_size=True).startswith(b"%PDF")
        assert seen.said == []


def test_it_can_be_walked_by_keyboard(browser, pages):
    with opened(browser, pages["small"], width=390) as seen:
        page = seen.page
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        scrolling = "[...document.querySelectorAll('.scroll')].filter((one) => one.scrollWidth > one.clientWidth)"
        assert page.evaluate(f"{scrolling}.length") > 0
        assert page.evaluate(f"{scrolling}.every((one) => one.tabIndex === 0)")
