"""model-prices: the only package with a dated record; first-party sellers only.

Its snapshot holds, by lab, model and mode, intervals that follow each other. An interval begins at `start` (the first
one at the beginning of time), and its rates say since when they are recorded (`valid_from`): a price holds from the
later of the two. Rates of null withdraw the mode. Peak and off-peak hours are multipliers beside the intervals; here
they become rows of their own under the calendar's id in our schedules, and only where that calendar is known.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from llmaudit.catalog.build.fact import Basis, Fact, NameNote, Origin, Stated, cleaned, day_start, instant, when_text
from llmaudit.catalog.build.installed import data_file, digest, package
from llmaudit.catalog.build.names import edge, released_in, seller_id
from llmaudit.money import EXACT

NAME = "model-prices"
BASES: dict[str, Basis] = {
    "documented": "documented",
    "models.dev commit": "first-seen",
    "first observed": "first-seen",
}
MODES: dict[str, dict[str, object]] = {
    "standard": {},
    "batch": {"batch": "true"},
    "fast": {"service_tier": "fast"},
    "flex": {"service_tier": "flex"},
    "ultrafast": {"service_tier": "ultrafast"},
    "thinking": {"mode": "thinking"},
}
LONG_WRITES: dict[str, str] = {"openai": "cache_write_12h"}
"""What `cache_write_1h_multiple` means where it is not an hour."""

SCHEDULES: dict[tuple[str, str], str] = {
    ("deepseek", "2025-02-26T16:30:00Z"): "deepseek-offpeak-2025",
    ("deepseek", "2026-08-16T16:00:00Z"): "deepseek-peak-2026",
    ("alibaba", "2026-08-16T16:00:00Z"): "alibaba-idle-2026",
}


@dataclass(frozen=True)
class _Span:
    start: datetime
    end: datetime | None
    basis: Basis
    rates: Mapping[str, Any]


def read(schedules: frozenset[str]) -> Stated:
    """Return what the installed model-prices states.

    Args:
        schedules: Ids of the calendars our catalog knows.

    Raises:
        InputError: The package is not installed.
    """
    raw = data_file(NAME, "model_prices/snapshot.json")
    snapshot = json.loads(raw, parse_float=Decimal, parse_int=int)
    version = package(NAME).version
    stated = Stated(NAME, version, digest(raw), instant(snapshot["updated_at"]))
    for lab, model, mode, intervals in _modes(snapshot["prices"]):
        if mode not in MODES:
            stated.left_out[f"mode {mode}"] += len(intervals)
            continue
        facts = list(_facts(stated, lab, model, mode, intervals))
        stated.facts += facts
        rules = [rule for rule in snapshot["schedules"]["schedule"] if rule["provider"] == lab]
        if snapshot["status"].get(lab, {}).get(model) == "removed":
            # What is no longer sold has no hours; its name's last price stays on the record.
            rules = [rule for rule in rules if rule.get("valid_until")]
        stated.facts += _scheduled(stated, facts, rules, lab, model, schedules)
    _names(stated, snapshot)
    return stated


def _modes(prices: Mapping[str, Any]) -> Iterator[tuple[str, str, str, list[dict[str, Any]]]]:
    """Yield lab, model, mode and the intervals of its price."""
    for lab, models in prices.items():
        for model, modes in models.items():
            for mode, intervals in modes.items():
                yield lab, model, mode, intervals


def _spans(model: str, intervals: list[dict[str, Any]]) -> Iterator[_Span]:
    ends = [instant(item["start"]) for item in intervals[1:]] + [None]
    released = released_in(model)
    first = True
    for item, end in zip(intervals, ends, strict=True):
        rates = item["rates"]
        if rates is None:
            continue
        recorded = instant(rates["valid_from"])
        start = max(recorded, instant(item["start"])) if item["start"] else recorded
        if end is not None and start >= end:
            continue
        if first and released and day_start(released) < start:
            yield _Span(day_start(released), start, "assumed", rates)
        first = False
        yield _Span(start, end, BASES[rates["valid_from_basis"]], rates)


def _facts(stated: Stated, lab: str, model: str, mode: str, intervals: list[dict[str, Any]]) -> Iterator[Fact]:
    seller = seller_id(lab)
    spans = _spans(model, intervals)
    for span in spans if mode == "standard" else (s for s in spans if s.basis != "assumed"):
        origin = Origin(stated.package, span.rates["source"])
        for when, rates in _vectors(seller, MODES[mode], span.rates):
            for unit, usd in rates.items():
                if unit == "cache_read" and not usd and rates.get("input"):
                    stated.left_out["cache price of 0 (a placeholder)"] += 1
                    continue
                yield Fact(
                    seller, model, unit, when, cleaned(usd), origin, span.start, span.end, span.basis,
                    checked_on=stated.snapshot.date(),
                )  # fmt: skip


def _vectors(
    seller: str, conditions: Mapping[str, object], rates: Mapping[str, Any]
) -> Iterator[tuple[str, dict[str, Decimal]]]:
    yield when_text(conditions), _units(seller, rates, rates.get("cache_write_1h_multiple"))
    for tier in rates.get("tiers") or ():
        tiered = {**conditions, **edge(tier["above"], seller)}
        yield when_text(tiered), _units(seller, tier, rates.get("cache_write_1h_multiple"))


def _units(seller: str, rates: Mapping[str, Any], long_write: object) -> dict[str, Decimal]:
    write = "cache_write_5m" if seller == "anthropic" else "cache_write_other"
    named = {"input": "input", "output": "output", "cache_read": "cache_read", "cache_write": write}
    units = {unit: Decimal(rates[key]) for key, unit in named.items() if rates.get(key) is not None}
    if long_write is not None and "input" in units and write in units:
        units[LONG_WRITES.get(seller, "cache_write_1h")] = EXACT.multiply(units["input"], Decimal(str(long_write)))
    return units


def _scheduled(
    stated: Stated,
    facts: list[Fact],
    rules: list[dict[str, Any]],
    lab: str,
    model: str,
    known: frozenset[str],
) -> Iterator[Fact]:
    """Yield the rows of a model inside the more expensive or cheaper hours of its seller."""
    for rule in rules:
        factor = rule.get("peak_multiplier") or rule.get("off_peak_multiplier", {}).get(model)
        if factor is None:
            continue
        schedule = SCHEDULES.get((lab, rule["valid_from"]), "")
        if schedule not in known:
            stated.left_out[f"hours of {lab} {model}: no such calendar in schedules.yaml"] += 1
            continue
        begins = instant(rule["valid_from"])
        ends = instant(rule["valid_until"]) if rule.get("valid_until") else None
        for fact in facts:
            start = max(begins, fact.valid_from or begins)
            end = min((e for e in (ends, fact.valid_to) if e), default=None)
            if end is None or start < end:
                origin = Origin(stated.package, rule["source"], f"{factor} times the rate outside these hours")
                usd = EXACT.multiply(fact.usd, Decimal(str(factor)))
                when = ";".join(filter(None, [fact.when, f"schedule={schedule}"]))
                yield replace(fact, when=when, usd=usd, valid_from=start, valid_to=end, origin=origin)


def _names(stated: Stated, snapshot: Mapping[str, Any]) -> None:
    origin = Origin(stated.package)
    for name, target in snapshot["aliases"]["models"].items():
        lab, _, sku = target.partition("/")
        stated.names.append(NameNote(seller_id(lab), name, sku, origin))
    for lab, bases in snapshot["bases"].items():
        for name, sku in bases.items():
            # Today's first-party id for a model name; before the snapshot it may have been another one.
            stated.names.append(NameNote(seller_id(lab), name, sku, origin, stated.snapshot))
