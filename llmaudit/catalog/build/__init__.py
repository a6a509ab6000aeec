"""Compile dated price facts from four installed packages into pricing/compiled/; see docs/pricing-sources.md."""

from __future__ import annotations

from llmaudit.catalog.build.update import UpdateReport, update

__all__ = ["UpdateReport", "update"]
