"""Small things made by hand: log rows, catalogs, cells and evidence. Every figure a test expects stands in the test."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from llmaudit.catalog import Catalog, load_catalog
from llmaudit.cells import Cell, PricedCell, plain_cell, price
from llmaudit.evidence import Evidence
from llmaudit.plans import evaluate
from llmaudit.plans.model import Plan
from llmaudit.yamlfile import parse_yaml

DAY = datetime(2026, 10, 1)  # noqa: DTZ001 -- instants of a cell are naive UTC
DATE = DAY.date()


def litellm_row(
    request_id: str,
    started: str,
    *,
    model: str = "gpt-5.6-sol",
    provider: str = "openai",
    prompt: int = 0,
    completion: int = 0,
    cached: int = 0,
    written: int = 0,
    spend: str | None = None,
    tags: list[str] | None = None,
    failed: str | None = None,
    call: str | None = None,
) -> dict[str, Any]:
    """Return one row of LiteLLM's spend log. `prompt` includes what was cached, as LiteLLM counts."""
    details = {"cached_tokens": cached, "cache_creation_tokens": written}
    return {
        "request_id": request_id,
        "call_type": "acompletion",
        "startTime": started,
        "endTime": started,
        "model": model,
        "model_group": model,
        "custom_llm_provider": provider,
        "spend": msgspec.Raw((spend or "0").encode()),
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "cache_key": "Cache OFF",
        "cache_hit": "None",
        "request_tags": tags or [],
        "litellm_call_id": call or request_id,
        "status": "failure" if failed else "success",
        "metadata": {"error_information": {"error_code": failed, "error_class": "Error"}}
        if failed
        else {"usage_object": {"prompt_tokens_details": details}},
    }


def write_jsonl(path: Path, rows: Iterable[Any]) -> Path:
    """Write rows as JSON lines."""
    path.write_bytes(b"".join(msgspec.json.encode(row) + b"\n" for row in rows))
    return path


CATALOG = """
seller: {seller}
kind: {kind}
models:
{models}
fees: {fees}
"""


def catalog_text(seller: str, models: str, *, kind: str = "provider", fees: str = "[]") -> str:
    """Return a catalog file of one seller."""
    return CATALOG.format(seller=seller, kind=kind, models=models, fees=fees)


def sku_text(name: str, prices: Iterable[str], *, model_class: str = "null", extra: str = "") -> str:
    """Return a sku whose prices are YAML flow mappings; each gets a start and a source unless it names one."""
    head = f"  - sku: {name}\n    model: maker/{name}\n    class: {model_class}\n    {extra}\n    prices:\n"
    return head + "".join(f"      - {{{_with_defaults(text)}}}\n" for text in prices)


def _with_defaults(text: str) -> str:
    start = "" if "valid_from" in text else "valid_from: 2020-01-01T00:00:00Z, "
    return f"{start}source: test, {text}"


def catalog_of(folder: Path, text: str) -> Catalog:
    """Return the packaged catalog with one file laid over it."""
    path = folder / "overlay.yaml"
    if path.exists():  # a test may write the same path twice
        load_catalog.__globals__["_load"].cache_clear()
    path.write_text(text)
    return load_catalog([path])


def plan_of(text: str) -> Plan:
    """Return a plan from YAML."""
    return parse_yaml(text.encode(), Plan, name="plan.yaml", what="plan")


def cell(
    *,
    model: str = "example/flagship-7",
    requests: int = 1,
    tokens: int = 0,
    billed: str | None = None,
    gateway: str | None = None,
    day: date | None = DATE,
    counters: tuple[int, int, int, int, int, int] | None = None,
    **keys: Any,
) -> Cell:
    """Return a cell; everything not given is plain. `tokens` are uncached input."""
    return plain_cell(
        DAY,
        model,
        requests,
        **{
            "day": day,
            "gateway": gateway,
            "tokens": counters or (tokens, 0, 0, 0, 0, 0),
            "billed_kind": None if billed is None else "seller_reported",
            "billed_usd": None if billed is None else Decimal(billed),
        }
        | keys,
    )


def priced(catalog: Catalog, *cells: Cell) -> list[PricedCell]:
    """Return cells with their list cost."""
    return price(cells, catalog)


def evidence(catalog: Catalog, *cells: Cell, plans: Iterable[Plan] = (), **rest: Any) -> Evidence:
    """Return the evidence of some cells, with the plans evaluated over them."""
    known = price(cells, catalog)
    return Evidence(cells=known, catalog=catalog, plans=[evaluate(plan, known, catalog) for plan in plans], **rest)
