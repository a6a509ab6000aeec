"""The classifier: it learns a planted rule, is calibrated, is silent where it should be, and its file runs nothing."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import msgspec
import pytest

from llmaudit.errors import Exit, InputError
from llmaudit.tiers.classifier import Model, load_model, shrunk, softmax
from llmaudit.tiers.signals import Signals
from llmaudit.tiers.train import Example, NotEnoughLabelsError, train, write_model

ANSWER = Signals(feature="deep", size="short", task_hint="answer")


def examples(count: int, *, noise: float = 0.0, seed: int = 1) -> list[Example]:
    """Tier 2 where the feature is `deep`, else 0: a rule that no word of a prompt would tell."""
    dice = random.Random(seed)  # noqa: S311 -- seeded on purpose
    found = []
    for number in range(count):
        feature = dice.choice(["deep", "flat"])
        tier = 2 if (feature == "deep") != (dice.random() < noise) else 0
        signals = Signals(feature=feature, size=dice.choice(["short", "medium"]), task_hint="answer")
        found.append(Example(signals, tier, f"template {number}"))
    return found


def test_learns_a_planted_rule() -> None:
    model = train(examples(200), labels_sha256="x")
    assert model.metrics["accuracy"] == 1.0
    for feature, tier in (("deep", 2), ("flat", 0)):
        verdict = model.verdict(msgspec.structs.replace(ANSWER, feature=feature))
        assert verdict is not None
        assert (verdict.tier, verdict.signal, verdict.effort) == (tier, "classifier", tier)


def test_probabilities_mean_what_they_say() -> None:
    """A fifth of the labels is wrong, so nothing can be sure: the stated chances have to be near 0.8."""
    model = train(examples(1000, noise=0.2), labels_sha256="x")
    chances = model.probabilities(ANSWER)
    assert max(chances) == pytest.approx(0.8, abs=0.06)
    assert sum(chances) == pytest.approx(1)
    assert model.metrics["calibration_error"] < 0.08
    assert model.metrics["accuracy"] == pytest.approx(0.8, abs=0.05)


def test_silent_where_labels_tell_nothing() -> None:
    dice = random.Random(2)  # noqa: S311 -- seeded on purpose
    rows = [Example(Signals(feature="any"), dice.choice([0, 2]), f"t{n}") for n in range(200)]
    model = train(rows, labels_sha256="x")
    assert model.verdict(Signals(feature="any")) is None
    assert model.metrics["coverage"] < 0.2


def test_held_out_labels_are_of_other_templates() -> None:
    """Templates whose labels contradict what the features say: learnt by heart they would score."""
    rows = []
    for template in range(20):
        tier = 0 if template % 2 else 2
        rows += [Example(Signals(feature=f"f{template}"), tier, f"t{template}") for _ in range(10)]
    assert train(rows, labels_sha256="x").metrics["accuracy"] <= 0.6


def test_cohorts_pull_towards_their_labels() -> None:
    """20 labels weigh as much as the model: (20 x 0.5 + 20) / 40."""
    assert shrunk([0.5, 0.5], [20, 0], 20.0) == pytest.approx([0.75, 0.25])
    assert shrunk([0.5, 0.5], None, 20.0) == [0.5, 0.5]
    assert sum(shrunk([0.2, 0.8], [3, 1], 20.0)) == pytest.approx(1)
    assert softmax([0.0, 0.0]) == [0.5, 0.5]
    assert softmax([1e9, -1e9]) == [1.0, 0.0]


def test_the_same_whatever_the_order() -> None:
    rows = examples(120, noise=0.1)
    one, two = train(rows, labels_sha256="x"), train(rows[::-1], labels_sha256="x")
    assert one.metrics == two.metrics
    assert one.abstain_below == two.abstain_below
    assert one.probabilities(ANSWER) == pytest.approx(two.probabilities(ANSWER), abs=1e-3)


@pytest.mark.parametrize(
    "rows",
    [
        examples(30),
        [Example(Signals(), 0, f"t{n}") for n in range(60)],
        [Example(Signals(), n % 2, "one") for n in range(60)],
    ],
    ids=["too few", "one tier", "one template"],
)
def test_not_enough_labels(rows: list[Example]) -> None:
    with pytest.raises(NotEnoughLabelsError) as caught:
        train(rows, labels_sha256="x")
    assert caught.value.exit_code == Exit.NOT_ENOUGH_DATA


def test_file_and_card(tmp_path: Path) -> None:
    model = train(examples(100), labels_sha256="ab12")
    card = write_model(model, tmp_path / "tiers.json")
    assert load_model(tmp_path / "tiers.json") == model
    assert card == tmp_path / "tiers.json.card.md"
    assert "ab12" in card.read_text()
    assert str(model.metrics["accuracy"]) in card.read_text()


def broken(model: Model, **changes: Any) -> bytes:
    return msgspec.json.encode({**msgspec.to_builtins(model), **changes})


@pytest.mark.parametrize(
    "changes",
    [
        {"schema": "llmaudit/tier-model/9"},
        {"classes": [0, 1, 2]},
        {"classes": [0, 7]},
        {"intercepts": []},
        {"temperature": 0},
        {"weights": {"feature=x": [1.0]}},
        {"surprise": 1},
        {"intercepts": ["__import__('os')", 0]},
    ],
)
def test_a_broken_model_is_refused(tmp_path: Path, changes: dict[str, Any]) -> None:
    (tmp_path / "m.json").write_bytes(broken(train(examples(100), labels_sha256="x"), **changes))
    with pytest.raises(InputError, match="not a tier model") as caught:
        load_model(tmp_path / "m.json")
    assert caught.value.slug == "bad-model"


def test_a_pickle_is_refused(tmp_path: Path) -> None:
    (tmp_path / "m.json").write_bytes(b"\x80\x04\x95\x10\x00\x00\x00\x00\x00\x00\x00.")
    with pytest.raises(InputError, match="not a tier model"):
        load_model(tmp_path / "m.json")
