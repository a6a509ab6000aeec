"""OpenRouter: what the credits endpoint says was bought and used."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from llmaudit.bills.base import BillLine, amount
from llmaudit.formats.base import Context, Format
from llmaudit.request import Reject


class Credits(msgspec.Struct, gc=False):
    """The balance."""

    total_credits: Decimal | None = None
    total_usage: Decimal | None = None


class Answer(msgspec.Struct, gc=False):
    """The endpoint's answer."""

    data: Credits


def convert(answer: Answer, _: Context) -> list[BillLine]:
    """Return one line for what was bought and one for what was used."""
    bought, used = answer.data.total_credits, answer.data.total_usage
    if bought is None or used is None:
        raise Reject("missing-field", "data.total_credits" if bought is None else "data.total_usage")
    return [
        BillLine(
            line_key="purchase",
            seller="openrouter",
            sku="credits bought",
            billed_cost=amount(bought, "data.total_credits"),
            currency="USD",
            charge_category="Purchase",
        ),
        BillLine(
            line_key="usage",
            seller="openrouter",
            sku="credits used",
            effective_cost=amount(used, "data.total_usage"),
            currency="USD",
            charge_category="Usage",
        ),
    ]


FORMAT = Format(
    name="openrouter_credits",
    title="OpenRouter credits",
    kind="bill",
    marks=("data.total_credits", "data.total_usage"),
    needs=("data.total_credits", "data.total_usage"),
    record=Answer,
    convert=convert,
    repeats="last",
    semantics=(
        "Two sums over the account's whole life, in US dollars of credits: bought, and used. They are prepaid: the "
        "purchase is billed, the usage is its consumption, and the two are never added. No period is in it."
    ),
    verified="Shape from OpenRouter's API description; no real answer seen.",
    about="The answer of `GET /api/v1/credits`.",
    traps=(
        ("the fee on buying credits is in neither number", "it comes from the catalog"),
        ("the sums have no period", "they are left out if a period is asked for"),
    ),
)
