"""The section on cost against quality: the chart and the table show the same points; nothing where nothing is known."""

from __future__ import annotations

import numpy as np
from builders import evidence

from llmaudit.catalog import Catalog
from llmaudit.datasets.cohorts import CohortWorld, cells_of, draw, outcomes_of
from llmaudit.evidence import Evidence
from llmaudit.findings import frontier, payback
from llmaudit.money import shown
from llmaudit.report.content import Chart, Table
from llmaudit.report.sections.frontier import SECTION as FRONTIER
from llmaudit.report.sections.payback import SECTION as PAYBACK


def test_chart_and_table_show_the_same_points(catalog: Catalog):
    cohorts = draw(CohortWorld(cohorts=15, pairs=4000, mean_loss=0.05), np.random.default_rng(2))
    outcomes = outcomes_of(cohorts, np.random.default_rng(1).random(len(cohorts.cohort)) < 0.5)
    found = frontier.find(Evidence(cells_of(cohorts, catalog), catalog, outcomes=outcomes))
    assert found
    content = FRONTIER.build(found)
    (chart,) = [block for block in content.blocks if isinstance(block, Chart)]
    table = next(block for block in content.blocks if isinstance(block, Table))
    (trace,) = chart.figure["data"]
    assert trace["x"] == [point.bound for point in found.points]
    assert trace["y"] == [float(point.savings_usd) for point in found.points]
    assert [row[6] for row in table.rows] == [point.savings_usd for point in found.points]
    for point in found.points:
        assert shown(point.savings_usd) in chart.alt


def test_nothing_is_said_where_nothing_is_known(catalog: Catalog):
    nothing = evidence(catalog)
    assert frontier.find(nothing) is None
    assert payback.find(nothing) is None
    for section in (FRONTIER, PAYBACK):
        assert section.without is not None
        assert section.without.blocks == ()
