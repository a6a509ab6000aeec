"""The page in a real browser: it draws, asks for nothing, fits a phone, and hostile names do not run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import chromium, opened
from handmade import HOSTILE, hostile_audit, small_audit

from llmaudit.errors import printable
from llmaudit.report import render_html, write

pytestmark = pytest.mark.browser

WIDTHS = (390, 820, 1440)
ON_PAPER = """addEventListener('beforeprint', () => {
    const charts = [...document.querySelectorAll('svg.main-svg')];
    window.folded = document.querySelectorAll('details:not([open])').length;
    window.widest = Math.max(...charts.map((chart) => chart.clientWidth));
})"""


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
        assert page.evaluate("document.documentElement.dataset.charts") == "ready"
        plots = "[...document.querySelectorAll('[data-chart]')]"
        undrawn = f"{plots}.filter((plot) => !plot.querySelector('svg.main-svg')).length"
        assert page.evaluate(f"{plots}.length") >= 7
        assert page.evaluate(undrawn) == 0
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert seen.said == []
        assert seen.asked == [pages[name].as_uri()]


def test_hostile_names_are_seen_and_do_not_run(browser, pages):
    with opened(browser, pages["hostile"], width=1440) as seen:
        text = seen.page.evaluate("document.body.textContent")
        drawn = seen.page.evaluate(
            "[...document.querySelectorAll('svg text')].map((one) => one.textContent).join('\\n')"
        )
        for name in HOSTILE:
            assert printable(name, 120) in text
            assert printable(name, 20).removesuffix("\u2026") in drawn
        assert seen.page.evaluate("document.querySelectorAll('.plot a, img, .plot b').length") == 0
        seen.page.hover("[data-chart] .barlayer path >> nth=0", force=True)
        seen.page.wait_for_timeout(200)
        assert seen.said == []


def test_every_number_is_there_without_javascript(browser, pages):
    with opened(browser, pages["small"], width=1440, javascript=False) as seen:
        body = seen.page.locator("body")
        for text in ("openai/gpt-5.6-sol", "Every record accounted for", "unproven", "Bar chart of spend by model"):
            assert text in body.inner_text()


def test_it_prints_with_its_folds_opened_and_its_charts_on_the_paper(browser, pages):
    with opened(browser, pages["small"], width=1440) as seen:
        page = seen.page
        page.evaluate(ON_PAPER)
        assert page.pdf(prefer_css_page_size=True).startswith(b"%PDF")
        assert page.evaluate("window.folded") == 0
        assert page.evaluate("window.widest") <= 680
        assert seen.said == []


def test_it_can_be_walked_by_keyboard(browser, pages):
    with opened(browser, pages["small"], width=390) as seen:
        page = seen.page
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        scrolling = "[...document.querySelectorAll('.scroll')].filter((one) => one.scrollWidth > one.clientWidth)"
        assert page.evaluate(f"{scrolling}.length") > 0
        assert page.evaluate(f"{scrolling}.every((one) => one.tabIndex === 0)")
