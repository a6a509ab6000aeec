"""Floors on public prompts, where a copy of them is at hand: labels with a prompt, acceptable tiers and a source."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from llmaudit.tiers.label_matching import evaluated

PROMPTS = os.environ.get("LLMAUDIT_TIER_PROMPTS", "")


@pytest.mark.skipif(not PROMPTS, reason="LLMAUDIT_TIER_PROMPTS names no file of public prompts")
def test_floors() -> None:
    def no_database() -> None:
        raise AssertionError("every label holds its prompt")

    found = evaluated(Path(PROMPTS), no_database)  # type: ignore[arg-type]
    assert found.source_mean >= 0.80
    assert found.acceptable_accuracy.share >= 0.88
    assert found.under_tiered_rate.share <= 0.15
    assert found.over_tiered_rate.share <= 0.08
    assert found.false_high_stakes.share <= 0.01
