"""GitHub Copilot: the premium-request export of before November 2025 (CSV), one row a use."""

from __future__ import annotations

import msgspec

from llmaudit.bills.base import BillLine, Occurrences, cell, moment, number, quantity
from llmaudit.formats.base import Context, Format


def convert(row: dict[str, str], context: Context) -> BillLine:
    """Return the line of one row."""
    occurrences: Occurrences = context.state
    at, user, model = moment(cell(row, "Timestamp"), "Timestamp"), cell(row, "User"), cell(row, "Model")
    over = cell(row, "Exceeds Monthly Quota")
    return BillLine(
        line_key=occurrences.key(at, user, model),
        seller="github-copilot",
        issuer="github",
        grain="request",
        period_start=at,
        sku="copilot_premium_request",
        model_raw=model,
        token_kind="other",  # noqa: S106 -- a kind of token, no secret
        quantity=quantity(number(row, "Requests Used"), "Requests Used"),
        quantity_unit="premium requests",
        charge_category="Usage",
        user_id=user,
        tags=msgspec.json.encode({"exceeds_quota": over}).decode() if over else None,
    )


FORMAT = Format(
    name="github_copilot_requests",
    title="GitHub Copilot premium requests (old)",
    kind="bill",
    reads=("table",),
    marks=("Timestamp", "User", "Model", "Requests Used", "Exceeds Monthly Quota", "Total Monthly Quota"),
    needs=("Timestamp", "Requests Used"),
    convert=convert,
    state=Occurrences,
    repeats="first",
    semantics="Premium requests without tokens and without money; a model's multiplier is already in Requests Used.",
    verified="Columns on published exports.",
)
