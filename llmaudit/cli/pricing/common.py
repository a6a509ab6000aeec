"""What the `llmaudit pricing` commands share: finding the right offer, reading an instant, showing an amount."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

import typer

from llmaudit.errors import InputError, UsageError, printable
from llmaudit.money import EXACT

if TYPE_CHECKING:
    from llmaudit.catalog import Catalog, Offer
    from llmaudit.catalog.model import Rate

At = Annotated[str | None, typer.Option("--at", help="Instant, such as 2026-10-01T08:00:00Z; now by default.")]
Seller = Annotated[str | None, typer.Option("--seller", help="Who bills; the model's provider by default.")]


def offer_of(prices: Catalog, model: str, seller: str | None, at: datetime | None) -> Offer:
    """Return the offer a name means.

    Raises:
        InputError: The name is not in the catalog, or more than one sku has it; with the nearest names.
    """
    match = prices.find(model, seller=seller, at=at)
    if match.offer is None:
        from llmaudit.catalog.quote import no_match

        what, step = no_match(prices, model, match, seller)
        raise InputError(
            what, next_step=f"{step[0].upper()}{step[1:]}, or look at `llmaudit pricing list`.", slug="unknown-model"
        )
    return match.offer


def seller_of(prices: Catalog, seller: str | None) -> str | None:
    """Return the id of the seller that a flag names; None without the flag.

    Raises:
        InputError: The catalog has no such seller.
    """
    known = prices.seller_id(seller)
    if seller is not None and known is None:
        near = ", ".join(prices.nearest_sellers(seller))
        raise InputError(
            f"--seller {printable(seller)}: the catalog has no such seller",
            next_step=f"The nearest are {near}." if near else "`llmaudit pricing list` shows every seller.",
            slug="unknown-model",
        )
    return known


def moment(text: str | None, flag: str = "--at") -> datetime:
    """Return an instant as naive UTC; by default, the present.

    Raises:
        UsageError: The text is no date or time.
    """
    if text is None:
        return datetime.now(UTC).replace(tzinfo=None)
    try:
        given = datetime.fromisoformat(text)
        return given.astimezone(UTC).replace(tzinfo=None) if given.tzinfo else given
    except (ValueError, OverflowError):
        raise UsageError(
            f"{flag} {printable(text)} is not a date or time",
            next_step="Write 2026-10-01T08:00:00Z.",
            slug="not-a-time",
        ) from None


def plain(usd: Decimal) -> str:
    """Return a price in plain digits, as its seller would print it."""
    return f"{usd.normalize(EXACT):f}"


def evidence_of(rate: Rate) -> dict[str, Any]:
    """Return how a price is known, as JSON data."""
    evidence = rate.evidence
    return {
        "basis": evidence.basis,
        "source": evidence.source,
        "package": evidence.package,
        "checked_on": evidence.checked_on,
        "agree": list(evidence.agree) if evidence.agree else None,
        "firm_until": evidence.firm_until.replace(tzinfo=None) if evidence.firm_until else None,
        "learned_on": evidence.learned_on,
        "original": evidence.original,
        "derived": evidence.derived,
        "note": evidence.note,
    }
