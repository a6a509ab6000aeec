"""The report: the audit as one HTML page or as Markdown, both written from the same section data.

- `sections` turn findings into plain data (`content`), one file each, with numbers and names as text from `wording`.
- `html` and `markdown` write that data; `grid` rounds tables so that they add up; `charts` and its siblings draw.
- `gateway` and `letter` present one gateway by itself. `write` puts a file in place completely or not at all.
"""

from __future__ import annotations

from llmaudit.report.html import render_html
from llmaudit.report.markdown import render_markdown
from llmaudit.report.write import write

__all__ = ["render_html", "render_markdown", "write"]
