"""Every planted fact of sample_logs/truth.json on lines and requests: counts, reasons, times, statuses."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

import pytest
from planted import gateway_named, known_classes, named, sums

from llmaudit.cells import PricedCell

REASONS = {
    "cut off": "malformed-json",
    "is no time": "not-a-time",
    "cannot be negative": "out-of-range",
    "has to be whole": "not-an-integer",
    "fields, the header": "field-count",
}

STATUS = {"success": "ok", "failure": "error", "cancelled": "cancelled"}


def test_every_line_of_every_file(audit: Any, truth: Any) -> None:
    kinds = ("lines", "accepted", "duplicates", "ignored", "rejected")
    found = {
        file["path"].partition("sample_logs/")[2]: {k: file[k] for k in kinds} for file in audit["coverage"]["files"]
    }
    assert found == {name: {k: file[k] for k in kinds} for name, file in truth["files"].items()}
    assert {kind: audit["coverage"][kind] for kind in kinds} == truth["totals"]
    assert audit["coverage"]["bills"] == audit["coverage"]["conflicts"] == 0


def test_reasons_of_ignored_lines(audit: Any, truth: Any) -> None:
    for file in audit["coverage"]["files"]:
        planted = truth["files"][file["path"].partition("sample_logs/")[2]]
        ignored = Counter()
        for reason, count in file["reasons"].items():
            name = next((name for name in planted.get("ignored_by_reason", ()) if reason.startswith(name)), None)
            if name:
                ignored[name] += count
        assert ignored == planted.get("ignored_by_reason", {})


def test_rejected_lines(session: Any, truth: Any) -> None:
    rows = session.store.rows("SELECT path, line, reason FROM rejects JOIN sources USING (source_id)")
    found = {(path.partition("sample_logs/")[2], line): reason for path, line, reason in rows}
    planted = {
        (name, reject["line"]): next(slug for words, slug in REASONS.items() if words in reject["why"])
        for name, file in truth["files"].items()
        for reject in file["rejects"]
    }
    assert found == planted
    assert len(found) == truth["totals"]["rejected"] == 11


def test_duplicated_window(audit: Any, session: Any, truth: Any) -> None:
    window = truth["duplicated_window"]
    (file,) = (file for file in audit["coverage"]["files"] if file["path"].endswith(window["file"]))
    assert file["duplicates"] == window["rows"]
    taken = session.store.one(
        "SELECT count(*) FROM requests JOIN sources USING (source_id) WHERE path LIKE '%' || ? AND started_at < ?",
        [window["file"], datetime.fromisoformat(window["to"]).replace(tzinfo=None)],
    )
    assert taken == (0,)


def test_time_span(audit: Any, session: Any, truth: Any) -> None:
    rows = session.store.rows(
        "SELECT gateway, min(started_at), max(started_at) FROM requests GROUP BY ALL"
        " UNION ALL SELECT 'all', min(started_at), max(started_at) FROM requests"
    )
    found = {
        gateway_named(name): {
            "first": f"{first.isoformat(timespec='milliseconds')}Z",
            "last": f"{last.isoformat(timespec='milliseconds')}Z",
        }
        for name, first, last in rows
    }
    assert found == truth["time"]
    assert audit["spend"]["first_day"] == truth["time"]["all"]["first"][:10]
    assert audit["spend"]["last_day"] == truth["time"]["all"]["last"][:10]


@pytest.mark.parametrize("by", ["gateway", "model", "feature", "team"])
def test_requests(audit: Any, truth: Any, by: str) -> None:
    assert named(audit["spend"][f"by_{by}"], "requests") == truth["requests"][f"by_{by}"]


def test_requests_by_status(audit: Any, cells: list[PricedCell], truth: Any) -> None:
    planted = {STATUS[name]: count for name, count in truth["requests"]["by_status"].items()}
    assert sums(cells, lambda priced: priced.cell.status, lambda priced: priced.cell.requests) == planted
    assert audit["reliability"]["by_class"] == known_classes(truth["requests"]["failed_by_class"])
    assert audit["spend"]["requests"] == sum(planted.values()) == truth["totals"]["accepted"]


def test_personal_data(session: Any, truth: Any) -> None:
    found = session.store.one("SELECT count(*) FILTER (has_pii) FROM requests")
    assert found == (truth["text_with_personal_data"]["requests"],)
