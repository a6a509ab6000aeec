"""LiteLLM's price file, read as a file from its wheel or an installation; the package itself is never imported.

It has the most dimensions and no dates, and drops retired models. Its dollars per token are read as decimal text and
multiplied exactly. Its base price of DeepSeek is the peak one. Regions stand in the key (`azure/eu/…`, `bedrock/us-
west-2/…`) or as a factor beside the price, which becomes a rule that is expanded over the sku's whole record.
"""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

from llmaudit.catalog.build.fact import (
    MILLION,
    Fact,
    ModelNote,
    Multiplier,
    Origin,
    SkuNote,
    Stated,
    cleaned,
    day_start,
    per_million,
    when_text,
)
from llmaudit.catalog.build.genai import newest_day
from llmaudit.catalog.build.installed import digest
from llmaudit.catalog.build.litellm_keys import NO_PRICE, ONE, Key, parse
from llmaudit.catalog.build.names import edge, maker_of, seller_id
from llmaudit.errors import InputError
from llmaudit.money import EXACT, ZERO

NAME = "litellm"
PRICES = "litellm/model_prices_and_context_window_backup.json"
NEWS = "litellm/blog_posts.json"
"""Carries days; the price file's own days are those on which models will be retired."""

PEAK = "deepseek-peak-2026"
UPLIFTS: dict[str, tuple[str, str]] = {
    "regional_processing_uplift_multiplier_us": ("region", "us"),
    "regional_processing_uplift_multiplier_eu": ("region", "eu"),
    "regional_endpoint_uplift_multiplier": ("region", "regional"),
}
SPECIFIC: dict[str, tuple[str, str]] = {"us": ("region", "us"), "fast": ("service_tier", "fast")}
CAPABILITIES = {
    "tools": "supports_function_calling",
    "images_in": "supports_vision",
    "json_schema": "supports_response_schema",
    "reasoning": "supports_reasoning",
}
LEAST_PER_MILLION = Decimal("0.00105")
"""Less than this is no price of a million tokens: image models' prices per step stand in keys for tokens."""

_PROVISIONED = re.compile(r"\d+-month-commitment")
_SIZED = re.compile(r"(?:^|/)\d+-x-\d+/|/\d+-steps/|^(?:low|medium|high|standard|hd|max-x-max)/")
_AZURE_REGION = re.compile(r"^(eu|us-gov|us|global-standard|global)/")
REGION_WORDS = {"global-standard": "", "global": "", "us-gov": "gov"}
_CLOUD_REGION = re.compile(r"^([a-z]{2}(?:-gov)?-[a-z]+-\d)/")


def read(wheel: Path | None, schedules: frozenset[str], on: date, known: Mapping[str, date]) -> Stated:
    """Return what LiteLLM's price file states.

    Args:
        wheel: The wheel; None reads an installed litellm.
        schedules: Ids of the calendars our catalog knows.
        on: The day of the build.
        known: The day of data that an earlier build has read, by digest.

    Raises:
        InputError: There is no such wheel, no installed litellm, or no price file in it.
    """
    version, raw, news = _contents(wheel)
    day = known.get(digest(raw)) or newest_day(news, on)
    return stated_in(raw, version, day, schedules)


def stated_in(raw: bytes, version: str, day: date, schedules: frozenset[str]) -> Stated:
    """Return what the content of a price file states.

    Args:
        raw: The file, JSON.
        version: LiteLLM's version, or that of the package that has the file.
        day: The day its data speaks of.
        schedules: Ids of the calendars our catalog knows.
    """
    entries = json.loads(raw, parse_float=Decimal, parse_int=Decimal)
    stated = Stated(NAME, version, digest(raw), day_start(day))
    for name in sorted(entries, key=lambda name: ("/" in name, name)):
        entry = entries[name]
        if not entry.get("litellm_provider") or name == "sample_spec":
            stated.left_out["key that is no sku (alias, sample, rules)"] += 1
            continue
        _entry(stated, name, entry, schedules)
    return stated


def _contents(wheel: Path | None) -> tuple[str, bytes, bytes]:
    try:
        if wheel is not None:
            with zipfile.ZipFile(wheel) as archive:
                return wheel.name.split("-")[1], archive.read(PRICES), archive.read(NEWS)
        found = distribution(NAME)
        return (
            found.version,
            Path(str(found.locate_file(PRICES))).read_bytes(),
            Path(str(found.locate_file(NEWS))).read_bytes(),
        )
    except (OSError, KeyError, IndexError, zipfile.BadZipFile, PackageNotFoundError) as error:
        raise InputError(
            f"LiteLLM's price file cannot be read from {wheel or 'the installed packages'}: {error}",
            next_step="Name its wheel (pip download --no-deps litellm), or install litellm.",
            slug="no-price-source",
        ) from None


def _entry(stated: Stated, name: str, entry: Mapping[str, Any], schedules: frozenset[str]) -> None:
    provider = str(entry["litellm_provider"])
    seller = seller_id(provider)
    if _PROVISIONED.search(name) or _SIZED.search(name):
        stated.left_out["key for provisioned throughput or an image size"] += 1
        return
    sku, region = _sku(seller, provider, name)
    origin = Origin(stated.package, str(entry.get("source") or ""))
    conditions: dict[str, object] = {"region": region}
    if seller == "deepseek" and "off_peak_pricing" in entry:
        if PEAK in schedules:
            stated.facts += _facts(stated, seller, sku, entry["off_peak_pricing"], conditions, origin)
            stated.facts += _facts(stated, seller, sku, entry, {**conditions, "schedule": PEAK}, origin)
        return
    if "off_peak_pricing" in entry:
        stated.left_out["hours that are no calendar of schedules.yaml"] += 1
        return
    stated.facts += _facts(stated, seller, sku, entry, conditions, origin)
    if not region:
        _notes(stated, seller, sku, entry, origin)


def _sku(seller: str, provider: str, name: str) -> tuple[str, str]:
    """Return the seller's own id and the region that a key represents."""
    prefixes = (provider, provider.partition("-")[0], seller, "azure_ai", "bedrock", "bedrock_mantle", "vertex_ai")
    head, slash, rest = name.partition("/")
    sku = rest if slash and head in prefixes and not (seller == "openrouter" and head != provider) else name
    pattern = {"azure": _AZURE_REGION, "bedrock": _CLOUD_REGION}.get(seller)
    found = pattern.match(sku) if pattern else None
    if not found:
        return sku, ""
    return sku[found.end() :], REGION_WORDS.get(found[1], found[1])


def _facts(
    stated: Stated,
    seller: str,
    sku: str,
    entry: Mapping[str, Any],
    conditions: Mapping[str, object],
    origin: Origin,
) -> Iterator[Fact]:
    mode = str(entry.get("mode") or "")
    for name, value in entry.items():
        key = parse(name, mode)
        if key is None:
            if NO_PRICE.search(name) and name not in {
                "tiered_pricing",
                "off_peak_pricing",
                "search_context_cost_per_query",
            }:
                stated.left_out[f"key {name}"] += 1
            continue
        yield from _fact(stated, seller, sku, key, value, conditions, origin)
    for step in entry.get("tiered_pricing") or ():
        if "range" not in step:
            stated.left_out["price by a step that is not tokens"] += 1
            continue
        start = int(step["range"][0])
        for name, value in step.items():
            key = parse(name, mode)
            if key is not None:
                stepped = Key(key.unit, start or None, key.conditions, key.scale)
                yield from _fact(stated, seller, sku, stepped, value, conditions, origin)
    thousand = entry.get("file_search_cost_per_1k_calls")
    if thousand:
        usd = EXACT.divide(thousand, Decimal(1000))
        yield Fact(seller, sku, "file_search", when_text(conditions), usd, origin)


def _fact(
    stated: Stated,
    seller: str,
    sku: str,
    key: Key,
    value: Any,
    conditions: Mapping[str, object],
    origin: Origin,
) -> Iterator[Fact]:
    maker = maker_of(sku, seller)
    unit = key.unit
    if unit == "cache_write":
        unit = "cache_write_5m" if maker == "anthropic" else "cache_write_other"
    if isinstance(value, Mapping):  # what a search costs by how much of the web it reads
        yield from _searches(seller, sku, value, conditions, origin)
        return
    if not isinstance(value, Decimal):
        stated.left_out["price that is no number"] += 1
        return
    if not value and unit.startswith("cache_"):
        stated.left_out["cache price of 0 (a placeholder)"] += 1
        return
    usd = per_million(value) if key.scale == MILLION else cleaned(value)
    if key.scale == MILLION and ZERO < usd < LEAST_PER_MILLION:
        stated.left_out["price of a step or a pixel in a key for tokens"] += 1
        return
    edges = edge(key.above, maker) if key.above else {}
    when = {**conditions, **key.conditions, **edges}
    if unit == "reasoning" and seller in {"alibaba", "qwencloud", "qwen-ai-platform"}:
        unit, when = "output", {**when, "mode": "thinking"}  # there the whole output of a thinking request costs so
    yield Fact(seller, sku, unit, when_text(when), usd, origin)


def _searches(
    seller: str, sku: str, value: Mapping[str, Any], conditions: Mapping[str, object], origin: Origin
) -> Iterator[Fact]:
    sizes = {size.removeprefix("search_context_size_"): usd for size, usd in value.items() if usd}
    if not sizes:
        return
    if len(set(sizes.values())) == 1:
        yield Fact(seller, sku, "web_search", when_text(conditions), next(iter(sizes.values())), origin)
        return
    for size, usd in sizes.items():
        yield Fact(seller, sku, f"web_search_{size}", when_text(conditions), usd, origin)


def _notes(stated: Stated, seller: str, sku: str, entry: Mapping[str, Any], origin: Origin) -> None:
    """Add what an entry says besides its prices: limits, abilities, its end, factors."""
    ends = str(entry.get("deprecation_date") or "")
    retired = date.fromisoformat(ends) if re.fullmatch(r"20\d\d-\d\d-\d\d", ends) else None
    stated.skus.append(SkuNote(seller, sku, origin, retired_on=retired))
    abilities = {ours: entry.get(theirs) for ours, theirs in CAPABILITIES.items()}
    stated.models.append(
        ModelNote(
            seller,
            sku,
            origin,
            context=_count(entry.get("max_input_tokens")),
            max_output=_count(entry.get("max_output_tokens")),
            **abilities,
        )
    )
    factors = [(UPLIFTS[name], entry[name]) for name in UPLIFTS if name in entry]
    specific = entry.get("provider_specific_entry") or {}
    factors += [(SPECIFIC[name], specific[name]) for name in SPECIFIC if name in specific]
    for condition, factor in factors:
        if Decimal(factor) != ONE:
            stated.multipliers.append(Multiplier(seller, sku, condition, Decimal(factor), origin))


def _count(value: Any) -> int | None:
    return int(value) if isinstance(value, Decimal) and value > 0 else None
