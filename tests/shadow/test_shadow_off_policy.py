"""`llmaudit shadow off-policy`: a randomised log says what another model would score, or refuses."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from builders import write_jsonl
from running import Run


def randomised(path: Path, requests: int, share: float) -> tuple[Path, float]:
    """Write a log of a random router over two cohorts; return the true mean score of always choosing `b`."""
    rng = np.random.default_rng(8)
    rows = []
    for i in range(requests):
        cohort = i % 2
        is_b = rng.random() < share
        chance = {(0, False): 0.9, (0, True): 0.8, (1, False): 0.6, (1, True): 0.3}[cohort, bool(is_b)]
        propensity = share if is_b else 1 - share
        rows.append({"model": "b" if is_b else "a", "propensity": propensity, "reward": int(rng.random() < chance)}
                    | {"cohort": f"c{cohort}", "user_id": f"u{i % 500}"})  # fmt: skip
    return write_jsonl(path, rows), (0.8 + 0.3) / 2


def test_a_randomised_log_tells_what_the_other_model_would_score(call: Run, tmp_path: Path) -> None:
    path, truth = randomised(tmp_path / "log.jsonl", 6000, 0.2)
    found = call("shadow", "off-policy", path, "--target", "b", "--json").json
    assert found["low"] < truth < found["high"]
    assert found["high"] - found["low"] < 0.09
    assert found["logged"] > truth + 0.05
    assert 1000 < found["effective"] < 1400


def test_a_log_that_hardly_ever_tried_is_refused(call: Run, tmp_path: Path) -> None:
    path, _ = randomised(tmp_path / "log.jsonl", 1000, 0.05)
    done = call("shadow", "off-policy", path, "--target", "b")
    assert done.code == 4
    assert "[too-few-effective]" in done.err
    assert "[no-overlap]" in call("shadow", "off-policy", path, "--target", "c").err
    assert "[no-target]" in call("shadow", "off-policy", path).err
