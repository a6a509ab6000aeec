"""Levers that come in place of one another: together they leave no less than the cheapest price there is."""

from __future__ import annotations

import csv
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from acme import IN, OUT, asked
from conftest import EvidenceOf
from running import run_here

from llmaudit.findings.waterfall import find as waterfall_of
from llmaudit.levers import all_levers

PRICES = """\
seller: acme
kind: provider
models:
  - sku: big
    model: acme/big
    class: flagship
    prices:
      - {valid_from: 2026-01-01T00:00:00Z, source: t, usd_per_million: {input: 10, output: 50}}
      - {valid_from: 2026-01-01T00:00:00Z, source: t, when: {batch: true}, usd_per_million: {input: 5, output: 25}}
      - valid_from: 2026-01-01T00:00:00Z
        source: t
        when: {service_tier: priority}
        usd_per_million: {input: 20, output: 100}
      - valid_from: 2026-01-01T00:00:00Z
        source: t
        when: {service_tier: flex}
        usd_per_million: {input: 5, output: 25}
"""
MAP = """\
name: log
input_includes_cached: false
columns: {request_id: id, started_at: t, feature: feature, input_tokens: inp, output_tokens: out, service_tier: tier,
          is_streamed: streamed}
constants: {model: big, seller: acme, status: ok}
"""
BATCH, ORDINARY, PRIORITY = Decimal("0.0075"), Decimal("0.015"), Decimal("0.03")
"""What 1,000 tokens in and 100 out cost: 1,000 x 5 + 100 x 25 millionths, twice and four times that."""

ONE = 1000 * IN + 100 * OUT
JSON = {"type": "json_object"}


def waterfall(folder: Path, **requests: int) -> tuple[Decimal, dict[str, Any]]:
    """Return what a log cost by hand, and the waterfall: so many nightly requests at each tier, `plain` at none."""
    rows = [
        {
            "id": f"{tier}{number}",
            "t": f"2026-10-{1 + number % 28:02d}T02:00:00Z",
            "feature": "nightly-eval" if tier != "watched" else "chat",
            "inp": 1000,
            "out": 100,
            "tier": {"plain": "default", "watched": "priority"}.get(tier, tier),
            "streamed": str(tier == "watched").lower(),
        }
        for tier, count in requests.items()
        for number in range(count)
    ]
    with (folder / "log.csv").open("w", newline="") as file:
        out = csv.DictWriter(file, rows[0])
        out.writeheader()
        out.writerows(rows)
    (folder / "prices.yaml").write_text(PRICES)
    (folder / "map.yaml").write_text(MAP)
    options = ("--map", "map.yaml", "--catalog", folder / "prices.yaml", "--plan", "as-is", "--json", "--quiet")
    done = run_here(folder, "audit", "log.csv", *options)
    assert done.code == 0, done.err
    dear = PRIORITY * (requests.get("priority", 0) + requests.get("watched", 0))
    return dear + ORDINARY * requests.get("plain", 0), done.json["waterfall"]


@pytest.mark.parametrize(
    "requests",
    [{"priority": 100}, {"plain": 100}, {"priority": 100, "plain": 300}, {"priority": 40, "plain": 60, "watched": 50}],
)
def test_a_batch_comes_in_place_of_a_service_tier(tmp_path: Path, requests: dict[str, int]) -> None:
    """Everything that nobody waits for ends at the batch price, whatever tier it was at; what is watched may not."""
    spent, found = waterfall(tmp_path, **requests)
    assert Decimal(found["spend_usd"]) == spent
    waiting = requests.get("priority", 0) + requests.get("plain", 0)
    watched = requests.get("watched", 0)
    assert spent - Decimal(found["no_risk_usd"]) == BATCH * waiting + PRIORITY * watched
    steps = {step["name"]: Decimal(step["saved_usd"]) for step in found["steps"] if step["saved_usd"]}
    assert steps["service_tier"] == (PRIORITY - ORDINARY) * requests.get("priority", 0)
    assert steps["batch"] == (ORDINARY - BATCH) * waiting
    assert spent - sum(steps.values()) == Decimal(found["reachable_usd"])  # the plan's moves are steps as well
    # at best what is watched can do without priority, too: no bound holds flex and a batch of the same request
    assert spent - Decimal(found["high"]["no_risk_usd"]) == BATCH * waiting + ORDINARY * watched


@pytest.mark.parametrize(("cut", "whole", "repeated"), [(10, 10, 0), (10, 0, 0), (4, 9, 6), (1, 5, 3)])
def test_an_answer_from_a_cache_is_not_cut_off_again(
    evidence_of: EvidenceOf, cut: int, whole: int, repeated: int
) -> None:
    """`cut` times one question whose answer ended at its limit, `repeated` times one that is answered, `whole` others.

    A cache spares all but the first of each; of the answers that were cut off only the first is left to lose.
    """
    limit: dict[str, Any] = {"answer": 100, "finish": "length", "max_tokens": 100, "response_format": JSON}
    rows = [asked(i, i, text="As JSON", **limit) for i in range(cut)]
    rows += [asked(100 + i, i, text=f"What is {i}?") for i in range(whole)]
    rows += [asked(200 + i, i, text="What is a lease?") for i in range(repeated)]
    two = [lever for lever in all_levers() if lever.name in {"response_cache", "max_tokens"}]
    found = waterfall_of(evidence_of(rows), two)
    steps = {step.name: step.saved_usd for step in found.steps}
    spared = max(cut - 1, 0) + max(repeated - 1, 0)
    assert steps["response_cache"] == ONE * spared
    assert steps["max_tokens"] == ONE
    for saved in (found.low.no_risk_usd, found.no_risk_usd, found.high.no_risk_usd):
        assert found.spend_usd - saved == ONE * (whole + min(repeated, 1))
