"""OpenAI: the completions usage export of the dashboard (CSV)."""

from __future__ import annotations

from llmaudit.bills.base import BillLine, by_kind, cell, condition_tags, grain_of, moment, number
from llmaudit.bills.openai_counts import counts_of
from llmaudit.formats.base import Context, Format
from llmaudit.formats.values import text_flag
from llmaudit.request import Ignored

DIMENSIONS = ("start_time_iso", "end_time_iso", "project_id", "user_id", "api_key_id", "model", "batch", "service_tier")


def convert(row: dict[str, str], _: Context) -> list[BillLine] | Ignored:
    """Return the lines of one row, one for each kind of token; a day without usage is a row of blanks."""
    asked = number(row, "num_model_requests")
    whole = number(row, "input_tokens")
    if asked is None and whole is None:
        return Ignored("day without entries")
    start, end = (
        moment(cell(row, "start_time_iso"), "start_time_iso"),
        moment(cell(row, "end_time_iso"), "end_time_iso"),
    )
    line = BillLine(
        line_key="|".join(str(cell(row, name)) for name in DIMENSIONS),
        seller="openai",
        grain=grain_of(start, end),
        period_start=start,
        period_end=end,
        sku="completions",
        model_raw=cell(row, "model"),
        charge_category="Usage",
        project=cell(row, "project_id"),
        key_id=cell(row, "api_key_id"),
        user_id=cell(row, "user_id"),
        service_tier=cell(row, "service_tier"),
        is_batch=text_flag(cell(row, "batch")),
    )
    counts, contradict = counts_of(lambda name: number(row, name))
    line.tags = condition_tags(inconsistent=contradict)
    return by_kind(line, counts, asked)


FORMAT = Format(
    name="openai_usage_csv",
    title="OpenAI usage export of the dashboard",
    kind="bill",
    reads=("table",),
    marks=("num_model_requests", "input_cached_tokens", "input_tokens", "output_tokens", "start_time_iso", "batch"),
    needs=("num_model_requests", "start_time_iso"),
    convert=convert,
    repeats="last",
    semantics=(
        "Usage without money. input_tokens includes cached tokens: input = cached + written + uncached. Counts are "
        "written as decimals (10.0). Audio, images and 12-hour cache writes are separate if their columns are "
        "there. Usage and cost exports do not line up day by day."
    ),
    verified="Columns and sums on a real export (six rows of six).",
)
