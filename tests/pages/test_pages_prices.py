"""Price tables against a list: up and down, explained by another list price, never guessed."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from page_cases import TODAY

from llmaudit.catalog import Catalog, load_catalog
from llmaudit.pages import PageAudit
from llmaudit.pages.audit import audit
from llmaudit.pages.source.read import page_of

OVERLAY = """
seller: testmaker
kind: provider
title: Test maker
models:
  - sku: owl-5.1-large
    model: testmaker/owl-5.1-large
    names: [owl-5.1-large-latest]
    prices:
      - {valid_from: 2026-01-01T00:00:00Z, source: x, usd_per_million: {input: 5, cache_read: 0.5, output: 20}}
      - {valid_from: 2026-08-01T00:00:00Z, source: x, usd_per_million: {input: 4, cache_read: 0.4, output: 16}}
      - valid_from: 2026-08-01T00:00:00Z
        source: x
        when: {region: us}
        usd_per_million: {input: 4.4, cache_read: 0.44, output: 17.6}
      - valid_from: 2026-08-01T00:00:00Z
        source: x
        when: {prompt_gt: 200000}
        usd_per_million: {input: 8, cache_read: 0.8, output: 24}
  - sku: owl-mini
    model: testmaker/owl-mini
    prices:
      - {valid_from: 2026-01-01T00:00:00Z, source: x, usd_per_million: {input: 1, output: 5}}
"""


@pytest.fixture(scope="module")
def prices(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    path: Path = tmp_path_factory.mktemp("catalog") / "testmaker.yaml"
    path.write_text(OVERLAY)
    return load_catalog((path,))


def audited(text: str, prices: Catalog, *, name: str = "page.md", on: date | None = None) -> PageAudit:
    return audit(page_of(text.encode(), name), name, prices, on=on, today=TODAY)


def page(rows: str, header: str = "| Model | Input ($/1M) | Output ($/1M) |") -> str:
    return f"# Models\n\n{header}\n{'|---' * header.count(' |')}|\n{rows}\n"


def seen(found: PageAudit) -> list[tuple[str, str, float | None, str]]:
    return [(row.model, row.unit, None if row.pct is None else round(row.pct, 3), row.status) for row in found.rows]


def test_above_equal_and_below(prices: Catalog) -> None:
    found = audited(page("| owl-5.1-large | $4.60 | $16.00 |\n| Owl Mini | $0.80 | $5.75 |"), prices)
    assert seen(found) == [
        ("owl-5.1-large", "input", 15.0, "above"),
        ("owl-5.1-large", "output", 0.0, "equal"),
        ("Owl Mini", "input", -20.0, "below"),
        ("Owl Mini", "output", 15.0, "above"),
    ]
    assert found.verdict == "above_list"
    assert [row.line for row in found.rows] == [5, 5, 6, 6]


def test_one_dearer_figure_is_no_pattern(prices: Catalog) -> None:
    found = audited(page("| owl-5.1-large | $4.60 | $16.00 |"), prices)
    assert found.verdict == "undisclosed"
    assert [row.status for row in found.rows] == ["above", "equal"]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("| owl-5.1-large | $4.40 | $17.60 |", "region class us"),
        ("| owl-5.1-large | $5.00 | $20.00 |", "behind"),
        ("| owl-5.1-large | $8.00 | $24.00 |", "long prompts"),
    ],
)
def test_another_list_price_explains(prices: Catalog, row: str, words: str) -> None:
    """A bare 1.10 is the size of a regional price, and an old price looks like a markup of any size."""
    found = audited(page(row), prices)
    assert {r.status for r in found.rows} == {"explained"}
    assert all(r.note and words in r.note for r in found.rows)
    assert found.verdict == "undisclosed"


def test_the_day_decides(prices: Catalog) -> None:
    text = page("| owl-5.1-large | $5.00 | $20.00 |")
    assert {r.status for r in audited(text, prices, on=date(2026, 7, 1)).rows} == {"equal"}
    dated = f"---\ndate: 2026-07-01\n---\n{text}"
    found = audited(dated, prices)
    assert (found.dated, {r.status for r in found.rows}) == ("2026-07-01", {"equal"})
    assert any("bears no date" in note for note in audited(text, prices).notes)
    assert not any("bears no date" in note for note in found.notes)


def test_prompt_band_in_the_name(prices: Catalog) -> None:
    found = audited(page("| Owl 5.1 Large (≤ 200K) | $4 | $16 |\n| Owl 5.1 Large (> 200K) | $8 | $24 |"), prices)
    assert {r.status for r in found.rows} == {"equal"}


@pytest.mark.parametrize(
    "name", ["owl-5.1-large", "OWL 5.1 Large", "testmaker/owl-5-1-large", "Testmaker: Owl 5.1 Large (latest)"]
)
def test_names_as_pages_write_them(prices: Catalog, name: str) -> None:
    assert {r.status for r in audited(page(f"| {name} | $4 | $16 |"), prices).rows} == {"equal"}


def test_what_is_not_certain_is_unknown(prices: Catalog) -> None:
    found = audited(page("| owl-9 | $9 | $9 |\n| owl-mini | ¥9 | $5000 |"), prices)
    assert [(r.status, r.note) for r in found.rows] == [
        ("unknown", "the model is not in the catalog under this name"),
        ("unknown", "the model is not in the catalog under this name"),
        ("unknown", "the price is in ¥"),
        ("unknown", "the price is in another unit than a million tokens"),
    ]


def test_units(prices: Catalog) -> None:
    thousand = "| Model | Input per 1K tokens | Output per 1K tokens | Cache read per 1K tokens |"
    found = audited(page("| owl-5.1-large | $0.004 | $0.016 | $0.0004 |", thousand), prices)
    assert [(r.unit, r.status) for r in found.rows] == [
        ("input", "equal"),
        ("output", "equal"),
        ("cache_read", "equal"),
    ]
    bare = audited(page("| owl-5.1-large | $4.60 | $18.40 |", "| Model | Input | Output |"), prices)
    assert [(r.status, r.note) for r in bare.rows] == [
        ("unknown", "the unit is not stated: read as a price per million tokens")
    ] * 2
    assert bare.verdict == "undisclosed"


def test_two_prices_in_one_cell(prices: Catalog) -> None:
    found = audited(page("| owl-mini | $1.10 / $5.50 |", "| Model | Input / output price per 1M tokens |"), prices)
    assert seen(found) == [("owl-mini", "input", 10.0, "above"), ("owl-mini", "output", 10.0, "above")]


def test_html_table_with_rowspan_and_own_list_column(prices: Catalog) -> None:
    text = """<table><tr><th>Model</th><th>Token type</th><th>Official price</th><th>Our price</th></tr>
<tr><td rowspan="2">Nobody 1</td><td>Input</td><td>$2.00</td><td>$2.60</td></tr>
<tr><td>Output</td><td>$8.00</td><td>$10.40</td></tr></table>"""
    found = audited(text, prices, name="page.html")
    assert seen(found) == [("Nobody 1", "input", 30.0, "above"), ("Nobody 1", "output", 30.0, "above")]
    assert [(row.line, row.basis) for row in found.rows] == [(2, "page"), (3, "page")]
    assert "30.0%" in found.reason


def test_other_tables_are_no_price_tables(prices: Catalog) -> None:
    text = page("| owl-mini | 128K | 8K |", "| Model | Context | Max output |")
    assert audited(text, prices).rows == []


def test_a_table_with_decimal_commas(prices: Catalog) -> None:
    """`0,0046 $` read as forty-six dollars would be a markup nobody charges."""
    header = "| Modell | Eingabe pro 1K Token | Ausgabe pro 1K Token |"
    found = audited(page("| owl-5.1-large | 0,0046 $ | 0,016 $ |", header), prices)
    assert seen(found) == [("owl-5.1-large", "input", 15.0, "above"), ("owl-5.1-large", "output", 0.0, "equal")]
    french = audited(page("| owl-mini | 1,10 $ | 5,00 $ |", "| Modèle | Entrée ($/M) | Sortie ($/M) |"), prices)
    assert seen(french) == [("owl-mini", "input", 10.0, "above"), ("owl-mini", "output", 0.0, "equal")]


def test_input_and_output_in_one_cell_beside_the_providers(prices: Catalog) -> None:
    rows = "| whatever | $2.00 / $10.00 | $2.20 / $10.00 |"
    found = audited(page(rows, "| Model | Provider price | Our price |"), prices)
    assert seen(found) == [("whatever", "input", 10.0, "above"), ("whatever", "output", 0.0, "equal")]


def test_a_column_of_models_by_any_name(prices: Catalog) -> None:
    header = "| Tier | Input / 1M tokens | Output / 1M tokens |"
    found = audited(page("| Claude Sonnet 4.5 | $3.30 | $15.00 |", header), prices)
    assert [(row.unit, row.status) for row in found.rows] == [("input", "above"), ("output", "equal")]
    assert audited(page("| Basic | $3.30 | $15.00 |", header), prices).rows == []


def test_ratios_are_factors_and_no_prices(prices: Catalog) -> None:
    header = "| Model | Model ratio | Completion ratio | Input ($/1M) |"
    found = audited(page("| owl-5.1-large | 1.25 | 4 | $4.00 |", header), prices)
    assert seen(found) == [("owl-5.1-large", "input", 0.0, "equal")]
    assert [(one.kind, one.multiplier, one.pct, one.line) for one in found.findings] == [
        ("credit_conversion", 1.25, None, 5),
        ("credit_conversion", 4.0, None, 5),
    ]


def test_ratios_alone_make_no_table_of_prices(prices: Catalog) -> None:
    found = audited(page("| owl-5.1-large | 1.25 | 4 |", "| 模型 | 模型倍率 | 补全倍率 |"), prices)
    assert found.rows == []
    assert [one.multiplier for one in found.findings] == [1.25, 4.0]


def test_a_price_of_many_requests_is_not_rounded_in_words(prices: Catalog) -> None:
    found = audited("Our LLM gateway bills each request. Each call costs $0.00009.", prices)
    assert found.reason.endswith("states a charge with a number: $0.00009")
