"""Every disagreement is listed, with its class and its status."""

from __future__ import annotations

from pathlib import Path

import pytest
from making import fact, moment, stated

from llmaudit.catalog.build.classes import Case, classify
from llmaudit.catalog.build.conflicts import Conflict, Overlay, conflicts, contradictions, read_overlay
from llmaudit.catalog.build.fact import Stated
from llmaudit.catalog.build.merge import chosen, timelines

SNAPSHOTS = {"model-prices": moment("2026-10-26"), "litellm": moment("2026-11-02")}
NOTHING = Overlay(frozenset(), ())


def found(*sources: Stated, overlay: Overlay = NOTHING) -> list[Conflict]:
    facts = timelines(sources)
    believed = {key: chosen(key[0], by_source, SNAPSHOTS) for key, by_source in facts.items()}
    return conflicts(believed, facts, SNAPSHOTS, overlay)


CLASSES = [
    # key changes, used, other, class
    ({}, "2", "2.005", "rounding"),
    ({"unit": "cache_read"}, "0.125", "0.13", "rounding"),
    ({"unit": "cache_read"}, "0.02", "0.03", "unexplained"),
    ({}, "2", "2.2", "regional-1.1"),
    ({}, "2.4", "2", "regional-1.1"),
    ({"seller": "deepseek"}, "0.66", "1.32", "peak-2.0"),
    ({}, "2", "4", "unexplained"),
    ({"sku": "large-latest"}, "2", "4", "alias-moved"),
    ({"sku": "deepseek-chat", "seller": "deepseek"}, "2", "4", "alias-moved"),
    ({"sku": "gpt-image-9", "unit": "output"}, "30", "10", "image-vs-text"),
    ({"unit": "web_search"}, "0.01", "0.025", "search-tool"),
    ({"seller": "volcengine"}, "1", "1.06", "currency-rate"),
    ({"unit": "cache_read", "when": "batch=true"}, "0.2", "0.1", "batch-cache"),
    ({"when": "batch=true"}, "2", "1", "batch-0.5"),
    ({}, "2", "0", "free-or-priced"),
]


@pytest.mark.parametrize(("changes", "used", "other", "kind"), CLASSES)
def test_classes(changes: dict[str, str], used: str, other: str, kind: str) -> None:
    one = fact("model-prices", used, valid_from="2026-01-01", basis="documented", **changes)
    two = fact("litellm", other, valid_from="2026-11-02", **changes)
    key = (one.seller, one.sku, one.unit, one.when)
    assert classify(Case(key, moment("2026-11-02"), one, two, [one], {}, SNAPSHOTS))[0] == kind


def test_the_price_of_another_day() -> None:
    record = stated(
        "model-prices",
        "2026-10-26",
        fact("model-prices", "5", valid_from="2026-01-01", valid_to="2026-06-01", basis="documented"),
        fact("model-prices", "4", valid_from="2026-06-01", valid_to="2027-01-01", basis="documented"),
        fact("model-prices", "8.5", valid_from="2027-01-01", basis="documented"),
    )
    stale = found(record, stated("litellm", "2026-11-02", fact("litellm", "5", valid_from="2026-11-02")))
    early = found(record, stated("litellm", "2026-11-02", fact("litellm", "8.5", valid_from="2026-11-02")))
    assert [(c.conflict_class, c.why) for c in stale] == [("stale-date", "it was the price until 2026-06-01")]
    assert [(c.conflict_class, c.why) for c in early] == [("promotion", "it is the price from 2027-01-01 on")]


def test_all_values_the_one_used_and_the_day() -> None:
    record = stated("model-prices", "2026-10-26", fact("model-prices", "2", valid_from="2026-01-01"))
    (conflict,) = found(record, stated("litellm", "2026-11-02", fact("litellm", "3.7", valid_from="2026-11-02")))
    assert (conflict.at, conflict.values, conflict.used) == (
        "2026-11-02",
        "litellm=3.7 model-prices=2",
        "2 model-prices",
    )
    assert (conflict.conflict_class, conflict.status) == ("unexplained", "open")


def test_agreement_is_no_conflict() -> None:
    record = stated("model-prices", "2026-10-26", fact("model-prices", "2", valid_from="2026-01-01"))
    assert found(record, stated("litellm", "2026-11-02", fact("litellm", "2", valid_from="2026-11-02"))) == []


OVERLAY = """
seller: openai
models:
  - sku: gpt-x
    names: [gpt-y]
    prices:
      - valid_from: 2026-01-01T00:00:00Z
        when: {batch: true}
        usd_per_million: {input: 1}
"""
ACCEPTED = """
accepted:
  - {seller: openai, sku: gpt-z, class: unexplained, why: looked at and left}
"""


def test_status(tmp_path: Path) -> None:
    (tmp_path / "overlay").mkdir()
    (tmp_path / "overlay" / "openai.yaml").write_text(OVERLAY, encoding="utf-8")
    (tmp_path / "accepted.yaml").write_text(ACCEPTED, encoding="utf-8")
    overlay = read_overlay(tmp_path / "overlay", tmp_path / "accepted.yaml")
    record, other = [], []
    for sku, when in (("gpt-x", "batch=true"), ("gpt-y", "batch=true"), ("gpt-x", ""), ("gpt-z", "")):
        record.append(fact("model-prices", "2", sku=sku, when=when, valid_from="2026-01-01", basis="documented"))
        other.append(fact("litellm", "3.7", sku=sku, when=when, valid_from="2026-11-02"))
    listed = found(
        stated("model-prices", "2026-10-26", *record), stated("litellm", "2026-11-02", *other), overlay=overlay
    )
    assert [(c.sku, c.when, c.status) for c in listed] == [
        ("gpt-x", "", "open"),
        ("gpt-x", "batch=true", "overlay"),
        ("gpt-y", "batch=true", "overlay"),
        ("gpt-z", "", "accepted"),
    ]
    assert listed[3].why == "looked at and left"


def test_two_against_the_one_used() -> None:
    one = fact("model-prices", "2", valid_from="2026-01-01", basis="documented")
    two, three = (fact(name, "3.7", valid_from="2026-11-02") for name in ("litellm", "genai-prices"))
    key = (one.seller, one.sku, one.unit, one.when)
    stated_by = {key: {"model-prices": [one], "litellm": [two], "genai-prices": [three]}}
    assert classify(Case(key, moment("2026-11-02"), one, two, [one], stated_by, SNAPSHOTS))[0] == "outvoted"


def test_a_package_that_contradicts_itself_is_listed() -> None:
    source = stated("litellm", "2026-11-02")
    source.contradictions.append((fact("litellm", "2"), fact("litellm", "2.2")))
    (conflict,) = contradictions([source], NOTHING)
    assert (conflict.values, conflict.conflict_class) == ("litellm=2 litellm=2.2", "regional-1.1")
