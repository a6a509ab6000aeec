"""What holds of every lever whatever the log: no more than was spent, and the same however the log is cut up."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from acme import asked
from builders import cell, evidence
from conftest import EvidenceOf

from llmaudit.catalog import Catalog, load_catalog
from llmaudit.evidence import Evidence
from llmaudit.levers import all_levers, region
from llmaudit.levers.worth import Worth
from llmaudit.money import total
from llmaudit.summaries import all_summaries

ROUNDED = Decimal("1e-9")
"""What is scaled to a bill is rounded down, by less than a picodollar a row."""

WORDS = ("lease", "bond", "gilt", "swap", "yield")


def traffic(seed: int, requests: int = 150) -> Iterator[Any]:
    """Yield random requests: sessions, repeats, caches, failures, tiers, batches of work, cut-off answers."""
    draw = random.Random(seed)  # noqa: S311 -- test data
    for number in range(requests):
        prompt = draw.choice([50, 900, 1024, 3000, 9000, 10_100, 12_000, 40_000])
        cached = draw.choice([0, 0, prompt // 2])
        system = {"role": "system", "content": "Answer. " * draw.choice([1, 300])}
        yield asked(
            number,
            draw.choice([draw.uniform(0, 20_000), draw.uniform(0, 90)]),
            prompt=prompt,
            answer=draw.choice([1, 100, 900]),
            messages=draw.choice([None, [system, {"role": "user", "content": f"What is a {draw.choice(WORDS)}?"}]]),
            model=draw.choice(["m1", "m2", "m3", "nobody"]),
            cached=cached,
            written=draw.choice([0, (prompt - cached) // 2]),
            seconds=draw.uniform(0.1, 40),
            finish=draw.choice(["stop", "length"]),
            status=draw.choice([200] * 9 + [500]),
            call=draw.choice([None, f"k{number // 2}"]),
            cost=draw.choice([None, None, "0", "0.5"]),
            tier=draw.choice([None, None, "priority", "flex"]),
            about=draw.choice(
                [None, {"session_id": f"s{number % 7}"}, {"feature": "nightly-evals", "session_id": "n"}]
            ),
            stream=draw.choice([True, False]),
        )


def results(known: Evidence) -> dict[str, Any]:
    return {lever.name: lever.find(known) for lever in all_levers()}


@pytest.mark.parametrize("seed", [1, 2])
def test_no_lever_saves_more_than_was_spent(evidence_of: EvidenceOf, seed: int) -> None:
    known = evidence_of(traffic(seed))
    spent: dict[Any, Any] = {}
    for one in known.cells:
        key = (one.cell.gateway, one.cell.model, one.cell.tier, one.cell.feature)
        spent[key] = spent.get(key, 0) + (one.spend_usd or 0)
    found = results(known)
    assert sum(bool(result.rows) for result in found.values()) >= 6
    for name, result in found.items():
        groups = [(row.gateway, row.model, row.tier, row.feature) for row in result.rows]
        assert len(set(groups)) == len(groups), name
        for row, group in zip(result.rows, groups, strict=True):
            assert 0 <= row.low_usd <= row.saved_usd <= row.high_usd <= spent[group], (name, row)


def test_the_order_of_files_and_rows_does_not_matter(evidence_of: EvidenceOf) -> None:
    rows = list(traffic(3))
    shuffled = random.Random(4).sample(rows, len(rows))  # noqa: S311 -- test data
    whole = results(evidence_of(rows))
    assert results(evidence_of(shuffled, files=3)) == whole


def test_summaries_add_up(evidence_of: EvidenceOf) -> None:
    """Sessions and prompts that no other part has can be summarised apart: the parts are then the whole."""
    first = [row for row in traffic(5) if row["request"]["messages"] is None]
    for row in first:
        row["request"]["metadata"] = {"session_id": f"first-{(row['request']['metadata'] or {}).get('session_id')}"}
    second = [row for row in traffic(6) if row["request"]["messages"] is None]
    for number, row in enumerate(second):
        row["id"], row["call_id"] = f"second{number}", None
        row["request"]["metadata"] = {"session_id": f"second-{(row['request']['metadata'] or {}).get('session_id')}"}
    for row in first:
        row["call_id"] = None
    parts, whole = [evidence_of(first), evidence_of(second)], evidence_of([*first, *second])
    for summary in all_summaries():
        together = summary.merge([row for part in parts for row in part.summaries[summary.row]])
        assert together == list(whole.summaries[summary.row]), summary.name
        assert summary.merge(whole.summaries[summary.row]) == together, summary.name


def test_levers_of_merged_summaries_add_up(evidence_of: EvidenceOf) -> None:
    known = evidence_of(traffic(7))
    twice = replace(
        known,
        cells=[*known.cells, *known.cells],
        summaries={s.row: s.merge([*known.summaries[s.row], *known.summaries[s.row]]) for s in all_summaries()},
    )
    once = results(known)
    for name, result in results(twice).items():
        for part in ("low_usd", "saved_usd", "high_usd"):
            more = total(getattr(row, part) for row in result.rows) - 2 * total(
                getattr(row, part) for row in once[name].rows
            )
            assert 0 <= more < ROUNDED, (name, part)


def test_evidence_without_summaries_is_unknown(catalog: Catalog) -> None:
    known = evidence(catalog, cell(tokens=1000))
    for lever in all_levers():
        result = lever.find(known)
        assert result.rows == []


def test_region(acme_catalog: Any) -> None:
    """1,000,000 tokens cost 5 dollars in the region and 4 elsewhere."""
    prices = load_catalog([acme_catalog])
    keys = {"model": "acme/m2", "region_class": "us", "tokens": 1_000_000}
    known = evidence(
        prices, cell(**keys), cell(**keys, has_pii=True, feature="f"), cell(**keys | {"region_class": "global"})
    )
    result = region.LEVER.find(known)
    rows = {row.feature: (row.low_usd, row.saved_usd, row.high_usd) for row in result.rows}
    assert rows == {None: (0, 1, 1), "f": (0, 0, 1)}


def test_paid_is_never_above_the_bill(catalog: Catalog) -> None:
    """Two thirds of the list were billed: a saving of a third of the list is two ninths, rounded down."""
    known = evidence(catalog, cell(model="openai/gpt-5.6-sol", tokens=750_000, billed="2", gateway="g"))
    worth, part = Worth(known), Worth.part(known.cells[0].cell)
    assert known.cells[0].list_usd == 3
    assert str(worth.paid(part, known.cells[0].list_usd / 3)) == "0.666666666666"
