"""Measures against arithmetic by hand; labels as people write them."""

from __future__ import annotations

from pathlib import Path

import pytest

from llmaudit.errors import InputError
from llmaudit.tiers.evaluate import agreement, evaluate, rate
from llmaudit.tiers.labels import Label, read_labels


def label(tier: int, *acceptable: int, **more: object) -> Label:
    return Label(1, tier, acceptable or (tier,), request_id=str(more.pop("request_id", "r")), **more)  # type: ignore[arg-type]


TEN = [
    # labelled, tagged: 6 of 10 exact
    (0, 0), (0, 0), (0, 1), (1, 1), (1, 2), (2, 2), (2, 1), (2, None), (3, 3), (3, 3),
]  # fmt: skip


def test_by_hand() -> None:
    found = evaluate([label(tier) for tier, _ in TEN], [tagged for _, tagged in TEN], unmatched=4)
    assert (found.labels, found.unmatched, found.unknown) == (10, 4, 1)
    assert found.accuracy.share == pytest.approx(0.6)
    assert found.within_one == pytest.approx(0.9)
    # tiers 2 and 3: five labels, of which one is tagged 1 and one not at all
    assert (found.under_tiered_rate.count, found.under_tiered_rate.of) == (2, 5)
    # tiers 0 and 1: five labels, of which a 0 is tagged 1 and a 1 is tagged 2; only the second crosses the border
    assert (found.over_tiered_rate.count, found.over_tiered_rate.of) == (2, 5)
    assert (found.simple_tagged_high.count, found.simple_tagged_high.of) == (1, 5)
    assert (found.complex_tagged_low.count, found.complex_tagged_low.of) == (1, 5)
    assert (found.high_stakes_recall.count, found.high_stakes_recall.of) == (2, 2)
    assert (found.false_high_stakes.count, found.false_high_stakes.of) == (0, 8)
    # F1 per tier, 2 hits / (labelled + tagged): 4/5, 2/5, 2/5, 4/4
    assert found.macro_f1 == pytest.approx((0.8 + 0.4 + 0.4 + 1.0) / 4)
    assert found.confusion["2"] == {"0": 0, "1": 1, "2": 1, "3": 0, "unknown": 1}
    assert sum(sum(row.values()) for row in found.confusion.values()) == 10


def test_acceptable_tiers_and_sources() -> None:
    labels = [label(1, 1, 2, source="a"), label(1, 1, 2, source="a"), label(0, source="b")]
    found = evaluate(labels, [2, 0, 0])
    assert found.accuracy.share == pytest.approx(1 / 3)
    assert found.acceptable_accuracy.share == pytest.approx(2 / 3)
    assert found.source_mean == pytest.approx((0.5 + 1.0) / 2)
    assert [(one.source, one.labels, one.acceptable) for one in found.sources] == [("a", 2, 0.5), ("b", 1, 1.0)]


def test_weights_speak_of_the_traffic() -> None:
    found = evaluate([label(0, weight=90.0), label(2, weight=10.0)], [0, 1])
    assert found.accuracy.share == pytest.approx(0.5)
    assert found.weighted_accuracy == pytest.approx(0.9)
    assert evaluate([label(0, weight=90.0), label(2)], [0, 1]).weighted_accuracy is None


def test_wilson_interval() -> None:
    """8 of 10 at 95%: (p + z²/2n ± z sqrt(p(1-p)/n + z²/4n²)) / (1 + z²/n), z = 1.959964."""
    found = rate([True] * 8 + [False] * 2)
    assert found.low == pytest.approx(0.490162, abs=1e-6)
    assert found.high == pytest.approx(0.943318, abs=1e-6)
    assert rate([]).share is None


def test_kappa_by_hand() -> None:
    """They differ on one of six: agreement 5/6, by chance (4x3 + 2x3)/36 = 1/2, so (5/6 - 1/2) / (1/2)."""
    ones, twos = [0, 0, 0, 0, 2, 2], [0, 0, 0, 2, 2, 2]
    both = [
        Label(1, tier, (tier,), request_id=f"r{number}", labeller=name)
        for name, tiers in (("ann", ones), ("bob", twos))
        for number, tier in enumerate(tiers)
    ]
    kappa, pairs = agreement(both)
    assert pairs == 6
    assert kappa == pytest.approx((5 / 6 - 1 / 2) / (1 / 2))
    assert agreement(both[:6]) == (None, 0)


READABLE = {
    "a.jsonl": b'{"request_id": "r1", "tier": 2}\n\n{"case_id": "r2", "tier": "3", "labeller": "ann"}\n',
    "b.csv": b"request_id,tier,labeller\nr1,2,\nr2,3,ann\nr3,,\n",
    "c.csv": b"\xef\xbb\xbfcase_id,acceptable_tiers\nr1,2 1\nr2,[3]\n",
}


@pytest.mark.parametrize("name", READABLE)
def test_labels_as_people_write_them(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(READABLE[name])
    found = read_labels(tmp_path / name)
    assert [(one.request_id, one.tier) for one in found.rows] == [("r1", 2), ("r2", 3)]
    assert found.blank == (1 if name == "b.csv" else 0)


UNREADABLE = {
    "no tier at all": b"request_id,tier\nr1,\n",
    "tier 4": b'{"request_id": "r", "tier": 4}',
    "tier word": b"request_id,tier\nr1,high\n",
    "nothing named": b'{"tier": 1}',
    "not an object": b'{"request_id": "r", "tier": 1}\n[1]\n',
    "not UTF-8": b"request_id,tier\n\xff,1\n",
    "weight": b'{"request_id": "r", "tier": 1, "weight": "nan"}',
    "a list for a tier": b'{"request_id": "r", "tier": [1]}',
    "a list for a weight": b'{"request_id": "r", "tier": 1, "weight": [1]}',
    "empty": b"",
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_bad_labels_say_where(tmp_path: Path, name: str) -> None:
    (tmp_path / "labels.txt").write_bytes(UNREADABLE[name])
    with pytest.raises(InputError, match=r"labels\.txt") as caught:
        read_labels(tmp_path / "labels.txt")
    assert caught.value.slug == "bad-labels"


def test_missing_labels(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_labels(tmp_path / "none.csv")
