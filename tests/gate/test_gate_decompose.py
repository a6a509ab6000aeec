"""Every change of cost is taken apart exactly, whatever changed; single changes land where they belong."""

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmaudit.gate.causes import causes_of
from llmaudit.gate.decompose import CAUSES, decompose
from llmaudit.gate.model import Baseline, Cell, Rate, Span
from llmaudit.gate.successors import with_successors

PRICES = {"a": ("0.000002", "0.0000005", "0.000008"), "b": ("0.00001", "0.0000025", "0.00003"), "c": ("0.1", "0", "7")}
NAMES = ("input_tokens", "cache_read_tokens", "output_tokens")


def rates(factor: str = "1") -> dict[str, Rate]:
    scaled = {key: [Decimal(usd) * Decimal(factor) for usd in row] for key, row in PRICES.items()}
    return {key: Rate("seller", key, dict(zip(NAMES, row, strict=True))) for key, row in scaled.items()}


def cell(
    requests: int, *, tokens: tuple[int, int, int] = (1000, 0, 100), model: str = "a", factor: str = "1",
    billed: str | None = None, priced: bool = True, **keys: object,
) -> Cell:  # fmt: skip
    """Return a cell whose tokens are given per request; `billed` is the factor of its bill over list."""
    counts = {name: count * requests for name, count in zip(NAMES, tokens, strict=True) if count}
    listed = rates(factor)[model].cost(counts, requests) if priced else None
    usd = listed if billed is None else (listed or Decimal(requests)) * Decimal(billed)
    squares = [float(requests) * (one + 1) ** 2 for one in (tokens[0] + tokens[1], tokens[1], tokens[1], tokens[2])]
    return Cell(
        requests=requests, tokens=counts, model=model, rate=model if priced else None, list_usd=listed, usd=usd,
        is_billed=billed is not None, prompt_squares=squares[0], read_squares=squares[1], prompt_reads=squares[2],
        output_squares=squares[3], **keys,
    )  # fmt: skip


def baseline(*cells: Cell, factor: str = "1", hours: int = 1) -> Baseline:
    return Baseline(
        llmaudit="test",
        catalog_version="test",
        span=Span(hours=hours),
        requests=sum(one.requests for one in cells),
        unpriced=sum(one.requests for one in cells if one.usd is None),
        rates=rates(factor),
        cells=list(cells),
    )


CELLS = st.lists(
    st.builds(
        cell,
        st.integers(1, 10**6),
        tokens=st.tuples(st.integers(0, 10**5), st.integers(0, 10**5), st.integers(0, 10**4)),
        model=st.sampled_from("abc"),
        billed=st.sampled_from([None, "1.05", "0", "1.333333"]),
        priced=st.booleans(),
        feature=st.sampled_from([None, "chat", "draft"]),
        template=st.sampled_from([None, "t1", "t2"]),
        tier=st.sampled_from([None, 0, 3]),
        outcome=st.sampled_from(["ok", "failed", "superseded"]),
        gateway=st.sampled_from([None, "router"]),
    ),
    min_size=0,
    max_size=8,
)


@settings(max_examples=300)
@given(CELLS, CELLS, st.sampled_from(["1", "1.1", "0.3333333333333"]), st.integers(1, 800), st.integers(1, 800))
def test_the_parts_add_up_to_the_whole_change_exactly(
    first: list[Cell], second: list[Cell], factor: str, hours: int, other: int
):
    before = baseline(*first, hours=hours)
    after = baseline(*second, factor=factor, hours=other)
    after = msgspec.structs.replace(after, frozen=before.rates)
    found = decompose(before, after)
    assert sum(found.by_cause().values(), Decimal(0)) == after.usd - before.usd
    assert set(found.by_cause()) == set(CAUSES)
    for cause in causes_of(found, before, after):
        assert cause.text


def parts(before: Baseline, after: Baseline) -> dict[str, Decimal]:
    return {cause: usd for cause, usd in decompose(before, after).by_cause().items() if usd}


def test_nothing_changed_is_nothing():
    one = baseline(cell(100), cell(7, model="b", tokens=(10, 20, 3)))
    assert parts(one, one) == {}


def test_volume():
    assert parts(baseline(cell(100)), baseline(cell(250))) == {"volume": cell(150).usd}


def test_prompt_growth_keeps_the_division_of_the_prompt():
    found = parts(baseline(cell(100, tokens=(600, 400, 0))), baseline(cell(100, tokens=(1200, 800, 0))))
    assert found == {"input": 100 * (600 * Decimal("0.000002") + 400 * Decimal("0.0000005"))}


def test_a_cache_that_stopped():
    found = parts(baseline(cell(100, tokens=(600, 400, 0))), baseline(cell(100, tokens=(1000, 0, 0))))
    assert found == {"cache": 100 * 400 * (Decimal("0.000002") - Decimal("0.0000005"))}


def test_output():
    found = parts(baseline(cell(100)), baseline(cell(100, tokens=(1000, 0, 130))))
    assert found == {"output": 100 * 30 * Decimal("0.000008")}


def test_a_swapped_model_at_equal_tokens():
    found = parts(baseline(cell(100)), baseline(cell(80), cell(20, model="b")))
    assert found == {"models": cell(20, model="b").usd - cell(20).usd}


def test_a_price_change_only():
    assert parts(baseline(cell(100)), baseline(cell(100, factor="1.1"), factor="1.1")) == {
        "price": cell(100, factor="1.1").usd - cell(100).usd
    }


def test_markup():
    found = parts(baseline(cell(100, billed="1")), baseline(cell(100, billed="1.05")))
    assert found == {"markup": cell(100).usd * Decimal("0.05")}


def test_traffic_moves_between_features_without_a_change_of_either():
    before = baseline(cell(60, feature="chat"), cell(40, feature="draft", model="b"))
    after = baseline(cell(40, feature="chat"), cell(60, feature="draft", model="b"))
    assert parts(before, after) == {"traffic": after.usd - before.usd}


def test_a_use_that_is_new_is_traffic():
    before, after = baseline(cell(100)), baseline(cell(100), cell(10, feature="new", model="b"))
    found = parts(before, after)
    assert found.pop("volume") == cell(10).usd
    assert found == {"traffic": cell(10, model="b").usd - cell(10).usd}


def test_retries_and_failures():
    before = baseline(cell(100), cell(2, outcome="superseded"), cell(5, outcome="failed", tokens=(0, 0, 0)))
    after = baseline(cell(100), cell(4, outcome="superseded"), cell(5, outcome="failed", tokens=(0, 0, 0)))
    assert parts(before, after) == {"retries": cell(2).usd}


def test_requests_that_lose_their_price_are_no_saving_of_tokens():
    after = baseline(cell(80), cell(20, priced=False))
    assert parts(baseline(cell(100)), after) == {"unpriced": -cell(20).usd}


def test_an_amount_without_a_list_price_cannot_be_taken_apart():
    before, after = (baseline(cell(10, priced=False, billed=factor)) for factor in ("1", "1.5"))
    assert parts(before, after) == {"opaque": Decimal(5)}


def test_the_length_of_the_logs_is_no_volume():
    before, after = baseline(cell(100), hours=240), baseline(cell(10), hours=24)
    assert parts(before, after) == {"period": cell(10).usd - cell(100).usd}


def test_an_edited_template_is_the_one_that_went():
    before = baseline(cell(100, feature="chat", template="old"), cell(100, feature="chat", template="same"))
    after = baseline(
        cell(90, feature="chat", template="new", tokens=(2000, 0, 100)), cell(100, feature="chat", template="same")
    )
    renamed, names = with_successors(before, after)
    assert names == {"old": "new"}
    assert decompose(before, renamed).by_cause()["input"] == 90 * 1000 * Decimal("0.000002")
    many = baseline(*after.cells, cell(90, feature="chat", template="newer"))
    assert with_successors(before, many)[1] == {}


def test_the_first_cause_is_the_largest_of_those_that_are_no_chance():
    before = baseline(cell(10_000, feature="chat", template="3f2a9b1c00000000"))
    after = baseline(cell(10_000, feature="chat", template="3f2a9b1c00000000", tokens=(1640, 0, 101)))
    first, second = causes_of(decompose(before, after), before, after)
    assert first.text.startswith("template 3f2a9b1c of chat grew from 1,000 to 1,640 input tokens: +$12.80")
    assert second.cause == "output"


@pytest.mark.parametrize("calls", [99, 101])
def test_one_call_more_or_less_is_not_named(calls: int):
    before, after = baseline(cell(100)), baseline(cell(calls))
    assert causes_of(decompose(before, after), before, after) == []


def at_the_other_price(requests: int, prompt: int) -> Cell:
    """Return requests of model `a` to which another of its prices applies, five times as high: `b`."""
    return msgspec.structs.replace(cell(requests, tokens=(prompt, 0, 100), model="b"), model="a")


def test_one_very_long_prompt_is_no_change_of_the_prices_that_apply():
    """A single prompt of 400,000 tokens among 1,500 is one request of chance, whatever it costs."""
    before, long_prompt = cell(1500), at_the_other_price(1, 400_000)
    for old, new in (((before,), (before, long_prompt)), ((before, long_prompt), (before,))):
        sides = baseline(*old), baseline(*new)
        assert "conditions" not in {cause.cause for cause in causes_of(decompose(*sides), *sides)}


def test_two_hundred_requests_at_the_other_price_are_named():
    sides = baseline(cell(1500)), baseline(cell(1300), at_the_other_price(200, 1000))
    assert next(cause.cause for cause in causes_of(decompose(*sides), *sides)) == "conditions"
