"""What gateways answered from their own caches: calls that were never made, and what they would have cost."""

from __future__ import annotations

from collections.abc import Sequence

from llmaudit.findings.gateway_cache import GatewayCache, SparedRow
from llmaudit.phrases import counted
from llmaudit.report.content import Column, Command, Kind, Prose, Section, SectionContent, Table
from llmaudit.report.wording import headline


def build(found: GatewayCache) -> SectionContent:
    """Return the answers from caches by gateway, model and feature; nothing where there are none."""
    if not found.requests:
        return SectionContent(())
    return SectionContent(
        blocks=(
            Prose(_lead(found), lead=True),
            _table("By gateway", "Gateway", found.by_gateway),
            _table("By model", "Model", found.by_model),
            _table("By feature", "Feature", found.by_feature),
        ),
        source=(
            "Requests whose log says that the gateway's own cache answered. Their list cost is 0; the stored answer's "
            "counts are priced as a request of that day would be."
        ),
        caveat=found.caveat,
        commands=(Command("llmaudit requests --where \"usage_status = 'gateway_cache'\"", "the answers from caches"),),
    )


def _lead(found: GatewayCache) -> str:
    is_known = found.avoided_usd is not None
    avoided = f"worth {headline(found.avoided_usd)} at list" if is_known else "whose list cost is not known"
    unknown = (
        f" {counted(found.unknown_requests, 'answer')} of them without counts or a price are in no amount."
        if found.unknown_requests and is_known
        else ""
    )
    answers = counted(found.requests, "answer")
    return f"{answers} came from a gateway's own cache: calls {avoided} were never made.{unknown}"


def _table(caption: str, title: str, rows: Sequence[SparedRow]) -> Table:
    columns = (
        Column(title, Kind.NAME),
        Column("From the cache", Kind.COUNT),
        Column("Of good answers", Kind.PERCENT),
        Column("List cost avoided", Kind.MONEY),
        Column("Not known", Kind.COUNT),
    )
    cells = tuple((row.name, row.requests, row.hit_pct, row.avoided_usd, row.unknown_requests) for row in rows)
    return Table(caption, columns, cells)


SECTION = Section(62, "gateway-cache", "What gateways' caches have saved", "gateway_cache", build)
