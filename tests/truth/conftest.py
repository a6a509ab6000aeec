"""The cells of the audit of the sample logs."""

from __future__ import annotations

from typing import Any

import pytest

from llmaudit.cells import PricedCell


@pytest.fixture(scope="module")
def cells(session: Any) -> list[PricedCell]:
    """What the audit has only as sums."""
    return session.evidence(()).cells


@pytest.fixture(scope="module")
def measured(cells: list[PricedCell]) -> list[PricedCell]:
    """Cells of reported usage; the others were counted offline."""
    return [one for one in cells if one.cell.usage_status != "estimated"]
