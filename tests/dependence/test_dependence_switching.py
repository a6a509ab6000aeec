"""Days to leave, cost of a good answer and hidden failures, each by arithmetic on cells made by hand."""

from __future__ import annotations

from decimal import Decimal

import pytest
from builders import cell, priced

from llmaudit.catalog import Catalog
from llmaudit.dependence.answers import costs, inversions
from llmaudit.dependence.hidden import hidden
from llmaudit.dependence.switching import switches
from llmaudit.summaries.templates import TemplateRow

SOL, OPUS = "openai/gpt-5.6-sol", "anthropic/claude-opus-5"
MILLION = 1_000_000


def test_days_are_counts_times_days_apiece(catalog: Catalog) -> None:
    """Direct: 3 days. Feature a (tier 2, tools): 1 + 1 + 2 x 0.5 + evals 2. Feature b (tier 0): 1 + 0.5 + 0.5."""
    cells = priced(
        catalog,
        cell(model=SOL, tokens=10, tier=2, feature="a", needs_tools=True),
        cell(model=SOL, tokens=10, tier=1, feature="a"),
        cell(model=SOL, tokens=10, tier=0, feature="b", gateway="g"),
    )
    templates = [
        TemplateRow("openai", "a", "x", 9),
        TemplateRow("openai", "a", "y", 5),
        TemplateRow("openai", "a", "z", 4),  # too few to be a template
        TemplateRow("openai", "a", None, 90),
        TemplateRow("anthropic", "b", "x", 90),
    ]
    (row,) = switches(cells, templates)
    assert (row.provider, row.features, row.tuned_features, row.templates) == ("openai", 2, 0, 3)
    assert (row.specific, row.is_direct, row.templates_known) == ({"tools": 1}, True, True)
    assert row.days == 3 + (1 + 1 + 2 * 0.5 + 2) + (1 + 0.5 + 0.5)
    assert (row.days_low, row.days_high) == (row.days / 2, row.days * 2)


def test_a_feature_others_serve_needs_no_tuning(catalog: Catalog) -> None:
    def days(answers: int) -> float:
        cells = priced(
            catalog,
            cell(model=SOL, tokens=MILLION, tier=2, feature="a", gateway="g"),
            cell(model=OPUS, tokens=10, requests=answers, tier=2, feature="a", gateway="g"),
        )
        return switches(cells, [])[0].days

    assert (days(29), days(30)) == (1 + 0.5 + 2, 1)


def test_a_cheap_model_that_fails_often_is_dearer_by_answer(catalog: Catalog) -> None:
    """A: 90 attempts at 0.01 for 30 answers are 0.03 each. B: 50 attempts at 0.02 for 50 answers are 0.02 each."""
    own = {"tier": 0, "gateway": "g", "tokens": 1}
    cells = priced(
        catalog,
        cell(model="m/a", requests=30, billed="0.30", **own),
        cell(model="m/a", requests=60, billed="0.60", status="error", **own),
        cell(model="m/b", requests=50, billed="1.00", **own),
        cell(model="m/c", requests=9, billed="0.01", **own),
        cell(model="m/unknown", requests=9, **own),
    )
    rows = {row.model: row for row in costs(cells)}
    assert (rows["m/a"].usd_per_request, rows["m/a"].usd_per_good) == (Decimal("0.01"), Decimal("0.03"))
    assert (rows["m/a"].attempts_per_good, rows["m/b"].usd_per_good) == (3, Decimal("0.02"))
    assert "m/unknown" not in rows
    (pair,) = inversions(list(rows.values()))
    assert (pair.tier, pair.cheap_by_request.model, pair.cheap_by_answer.model) == (0, "m/a", "m/b")


def test_other_tiers_are_not_compared(catalog: Catalog) -> None:
    cells = priced(
        catalog,
        cell(model="m/a", requests=30, billed="0.30", tokens=1, tier=0),
        cell(model="m/a", requests=60, billed="0.60", status="error", tokens=1, tier=0),
        cell(model="m/b", requests=50, billed="1.00", tokens=1, tier=1),
    )
    assert list(inversions(costs(cells))) == []


def test_hidden_failures_are_sized_by_the_answers_beside_them(catalog: Catalog) -> None:
    """Two good answers of feature a: prompts of 2 million tokens, a million of output, at 7 dollars a million."""
    good = cell(counters=(2 * MILLION, 0, 0, 0, 0, MILLION), requests=2, feature="a", gateway="g")
    silent = {"status": "error", "usage_status": "missing", "gateway": "g"}
    cells = priced(
        catalog,
        good,
        cell(requests=3, error_class="timeout", feature="a", **silent),
        cell(requests=1, error_class="other", feature="b", **silent),  # no answer of b: those of the model
        cell(requests=50, error_class="rate_limited", feature="a", **silent),
        cell(requests=50, error_class="server_error", feature="a", **silent),
        cell(requests=5, status="error", error_class="timeout", billed="1", usage_status="missing", gateway="g"),
    )
    (row,) = hidden(cells)
    assert (row.gateway, row.model, row.attempts) == ("g", "example/flagship-7", 4)
    assert (row.prompt_usd, row.answer_usd) == (4 * 7, 4 * Decimal("10.5"))


def test_hidden_failures_of_a_model_that_never_answered_are_unknown(catalog: Catalog) -> None:
    (row,) = hidden(priced(catalog, cell(status="error", error_class="timeout", usage_status="missing")))
    assert (row.attempts, row.prompt_usd, row.answer_usd) == (1, None, None)


@pytest.mark.parametrize("cells", [[], [cell(status="error", error_class="timeout", billed="1")]])
def test_nothing_is_hidden(catalog: Catalog, cells: list[object]) -> None:
    assert hidden(priced(catalog, *cells)) == []  # type: ignore[arg-type]
