"""genai-prices: the widest maintained list; hosts, gateways and clouds, with some dates and hours.

Its data are Python objects, so they are imported, never its calculator. A list of prices is read in order: the last
one whose constraint is met wins, so a dated entry holds from its day until the next dated one. The first, undated
entry held before; since when is not stated. A variant (batch, tiers) states only what differs. Daily windows are read
for DeepSeek alone, whose calendar we know; a window elsewhere is left out and counted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Any

from llmaudit.catalog.build.fact import Fact, ModelNote, NameNote, Origin, SkuNote, Stated, day_start, when_text
from llmaudit.catalog.build.installed import data_file, digest, package
from llmaudit.catalog.build.names import edge, maker_of, seller_id
from llmaudit.money import EXACT

NAME = "genai-prices"
THOUSAND = Decimal(1000)
ONE = Decimal(1)
UNITS: dict[str, tuple[str, Decimal]] = {  # price key -> our unit, how many of our units its price is for
    "input_mtok": ("input", ONE),
    "output_mtok": ("output", ONE),
    "cache_read_mtok": ("cache_read", ONE),
    "cache_write_5m_mtok": ("cache_write_5m", ONE),
    "cache_write_1h_mtok": ("cache_write_1h", ONE),
    "input_audio_mtok": ("input_audio", ONE),
    "output_audio_mtok": ("output_audio", ONE),
    "cache_audio_read_mtok": ("cache_read_audio", ONE),
    "input_image_mtok": ("input_image", ONE),
    "output_image_mtok": ("output_image", ONE),
    "cache_image_read_mtok": ("cache_read_image", ONE),
    "input_video_mtok": ("input_video", ONE),
    "output_video_mtok": ("output_video", ONE),
    "output_reasoning_mtok": ("reasoning", ONE),
    "output_citation_mtok": ("citation", ONE),
    "web_searches_kcount": ("web_search", THOUSAND),
    "storage_searches_kcount": ("file_search", THOUSAND),
    "requests_kcount": ("request", THOUSAND),
    "input_document_kpages": ("input_page", THOUSAND),
    "input_annotated_document_kpages": ("input_page_annotated", THOUSAND),
    "input_text_messages_kcount": ("text_message", THOUSAND),
    "input_mchars": ("input_character", Decimal(1_000_000)),
    "input_audio_hours": ("hour_audio_in", ONE),
    "audio_hours": ("hour_audio", ONE),
}
VARIANTS: dict[tuple[str, str], dict[str, object]] = {
    ("processing", "batch"): {"batch": "true"},
    ("service_tier", "flex"): {"service_tier": "flex"},
    ("service_tier", "priority"): {"service_tier": "priority"},
    ("service_tier", "fast"): {"service_tier": "fast"},
    ("speed", "fast"): {"service_tier": "fast"},
    ("route", "mistral/eu"): {"region": "eu"},
}
PEAK = "deepseek-peak-2026"
_DAY = re.compile(rb"20\d\d-[01]\d-[0-3]\d")
_EXACT_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@-]*")


def read(schedules: frozenset[str], on: date, known: Mapping[str, date]) -> Stated:
    """Return what the installed genai-prices states.

    The package does not say when it was checked. Its snapshot is the newest day that its own data names, not after the
    day of the build: the data cannot be older.

    Args:
        schedules: Ids of the calendars our catalog knows.
        on: The day of the build.
        known: The day of data that an earlier build has read, by digest. Of the same data a later build would find a
            later day: that of a change announced for a day that has come.

    Raises:
        InputError: The package is not installed.
    """
    raw = data_file(NAME, "genai_prices/data.py")
    from genai_prices.data import providers  # noqa: PLC0415 -- an optional source, needed for an update only

    day = known.get(digest(raw)) or newest_day(raw, on)
    return stated_in(providers, package(NAME).version, digest(raw), day, schedules)


def stated_in(providers: Iterable[Any], version: str, sha256: str, day: date, schedules: frozenset[str]) -> Stated:
    """Return what a release's providers state.

    Args:
        providers: `genai_prices.data.providers` of that release.
        version: Its version.
        sha256: Of its data.
        day: The day its data speaks of.
        schedules: Ids of the calendars our catalog knows.
    """
    stated = Stated(NAME, version, sha256, day_start(day))
    for provider in providers:
        origin = Origin(stated.package, (provider.pricing_urls or [""])[0])
        for model in provider.models:
            _model(stated, seller_id(provider.id), model, origin, schedules)
    return stated


def newest_day(raw: bytes, on: date) -> date:
    """Return the newest day that data name and that is not after `on`."""
    limit = on.isoformat().encode()
    return date.fromisoformat(max(day for day in _DAY.findall(raw) if day <= limit).decode())


def _model(stated: Stated, seller: str, model: Any, origin: Origin, schedules: frozenset[str]) -> None:
    stated.skus.append(SkuNote(seller, model.id, origin))
    stated.matches[(seller, model.id)] = model.match.is_match
    stated.models.append(ModelNote(seller, model.id, origin, context=model.context_window))
    stated.names.extend(
        NameNote(seller, name, model.id, origin) for name in _exact_names(model.match) if name != model.id
    )
    ordinary = model.prices if isinstance(model.prices, list) else [model.prices]
    entries = [(getattr(entry, "constraint", None), getattr(entry, "prices", entry)) for entry in ordinary]
    dated = [(constraint, prices) for constraint, prices in entries if not _is_hours(constraint)]
    stated.facts += _timeline(stated, seller, model.id, {}, dated, origin)
    hours = {repr(prices): prices for constraint, prices in entries if _is_hours(constraint)}
    if hours and seller == "deepseek" and PEAK in schedules and len(hours) == 1 and len(dated) > 1:
        begins = [(dated[-1][0], next(iter(hours.values())))]
        stated.facts += _timeline(stated, seller, model.id, {"schedule": PEAK}, begins, origin)
    elif hours:
        stated.left_out["hours that are no calendar of schedules.yaml"] += len(hours)
    for key, variants in _by_condition(getattr(model, "price_variants", None) or ()).items():  # old releases: none
        conditions = VARIANTS.get(key)
        if conditions is None:
            if any(vars(prices) for _, prices in variants):
                stated.left_out[f"variant {key[0]}={key[1]}"] += len(variants)
            continue
        stated.facts += _timeline(stated, seller, model.id, conditions, variants, origin, is_variant=True)


def _by_condition(variants: Iterable[Any]) -> dict[tuple[str, str], list[tuple[Any, Any]]]:
    found: dict[tuple[str, str], list[tuple[Any, Any]]] = {}
    for variant in variants:
        (key,) = variant.when.items() if len(variant.when) == 1 else (("and".join(variant.when), ""),)
        found.setdefault(key, []).append((variant.constraint, variant.prices))
    return found


def _is_hours(constraint: Any) -> bool:
    return hasattr(constraint, "start_time")


def _timeline(
    stated: Stated,
    seller: str,
    sku: str,
    conditions: Mapping[str, object],
    entries: list[tuple[Any, Any]],
    origin: Origin,
    *,
    is_variant: bool = False,
) -> Iterator[Fact]:
    """Yield the rates of entries that follow each other, each until the next one begins.

    The day of a variant's first entry is the day somebody looked ("earlier history is not modelled"), not a start.
    """
    ordered = sorted(entries, key=lambda entry: entry[0].start_date if entry[0] else date.min)
    if _is_hours(next((constraint for constraint, _ in ordered if constraint), None)):
        stated.left_out["hours that are no calendar of schedules.yaml"] += len(ordered)
        return
    for (constraint, prices), following in pairwise([*ordered, (None, None)]):
        starts = day_start(constraint.start_date) if constraint else None
        ends = day_start(following[0].start_date) if following[0] else None
        checked = None
        if is_variant and starts and constraint is ordered[0][0] and starts <= stated.snapshot:
            checked, starts = constraint.start_date, None
        for when, unit, usd in _rates(stated, seller, sku, conditions, prices):
            yield Fact(
                seller, sku, unit, when, usd, origin, starts, ends,
                basis="documented" if starts else "first-seen",
                checked_on=checked,
            )  # fmt: skip


def _rates(
    stated: Stated, seller: str, sku: str, conditions: Mapping[str, object], prices: Any
) -> Iterator[tuple[str, str, Decimal]]:
    maker = maker_of(sku, seller)
    write = "cache_write_5m" if maker == "anthropic" else "cache_write_other"
    for key, value in vars(prices).items():
        if value is None:
            continue
        unit, per = (write, ONE) if key == "cache_write_mtok" else UNITS.get(key, ("", ONE))
        if not unit:
            stated.left_out[f"price key {key}"] += 1
            continue
        yield when_text(conditions), unit, EXACT.divide(getattr(value, "base", value), per)
        for tier in getattr(value, "tiers", ()):
            yield when_text({**conditions, **edge(tier.start, maker)}), unit, EXACT.divide(tier.price, per)


def _exact_names(match: Any) -> Iterator[str]:
    """Yield the names a matching rule gives in full; prefixes and patterns are no names."""
    equals = getattr(match, "equals", None)
    if equals and _EXACT_NAME.fullmatch(equals):
        yield equals
    for clause in getattr(match, "or_", None) or ():
        yield from _exact_names(clause)
