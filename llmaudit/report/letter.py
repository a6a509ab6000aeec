"""A page about one gateway that a customer can send to it, as HTML or Markdown."""

from __future__ import annotations

from datetime import date

from llmaudit import __version__
from llmaudit.markup.model import GatewayRow
from llmaudit.report.content import Block, Bullets
from llmaudit.report.gateway import letter_blocks
from llmaudit.report.html import render_page
from llmaudit.report.markdown import render_blocks
from llmaudit.report.wording import period


def render_letter(row: GatewayRow, form: str, *, catalog_version: str, quotes: tuple[str, ...] = ()) -> str:
    """Return the page.

    Args:
        row: The gateway.
        form: `html` or `md`.
        catalog_version: Of the prices used.
        quotes: What its pricing page says, where one was audited.
    """
    days = [one.day for one in row.by_day]
    first: date | None = min(days, default=None)
    last: date | None = max(days, default=None)
    said: tuple[Block, ...] = (Bullets("What its pricing page says", quotes),) if quotes else ()
    title = f"What {row.gateway} charged over the provider's list price"
    about = f"{period(first, last)}, price catalog {catalog_version}, llmaudit {__version__}"
    foot = "Made offline by llmaudit from the customer's own log and bills; every figure can be worked out from them."
    render = render_page if form == "html" else render_blocks
    return render(title, about, (*letter_blocks(row), *said), foot)
