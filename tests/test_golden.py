"""The worked example of the mission, from the command line: $56,000 to $27,600, and what two markups add to that.

Arithmetic: 800 tokens at $7 per million are $0.0056 a request. Ten thousand requests are the example at 1/1,000.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from builders import litellm_row, write_jsonl
from running import Run, run_here

TIERS = [0] * 40 + [1] * 20 + [2] * 30 + [3] * 10
"""60% of tiers 0 and 1, 30% of tier 2, 10% of tier 3."""

PLAN = """\
name: worked
rules:
  - when: {tier: [0, 1]}
    use: example/budget-0.5
  - when: {tier: 2}
    keep: true
  - when: {tier: 3}
    keep: true
    verify: {cost_ratio: 0.5}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with 10,000 requests in a database, and the plan with and without a gateway."""
    made = tmp_path_factory.mktemp("golden")
    rows = (
        litellm_row(
            f"r-{i}",
            f"2026-10-{1 + i % 28:02}T12:00:00",
            model="flagship-7",
            provider="example",
            prompt=700,
            completion=100,
            tags=[f"tier:{TIERS[i % 100]}"],
        )
        for i in range(10_000)
    )
    write_jsonl(made / "month.jsonl", rows)
    for name, via in {"plan": "", "via-5": "via: example-gateway-5\n", "via-10": "via: example-gateway-10\n"}.items():
        (made / f"{name}.yaml").write_text(PLAN.replace("name: worked", f"name: {name}") + via)
    assert run_here(made, "ingest", "month.jsonl").code == 0
    return made


@pytest.fixture(scope="module")
def repriced(folder: Path) -> Any:
    done = run_here(folder, "reprice", "--json", "--plan", "plan.yaml", "--plan", "via-5.yaml", "--plan", "via-10.yaml")
    assert done.code == 0, done.err
    return done.json


def test_before(repriced: Any) -> None:
    assert repriced["actual"]["list_usd"] == repriced["actual"]["spend_usd"] == "56.000000"
    assert repriced["actual"]["billed_usd"] == "0.000000"
    assert repriced["actual"]["unpriced_requests"] == 0


def test_after(repriced: Any) -> None:
    plan = repriced["plans"][0]
    assert plan["cost_usd"] == "27.600000"
    assert plan["savings_usd"] == "28.400000"
    assert f"{plan['savings_pct']:.1f}" == "50.7"
    assert plan["moved_requests"] == 6_000


def test_legs(repriced: Any) -> None:
    """2.40 for tiers 0 and 1, 16.80 for tier 2, 5.60 + 2.80 for tier 3 and its verification."""
    legs = {(leg["kind"], leg["tier"]): Decimal(leg["cost_usd"]) for leg in repriced["plans"][0]["legs"]}
    assert legs == {
        ("route", 0): Decimal("1.6"),
        ("route", 1): Decimal("0.8"),
        ("keep", 2): Decimal("16.8"),
        ("keep", 3): Decimal("5.6"),
        ("verify", 3): Decimal("2.8"),
    }


@pytest.mark.parametrize(("position", "markup"), [(1, "1.38"), (2, "2.76")])
def test_gateway_markup_on_the_new_spend(repriced: Any, position: int, markup: str) -> None:
    without, through = (Decimal(repriced["plans"][i]["cost_usd"]) for i in (0, position))
    assert through - without == Decimal(markup)


def test_audit_agrees_with_reprice(folder: Path, repriced: Any) -> None:
    done = run_here(folder, "report", "--json", "--plan", "plan.yaml")
    (plan,) = (row for row in done.json["savings"]["plans"] if row["name"] == "plan")
    assert plan == repriced["plans"][0]


def test_demo(cli: Run) -> None:
    document = cli("demo", "--worked-example", "--json").json
    expected = {
        "before_usd": "56000.000000",
        "after_usd": "27600.000000",
        "savings_usd": "28400.000000",
        "markup_5_usd": "1380.000000",
        "markup_10_usd": "2760.000000",
    }
    assert {name: document[name] for name in expected} == expected
    assert f"{document['savings_pct']:.1f}" == "50.7"
    assert sum(Decimal(leg["cost_usd"]) for leg in document["legs"]) == 27_600
    assert "$1,920" in document["note"]
    assert "$38,400" in document["note"]
