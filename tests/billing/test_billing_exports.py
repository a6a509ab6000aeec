"""Several exports of one seller tell the same usage: a day of a family counts once."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from llmaudit.billing.exports import Repeat, counted, usage_lines
from llmaudit.catalog import Catalog
from llmaudit.evidence import BillSum

FIRST, SECOND = date(2026, 10, 1), date(2026, 10, 2)


def line(bill: str, tokens: int, **rest: Any) -> BillSum:
    told: dict[str, Any] = {"seller": "openai", "day": FIRST, "model": "gpt-4.1", "family": "completions"}
    return BillSum(bill=bill, tokens=Decimal(tokens), token_kind="input", **(told | rest))  # noqa: S106 -- no secret


def test_a_bill_with_an_amount_anywhere_is_no_usage_export():
    lines = [line("a", 5), line("b", 5), line("b", 0, billed=Decimal(1)), line("c", 5, listed=Decimal(1))]
    assert {one.bill for one in usage_lines(lines)} == {"a"}


def test_what_a_subscription_includes_is_no_usage_with_a_list_price():
    assert usage_lines([line("github_copilot_requests", 0, unit="premium requests")]) == []


def test_of_two_that_agree_the_one_that_tells_more_counts(catalog: Catalog):
    plain, rich = line("openai_usage", 100), line("openai_usage_csv", 100, is_batch=False, service_tier="default")
    assert counted([plain, rich], catalog) == ([rich], [Repeat("openai_usage", "by the day", 100)])


def test_of_two_that_do_not_the_larger_one_counts_though_it_tells_less(catalog: Catalog):
    plain, rich = line("openai_usage", 1000), line("openai_usage_csv", 900, is_batch=False)
    assert counted([plain, rich], catalog) == ([plain], [Repeat("openai_usage_csv", "by the day", 900)])


def test_the_finer_of_two_that_tell_alike_counts(catalog: Catalog):
    days, minutes = (
        line("openai_usage", 100),
        [line("openai_usage", 60, grain="minute"), line("openai_usage", 40, grain="minute")],
    )
    assert counted([days, *minutes], catalog) == (minutes, [Repeat("openai_usage", "by the day", 100)])


def test_days_and_families_are_taken_apart(catalog: Catalog):
    lines = [
        line("openai_usage", 100),
        line("openai_usage_csv", 100, day=SECOND),
        line("openai_usage", 7, family="embeddings", day=SECOND),
    ]
    assert counted(lines, catalog) == (lines, [])


def test_the_old_exports_word_for_completions_is_the_same_family(catalog: Catalog):
    old, new = line("openai_legacy_usage", 100, family="completion"), line("openai_usage", 100, is_batch=False)
    assert counted([old, new], catalog)[0] == [new]


def test_the_console_and_the_api_of_anthropic_tell_the_same(catalog: Catalog):
    told = {"seller": "anthropic", "model": "claude-sonnet-4-5"}
    console = line("anthropic_console_usage", 100, family="standard", **told)
    api = line("anthropic_usage", 100, family="messages", service_tier="standard", region="global", **told)
    assert counted([console, api], catalog) == ([api], [Repeat("anthropic_console_usage", "by the day", 100)])


def test_what_the_same_export_tells_in_other_groups_is_not_added(catalog: Catalog):
    again = line("openai_usage", 100, repeats="model,project")
    assert counted([line("openai_usage", 100), again], catalog)[1] == [Repeat("openai_usage", "model,project", 100)]
