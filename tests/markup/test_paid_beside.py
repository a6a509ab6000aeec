"""What was paid beside the requests goes on at the pace of the payments, not at that of a shorter log."""

from __future__ import annotations

import csv
from decimal import Decimal
from pathlib import Path

from running import run_here

PRICES = """\
seller: acme
kind: provider
models:
  - sku: big
    model: acme/big
    class: flagship
    prices: [{valid_from: 2026-01-01T00:00:00Z, source: t, usd_per_million: {input: 10, output: 50}}]
"""
MAP = """\
name: log
input_includes_cached: false
columns: {request_id: id, started_at: t, input_tokens: inp, output_tokens: out, billed_amount: cost}
constants: {model: big, seller: acme, status: ok, gateway: till.example}
"""
PAYMENTS = """\
payment_id,gateway,date,kind,paid,credits,currency
a1,till.example,2026-09-05,credits,105.00,100.00,USD
a2,till.example,2026-10-05,credits,52.50,50.00,USD
a3,till.example,2026-11-05,credits,210.00,200.00,USD
a4,till.example,2026-09-09,subscription,49.00,,USD
a5,till.example,2026-10-09,subscription,49.00,,USD
"""


def test_payments_of_two_months_are_no_pace_of_one(tmp_path: Path) -> None:
    """Requests of October at 1.1 times list; payments from September 5 to November 5, 62 days."""
    taken = Decimal(0)
    with (tmp_path / "log.csv").open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["id", "t", "inp", "out", "cost"])
        for number in range(310):
            tokens = (1000 + 37 * number, 50 + 11 * number % 900)
            listed = (tokens[0] * 10 + tokens[1] * 50) / Decimal(1_000_000)
            taken += listed / 10
            out.writerow([number, f"2026-10-{1 + number % 31:02d}T10:00:00Z", *tokens, listed + listed / 10])
    (tmp_path / "prices.yaml").write_text(PRICES)
    (tmp_path / "map.yaml").write_text(MAP)
    (tmp_path / "paid.csv").write_text(PAYMENTS)
    options = ("--db", "a.duckdb", "--catalog", tmp_path / "prices.yaml")
    assert run_here(tmp_path, "ingest", "log.csv", "--map", "map.yaml", *options).code == 0
    assert run_here(tmp_path, "ingest", "paid.csv", *options).code == 0
    (row,) = run_here(tmp_path, "markup", "--json", *options).json["gateways"]
    paid = Decimal("17.5") + 98  # 5% of 350 dollars of credit, two months of 49
    assert Decimal(row["overpaid_usd"]) == taken + paid
    yearly = taken * 365 / 31 + paid * 365 / 62
    assert Decimal(row["yearly_usd"]) == round(yearly, 2)
    assert Decimal(row["monthly_usd"]) == round(yearly / 12, 2)
    assert row["cost_per_list_usd"] is None  # two months of 49 are no share of what one month's requests cost
    (note,) = (note for note in row["notes"] if "$1 of list" in note)
    assert "2026-10-01 to 2026-10-31, the $98.00 paid beside them of 2026-09-09 to 2026-10-09" in note
    (row,) = run_here(tmp_path, "markup", "--json", "--month", "2026-10", *options).json["gateways"]
    assert Decimal(row["yearly_usd"]) == round((taken + Decimal("2.5") + 49) * 365 / 31, 2)
    listed = taken * 10
    assert Decimal(row["cost_per_list_usd"]) == round((listed * Decimal("1.1") * Decimal("1.05") + 49) / listed, 12)
