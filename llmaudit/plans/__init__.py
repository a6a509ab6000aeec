"""Routing plans: read them, price the same traffic under them, on cells or request by request."""

from __future__ import annotations

from llmaudit.plans.evaluate import PlanCost, evaluate, evaluate_all
from llmaudit.plans.files import load_plan, preset_names
from llmaudit.plans.legs import Leg
from llmaudit.plans.model import Plan
from llmaudit.plans.ratios import Ratios
from llmaudit.plans.traffic import Traffic

__all__ = ["Leg", "Plan", "PlanCost", "Ratios", "Traffic", "evaluate", "evaluate_all", "load_plan", "preset_names"]
