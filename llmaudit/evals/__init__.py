"""Outcomes of single answers (evals, people's scores, conversions): files in, kept, and joined to the traffic."""

from __future__ import annotations
