"""Which package is believed, since when, and what the others' word counts for."""

from __future__ import annotations

from decimal import Decimal

from making import fact, moment, stated

from llmaudit.catalog.build.align import align
from llmaudit.catalog.build.fact import Fact, Multiplier, NameNote, Origin, Stated, plain
from llmaudit.catalog.build.merge import chosen, expanded, joined, order_for, timelines, votes
from llmaudit.catalog.build.names import Models
from llmaudit.catalog.build.starts import Record, dated

RECORD_DAY, LISTED_DAY = "2026-10-26", "2026-11-04"
SNAPSHOTS = {"model-prices": moment(RECORD_DAY), "genai-prices": moment(LISTED_DAY), "litellm": moment("2026-11-02")}


def spans(facts: list[Fact]) -> list[tuple[str, str, str, str]]:
    """Return price, start, end and basis."""
    return [(plain(f.usd), str(f.valid_from)[:10], str(f.valid_to)[:10], f.basis) for f in facts]


def believed(*sources: Stated) -> list[Fact]:
    ((key, by_source),) = timelines(sources).items()
    return chosen(key[0], by_source, SNAPSHOTS)


def test_the_order_is_the_sellers() -> None:
    assert order_for("openai")[0] == "model-prices"
    assert order_for("bedrock")[0] == "openai-cost-calculator"
    assert order_for("openrouter")[0] == "genai-prices"


def test_the_record_is_believed_and_a_later_dated_change_added() -> None:
    record = stated(
        "model-prices",
        RECORD_DAY,
        fact("model-prices", "2", valid_from="2026-01-01", valid_to="2026-06-01", basis="documented"),
        fact("model-prices", "3", valid_from="2026-06-01", basis="documented"),
    )
    other = stated(
        "genai-prices",
        LISTED_DAY,
        fact("genai-prices", "9", valid_from="2026-06-02", valid_to="2026-10-29", basis="documented"),
        fact("genai-prices", "1.5", valid_from="2026-10-29", basis="documented"),
    )
    assert spans(believed(record, other)) == [
        ("2", "2026-01-01", "2026-06-01", "documented"),
        ("3", "2026-06-01", "2026-10-29", "documented"),
        ("1.5", "2026-10-29", "None", "documented"),
    ]


def test_an_undated_price_of_another_package_changes_nothing() -> None:
    record = stated("model-prices", RECORD_DAY, fact("model-prices", "2", valid_from="2026-01-01"))
    other = stated("litellm", "2026-11-02", fact("litellm", "1", valid_from="2026-11-02"))
    assert spans(believed(record, other)) == [("2", "2026-01-01", "None", "first-seen")]


def test_a_price_was_first_seen_by_whoever_saw_it_first() -> None:
    one = stated("genai-prices", LISTED_DAY, fact("genai-prices", "2", valid_from=LISTED_DAY))
    two = stated("litellm", "2026-11-02", fact("litellm", "2", valid_from="2026-11-02"))
    assert spans(believed(one, two)) == [("2", "2026-11-02", "None", "first-seen")]


def test_neighbours_of_one_price_are_one_row_but_for_what_is_assumed() -> None:
    facts = [
        fact("s", "2", valid_from="2025-01-01", valid_to="2025-02-01", basis="assumed"),
        fact("s", "2", valid_from="2025-02-01", valid_to="2025-03-01"),
        fact("s", "2", valid_from="2025-03-01", valid_to="2025-04-01"),
        fact("s", "3", valid_from="2025-04-01"),
    ]
    assert spans(joined(facts)) == [
        ("2", "2025-01-01", "2025-02-01", "assumed"),
        ("2", "2025-02-01", "2025-04-01", "first-seen"),
        ("3", "2025-04-01", "None", "first-seen"),
    ]


def test_votes() -> None:
    first = fact("model-prices", "2", valid_from="2026-01-01", valid_to="2026-11-03")
    last = fact("model-prices", "3", valid_from="2026-11-03")
    by_source = {
        "model-prices": [first, last],
        "litellm": [fact("litellm", "2", valid_from="2026-11-02")],  # read while the first one held
        "genai-prices": [fact("genai-prices", "4", valid_from="2026-11-04")],
    }
    assert votes(first, by_source, SNAPSHOTS, is_first=True) == "2/2"
    assert votes(last, by_source, SNAPSHOTS, is_first=False) == "1/2"


def test_a_rounded_price_is_the_same_vote() -> None:
    first = fact("model-prices", "0.125", valid_from="2026-01-01")
    by_source = {"model-prices": [first], "litellm": [fact("litellm", "0.13", valid_from="2026-11-02")]}
    assert votes(first, by_source, SNAPSHOTS, is_first=True) == "2/2"


MODELS = Models({"openai": {"gpt-x"}})


def resold(usd_in: str, usd_out: str, seller: str = "openrouter", **other: str) -> Stated:
    sku = "openai/gpt-x" if seller == "openrouter" else "openai.gpt-x"
    return stated(
        "litellm",
        "2026-11-02",
        fact("litellm", usd_in, seller=seller, sku=sku, **other),
        fact("litellm", usd_out, seller=seller, sku=sku, unit="output", **other),
    )


def makers_record() -> Record:
    return Record(
        [
            stated(
                "model-prices",
                RECORD_DAY,
                fact("model-prices", "5", valid_from="2026-01-01", valid_to="2026-08-21"),
                fact("model-prices", "4", valid_from="2026-08-21"),
                fact("model-prices", "20", unit="output", valid_from="2026-01-01"),
            )
        ]
    )


def test_a_resold_list_price_is_as_old_as_the_list_price() -> None:
    facts = dated(resold("4", "20"), makers_record(), MODELS)
    assert {(str(f.valid_from)[:10], f.basis) for f in facts} == {("2026-08-21", "assumed")}


def test_another_price_begins_when_it_was_seen() -> None:
    facts = dated(resold("4.4", "20"), makers_record(), MODELS)
    assert {(str(f.valid_from)[:10], f.basis) for f in facts} == {("2026-11-02", "first-seen")}


def test_a_clouds_regional_price_follows_the_list_price() -> None:
    facts = dated(resold("4.4", "22", "bedrock", when="region=us-east-1"), makers_record(), MODELS)
    assert {(str(f.valid_from)[:10], f.basis) for f in facts} == {("2026-08-21", "assumed")}


def test_a_name_with_a_day_of_which_nobody_has_a_record() -> None:
    source = stated("litellm", "2026-11-02", fact("litellm", "1", seller="some-host", sku="house-2026-03-05"))
    assert spans(dated(source, makers_record(), MODELS)) == [("1", "2026-03-05", "None", "assumed")]


def test_what_held_before_a_dated_change_needs_a_start() -> None:
    source = stated(
        "genai-prices",
        LISTED_DAY,
        fact("genai-prices", "1", seller="some-host", sku="house", valid_to="2026-05-01"),
        fact("genai-prices", "2", seller="some-host", sku="house", valid_from="2026-05-01", basis="documented"),
    )
    assert spans(dated(source, makers_record(), MODELS)) == [("2", "2026-05-01", "None", "documented")]
    assert source.left_out["held before a dated change, with no start on record"] == 1


def test_a_factor_makes_rows_for_every_span_and_leaves_stated_rates_alone() -> None:
    facts = [
        fact("model-prices", "5", valid_from="2026-01-01", valid_to="2026-08-21"),
        fact("model-prices", "4", valid_from="2026-08-21"),
        fact("model-prices", "2", when="batch=true", valid_from="2026-08-21"),
        fact("model-prices", "0.01", unit="web_search", valid_from="2026-08-21"),
    ]
    rule = Multiplier("openai", "gpt-x", ("region", "eu"), Decimal("1.1"), Origin("litellm@1"))
    stated_one = ("openai", "gpt-x", "input", "batch=true;region=eu")
    made = expanded(facts, [rule], {stated_one})
    assert sorted((f.when, plain(f.usd), f.basis) for f in made) == [
        ("region=eu", "4.4", "assumed"),
        ("region=eu", "5.5", "assumed"),
    ]


def test_the_one_output_price_of_an_image_model_is_that_of_images() -> None:
    record = stated(
        "model-prices",
        RECORD_DAY,
        fact("model-prices", "120", sku="painter", unit="output", valid_from="2026-01-01"),
        fact("model-prices", "12", sku="writer", unit="output", valid_from="2026-01-01"),
    )
    other = stated(
        "litellm",
        "2026-11-02",
        fact("litellm", "120", sku="painter", unit="output_image"),
        fact("litellm", "12", sku="painter", unit="output"),
        fact("litellm", "12", sku="writer", unit="output"),
        fact("litellm", "12", sku="writer", unit="output_image"),
    )
    first, _ = align([record, other])
    assert {(f.sku, f.unit) for f in first.facts} == {("painter", "output_image"), ("writer", "output")}


def test_what_is_no_price_is_left_out_and_counted() -> None:
    source = stated(
        "litellm",
        "2026-11-02",
        fact("litellm", "0", sku="placeholder"),
        fact("litellm", "0", sku="model:free"),
        fact("litellm", "-1", sku="auto"),
        fact("litellm", "8", sku="thinker", unit="output"),
        fact("litellm", "8", sku="thinker", unit="reasoning"),
    )
    (cleaned,) = align([source])
    assert {(f.sku, f.unit) for f in cleaned.facts} == {("model:free", "input"), ("thinker", "output")}
    assert sum(cleaned.left_out.values()) == 3


def test_two_figures_of_one_package_are_a_contradiction() -> None:
    source = stated("litellm", "2026-11-02", fact("litellm", "0"), fact("litellm", "2"), fact("litellm", "3"))
    (cleaned,) = align([source])
    assert [plain(f.usd) for f in cleaned.facts] == ["2"]
    assert [(plain(a.usd), plain(b.usd)) for a, b in cleaned.contradictions] == [("2", "0"), ("2", "3")]


def test_the_same_model_under_another_name() -> None:
    listed = stated("genai-prices", LISTED_DAY, fact("genai-prices", "2", sku="large-4"))
    listed.names.append(NameNote("openai", "large-4-0", "large-4", Origin("genai-prices@1")))
    record = stated("model-prices", RECORD_DAY, fact("model-prices", "2", sku="large-4-0", valid_from="2026-01-01"))
    _, second = align([record, listed])
    assert {f.sku for f in second.facts} == {"large-4", "large-4-0"}


def test_an_offer_is_said_of_every_id_it_fits() -> None:
    offers = stated("openai-cost-calculator", "2026-09-23", fact("o", "5", seller="bedrock", sku="anthropic.claude-x"))
    ids = stated(
        "litellm",
        "2026-11-02",
        fact("litellm", "5", seller="bedrock", sku="anthropic.claude-x-v1"),
        fact("litellm", "5", seller="bedrock", sku="anthropic.claude-x-20260101-v1:0"),
        fact("litellm", "5.5", seller="bedrock", sku="us.anthropic.claude-x-v1"),
    )
    first, _ = align([offers, ids])
    assert {f.sku for f in first.facts} == {"anthropic.claude-x-v1", "anthropic.claude-x-20260101-v1:0"}
