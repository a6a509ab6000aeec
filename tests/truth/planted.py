"""Reading sample_logs/truth.json, and the audit beside it, in the same words.

The truth is added up by the generator of the logs from its own bookkeeping. It counts reported usage only, so requests
whose tokens were counted offline are compared apart.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

from llmaudit.cells import PricedCell

GATEWAYS = ("brightrelay", "direct", "litellm", "openrouter")

NAMES = {None: "direct", "api.brightrelay.example": "brightrelay"}
"""A log has Brightrelay's address, not its name."""

CLASSES = {"bad_request": "client_error", "stream_cut": "other"}
"""Classes that the truth names more closely than a log tells."""


def gateway_of(priced: PricedCell) -> str:
    """Return the gateway of a cell, as the truth names it."""
    return gateway_named(priced.cell.gateway)


def gateway_named(name: str | None) -> str:
    """Return a gateway's name in the truth."""
    return NAMES.get(name, name or "")


def sums(
    cells: Iterable[PricedCell], key: Callable[[PricedCell], str | None], value: Callable[[PricedCell], Any]
) -> dict[str, Any]:
    """Return sums by a key, without what is zero."""
    found: dict[str, Any] = {}
    for priced in cells:
        name = key(priced) or "(none)"
        found[name] = found.get(name, 0) + (value(priced) or 0)
    return {name: amount for name, amount in found.items() if amount}


def exact(truth: dict[str, str]) -> dict[str, Decimal]:
    """Return amounts by name, without the total and what is zero."""
    return {name: Decimal(text) for name, text in truth.items() if name != "total" and Decimal(text or 0)}


def named(rows: list[dict[str, Any]], value: str) -> dict[str, Any]:
    """Return one value of the audit's rows by their names, as the truth has them."""
    return {NAMES.get(row["name"] or "(none)", row["name"] or "(none)"): row[value] for row in rows}


def known_classes(counts: dict[str, int]) -> dict[str, int]:
    """Return failures by the classes that logs tell."""
    return dict(Counter({CLASSES.get(name, name): count for name, count in counts.items()}))
