"""A series of baselines: when its level changed, and no change where there is none."""

from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import numpy as np
from running import Run
from test_gate_decompose import baseline, cell

from llmaudit.gate.file import to_json
from llmaudit.gate.model import Baseline, Span
from llmaudit.gate.trend import trend


def series(prompts: list[int]) -> list[tuple[Path, Baseline]]:
    found = []
    for day, prompt in enumerate(prompts):
        at = datetime(2026, 10, 1) + timedelta(days=day)  # noqa: DTZ001
        span = Span(first_at=at, last_at=at, hours=24)
        log = baseline(cell(1000, tokens=(prompt, 0, 100), feature="chat"))
        found.append((Path(f"history/{day:02}.json"), msgspec.structs.replace(log, span=span)))
    return found


def noisy(level: float, days: int, seed: int) -> list[int]:
    return [int(one) for one in level * np.exp(0.02 * np.random.default_rng(seed).normal(size=days))]


def test_a_rise_is_found_on_its_day_with_its_cause():
    found = trend(series([*noisy(1000, 14, 1), *noisy(1400, 5, 2)]))
    assert found.verdict == "failed"
    (change,) = found.changes
    assert change.at == "2026-10-15T00:00:00Z"
    # $2 per million on 1,000 and 1,400 tokens, $8 on 100: 0.0028 to 0.0036
    assert abs(change.pct - 100 * (0.0036 / 0.0028 - 1)) < 2
    assert "chat grew from" in change.text


def test_an_old_rise_and_a_fall_do_not_fail():
    assert trend(series([*noisy(1000, 10, 3), *noisy(1400, 14, 4)])).verdict == "passed"
    fallen = trend(series([*noisy(1400, 10, 3), *noisy(1000, 5, 4)]))
    assert fallen.verdict == "passed"
    assert fallen.changes[-1].pct < 0


def test_two_changes_are_both_found():
    found = trend(series([*noisy(1000, 10, 5), *noisy(1400, 10, 6), *noisy(1000, 10, 7)]))
    assert [one.path for one in found.changes] == ["history/10.json", "history/20.json"]


def test_noise_is_no_change():
    alarms = sum(bool(trend(series(noisy(1000, 20, seed))).changes) for seed in range(40))
    assert alarms <= 3  # at 1% a series, more has a chance below 1 in 1000


def test_a_steady_series_is_no_change():
    assert trend(series([1000] * 12)).changes == []


def test_the_command_line(tmp_path: Path, call: Run):
    folder = tmp_path / "history"
    folder.mkdir()
    for path, log in series([*noisy(1000, 12, 1), *noisy(1400, 4, 2)]):
        (folder / path.name).write_text(to_json(log))
    done = call("check", "--history", folder)
    assert done.code == 3
    assert "with the baseline of 2026-10-13" in done.out
    assert call("check", "--history", folder, "--exit-zero", "--json").json["schema"] == "llmaudit/trend/1"
    for path in list(folder.glob("*.json"))[8:]:
        path.unlink()
    assert call("check", "--history", folder).code == 4
    assert call("check", "--history", tmp_path / "nowhere").code == 5
    assert call("check", "--history", folder, "--format", "sarif").code == 2
