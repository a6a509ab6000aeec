"""Routing plans: read them, price the same traffic under them, on cells or request by request."""

from __future__ import annotations

from llmaudit.plans.evaluate import PlanCost, evaluate
from llmaudit.plans.legs import Leg
from llmaudit.plans.model import Plan, load_plan, preset_names

__all__ = ["Leg", "Plan", "PlanCost", "evaluate", "load_plan", "preset_names"]
