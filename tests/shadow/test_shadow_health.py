"""Health: what hampers a reading is said, and what makes the arms unlike blocks the verdict."""

from __future__ import annotations

from pathlib import Path

import pytest
from builders import write_jsonl
from pair_files import both
from running import Run

WARNED = {
    "no times": ({"at": None}, "160 pairs have no time"),
    "scores to 100 and a margin for scores to 1": ({"score": 80}, "scores reach from 0 to 80, so a margin of 0.02"),
    "one user": ({"user_id": "u"}, "only 1 cluster (user)"),
}


@pytest.mark.parametrize("name", WARNED)
def test_what_hampers_a_reading_is_said(call: Run, tmp_path: Path, name: str) -> None:
    rest, warning = WARNED[name]
    done = call("shadow", "analyze", write_jsonl(tmp_path / "p.jsonl", both(160, **rest)), "--days", 7, "--json")
    assert any(text.startswith(warning) for text in done.json["warnings"])
    rail = next(one for one in done.json["guardrails"] if one["name"] == "error rate")
    assert ("too few clusters" in rail["detail"]) == (name == "one user")


def sick(pairs: list[dict], name: str) -> list[dict]:
    """Return plain pairs with one thing wrong."""
    shadows = [one for one in pairs if one["arm"] == "shadow"]
    for i, one in enumerate(shadows):
        if name == "answered from a cache in one arm":
            one["cached"] = i % 10 == 0
        elif name == "parameters":
            one["temperature"] = 0.7 if i % 20 == 0 else 0
        elif name == "clock":
            one["at"] = one["at"].replace("T10:00:00", "T09:59:00") if i % 5 == 0 else one["at"]
    for one in pairs:
        if one["arm"] == "primary" and name in {"answered from a cache in one arm", "parameters"}:
            one |= {"cached": False, "temperature": 0}
    if name == "duplicate rows":
        return pairs + pairs[: len(pairs) // 20]
    if name == "missing shadows by day":
        return [one for one in pairs if one["arm"] == "primary" or "10-03" not in one["at"] or hash(one["pair_id"]) % 2]
    return pairs


SICK = ("answered from a cache in one arm", "parameters", "clock", "duplicate rows", "missing shadows by day")


@pytest.mark.parametrize("name", SICK)
def test_failing_health_blocks_a_verdict(call: Run, tmp_path: Path, name: str) -> None:
    path = write_jsonl(tmp_path / "p.jsonl", sick(both(1400, tier=1), name))
    done = call("shadow", "analyze", path, "--days", 7, "--json")
    assert done.code == 5
    assert done.json["decision"] == "blocked"
    assert [one["verdict"] for one in done.json["by_tier"]] == ["blocked"]
    failed = [one["check"] for one in done.json["health"]["checks"] if one["status"] == "fail"]
    assert failed == [name]


def test_the_same_pairs_in_health_are_not_blocked(call: Run, tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "p.jsonl", both(1400, tier=1, cached=False, temperature=0))
    found = call("shadow", "analyze", path, "--days", 7, "--json").json
    assert [one["check"] for one in found["health"]["checks"] if one["status"] in {"fail", "warn"}] == []
