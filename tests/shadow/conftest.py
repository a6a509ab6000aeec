"""What several tests of shadow tests read."""

from __future__ import annotations

from pathlib import Path

import pytest
from pair_files import ONE_BAD_TIER, simulated


@pytest.fixture(scope="session")
def one_bad_tier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pairs file of `ONE_BAD_TIER`."""
    return simulated(tmp_path_factory.mktemp("pairs") / "pairs.jsonl", ONE_BAD_TIER, seed=3)
