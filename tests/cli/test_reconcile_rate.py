"""`llmaudit reconcile --rate`: a bill in euros that states no rate, in dollars at the rate that the user gives."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from running import run_here

HEADER = (
    "Date,ChargeType,MeterCategory,MeterSubCategory,MeterName,UnitOfMeasure,Quantity,"
    "CostInBillingCurrency,BillingCurrencyCode"
)
EUROS = (Decimal("11.50"), Decimal("0.07"), Decimal("3.333"))
RATE = Decimal("1.0873")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three days of an Azure bill in euros: 14.903 in all, which is 16.2040319 dollars at 1.0873."""
    rows = [
        f"10/{day:02d}/2026,Usage,Azure OpenAI,Azure OpenAI GPT5,GPT 5 Inpt Glbl 1M Tokens,1M,1,{amount},EUR"
        for day, amount in enumerate(EUROS, start=1)
    ]
    (tmp_path / "azure.csv").write_text("\n".join([HEADER, *rows]) + "\n")
    assert run_here(tmp_path, "ingest", "azure.csv", "--db", "a.duckdb").code == 0
    return tmp_path


def test_without_a_rate_a_bill_in_euros_is_in_no_figure_and_the_warning_names_both_ways_out(folder: Path) -> None:
    (row,) = (done := run_here(folder, "reconcile", "--db", "a.duckdb", "--json")).json["rows"]
    assert (row["billed_usd"], row["other_amounts"]) == (None, {"EUR": "14.903000000000"})
    assert "--rate EUR=" in done.json["warnings"][0]
    assert "--official azure=" in done.json["warnings"][0]


def test_a_rate_given_converts_it_and_stands_in_the_notes(folder: Path) -> None:
    done = run_here(folder, "reconcile", "--db", "a.duckdb", "--json", "--rate", "eur=1.0873")
    (row,) = done.json["rows"]
    assert Decimal(row["billed_usd"]) == sum(EUROS) * RATE == Decimal("16.2040319")
    assert (row["other_amounts"], row["verdict"], done.json["warnings"]) == ({}, "no-log", [])
    assert sum(Decimal(cause["usd"]) for cause in row["causes"]) == Decimal(row["difference_usd"])
    assert "amounts in EUR are converted at 1.0873 US dollars, as given" in row["notes"]
    assert done.json["rates"] == {"EUR": "1.0873"}


def test_a_rate_that_no_bill_needs_is_said(folder: Path) -> None:
    done = run_here(folder, "reconcile", "--db", "a.duckdb", "--json", "--rate", "GBP=1.3")
    assert done.json["rows"][0]["billed_usd"] is None
    assert "GBP" in done.json["warnings"][0]


@pytest.mark.parametrize("rate", ["EUR", "EUR=0", "EUR=-1", "EUR=x", "=1.1", "euro=1.1", "USD=1", "EUR=nan"])
def test_what_is_no_rate_is_wrong_usage(folder: Path, rate: str) -> None:
    done = run_here(folder, "reconcile", "--db", "a.duckdb", "--rate", rate)
    assert (done.code, "[bad-rate]" in done.err) == (2, True)
