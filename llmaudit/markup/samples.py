"""Sample requests as evidence: their counters, list cost, billed amount and expected amount, but never any text."""

from __future__ import annotations

from llmaudit.catalog.quote import cost
from llmaudit.markup.judge import Judgement, ModelGroup
from llmaudit.markup.markup_rules import dollars
from llmaudit.markup.model import SampleRow
from llmaudit.request import COUNTERS

PER_GROUP = 8
"""Requests shown of one claim: enough to check it by hand."""


def sample_rows(judgement: Judgement) -> list[SampleRow]:
    """Return requests that follow each claim, those on which it took most and those in the middle."""
    return [row for group in judgement.groups for row in _rows_of_group(group)]


def _rows_of_group(group: ModelGroup) -> list[SampleRow]:
    bench, rule = group.decision.bench, group.decision.rule
    errors = abs(bench.residual(rule.predicted))
    followers = [i for i in range(len(bench.panel)) if errors[i] <= 2 * max(bench.scale, 1.0)]
    added_usd = rule.predicted - bench.listed
    by_amount = sorted((i for i in followers if added_usd[i] > 0), key=lambda i: (-added_usd[i], i))
    middle = len(by_amount) // 2
    chosen = sorted({*by_amount[: PER_GROUP // 2], *by_amount[middle : middle + PER_GROUP // 2]})
    expected = rule.predicted - rule.shift * bench.panel.step  # as the rule has it: the log's rounding is in `billed`
    return [_row(group, i, float(expected[i])) for i in chosen]


def _row(group: ModelGroup, index: int, predicted: float) -> SampleRow:
    row = group.decision.bench.panel.rows[index]
    listed = cost(row.quantities, group.decision.bench.panel.rates[index].expected)
    return SampleRow(
        request_id=None,
        file=row.file,
        line=row.line,
        day=row.day,
        model=row.model,
        tokens={name: count for name, count in zip(COUNTERS, row.tokens, strict=True) if count},
        list_usd=listed,
        billed_usd=row.billed_usd,
        expected_usd=dollars(predicted),
    )
