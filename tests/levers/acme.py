"""A seller with round prices and logs written by hand: what a lever must find is arithmetic that the test can do."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from builders import catalog_text, sku_text, write_jsonl

import llmaudit
from llmaudit.evidence import Evidence

START = datetime(2026, 10, 5, 9)  # noqa: DTZ001 -- naive UTC, as in the database
IN, READ, WRITE, OUT = (Decimal(usd) / 1_000_000 for usd in (4, 1, 5, 20))
"""Acme's prices for one token."""

PLAIN = (
    "usd_per_million: {input: 4, cache_read: 1, cache_write_5m: 5, cache_write_1h: 8, cache_write_other: 5, output: 20}"
)
HALF = "usd_per_million: {input: 2, cache_read: 0.5, cache_write_5m: 2.5, cache_write_1h: 4, output: 10}"
DOUBLE = "usd_per_million: {input: 8, cache_read: 2, output: 40}"
CACHING = """
caching:
  - sellers: [acme]
    models: ["maker/m1", "maker/m2"]
    min_tokens: 1024
    automatic: false
    lifetimes: [{minutes: 5, write: cache_write_5m}, {minutes: 60, write: cache_write_1h}]
    source: test
"""


def acme(folder: Path) -> Path:
    """Write a catalog: m1 is plain, m2 has batch, flex and priority, m3 and m4 cost double above 10,000 and 14,000."""
    skus = (
        sku_text("m1", [PLAIN])
        + sku_text(
            "m2",
            [
                PLAIN,
                f"when: {{batch: true}}, {HALF}",
                f"when: {{service_tier: priority}}, {DOUBLE}",
                f"when: {{service_tier: flex}}, {HALF}",
                "when: {region: us}, usd_per_million: {input: 5, output: 25}",
            ],
        )
        + sku_text("m3", [PLAIN, f"when: {{prompt_gt: 10000}}, {DOUBLE}", f"when: {{service_tier: flex}}, {HALF}"])
        + sku_text("m4", [PLAIN, f"when: {{prompt_gt: 14000}}, {DOUBLE}"])
    )
    path = folder / "acme.yaml"
    path.write_text(catalog_text("acme", skus) + CACHING)
    return path


def asked(
    number: int,
    minutes: float,
    *,
    prompt: int = 1000,
    answer: int = 100,
    text: str | None = None,
    messages: list[dict[str, str]] | None = None,
    model: str = "m1",
    cached: int = 0,
    written: int = 0,
    seconds: float = 1,
    finish: str = "stop",
    status: int = 200,
    call: str | None = None,
    cost: str | None = None,
    tier: str | None = None,
    about: dict[str, Any] | None = None,
    **request: Any,
) -> dict[str, Any]:
    """Return one exchange. `prompt` includes what was cached; without `text` or `messages` no prompt is logged."""
    told = messages or ([{"role": "user", "content": text}] if text is not None else None)
    details = {"cached_tokens": cached, "cache_write_tokens": written}
    used: dict[str, Any] = {"prompt_tokens": prompt, "completion_tokens": answer, "prompt_tokens_details": details}
    return {
        "id": f"r{number}",
        "timestamp": f"{START + timedelta(minutes=minutes):%Y-%m-%dT%H:%M:%S.%fZ}",
        "latency_ms": seconds * 1000,
        "status": status,
        "call_id": call,
        "request": {"model": f"acme/{model}", "messages": told, "metadata": about, **request},
        "response": {
            "id": f"c{number}",
            "object": "chat.completion",
            "model": f"acme/{model}",
            "service_tier": tier,
            "choices": [{"finish_reason": finish, "message": {"role": "assistant", "content": "yes"}}],
            "usage": used | ({"cost": cost} if cost else {}),
        }
        if status == 200
        else None,
        "error": None if status == 200 else {"type": "server_error"},
    }


def evidence_of(catalog: Path, folder: Path, rows: Iterable[Any], *, files: int = 1) -> Evidence:
    """Return the evidence of a log of these rows, dealt out to some files."""
    every = list(rows)
    paths = [write_jsonl(folder / f"log{i}.jsonl", every[i::files]) for i in range(files)]
    with llmaudit.audit_paths([str(path) for path in paths], catalogs=[catalog]) as session:
        return session.evidence(["as-is"])
