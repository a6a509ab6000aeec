"""`llmaudit requests`: canonical rows, for inspection and for tests."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any

import typer

from llmaudit.cli.inputs import open_store
from llmaudit.cli.options import command
from llmaudit.cli.output import answer, table
from llmaudit.errors import StorageFailedError, UsageError
from llmaudit.money import as_json
from llmaudit.request import COLUMNS
from llmaudit.settings import Settings

SHOWN = (
    "file",
    "line",
    "started_at",
    "model",
    "status",
    "input_tokens",
    "output_tokens",
    "billed_amount",
    "tier",
    "request_id",
)
_ROWS = f"""
    SELECT s.path AS file, {", ".join(f"r.{name}" for name in COLUMNS)},
        CASE WHEN r.started_at IS NULL THEN s.assumed_at END AS assumed_at,
        CASE WHEN r.gateway IS NULL THEN s.assumed_gateway END AS assumed_gateway,
        date_diff('millisecond', r.started_at, r.ended_at) AS latency_ms,
        date_diff('millisecond', r.started_at, r.first_token_at) AS ttft_ms,
        coalesce(r.model_served, r.model_requested, r.model_raw) AS model,
        t.tier AS tier, t.task AS task, t.signal AS tier_signal
    FROM requests r JOIN sources s USING (source_id) LEFT JOIN tiers t USING (row_id)
    WHERE ($since IS NULL OR coalesce(r.started_at, s.assumed_at) >= $since)
        AND ($until IS NULL OR coalesce(r.started_at, s.assumed_at) < $until)
    ORDER BY r.row_id
"""


def requests(
    settings: Settings,
    where: Annotated[str | None, typer.Option("--where", help="SQL condition over the columns.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="Maximum number of rows.")] = 20,
) -> None:
    """Show requests as read, with their files and lines.

    One row is one upstream call.
    """
    with open_store(settings, read_only=True) as store:
        store.lock()
        condition = f"WHERE ({where}\n)" if where else ""
        period = {"since": settings.period.since, "until": settings.period.until}
        try:
            rows = store.dicts(f"SELECT * FROM ({_ROWS}) {condition} LIMIT {limit}", period)
        except StorageFailedError as error:
            if not where:
                raise
            raise UsageError(
                f"--where {where}: {error.what.partition(' failed: ')[2] or error.what}",
                next_step="Column names are those of `llmaudit requests --json`.",
                slug="bad-where",
            ) from None
    answer(
        settings,
        {"schema": "llmaudit/requests/1", "rows": rows},
        lambda: table(
            settings, "Requests", SHOWN, [[_cell(row[name]) for name in SHOWN] for row in rows], left=(0, 2, 3, 4, 9)
        ),
    )


def _cell(value: Any) -> Any:
    return as_json(value) if isinstance(value, Decimal) else value


def register(app: typer.Typer) -> None:
    """Add the command."""
    command(app, requests, "requests", "llmaudit requests --where \"status = 'error'\" --limit 5")
