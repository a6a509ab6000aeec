"""Usage exports, that is, bills without amounts. Where several of a seller cover the same day, one of them counts."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

import msgspec

from llmaudit.billing.lines import seller_of
from llmaudit.catalog import Catalog
from llmaudit.evidence import BillSum
from llmaudit.money import ZERO, times, total

FAMILIES = {"completion": "completions"}
"""Families of usage that exports name differently."""

ONE_FAMILY = {"anthropic": "messages"}
"""Sellers all of whose tokens are of one family, whatever word an export has for it (the Console's: `standard`)."""

ALLOWANCES = {"premium requests"}
"""Units of what a subscription includes (GitHub Copilot's old export): neither tokens nor priced by the piece."""

ROUND_PCT = 1
"""Exports of the same usage, read at different times, differ by less than this; then the more detailed one counts."""

TELLS = ("model", "service_tier", "is_batch", "context", "speed", "region")
GRAINS = ("minute", "hour", "other", "request", "day", "month")


class Repeat(msgspec.Struct, frozen=True):
    """An export that covers the same usage as the one that counts, and is not added.

    Attributes:
        export: Its format.
        tells: What its groups are by, where it is another file of the same format; else its grain.
        tokens: Its tokens.
    """

    export: str
    tells: str
    tokens: int


def usage_lines(bills: Iterable[BillSum]) -> list[BillSum]:
    """Return the lines of usage exports among those of bills."""
    every = list(bills)
    priced = {line.bill for line in every if (line.billed, line.effective, line.listed) != (None, None, None)}
    return [line for line in every if line.bill not in priced and line.unit not in ALLOWANCES]


def counted(lines: Iterable[BillSum], catalog: Catalog) -> tuple[list[BillSum], list[Repeat]]:
    """Return the lines that count, and the exports that repeat the same usage.

    A day of a family of usage (completions, embeddings) is taken from one export: the one with most tokens, and of
    those that agree the one that tells most of what a price depends on, then the finest.
    """
    days: dict[tuple[str, str, date | None], dict[tuple[str, str], list[BillSum]]] = {}
    again: dict[tuple[str, str], Decimal] = {}

    def repeated(line: BillSum, tells: str) -> None:
        again[line.bill, tells] = again.get((line.bill, tells), ZERO) + (line.tokens or ZERO)

    for line in lines:
        if line.repeats is not None:
            repeated(line, line.repeats or "nothing")
            continue
        key = (seller_of(line, catalog), _family(line, catalog), line.day)
        days.setdefault(key, {}).setdefault((line.bill, line.grain), []).append(line)
    chosen: list[BillSum] = []
    for exports in days.values():
        best, *others = _ranked(exports)
        chosen += best
        for line in (line for other in others for line in other):
            repeated(line, f"by the {line.grain}" if line.grain != "other" else "by another span")
    return chosen, [Repeat(export, tells, int(tokens)) for (export, tells), tokens in sorted(again.items())]


def _family(line: BillSum, catalog: Catalog) -> str:
    if line.tokens is None:
        return line.unit or line.family or ""
    return ONE_FAMILY.get(seller_of(line, catalog)) or FAMILIES.get(line.family or "", line.family or "")


def _ranked(exports: dict[tuple[str, str], list[BillSum]]) -> list[list[BillSum]]:
    sums = {key: total(line.tokens or ZERO for line in lines) for key, lines in exports.items()}
    near = times(max(sums.values()), Decimal(100 - ROUND_PCT))

    def rank(key: tuple[str, str]) -> tuple[bool, int, int, str]:
        told = sum(any(getattr(line, name) is not None for line in exports[key]) for name in TELLS)
        return times(sums[key], 100) < near, -told, GRAINS.index(key[1]), key[0]

    return [exports[key] for key in sorted(exports, key=rank)]
