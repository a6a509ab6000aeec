"""How fast a thousand variants of a plan are evaluated on 200,000 cells, beside the same sums in DuckDB.

Both get the same cells and the same plans in one process, one after the other. llmaudit gives every plan's cost as
expected and at both ends, with its parts. DuckDB gives the expected cost alone: it joins the cells with
the rates of the models they would go to, which llmaudit worked out for it, multiplies exact decimals and adds up; each
plan is one query. The totals have to be equal to the last digit, else the script stops.

    python benchmarks/plans.py [--cells N] [--plans N] [--peer N]
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal

import duckdb
import numpy as np
import pyarrow as pa
from common import keep

from llmaudit.catalog import Catalog, load_catalog
from llmaudit.catalog.units import PRICED
from llmaudit.cells import Cell, PricedCell, price
from llmaudit.money import total
from llmaudit.plans import Ratios, Traffic, evaluate_all
from llmaudit.plans.model import Assume, Plan, Rule, Verify, When
from llmaudit.plans.moving import Mover

FIRST = datetime(2026, 10, 1)  # noqa: DTZ001 -- instants of a cell are naive UTC
MODELS = (
    "openai/gpt-5.6-sol",
    "openai/gpt-5.6-luna",
    "openai/gpt-4.1-mini",
    "anthropic/claude-sonnet-5",
    "anthropic/claude-opus-4-6",
    "google/gemini-3.6-flash",
    "google/gemini-2.5-pro",
    "mistral/mistral-large-4",
)
TASKS = ("classify", "extract", "summarise", "code", "qa", None)
BANDS = (0, 0, 0, 0, 32_001, 200_001)
SPENT = ("flagship", "mid")


def one_in(rng: random.Random, count: int) -> bool:
    """Say yes once in so many times."""
    return rng.randrange(count) == 0


def cells(count: int) -> Iterator[Cell]:
    """Yield cells that differ in day, model, tier, task, feature, team, size and outcome."""
    rng = random.Random(7)  # noqa: S311 -- seeded on purpose
    for number in range(count):
        model = MODELS[rng.randrange(len(MODELS))]
        seller, _, sku = model.partition("/")
        start = FIRST + timedelta(days=number % 30)
        requests = rng.randint(1, 400)
        billed, failed = one_in(rng, 3), one_in(rng, 33)
        yield Cell(
            day=start.date(),
            price_slot=start,
            gateway="openrouter" if billed else None,
            seller=seller,
            sku=sku,
            model=model,
            unresolved=None,
            tier=rng.choice((0, 0, 1, 1, 2, 3, None)),
            task=rng.choice(TASKS),
            prompt_band=rng.choice(BANDS),
            service_tier=None,
            is_batch=False,
            region_class=None,
            needs_tools=one_in(rng, 10),
            needs_json=one_in(rng, 5),
            needs_images=False,
            has_pii=one_in(rng, 20),
            feature=f"feature-{rng.randrange(40)}",
            team=f"team-{rng.randrange(12)}",
            status="error" if failed else "ok",
            error_class="rate_limited" if failed else None,
            attempt_kind="first",
            usage_status="reported",
            billed_kind="seller_reported" if billed else None,
            requests=requests,
            calls=requests,
            tokens=(
                rng.randint(0, 10**8),
                rng.randint(0, 10**7) * one_in(rng, 2),
                0,
                0,
                0,
                rng.randint(0, 10**7),
            ),
            reasoning_tokens=None,
            billed_usd=Decimal(rng.randint(0, 10**15)).scaleb(-12) if billed else None,
        )


def plans(count: int) -> list[Plan]:
    """Return variants: two tiers to one of four models each, features kept apart, with its own length of answer."""
    rng = random.Random(11)  # noqa: S311 -- seeded on purpose
    targets = ("openai/gpt-5.6-luna", "google/gemini-3.6-flash", "openai/gpt-4.1-mini", "mistral/mistral-large-4")
    return [
        Plan(
            name=f"variant-{number}",
            rules=[
                Rule(when=When(feature=f"feature-{rng.randrange(40)}"), keep=True),
                Rule(
                    when=When(tier=0, model_class=list(SPENT)),
                    use=rng.choice(targets),
                    assume=Assume(output_ratio=Decimal(rng.randint(60, 150)).scaleb(-2)),
                ),
                Rule(
                    when=When(tier=1, model_class=list(SPENT), team=[f"team-{rng.randrange(12)}" for _ in range(6)]),
                    use=rng.choice(targets),
                    assume=Assume(output_ratio=Decimal(rng.randint(60, 150)).scaleb(-2)),
                ),
                Rule(when=When(tier=3), keep=True, verify=Verify(cost_ratio=Decimal("0.5"))),
                Rule(keep=True),
            ],
        )
        for number in range(count)
    ]


class Peer:
    """The cells in DuckDB."""

    def __init__(self, known: list[PricedCell], catalog: Catalog, ratios: Ratios) -> None:
        self._known = known
        self._catalog = catalog
        self._mover = Mover(catalog, ratios)
        self._duck = duckdb.connect()
        self._duck.execute(f"SET threads TO {os.cpu_count()}")
        table = {name: pa.array([one.cell.quantities[i] for one in known], pa.int64()) for i, name in enumerate(PRICED)}
        table |= {
            "id": pa.array(range(len(known)), pa.int64()),
            "spend": pa.array([one.spend_usd for one in known], pa.decimal128(38, 18)),
        }
        self._duck.register("arrived", pa.table(table))
        self._duck.execute("CREATE TABLE cells AS SELECT * FROM arrived")

    def legs(self, plan: Plan) -> Decimal:
        """Give DuckDB the rates of every leg of every cell, ready made; return the cost, cell by cell."""
        (result,) = evaluate_all([plan], Traffic(self._known), self._catalog, ratios=self._mover.ratios)
        numbers: dict[tuple[Decimal, ...], int] = {}
        rows = [
            (i, numbers.setdefault((*leg.expected.rates, leg.expected.billed_factor), len(numbers)))
            for i, placed in enumerate(result.one_by_one())
            for leg in placed.legs
        ]
        self._duck.register("leg_of", pa.table({"id": [i for i, _ in rows], "leg": [leg for _, leg in rows]}))
        rates = {f"rate_{i}": pa.array([one[i] for one in numbers], pa.decimal128(20, 18)) for i in range(len(PRICED))}
        factor = pa.array([one[-1] for one in numbers], pa.decimal128(8, 6))
        billed = pa.array([one.cell.billed_usd or Decimal(0) for one in self._known], pa.decimal128(38, 12))
        self._duck.register("rates", pa.table(rates | {"leg": range(len(numbers)), "factor": factor}))
        self._duck.register("billed", pa.table({"id": range(len(self._known)), "billed": billed}))
        for name in ("leg_of", "rates", "billed"):
            self._duck.execute(f"CREATE OR REPLACE TABLE own_{name} AS SELECT * FROM {name}")
        return total(leg.expected.of(placed.priced) for placed in result.one_by_one() for leg in placed.legs)

    def cost(self) -> Decimal:
        """Return the plan's cost: one query."""
        parts = " + ".join(f"c.{name}::DECIMAL(14, 0) * r.rate_{i}" for i, name in enumerate(PRICED))
        (found,) = self._duck.execute(
            f"SELECT sum(({parts} + (b.billed::DECIMAL(20, 12) * r.factor))::DECIMAL(38, 18))"
            " FROM cells c JOIN own_leg_of l USING (id) JOIN own_rates r USING (leg) JOIN own_billed b USING (id)"
        ).fetchall()[0]
        return found


def main() -> None:
    """Measure both and keep the result."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--cells", type=int, default=200_000)
    parser.add_argument("--plans", type=int, default=1_000)
    parser.add_argument("--peer", type=int, default=5)
    asked = parser.parse_args()
    catalog = load_catalog()
    known = price(cells(asked.cells), catalog)
    variants = plans(asked.plans)
    ratios = Ratios.of(catalog, known, {})
    started, cpu = time.perf_counter(), time.process_time()
    costs = [
        (result.cost_usd, result.low_usd, result.high_usd)
        for result in evaluate_all(variants, known, catalog, ratios=ratios)
    ]
    seconds, used = time.perf_counter() - started, time.process_time() - cpu
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"llmaudit: {asked.plans} plans on {asked.cells} cells in {seconds:.1f} s ({used:.1f} s of CPU), {memory} MB")
    peer = Peer(known, catalog, ratios)
    took: list[float] = []
    for number in np.linspace(0, asked.plans - 1, asked.peer).astype(int).tolist():
        expected = peer.legs(variants[number])
        begun = time.perf_counter()
        found = peer.cost()
        took.append(time.perf_counter() - begun)
        if not found == expected == costs[number][0]:
            raise SystemExit(
                f"{variants[number].name}: DuckDB {found}, cell by cell {expected}, bulk {costs[number][0]}"
            )
    a_plan = sorted(took)[len(took) // 2]
    times = a_plan * asked.plans / seconds
    print(f"DuckDB: {a_plan:.3f} s a plan; llmaudit {seconds / asked.plans:.4f} s: {times:.1f} times")
    keep(
        "plans",
        {
            "cells": asked.cells,
            "plans": asked.plans,
            "llmaudit_seconds": round(seconds, 2),
            "llmaudit_cpu_seconds": round(used, 2),
            "llmaudit_peak_mb": memory,
            "duckdb_seconds_a_plan": round(a_plan, 4),
            "ratio": round(times, 2),
        },
        "numpy",
        "duckdb",
    )


if __name__ == "__main__":
    main()
