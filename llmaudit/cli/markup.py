"""`llmaudit markup`: billed against list, by gateway and model."""

from __future__ import annotations

import typer

from llmaudit.cli.options import command
from llmaudit.cli.output import answer, line, table
from llmaudit.cli.work import catalog, open_store
from llmaudit.money import shown
from llmaudit.settings import Settings


def markup(settings: Settings) -> None:
    """Compare what gateways billed with the provider's list price, by gateway and model."""
    from llmaudit.audit import gather
    from llmaudit.findings import markup as finding

    prices = catalog(settings)
    with open_store(settings, read_only=True) as store:
        found = finding.find(gather(store, prices, (), settings.period))
    document = {
        "schema": "llmaudit/markup/1",
        "catalog_version": prices.version,
        "timezone": settings.timezone,
        "gateways": found.gateways,
        "caveat": found.caveat,
    }
    rows = [
        [
            gateway.gateway,
            gateway.verdict,
            model.model,
            f"{model.requests:,}",
            shown(model.billed_usd),
            shown(model.list_usd),
            "unknown" if model.pct is None else f"{model.pct:+.2f}%",
        ]
        for gateway in found.gateways
        for model in gateway.by_model
    ]
    columns = ["gateway", "verdict", "model", "requests", "billed", "list", "over list"]

    def people() -> None:
        table(settings, "Billed against list", columns, rows, left=(0, 1, 2))
        for gateway in found.gateways:
            line(f"{gateway.gateway}: {gateway.verdict}: {gateway.evidence[0]}")
        line(found.caveat)

    answer(settings, document, people)


def register(app: typer.Typer) -> None:
    """Add the command."""
    command(app, markup, "markup", "llmaudit markup --db october.duckdb")
