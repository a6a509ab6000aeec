"""LiteLLM's table of daily spend by user, key and model, as JSON, CSV, COPY rows or Parquet."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from llmaudit import usage
from llmaudit.bills.base import BillLine, amount
from llmaudit.bills.daily import day_of, with_tokens
from llmaudit.formats.base import Context, Format
from llmaudit.formats.litellm import short_key
from llmaudit.formats.values import or_none
from llmaudit.request import Ignored, Reject


class Daily(msgspec.Struct, gc=False):
    """One row of `LiteLLM_DailyUserSpend`, or of one of the tables that cut the same spend another way."""

    id: str
    date: str
    spend: Decimal | None = None
    user_id: str | None = None
    team_id: str | None = None
    tag: str | None = None
    organization_id: str | None = None
    end_user_id: str | None = None
    agent_id: str | None = None
    api_key: str | None = None
    model: str | None = None
    model_group: str | None = None
    custom_llm_provider: str | None = None
    endpoint: str | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    api_requests: int | None = None


def convert(row: Daily, _: Context) -> list[BillLine] | Ignored:
    """Return the lines of one row."""
    if any((row.team_id, row.tag, row.organization_id, row.end_user_id, row.agent_id)):
        return Ignored("the same spend by team, tag, organisation, end user or agent")
    if row.spend is None:
        raise Reject("missing-field", "spend")
    start, end = day_of(row.date)
    charge = BillLine(
        line_key=row.id,
        seller=or_none(row.custom_llm_provider),
        issuer="litellm",
        grain="day",
        period_start=start,
        period_end=end,
        sku=or_none(row.model) or or_none(row.endpoint),
        model_raw=or_none(row.model),
        requests=row.api_requests,
        billed_cost=amount(row.spend, "spend"),
        currency="USD",
        charge_category="Usage",
        key_id=short_key(or_none(row.api_key)),
        user_id=or_none(row.user_id),
    )
    return with_tokens(
        charge,
        usage.summed(
            prompt=row.prompt_tokens,
            completion=row.completion_tokens,
            cached=row.cache_read_input_tokens,
            written=row.cache_creation_input_tokens,
        ),
    )


FORMAT = Format(
    name="litellm_daily",
    title="LiteLLM daily spend tables",
    kind="bill",
    reads=("json", "table"),
    marks=(
        "api_requests",
        "successful_requests",
        "failed_requests",
        "cache_read_input_tokens",
        "cache_creation_input_tokens",
        "mcp_namespaced_tool_name",
        "custom_llm_provider",
        "model_group",
    ),
    needs=("date", "spend", "api_requests", "prompt_tokens"),
    record=Daily,
    convert=convert,
    repeats="last",
    semantics=(
        "One row per day, user, key, model and endpoint, in US dollars as LiteLLM computed them. prompt_tokens "
        "includes cached reads and writes, as in the spend logs. The amount covers all tokens of the row: the "
        "lines for each kind of token have a quantity and no amount."
    ),
    verified="Columns from the schema of litellm 1.109.1; no real export seen.",
    about=(
        "The table `LiteLLM_DailyUserSpend`, which has every request once (`LiteLLM_DailyGlobalSpend` is the same "
        "without users). Use it to check whether spend logs are complete: rows are dropped under load, and the "
        "daily sums are not."
    ),
    traps=(
        (
            (
                "the tables by team, tag, organisation, end user and agent cut the same spend another way, and a "
                "request with several tags is in several rows"
            ),
            "their rows are ignored; export the table by user",
        ),
        ("`spend` is LiteLLM's own computation, not an invoice", "the issuer is `litellm`, the seller the provider"),
    ),
)
