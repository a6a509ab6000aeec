"""Azure's meter names for models: abbreviations to a model, a kind of token and the conditions of its price."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import NamedTuple

from llmaudit.bills.base import TokenKind

AI = re.compile(
    r"openai|foundry|grok|fireworks|deepseek|mistral|cohere|llama|kimi|phi[- ]?\d|cognitive services", re.IGNORECASE
)
"""Products that bill models."""

_UNIT = re.compile(r"^(?P<count>\d+(?:\.\d+)?)\s*(?P<factor>[KMB])?(?:\s*(?P<what>.*))?$", re.IGNORECASE)
_FACTORS = {"": 1, "K": 1_000, "M": 1_000_000, "B": 1_000_000_000}
INPUT = {"inp", "inpt", "input", "in"}
OUTPUT = {"outp", "opt", "output", "out", "otpt"}
CACHED = {"cd", "cchd", "cached", "cache"}
WRITE = {"wr", "write", "writes"}
CONDITIONS = {
    "glbl", "gl", "global", "dz", "data", "zone", "datazone", "regnl", "regional", "std", "standard", "batch", "pp",
    "priority", "ft", "shortco", "longco", "tokens", "token", "1m", "1k", "text", "txt", "rd", "read", "hit",
}  # fmt: skip
"""Words of a meter that are no part of the model's name."""


class Meter(NamedTuple):
    """What a meter says.

    Attributes:
        model: The model, as far as the words left over name one.
        kind: What is counted; `other` where no word says so.
        region: global, data-zone or regional.
        tier: priority, or None.
        batch: Whether it is the batch price.
    """

    model: str | None
    kind: TokenKind
    region: str | None
    tier: str | None
    batch: bool


def meter_of(name: str, product: str) -> Meter:
    """Return what a meter name says; the product fills in a family that the name leaves out (`5.4 opt Dz`)."""
    words = [word for word in re.split(r"[\s_/-]+", name.lower()) if word]
    known = set(words)
    region = (
        "global" if known & {"glbl", "gl", "global"}
        else "data-zone" if known & {"dz", "datazone"} or "data zone" in name.lower()
        else "regional" if known & {"regnl", "regional"} else None
    )  # fmt: skip
    drop = CONDITIONS | INPUT | OUTPUT | CACHED | WRITE
    rest = [word for word in words if word not in drop]
    model = "-".join(rest) or None
    if model and model[0].isdigit() and "gpt" in product.lower().replace(" ", ""):
        model = f"gpt-{model}"
    tier = "priority" if known & {"pp", "priority"} else None
    return Meter(model, _kind(known), region, tier, "batch" in known)


def _kind(words: set[str]) -> TokenKind:
    if words & CACHED:
        return "cache_write_other" if words & WRITE else "cache_read"
    if words & INPUT:
        return "input"
    return "output" if words & OUTPUT else "other"


def units_of(unit: str | None) -> tuple[Decimal | None, str | None]:
    """Return how many single units one of a unit of measure is, and of what: `1K`, `1M`, `100 Hours`.

    The unit column decides and never the meter's name: names say `1M Tokens` on some and nothing on others.
    """
    found = _UNIT.match((unit or "").strip())
    if found is None:
        return None, unit
    return Decimal(found["count"]) * _FACTORS[(found["factor"] or "").upper()], found["what"] or None
