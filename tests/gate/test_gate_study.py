"""The study of simulated regressions, small; and its short cut held equal to the command line."""

from decimal import Decimal
from pathlib import Path

import msgspec
import numpy as np
import pytest
from builders import write_jsonl
from running import Run

from llmaudit.catalog import Catalog, Conditions, rates_for
from llmaudit.datasets.regressions import (
    CHANGES,
    LOG_MAP,
    MODELS,
    START,
    USD_PER_MILLION,
    Change,
    World,
    records,
    simulate,
)
from llmaudit.datasets.regressions_study import reduce, study_change, study_noise, study_power
from llmaudit.gate.budget import Budget, CostLimit

WORLD = World(calls=40_000, users=1600)
LARGE = World(calls=400_000, users=16_000)


@pytest.mark.parametrize("change", [one for one in CHANGES if one.cause], ids=lambda one: one.name)
def test_each_planted_change_is_named_first(change: Change):
    world, runs = (LARGE, 2) if "template" in change.name else (WORLD, 6)
    assert study_change(change, world, runs, seed=1).right.share == 1


def test_noise_seldom_alarms():
    """At 2% or less, more than 3 alarms in 40 runs have a chance below 1 in 100 (binomial)."""
    found = study_noise(World(calls=1000, users=100), World(calls=1000, users=100), 40, seed=2)
    assert found.failed.share * 40 <= 3
    assert found.failed_at_zero.share * 40 <= 3
    assert found.named.share * 40 <= 3
    assert found.undecided.share == 0


def test_power_is_about_what_is_stated():
    rule = Budget(cost_per_request=[CostLimit(by="all", max_increase_pct=5)])
    found = study_power(World(calls=2000, users=150), 60, 3, rule)
    assert abs(found.at_detectable.share - 0.8) < 0.16  # three standard errors of 60 runs
    assert abs(found.at_claim.share - found.stated) < 0.18


def test_prices_of_the_simulation_are_the_catalogs(catalog: Catalog):
    for model in MODELS:
        offer = catalog.canonical(model)
        assert offer is not None
        found = rates_for(catalog, offer, Conditions(START))
        usd = [found.expected[i] * 1_000_000 for i in (0, 1, 5)]
        assert usd == [Decimal(one) for one in USD_PER_MILLION[model]]


def test_the_short_cut_is_what_the_command_line_makes_of_the_same_log(tmp_path: Path, call: Run):
    drawn = simulate(World(calls=400, users=40, retried=0.1), np.random.default_rng(7))
    write_jsonl(tmp_path / "log.jsonl", records(drawn, "a"))
    (tmp_path / "map.yaml").write_text(LOG_MAP)
    assert call("ingest", "log.jsonl", "--map", "map.yaml", "--keep-users", "--db", "log.duckdb").code == 0
    assert call("baseline", "save", "base.json", "--db", "log.duckdb").code == 0
    saved = msgspec.json.decode((tmp_path / "base.json").read_bytes())
    short = reduce(drawn)
    assert saved["requests"] == short.requests
    totals: dict[tuple[str, str, str], list[Decimal]] = {}
    for cell in short.cells:
        key = (cell.feature or "", cell.model, cell.outcome)
        sums = totals.setdefault(key, [Decimal(0), Decimal(0)])
        sums[0] += cell.requests
        sums[1] += cell.usd or 0
    found = {
        (cell["feature"], cell["model"], cell.get("outcome", "ok")): [cell["requests"], Decimal(cell["usd"])]
        for cell in saved["cells"]
    }
    assert found == totals
    ours = {(one.by, one.name): one for one in short.moments}
    theirs = {(one["by"], one.get("name")): one for one in saved["moments"] if one["by"] in {"all", "feature"}}
    assert theirs.keys() == ours.keys()
    for key, one in theirs.items():
        assert Decimal(one["usd"]) == ours[key].usd
        assert one["clusters"] == ours[key].clusters
        for name in ("nn", "nz", "zz", "ny", "zy", "yy", "yy_rows", "ss"):
            assert one[name] == pytest.approx(getattr(ours[key], name), rel=1e-5)
