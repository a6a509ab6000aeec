"""The Markdown: the same sections, tables that hold together, names that do nothing."""

from __future__ import annotations

import re

import pytest
from handmade import HOSTILE, hostile_audit, small_audit

from llmaudit.report import render_markdown, wording
from llmaudit.report.markdown import code, prose, text
from llmaudit.report.sections import contents

COMMENT_LIMIT = 65_536
"""Characters a forge takes in one comment."""


@pytest.fixture(scope="module")
def hostile(catalog) -> str:
    return render_markdown(hostile_audit(catalog))


def test_it_has_every_section(catalog):
    found = render_markdown(small_audit(catalog))
    assert [line[3:] for line in found.splitlines() if line.startswith("## ")] == [
        one.title for one, _ in contents(small_audit(catalog))
    ]
    assert len(found) < COMMENT_LIMIT
    assert render_markdown(small_audit(catalog)) == found


def test_a_month_fits_into_a_comment_and_names_what_it_leaves_out(session):
    audit = session.audit()
    found = render_markdown(audit)
    assert len(found) < COMMENT_LIMIT
    assert f"Spend by seller: {len(audit.spend.by_seller)} rows, in the HTML report." in found
    assert f"{wording.headline(audit.spend.spend_usd)}" in found


def test_tables_hold_together(hostile):
    rows: list[str] = []
    for line in [*hostile.splitlines(), ""]:
        if line.startswith("|"):
            rows.append(line)
            continue
        widths = {len(re.findall(r"(?<!\\)\|", row)) for row in rows}
        assert len(widths) <= 1, rows
        rows.clear()


def test_hostile_names_do_nothing(hostile):
    outside = re.sub(r"`[^`\n]*`", "", hostile)
    assert "<script" not in outside
    assert "<img" not in outside
    assert not re.search(r"(?<!\\)\]\(", outside)
    assert not re.search("[\u0007\x1b\u202e]", hostile)
    assert any(name in hostile for name in HOSTILE)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("a|b", r"a\|b"),
        ("<b>&amp;", r"&lt;b\>&amp;amp;"),
        ("*x*_y_", r"\*x\*\_y\_"),
        ("line\nbreak", r"line\\nbreak"),
        ("@team #12", "@\u200bteam #\u200b12"),
        ("https://x.y", "https:\u200b//x.y"),
        ("$x$ and $5", r"\$x\$ and $5"),
    ],
)
def test_text(value, shown):
    assert text(value) == shown


def test_code_and_prose():
    assert code("a|`b`") == r"`a\|'b'`"
    assert prose("the plan `tiered_x` <b>") == r"the plan `tiered_x` &lt;b\>"
