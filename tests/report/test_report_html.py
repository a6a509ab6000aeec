"""The page: one file, no request, well-formed, the same bytes each time, hostile names as text."""

from __future__ import annotations

import gzip
import re
from base64 import b64decode, b64encode
from hashlib import sha256
from html.parser import HTMLParser
from importlib.resources import files
from itertools import pairwise

import pytest
from handmade import HOSTILE, hostile_audit, small_audit

from llmaudit.errors import printable
from llmaudit.report import render_html
from llmaudit.report.colors import DARK, LIGHT

MAX_BYTES = 2_500_000
VOID = {"meta", "br", "img", "link", "input", "hr", "wbr"}
FETCHING = {"src", "href", "srcset", "action", "data", "poster", "background", "xlink:href"}


class Outline(HTMLParser):
    """What a reader of the page's structure would note."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.tables: list[dict[str, bool]] = []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "table":
            self.tables.append({"caption": False, "col": False, "row": False})
        if tag == "caption":
            self.tables[-1]["caption"] = True
        if tag == "th":
            self.tables[-1][dict(attrs)["scope"]] = True

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] not in {"script", "style"}:
            self.text.append(data)


def outline(page: str) -> Outline:
    parser = Outline()
    parser.feed(page)
    parser.close()
    assert parser.open == []
    return parser


@pytest.fixture(scope="module")
def small_page(catalog) -> str:
    return render_html(small_audit(catalog))


@pytest.fixture(scope="module")
def hostile_page(catalog) -> str:
    return render_html(hostile_audit(catalog))


@pytest.fixture(params=["small_page", "hostile_page"])
def page(request) -> str:
    return request.getfixturevalue(request.param)


def test_it_is_small(page):
    assert len(page.encode()) < MAX_BYTES


def test_the_same_audit_gives_the_same_bytes(catalog, small_page):
    assert render_html(small_audit(catalog)) == small_page


def test_headings_are_in_order(page):
    levels = [int(tag[1]) for tag, _ in outline(page).tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_every_table_has_a_caption_and_headers_with_a_scope(page):
    found = outline(page).tables
    assert len(found) > 15
    assert all(table["caption"] and table["col"] for table in found)


def test_it_says_its_language_and_ids_are_unique_and_links_lead_somewhere(page):
    tags = outline(page).tags
    ids = [attrs["id"] for _, attrs in tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    assert dict(tags[0][1])["lang"] == "en"
    links = [attrs["href"] for tag, attrs in tags if tag == "a"]
    assert links
    assert all(link[0] == "#" and link[1:] in ids for link in links)
    for name in ("aria-labelledby", "data-chart"):
        assert all(attrs[name] in ids for _, attrs in tags if name in attrs)


def test_nothing_is_fetched(page):
    for tag, attrs in outline(page).tags:
        for name, value in attrs.items():
            assert not name.startswith("on"), (tag, name)
            if name in FETCHING:
                assert value is not None
                assert value.startswith("#"), (tag, name, value)
    style = page[page.index("<style>") : page.index("</style>")]
    assert "url(" not in style
    assert "@import" not in style


def test_only_the_two_scripts_of_the_policy_can_run(page):
    policy = next(attrs["content"] for tag, attrs in outline(page).tags if attrs.get("http-equiv"))
    assert "default-src 'none'" in policy
    assert "connect-src 'none'" in policy
    assert "unsafe-eval" not in policy
    code = page[page.rindex("<script>") + len("<script>") : page.rindex("</script>")]
    library = files("plotly").joinpath("package_data/plotly.min.js").read_bytes()
    hashes = [f"'sha256-{b64encode(sha256(one).digest()).decode()}'" for one in (code.encode(), library)]
    assert re.search(r"script-src ([^;]*);", policy)[1].split() == hashes


def test_plotly_is_in_it_once_and_whole(page):
    found = re.findall(r'<script type="application/octet-stream;base64" id="plotly">([^<]*)</script>', page)
    assert len(found) == 1
    assert gzip.decompress(b64decode(found[0])) == files("plotly").joinpath("package_data/plotly.min.js").read_bytes()


def test_hostile_names_are_text(hostile_page):
    parsed = outline(hostile_page)
    text = "".join(parsed.text)
    for name in HOSTILE:
        assert printable(name, 120) in text
    assert not [tag for tag, _ in parsed.tags if tag in {"img", "b", "iframe"}]
    assert len([tag for tag, _ in parsed.tags if tag == "script"]) == len(re.findall("<script", hostile_page))
    assert not re.search("[\u0007\x1b\u202e]", hostile_page)


def test_charts_have_their_words_in_the_page(page):
    plots = [attrs for _, attrs in outline(page).tags if "data-chart" in attrs]
    assert len(plots) >= 7
    assert all(attrs["role"] == "img" and attrs["aria-label"] for attrs in plots)


SLIPS = (
    r"\w\(s\)",  # a plural nobody decided on
    r"\{[A-Za-z_.]+\}",  # a sentence that was never filled in
    r"\$-?0\.000+(?!\d)",  # nothing, in tenths of cents
    r"\b1 (?:rows|days|hours|models|records|calls|files|gateways|features)\b",
    r"\b(?:None|nan|NaN|Infinity|Decimal)\b(?! of)",
    r"\b(?:gateway_cache|error_rate|cost_ratio|no_risk|token_rate)\b",
    r"\(blank\)",
)


def test_no_word_of_the_sample_month_is_a_slip(session):
    """Plurals, blanks and names of the program that a reader should never meet, over every sentence and cell."""
    text = "\n".join(outline(render_html(session.audit())).text)
    assert len(text) > 50_000
    for slip in SLIPS:
        found = [text[max(0, one.start() - 40) : one.end() + 20] for one in re.finditer(slip, text)]
        assert found == [], slip


@pytest.mark.parametrize("colors", [LIGHT, DARK], ids=["light", "dark"])
def test_colours_can_be_told_from_what_they_stand_on(colors):
    """The least ratios of WCAG 2.2: 4.5 to 1 for text (1.4.3), 3 to 1 for what a chart draws (1.4.11)."""
    text = [(ink, back) for ink in ("ink", "muted", "accent") for back in ("paper", "panel")]
    text += [(tone, f"{tone}-back") for tone in ("good", "open", "bad")] + [("ink", "chip"), ("on-card", "card")]
    bars = [(name, "paper") for name in ("accent", "sky", "orange", "vermilion", "green", "purple")]
    for least, pairs in ((4.5, text), (3.0, bars)):
        for front, back in pairs:
            assert contrast(colors[front], colors[back]) >= least, (front, back)


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours, by the formula of WCAG 2.2 for relative luminance."""
    low, high = sorted(luminance(color) for color in (one, other))
    return (high + 0.05) / (low + 0.05)


def luminance(color: str) -> float:
    parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
