"""Compiles dated prices from four installed packages into pricing/compiled/ (docs/pricing-sources.md)."""

from __future__ import annotations

from llmaudit.catalog.build.update import UpdateReport, update

__all__ = ["UpdateReport", "update"]
