"""Routing plans: read them, and price the same traffic under them, cell by cell or request by request.

    a plan file ─▶ files, checking ─▶ model.Plan ─▶ matching ─▶ assigning ─▶ evaluate: PlanCost ─▶ constraints
    cells ───────▶ traffic ────────────────────────────────────────▲
    catalog, ratios ─▶ moving (a cell on another model) ─▶ placing ┘

- `matching`, `choosing`, `splitting`: which rule decides a cell, which model is the cheapest for it, and what happens
  to sessions whose requests go to different models.
- `moving` prices a cell elsewhere: `prices` by the catalog, `ratios` by what is measured or assumed, `routing` both
  together; `needed` says what a model must be able to do.
- `placing` makes the legs that a plan pays for: `chains` (retries and fallbacks, from `failures`), `verifying`,
  `caching`. A leg (`legs`) is a linear function of the tokens in a cell, so sums over cells are sums over requests.
- `quality`, `certify`, `empirical_bayes`, `certify_plan`: what paired outcomes prove about a move, and what a plan
  may promise.
- `constraints`, `floor`, `latencies`: whether a plan meets its limits of cost, latency and quality.
- `optimize`, `frontier`: the cheapest plan for a promise, and the curve of cost against quality.
- `payback`: when a saving has paid for the switch. `rows`: the same costs in SQL, one row per request.
"""

from __future__ import annotations

from llmaudit.plans.evaluate import PlanCost, evaluate, evaluate_all
from llmaudit.plans.files import load_plan, preset_names
from llmaudit.plans.legs import Leg
from llmaudit.plans.model import Plan
from llmaudit.plans.ratios import Ratios
from llmaudit.plans.traffic import Traffic

__all__ = ["Leg", "Plan", "PlanCost", "Ratios", "Traffic", "evaluate", "evaluate_all", "load_plan", "preset_names"]
