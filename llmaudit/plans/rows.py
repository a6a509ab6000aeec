"""The cost of a plan request by request, in SQL: for exports and joins, and to check the computation on cells.

A counterfactual for a single request is an estimate (another model's answer has another length), and `is_estimate` says
so on each row; only sums are meant to be read.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import pyarrow as pa

from llmaudit.catalog import Catalog
from llmaudit.catalog.units import PRICED
from llmaudit.cells import KEYS
from llmaudit.period import ALL, Period
from llmaudit.plans.evaluate import PlanCost
from llmaudit.plans.legs import PRIMARY, Leg
from llmaudit.rollup import keyed_requests
from llmaudit.store import Store

_COUNTED = {name: "1" if name == "requests" else f"COALESCE(k.{name}, 0)" for name in PRICED}
_PER_ROW = " + ".join(f"{count}::DECIMAL(12, 0) * l.rate_{i}" for i, count in enumerate(_COUNTED.values()))
ROW_COST = f"({_PER_ROW} + COALESCE(k.billed_usd, 0) * l.billed_factor + l.per_request)::DECIMAL(38, 18)"
"""Cost of one leg of one request, exact to 1e-18 US dollars."""


def plan_rows(
    store: Store,
    catalog: Catalog,
    plans: Iterable[PlanCost],
    period: Period = ALL,
) -> pa.Table:
    """Return one row per request and plan: `row_id, request_id, plan, model, cost_usd, is_estimate`, in row order.

    `cost_usd` is NULL where the present cost of the request is unknown, because the plan leaves it out. `is_estimate`
    says that it rests on anything but the request's own bill and list price: another model's answer, a second pass.
    """
    costs = list(plans)
    names = pa.table({"plan": pa.array([cost.plan.name for cost in costs], pa.string())})
    same = " AND ".join(f"k.{name} IS NOT DISTINCT FROM l.{name}" for name in KEYS)
    with (
        keyed_requests(store, catalog, period),
        store.table("plan_names", names),
        store.table("plan_legs", _legs_table(costs)),
    ):
        return store.arrow(
            "SELECT k.row_id, any_value(k.request_id) AS request_id, p.plan, max(l.answered_by) AS model,"
            f" sum({ROW_COST}) AS cost_usd, coalesce(bool_or(l.is_estimate), FALSE) AS is_estimate"
            " FROM keyed_requests k CROSS JOIN plan_names p"
            f" LEFT JOIN plan_legs l ON l.plan = p.plan AND {same}"
            " GROUP BY k.row_id, p.plan ORDER BY k.row_id, p.plan"
        )


def _legs_table(plans: Iterable[PlanCost]) -> pa.Table:
    """Return the legs of every plan with the keys of their cells; `model`, a key, is the one that answers now."""
    rows: list[dict[str, Any]] = []
    for plan_cost in plans:
        for placed in plan_cost.placed:
            keys = {name: getattr(placed.priced.cell, name) for name in KEYS}
            rows.extend(
                keys
                | {"plan": plan_cost.plan.name, "answered_by": leg.model if leg.kind in PRIMARY else None}
                | {"is_estimate": leg.kind != "keep"}
                | _linear(leg)
                for leg in placed.legs
            )
    return pa.Table.from_pylist(rows, schema=_SCHEMA)


def _linear(leg: Leg) -> dict[str, Decimal]:
    rates = {f"rate_{i}": rate for i, rate in enumerate(leg.expected.rates)}
    return rates | {"billed_factor": leg.expected.billed_factor, "per_request": leg.expected.per_request}


_KINDS: dict[str, pa.DataType] = {
    "day": pa.date32(),
    "price_slot": pa.timestamp("us"),
    "tier": pa.int32(),
    "prompt_band": pa.int64(),
    "is_batch": pa.bool_(),
    "needs_tools": pa.bool_(),
    "needs_json": pa.bool_(),
    "needs_images": pa.bool_(),
    "has_pii": pa.bool_(),
    "is_thinking": pa.bool_(),
    "has_searches": pa.bool_(),
}
_SCHEMA = pa.schema(
    [
        *((name, _KINDS.get(name, pa.string())) for name in KEYS),
        ("plan", pa.string()),
        ("answered_by", pa.string()),
        ("is_estimate", pa.bool_()),
        *((f"rate_{i}", pa.decimal128(20, 18)) for i in range(len(PRICED))),
        ("billed_factor", pa.decimal128(8, 6)),
        ("per_request", pa.decimal128(20, 18)),
    ]
)
