"""Baseline files: small whatever the database, read back as they were, mergeable by eye."""

from datetime import datetime
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given, settings
from test_gate_decompose import CELLS, baseline, cell

from llmaudit.gate.decompose import decompose
from llmaudit.gate.file import read_baseline, to_json
from llmaudit.gate.fold import fitting
from llmaudit.gate.model import Baseline, Case, Cell, Detail, Moments, Span

LIMIT = 300_000


@settings(max_examples=100)
@given(CELLS)
def test_a_file_is_read_back_as_it_was(tmp_path_factory: pytest.TempPathFactory, cells: list[Cell]):
    moment = Moments(
        by="all", requests=3, successes=0, clusters=2, usd=Decimal(0), spend_usd=Decimal("1e-12"), yy_rows=0, nn=9,
        nz=0, zz=0, ny=0, zy=0, yy=1.5e-9, ns=0, zs=0, ss=0,
    )  # fmt: skip
    one = msgspec.structs.replace(
        baseline(*cells),
        moments=[moment],
        cases=[Case(case='c"\n', requests=1, successes=0, usd=Decimal("0.1"), spend_usd=Decimal(0))],
        span=Span(first_at=datetime(2026, 10, 1), last_at=datetime(2026, 10, 2), hours=24),  # noqa: DTZ001
    )
    path = tmp_path_factory.mktemp("file") / "base.json"
    path.write_text(to_json(one))
    assert read_baseline(path, pytest.fail) == one


def many(features: int, templates: int, models: int) -> Baseline:
    """A log with thousands of different cells, each with its own cost."""
    cells = [
        cell(1 + (f * 7 + t * 3 + m) % 50, model="abc"[m % 3], feature=f"feature-{f}", template=f"{t:016x}", tier=t % 4)
        for f in range(features)
        for t in range(templates)
        for m in range(models)
    ]
    names = Detail(
        features=[f"feature-{f}" for f in range(features)], templates=[f"{t:016x}" for t in range(templates)]
    )
    cases = [
        Case(case=f"case {i}", requests=1, successes=1, usd=Decimal(i) / 1000, spend_usd=Decimal(i))
        for i in range(5000)
    ]
    return msgspec.structs.replace(baseline(*cells), detail=names, cases=cases)


@pytest.mark.parametrize(("features", "templates", "models"), [(60, 60, 3), (5, 60, 3), (60, 1, 3)])
def test_a_baseline_stays_small_and_keeps_its_money(features: int, templates: int, models: int):
    whole = many(features, templates, models)
    small = fitting(whole)
    assert len(to_json(small).encode()) < LIMIT
    assert small.usd == whole.usd
    assert sum(one.requests for one in small.cells) == whole.requests
    assert small.detail.cases_left_out == 4000
    if len(whole.cells) > 800:
        assert small.detail.templates_left_out or small.detail.features_left_out


def test_hundreds_of_models_keep_their_cost_but_not_their_tokens():
    cells = [msgspec.structs.replace(cell(1 + i), model=f"model-{i}", rate=f"seller/model-{i}") for i in range(900)]
    rates = {one.rate: baseline().rates["a"] for one in cells}
    whole = msgspec.structs.replace(baseline(*cells), rates=rates)
    small = fitting(whole)
    assert small.usd == whole.usd
    assert small.detail.models_left_out > 600
    assert len(to_json(small).encode()) < LIMIT
    found = decompose(small, small)
    assert not any(found.by_cause().values())


def test_the_same_log_gives_the_same_lines():
    one = many(3, 4, 2)
    again = msgspec.structs.replace(one, cells=list(reversed(one.cells)))
    assert to_json(fitting(one)).count("\n") > len(one.cells)
    assert {*to_json(one).splitlines()} >= {*to_json(again).splitlines()[:5]}
