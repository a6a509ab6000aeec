"""Audits made by hand: one small and plain, one whose every name is hostile."""

from __future__ import annotations

from datetime import date

from builders import cell, evidence

from llmaudit.audit import Audit, conclude
from llmaudit.catalog import Catalog
from llmaudit.evidence import LedgerRow
from llmaudit.plans import load_plan
from llmaudit.summaries.latency import LatencyBucket

SCRIPT = "</script><script>alert(1)</script>"
IMAGE = '"><img src=x onerror=alert(2)>'
TEMPLATE = "{{7*7}}{% raw %}"
FORMULA = "=1+1"
BIDI = "gpt\u202e5\u0007\x1b[31m"
MARKDOWN = "a|b `c` [x](javascript:alert(3)) @team #1 $x$ https://example.org"
PLOTLY = "<b>%{x}</b><a href='javascript:alert(4)'>&amp;</a>"
HOSTILE = (SCRIPT, IMAGE, TEMPLATE, FORMULA, BIDI, MARKDOWN, PLOTLY)

PRICED = "openai/gpt-5.6-sol"
CHEAP = "openai/gpt-5.6-luna"
REGIONAL = "anthropic/claude-opus-5"


def ledger(path: str, *, accepted: int, rejected: int = 0) -> LedgerRow:
    """Return a file of the ledger."""
    reasons = {"malformed-json": rejected} if rejected else {}
    return LedgerRow(path, "litellm", accepted + rejected, accepted, 0, 0, rejected, 0, reasons)


def latency(gateway: str | None, model: str, measure: str = "latency") -> list[LatencyBucket]:
    """Return a histogram: half at about 1 s, half at about 20 s."""
    return [LatencyBucket(gateway, model, None, measure, bucket, 10) for bucket in (138, 198)]


def small_audit(catalog: Catalog) -> Audit:
    """Return an audit of five cells: one model has no price; a marked-up gateway, a failure, no team."""
    cells = [
        cell(model=PRICED, requests=30, tokens=3_000_001, tier=1, task="summarise", feature="letters"),
        cell(
            model=CHEAP, requests=10, tokens=900_003, tier=0, task="classify", feature="labels", day=date(2026, 10, 2)
        ),
        cell(model=PRICED, requests=4, tokens=100_000, gateway="dear.example", billed="0.7", tier=2, feature="letters"),
        cell(model="nobody/nothing-9", requests=5, tokens=1000),
        cell(
            model=REGIONAL, requests=2, tokens=50_000, status="error", error_class="timeout", billed="0.01", gateway="g"
        ),
    ]
    return conclude(
        evidence(
            catalog,
            *cells,
            plans=[load_plan(name, catalog) for name in ("as-is", "direct", "tiered")],
            ledger=[
                ledger("/home/somebody/logs/a.jsonl", accepted=40, rejected=2),
                ledger("/home/somebody/logs/b", accepted=11),
            ],
            summaries={LatencyBucket: latency("dear.example", PRICED)},
            tagged_by={"endpoint": 44, "none": 7},
        )
    )


def hostile_audit(catalog: Catalog) -> Audit:
    """Return an audit in which every name a log can choose is an attack."""
    own = [
        cell(
            model=name,
            requests=3,
            billed="1.5",
            gateway=name,
            feature=name,
            team=name,
            task=name,
            tier=1,
            status="error",
            error_class=name,
        )
        for name in HOSTILE
    ]
    through = [
        cell(model=PRICED, requests=9, tokens=200_000, gateway=name, billed="1.1", feature=name) for name in HOSTILE
    ]
    return conclude(
        evidence(
            catalog,
            *own,
            *through,
            plans=[load_plan(name, catalog) for name in ("as-is", "direct", "tiered")],
            ledger=[ledger(f"/logs/{name}", accepted=1) for name in HOSTILE],
            summaries={LatencyBucket: [row for name in HOSTILE for row in latency(name, name)]},
            tagged_by=dict.fromkeys(HOSTILE, 3),
        )
    )
