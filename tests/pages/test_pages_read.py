"""Files of every kind to text: lines, encodings, what is not shown, what is hostile, what is no page."""

from __future__ import annotations

import io
import sys
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from page_cases import TODAY

from llmaudit.catalog import Catalog, load_catalog
from llmaudit.errors import Exit, InputError
from llmaudit.pages.audit import audit, audit_page
from llmaudit.pages.model import Block, Table
from llmaudit.pages.source.html import MAX_MARKUP
from llmaudit.pages.source.read import MAX_BYTES, page_of, read_page


def texts(data: str | bytes, name: str) -> list[str]:
    page = page_of(data.encode() if isinstance(data, str) else data, name)
    return [block.text for block in page.blocks if isinstance(block, Block)]


def test_a_component_with_its_own_markup(catalog: Catalog) -> None:
    """What a Vue component's template shows is read, with the lists of its script, each on its line."""
    source = """<script setup>
const plans = [{ name: "Studio", price: "$29 per month" }, { name: "Works", price: "$99 per month" }]
</script>

<template>
  <main>
    <p>You pay a platform fee of {{ fees.percent }}%. Each top-up carries a 3% fee.</p>
    <template v-if="pro"><p>Own keys are free of charge.</p></template>
  </main>
</template>
"""
    found = audit(page_of(source.encode(), "pricing.vue"), "pricing.vue", catalog, today=TODAY).findings
    assert {(f.kind, f.pct, f.negated, f.line) for f in found if f.kind in {"topup_pct", "byok_pct"}} == {
        ("topup_pct", 3.0, False, 7),
        ("byok_pct", None, True, 8),
    }
    assert [f.template is not None for f in found if f.kind == "platform_pct"] == [True]
    assert {(f.fixed_usd, f.line) for f in found if f.kind == "subscription"} == {(Decimal(29), 2), (Decimal(99), 2)}


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("utf-8", "充值收取 5% 的手续费。"),
        ("utf-8-sig", "Gebühr von 5 %"),
        ("utf-16", "A 5% fee applies to credits."),
        ("gb18030", "充值收取百分之五的手续费，最低两元。"),
        ("shift_jis", "クレジットの購入に5%の手数料がかかります。"),
        ("cp1252", "Gebühr von 5 % für jeden Kauf"),
    ],
)
def test_encodings(encoding: str, text: str) -> None:
    assert texts(text.encode(encoding), "page.txt") == [text]


def test_a_guessed_encoding_is_said() -> None:
    page = page_of("Gebühr von 5 %".encode("cp1252"), "page.txt")
    assert page.notes == ("the encoding is not stated and not UTF-8: read as cp1252",)


def test_declared_encoding() -> None:
    page = '<html><head><meta charset="gbk"></head><body><p>手续费</p></body></html>'
    assert texts(page.encode("gbk"), "page.html") == ["手续费"]


HTML = """<!DOCTYPE html>
<html><head><title>T</title><script>var a = "<p>script 1%</p>"</script></head>
<body>
<!-- comment 2% <p>x</p> -->
<nav>nav 3%</nav><style>p { width: 4% }</style>
<div hidden>hidden 5%</div><div style="display: none">gone 6%</div><span aria-hidden="true">7%</span>
<button aria-controls="a1">Open</button><div id="a1" hidden><p>collapsed 8%</p></div>
<div class="accordion-panel" hidden>panel 9%</div><details><summary>More</summary>inside 10%</details>
<p>plain &amp; 11%<br>next
line 12%</p><pre>code 13%</pre><footer>foot 14%</footer>
<ul><li>one<li>two</ul><svg><text>15%</text></svg><noscript>16%</noscript>
<p hidden>unclosed 17%<p>after 18%
</body></html>"""


def test_html_shows_what_a_reader_sees() -> None:
    shown = " | ".join(texts(HTML, "page.html"))
    assert [n for n in range(1, 19) if f" {n}%" in f" {shown}"] == [8, 9, 10, 11, 12, 18]
    page = page_of(HTML.encode(), "page.html")
    assert page.notes == ("4 hidden part(s) of the page were not read",)
    where = {block.text: block.marks[0][1] for block in page.blocks if isinstance(block, Block)}
    assert where["plain & 11%"] == 9
    assert where["after 18%"] == 12
    two_lines = next(block for block in page.text_blocks if block.text.startswith("next"))
    assert two_lines.line_at(two_lines.text.index("line 12%")) == 10


def test_html_tables_with_spans() -> None:
    page = page_of(
        b"<table><tr><th>Model<th>Unit<th>Price</tr><tr><td rowspan=2>A<td>in<td>1\n<tr><td colspan=2>out 2</table>",
        "t.html",
    )
    (table,) = page.blocks
    assert isinstance(table, Table)
    assert table.rows == (("Model", "Unit", "Price"), ("A", "in", "1"), ("A", "out 2", "out 2"))
    assert table.lines == (1, 1, 2)


MDX = """---
title: Fees
date: 2026-09-01
---
import { FEE } from './x'
export const OWN = '3%'
export const f = (a) => {
  return '99% fee'
}

Wrapped text that goes on and on so that the line is long enough to be
continued with [a link](https://example.org/a_(b)) and **bold {OWN}**.

<Card title="A card">Inside \\$5 {FEE} <Fee kind="x" /></Card>
```js
const fee = '12%'
```
{/* 13% */}
> quoted
| a | b |
|---|:-:|
| 1 | c \\| d |
"""


def test_markdown() -> None:
    page = page_of(MDX.encode(), "page.mdx")
    blocks = [block.text for block in page.blocks if isinstance(block, Block)]
    assert blocks == [
        "Wrapped text that goes on and on so that the line is long enough to be continued with a link and bold 3%.",
        "A card",
        'Inside $5 \u2045{FEE}\u2046 \u2045<Fee kind="x" />\u2046',
        "quoted",
    ]
    assert page.dated == "2026-09-01"
    assert page.title.startswith("Fees")
    table = page.blocks[-1]
    assert isinstance(table, Table)
    assert table.rows == (("a", "b"), ("1", "c | d"))
    lines = MDX.splitlines()
    assert table.lines == (lines.index("| a | b |") + 1, lines.index("| 1 | c \\| d |") + 1)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "is empty"),
        (b" \n ", "is empty"),
        (b"%PDF-1.7 x", "is a PDF"),
        (b"PK\x03\x04x", "is a zip archive"),
        (b"a\0b", "is not text"),
        (b"MIME-Version: 1.0\nContent-Type: multipart/related", "is a web archive"),
        (b"<html><body><script>x</script></body></html>", "has no text in it"),
        (b"<p>" + b"<b>" * (MAX_MARKUP // 3) + b"</p>", "markup"),
    ],
)
def test_no_page(data: bytes, why: str) -> None:
    with pytest.raises(InputError, match=why) as raised:
        page_of(data, "page.html")
    assert raised.value.exit_code == Exit.BAD_INPUT
    assert raised.value.next_step


def test_too_large(tmp_path: Path) -> None:
    path = tmp_path / "page.txt"
    with path.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(InputError, match="larger than 20 MB"):
        read_page(path)


HOSTILE = {
    "comments.html": "<!--" * 50_000,
    "tags.html": "<p>" + "<a " * 50_000,
    "quotes.html": "<p>" + "<a b='" * 50_000,
    "deep.html": "<div>" * 50_000 + "A 5% fee applies to credits.",
    "spans.html": "<table>" + "<tr><td rowspan=999 colspan=999>x</tr>" * 300 + "</table>",
    "brackets.md": "[" * 50_000 + "](" * 50_000,
    "stars.md": "*a " * 50_000,
    "variables.mdx": "{{a" * 50_000,
    "bars.md": "| a " * 20_000 + "\n" + "|---" * 20_000,
    "fees.txt": "no fee 5% " * 20_000,
    "lines.txt": "x\n" * 100_000,
    "digits.txt": "1" * 100_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_pages_end(name: str, catalog: Catalog) -> None:
    """Each hangs a reader that is quadratic somewhere; none may hang, crash or find a fee that is not there."""
    try:
        found = audit(page_of(HOSTILE[name].encode(), name), name, catalog, today=TODAY)
    except InputError:
        return
    if name not in {"deep.html", "fees.txt"}:
        assert found.findings == []
        assert found.verdict == "undisclosed"


@pytest.mark.parametrize("broken", ["[{ name: 'a' ], 1]", "[ 1, 2 } ]", "{ rows: [1, 2 }, }", "{ a: 1 ] }"])
def test_brackets_that_do_not_match_end(broken: str) -> None:
    """A list that a brace closes has no end: the search for one must stop, and the rest of the file be read."""
    source = (
        f'const rows = {broken};\nconst more = [{{ name: "Top-ups", text: "A fee of 5% is added to top-ups." }}];\n'
    )
    assert "A fee of 5% is added to top-ups." in texts(source, "page.ts")


def test_what_is_cut_off_is_said(catalog: Catalog) -> None:
    found = audit(page_of(b"Word\n" * 20_000, "lines.txt"), "lines.txt", catalog, today=TODAY)
    assert any("longer than a pricing page" in note for note in found.notes)


PRICES = load_catalog()


@settings(max_examples=60, deadline=None)
@given(data=st.binary(max_size=400), ending=st.sampled_from(["html", "md", "txt"]))
def test_any_bytes_give_an_audit_or_an_error_in_words(data: bytes, ending: str) -> None:
    try:
        found = audit(page_of(data, f"page.{ending}"), "page", PRICES, today=TODAY)
    except InputError:
        return
    assert found.verdict


WORDS = "no a 5% $0.30 markup fee platform credits ( ) . charge {{fee}} 手续费 不收 は | <p> if ? 0%"
PIECES = [*WORDS.split(), "\n", "we charge", "platform fee"]


@settings(max_examples=100, deadline=None)
@given(words=st.lists(st.sampled_from(PIECES), max_size=40), ending=st.sampled_from(["html", "md", "txt"]))
def test_any_words_give_findings_with_lines_of_the_file(words: list[str], ending: str) -> None:
    text = " ".join(words)
    try:
        found = audit(page_of(text.encode(), f"page.{ending}"), "page", PRICES, today=TODAY)
    except InputError:
        return
    for finding in found.findings:
        assert 1 <= finding.line <= text.count("\n") + 1
        assert finding.quote
        assert finding.pct is None or finding.pct >= -100


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("# Fees\n\nWe add a 5% fee to credits.\n", 3),
        ("<html><body><h1>Fees</h1>\n<p>We add a 5% fee to credits.</p></body></html>", 2),
        ("Fees\nWe add a 5% fee to credits.\n", 2),
    ],
)
def test_standard_input_is_read_by_its_content(
    text: str, line: int, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    (finding,) = audit_page(Path("-"), catalog, today=TODAY).findings
    assert (finding.kind, finding.pct, finding.line) == ("topup_pct", 5.0, line)
