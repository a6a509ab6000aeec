"""The report: the audit as one HTML page or as Markdown, both written from the same section data."""

from __future__ import annotations

from llmaudit.report.html import render_html
from llmaudit.report.markdown import render_markdown
from llmaudit.report.write import write

__all__ = ["render_html", "render_markdown", "write"]
