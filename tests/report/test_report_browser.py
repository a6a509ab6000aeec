"""The page in a real browser: it draws, asks for nothing, fits a phone, and hostile names do not run."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from browser import chromium, opened
from handmade import HOSTILE, hostile_audit, small_audit
from playwright.sync_api import Page

from llmaudit.errors import printable
from llmaudit.report import plane_charts, render_html, write
from llmaudit.report.colors import DARK, LIGHT
from llmaudit.report.letter import render_letter

pytestmark = pytest.mark.browser

WIDTHS = (390, 820, 1440)
PAPER_PX = 794
"""A4 at 96 pixels to the inch."""

INK = """[...new Set([...document.querySelectorAll('.annotation text')].map((one) => '#' +
    getComputedStyle(one).fill.match(/\\d+/g).map((part) => Number(part).toString(16).padStart(2, '0')).join('')))]"""
WIDEST = "Math.max(...[...document.querySelectorAll('.plot svg')].map((one) => one.clientWidth))"
MARKS = """([figure, marks]) => {
    const plot = document.body.appendChild(document.createElement('div'));
    Plotly.newPlot(plot, figure.data, figure.layout);
    return [...plot.querySelectorAll(marks)].map((one) => one.textContent);
}"""

SHUT = """[...document.querySelectorAll('details')]
    .filter((fold) => !fold.lastElementChild.checkVisibility({ contentVisibilityAuto: true })).length"""
ON_PAPER = f"""matchMedia('print').addEventListener('change', (media) => {{
    if (!media.matches) return;
    window.widest = {WIDEST};
    window.ink = {INK};
}})"""

HERE = Path(__file__).parent
DRAWN = (HERE / "drawn.js").read_text(encoding="utf-8")
FAINT = (HERE / "faint.js").read_text(encoding="utf-8")
FOREIGN = "document.querySelectorAll('a:not([href^=\"#\"]), img, iframe, svg script').length"


def eventually(page: Page, expression: str, expected: object) -> bool:
    """Wait until an expression has a value: the page's policy forbids the browser to look by itself."""
    tries = (page.evaluate(expression) == expected or page.wait_for_timeout(100) for _ in range(100))
    return any(tries)


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def month(session, tmp_path_factory) -> Path:
    """Return the page of the sample month: every section, with the tables that a small audit leaves empty."""
    path = tmp_path_factory.mktemp("month") / "month.html"
    write(path, render_html(session.audit()))
    return path


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


UNFOLD = "document.querySelectorAll('details').forEach((fold) => { fold.open = true; })"
SIDEWAYS = """[...document.querySelectorAll('.scroll')].filter((one) => one.scrollWidth > one.clientWidth + 1)
    .map((one) => one.querySelector('caption').textContent)"""
SPILLED = """[...document.querySelectorAll('table')]
    .filter((one) => one.checkVisibility({ contentVisibilityAuto: true }) && one.getBoundingClientRect().width > 681)
    .map((one) => one.querySelector('caption').textContent)"""


@pytest.mark.parametrize("width", [1280, 1440])
def test_on_a_desk_no_table_scrolls_sideways(browser, month, width):
    with opened(browser, month, width=width) as seen:
        seen.page.evaluate(UNFOLD)
        assert seen.page.evaluate(SIDEWAYS) == []


def test_the_first_screen_answers_what_every_reader_asks(browser, month):
    """Where the money goes, what can be saved, whether a gateway adds to it, whether to trust it: without a scroll."""
    with opened(browser, month, width=1280) as seen:
        seen.page.set_viewport_size({"width": 1280, "height": 900})
        answers = seen.page.locator(".answers > div")
        assert answers.count() == 4
        assert answers.last.evaluate("(one) => one.getBoundingClientRect().bottom") <= 900
        for link in seen.page.locator(".answers a").all():
            assert seen.page.locator(f"section{link.get_attribute('href')}").count() == 1


def test_on_paper_no_table_is_wider_than_the_page(browser, month):
    """A browser makes all of a page smaller for one table that is too wide: 180 mm are 680 pixels."""
    with opened(browser, month, width=680) as seen:
        seen.page.emulate_media(media="print")
        assert seen.page.evaluate(SPILLED) == []


def test_on_a_phone_sentences_stand_under_their_heads(browser, month):
    with opened(browser, month, width=390) as seen:
        table = seen.page.locator("#summary table.stacked").first
        assert table.evaluate("(one) => one.scrollWidth") <= 390
        cell = table.locator("tbody td").first
        label = cell.evaluate("(one) => getComputedStyle(one, '::before').content")
        assert label == f'"{cell.get_attribute("data-label")}"' == '"Saves"'


def test_hostile_names_are_seen_and_do_not_run(browser, pages):
    with opened(browser, pages["hostile"], width=1440) as seen:
        text = seen.page.evaluate("document.body.textContent")
        drawn = seen.page.evaluate(
            "[...document.querySelectorAll('.plot text')].map((one) => one.textContent).join('\\n')"
        )
        for name in HOSTILE:
            assert printable(name, 120) in text
            assert printable(name, 20).removesuffix("\u2026") in drawn
        assert seen.page.evaluate(FOREIGN) == 0
        seen.page.hover(".plot .barlayer path >> nth=0", force=True)
        seen.page.wait_for_timeout(200)
        assert seen.page.locator(".hoverlayer text").count() > 0
        assert seen.said == []


def test_every_number_is_there_without_javascript(browser, pages):
    with opened(browser, pages["small"], width=1440, javascript=False) as seen:
        text = seen.page.locator("body").inner_text()
        for said in ("openai/gpt-5.6-sol", "Every record accounted for", "unproven", "Bar chart of spend by model"):
            assert said in text
        assert "The charts need JavaScript" in text
        words = seen.page.evaluate("[...document.querySelectorAll('.plot')].map((one) => one.textContent.length)")
        assert len(words) >= 7
        assert min(words) > 20
        gaps = "[...document.querySelectorAll('.plot')].map((one) => one.clientHeight - one.firstChild.clientHeight)"
        assert max(seen.page.evaluate(gaps)) < 40  # no room is kept for what no script draws


def test_charts_follow_the_screen_when_it_turns_dark(browser, pages):
    with opened(browser, pages["small"], width=1440) as seen:
        assert seen.page.evaluate(INK) == [LIGHT["ink"].lower()]
        seen.page.emulate_media(color_scheme="dark")
        assert eventually(seen.page, INK, [DARK["ink"].lower()])
        assert seen.page.evaluate(FAINT) == []


def test_a_chart_is_as_wide_as_its_page_becomes(browser, pages):
    with opened(browser, pages["small"], width=1440) as seen:
        seen.page.set_viewport_size({"width": 390, "height": 1000})
        seen.page.evaluate(UNFOLD)  # a chart inside a fold is drawn again when it is seen
        assert eventually(seen.page, f"{WIDEST} < 390", expected=True)
        assert all(one["shapes"] and one["right"] <= 390 for one in seen.page.evaluate(DRAWN))


@pytest.mark.parametrize(
    ("amounts", "marks"),
    [
        ((0.000004,), ["$0", "$0.000001", "$0.000002", "$0.000003", "$0.000004"]),
        ((40e6,), ["$0", "$10,000,000", "$20,000,000", "$30,000,000", "$40,000,000"]),
        ((-20.0, 20.0), ["\u2212$20", "\u2212$10", "$0", "$10", "$20"]),
    ],
)
def test_amounts_of_any_size_have_round_marks(browser, pages, amounts, marks):
    days = [date(2026, 12, 31) + timedelta(days=n) for n in range(len(amounts))]
    figure = plane_charts.columns(days, [(amount, "") for amount in amounts])
    with opened(browser, pages["small"], width=820) as seen:
        assert seen.page.evaluate(MARKS, [figure, ".ytick text"]) == marks
        assert seen.page.evaluate(MARKS, [figure, ".xtick text"]) == ["31 Dec2026", "1 Jan2027"][: len(amounts)]


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
def test_it_prints_light_what_is_open_with_its_charts_on_the_paper(browser, pages, javascript):
    with opened(browser, pages["small"], width=PAPER_PX, colors="dark", javascript=javascript) as seen:
        page = seen.page
        folded = page.evaluate(SHUT)
        page.click("summary >> nth=0")
        page.emulate_media(media="print", color_scheme="dark")
        assert folded > 1
        assert page.evaluate(SHUT) == folded - 1
        assert (
            page.locator("details:not([open]) > summary").first.evaluate(
                "(one) => getComputedStyle(one, '::after').content"
            )
            == '" (in the HTML page)"'
        )
        assert page.locator(".commands:visible").count() == 0
        assert page.evaluate(WIDEST) <= PAPER_PX
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        assert page.pdf(prefer_css_page_size=True).startswith(b"%PDF")
        assert seen.said == []


def test_charts_are_light_and_as_wide_as_the_paper_when_they_are_printed(browser, pages):
    with opened(browser, pages["small"], width=1440, colors="dark") as seen:
        page = seen.page
        page.evaluate(ON_PAPER)
        assert page.pdf(prefer_css_page_size=True).startswith(b"%PDF")
        assert page.evaluate("window.widest") <= 680  # 180 mm of A4 at 96 pixels to the inch
        assert page.evaluate("window.ink") == [LIGHT["ink"].lower()]
        assert eventually(page, INK, [DARK["ink"].lower()])  # and the screen is dark again
        assert seen.said == []


def test_it_can_be_walked_by_keyboard(browser, pages):
    with opened(browser, pages["small"], width=390) as seen:
        page = seen.page
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        scrolling = "[...document.querySelectorAll('.scroll')].filter((one) => one.scrollWidth > one.clientWidth)"
        assert page.evaluate(f"{scrolling}.length") > 0
        assert page.evaluate(f"{scrolling}.every((one) => one.tabIndex === 0)")
