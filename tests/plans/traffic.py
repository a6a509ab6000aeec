"""Traffic of every kind, drawn at random: what plans have to treat the same way cell by cell and all at once."""

from __future__ import annotations

from builders import cell
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from llmaudit.cells import Cell

MODELS = (
    "openai/gpt-5.6-sol",
    "openai/gpt-5.6-luna",
    "openai/gpt-4o",
    "anthropic/claude-sonnet-5",
    "google/gemini-3.6-flash",
    "example/flagship-7",
    "nobody/x",
)
counts = st.integers(0, 500_000)
huge = st.integers(0, 10**16)
money = st.decimals(min_value=0, max_value=50, places=12)
quick = settings(max_examples=40, database=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def cells(draw: st.DrawFn) -> Cell:
    """A cell of any kind: billed or not, good or failed, of a known model or of one that nobody prices."""
    model = draw(st.sampled_from(MODELS))
    billed = draw(st.one_of(st.none(), money))
    tokens = tuple(draw(st.tuples(*[st.one_of(counts, st.just(0), huge)] * 6)))
    thoughts = draw(st.sampled_from([None, 0, tokens[-1] // 3]))
    return cell(
        model=model,
        requests=draw(st.integers(1, 1000)),
        counters=tokens,
        billed=None if billed is None else str(billed),
        reasoning_tokens=thoughts,
        gateway=draw(st.sampled_from([None, "openrouter", "litellm"])),
        tier=draw(st.sampled_from([None, 0, 1, 2, 3])),
        task=draw(st.sampled_from([None, "code", "classify"])),
        feature=draw(st.sampled_from([None, "a", "b"])),
        team=draw(st.sampled_from([None, "x"])),
        prompt_band=draw(st.sampled_from([0, 200_001])),
        is_batch=draw(st.booleans()),
        needs_tools=draw(st.booleans()),
        needs_images=draw(st.booleans()),
        has_pii=draw(st.booleans()),
        status=draw(st.sampled_from(["ok", "ok", "ok", "error", "cancelled"])),
        usage_status=draw(st.sampled_from(["reported", "reported", "estimated", "missing", "inconsistent"])),
        region_class=draw(st.sampled_from([None, "global", "us"])),
    )


traffic = st.lists(cells(), max_size=12)
