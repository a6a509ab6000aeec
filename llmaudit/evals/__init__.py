"""Outcomes of single answers (evals, human scores, conversions): read from files, stored, matched with the traffic."""

from __future__ import annotations
