"""openai-cost-calculator: what sellers' own pages and price APIs said on one day, clouds and regions included.

Its rates are decimal text with conditions; a set without a tier is the ordinary one, `min_input_tokens` moves the
whole request. It names Bedrock's and Azure's offers in its own way; `align` finds the ids those clouds use.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from llmaudit.catalog.build.fact import Fact, NameNote, Origin, SkuNote, Stated, day_start, instant, when_text
from llmaudit.catalog.build.installed import data_files, digest, package
from llmaudit.catalog.build.names import edge, maker_of, seller_id

NAME = "openai-cost-calculator"
UNITS = {
    "cached_input": "cache_read",
    "cached_input_audio": "cache_read_audio",
    "cache_write_1h": "cache_write_1h",
}
ORDINARY_REGIONS = frozenset({"global"})
REGIONS = {"data-zone": "datazone"}
PERIODS = {("deepseek", "peak"): "deepseek-peak-2026"}


def read(schedules: frozenset[str]) -> Stated:
    """Return what the installed openai-cost-calculator states.

    Args:
        schedules: Ids of the calendars our catalog knows.

    Raises:
        InputError: The package is not installed.
    """
    files = data_files(NAME, "openai_cost_calculator/data/pricing", ".json")
    books = [json.loads(content) for content in files.values()]
    newest = max(date.fromisoformat(book["verified_at"]) for book in books)
    stated = Stated(NAME, package(NAME).version, digest(*files.values()), day_start(newest))
    for book in books:
        urls = {source["id"]: source for source in book["sources"]}
        for model in book["models"]:
            if urls[model["source"]]["kind"] == "manual":
                stated.left_out["carried over from an older table, in no official source"] += len(model["prices"])
                continue
            origin = Origin(stated.package, urls[model["source"]]["url"])
            stated.facts += _facts(stated, book, model, origin, schedules)
    return stated


def _facts(
    stated: Stated, book: Mapping[str, Any], model: Mapping[str, Any], origin: Origin, schedules: frozenset[str]
) -> Iterator[Fact]:
    seller = seller_id(book["provider"])
    checked = date.fromisoformat(book["verified_at"])
    bare = model["id"].partition(":")[0]
    stated.skus.append(SkuNote(seller, model["id"], origin))
    stated.names.extend(NameNote(seller, alias, model["id"], origin) for alias in model.get("aliases", ()))
    for entry in model["prices"]:
        conditions = _conditions(seller, maker_of(model["id"], seller), entry)
        if conditions.get("schedule") and conditions["schedule"] not in schedules:
            stated.left_out["hours without a calendar in schedules.yaml"] += len(entry["rates"])
            continue
        sku = model["id"]
        if seller == "bedrock" and entry.get("conditions", {}).get("region") == "global":
            sku = f"global.{bare}"  # the global endpoint is a model id of its own there
        starts, ends = entry.get("effective_from"), entry.get("effective_until")
        for unit, text in entry["rates"].items():
            yield Fact(
                seller, sku, _unit(unit, seller, sku), when_text(conditions), Decimal(text), origin,
                valid_from=instant(starts) if starts else None,
                valid_to=instant(ends) if ends else None,
                basis="documented" if starts else "first-seen",
                checked_on=checked,
            )  # fmt: skip


def _conditions(seller: str, maker: str, entry: Mapping[str, Any]) -> dict[str, object]:
    given = entry.get("conditions", {})
    region = given.get("region", "")
    tier = given.get("service_tier", "")
    return {
        "region": "" if region in ORDINARY_REGIONS else REGIONS.get(region, region),
        "batch": "true" if tier == "batch" else "",
        "service_tier": "" if tier == "batch" else tier,
        "schedule": PERIODS.get((seller, given.get("period", "")), ""),
        **(edge(entry["min_input_tokens"], maker) if entry.get("min_input_tokens") else {}),
    }


def _unit(name: str, seller: str, sku: str) -> str:
    if name == "cache_write":
        return "cache_write_5m" if maker_of(sku, seller) == "anthropic" else "cache_write_other"
    return UNITS.get(name, name)
