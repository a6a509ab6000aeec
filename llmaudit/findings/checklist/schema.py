"""Question 1: is there one request shape, whatever the model?"""

from __future__ import annotations

from llmaudit.errors import printable
from llmaudit.evidence import Evidence
from llmaudit.findings.checklist.base import Item, Status, of, share
from llmaudit.summaries.fields import FieldCounts

SHAPES = (
    ("chat completions", ("chat/completions", "completion")),
    ("messages", ("messages",)),
    ("responses", ("responses",)),
    ("generateContent", ("generatecontent",)),
    ("converse", ("converse", "invokemodel")),
    ("embeddings", ("embedding",)),
)
"""Request shapes and what their endpoints have in their names, tried in order."""

ALMOST_ALL_PCT = 95.0
RULE = (
    f"pass: one shape carries {ALMOST_ALL_PCT:.0f}% of the requests and serves two or more providers; "
    "warn: one shape serves several providers, but there are other shapes; "
    "fail: every provider has its own shape; "
    "no-evidence: no endpoint is logged, or all models are from one provider"
)


def shape_of(endpoint: str) -> str:
    """Return the request shape of an endpoint; one that is not known is a shape of its own."""
    low = endpoint.lower()
    return next((name for name, words in SHAPES if any(word in low for word in words)), endpoint)


def answer(evidence: Evidence) -> Item:
    """Return the answer: requests and makers by request shape."""
    rows = evidence.rows(FieldCounts)
    known = [row for row in rows if row.endpoint]
    whole, named_requests = sum(row.requests for row in rows), sum(row.requests for row in known)
    shapes: dict[str, list[FieldCounts]] = {}
    for row in known:
        shapes.setdefault(shape_of(row.endpoint or ""), []).append(row)
    counted = sorted(shapes.items(), key=lambda item: (-sum(row.requests for row in item[1]), item[0]))
    sentences = [f"{of(named_requests, whole, 'requests')} log their endpoint"]
    for name, group in counted[:5]:
        makers = sorted(_makers(group))
        share_of_named = of(sum(row.requests for row in group), named_requests, "of those")
        sentences.append(
            f"shape `{printable(name, 60)}`: {share_of_named}, serving {', '.join(makers) or 'no known provider'}"
        )
    several = [name for name, group in counted if len(_makers(group)) > 1]
    status: Status
    if not named_requests or len(_makers(known)) < 2:  # noqa: PLR2004 -- one maker shows nothing about another
        status = "no-evidence"
    elif several and share(sum(row.requests for row in shapes[several[0]]), named_requests) >= ALMOST_ALL_PCT:
        status = "pass"
    else:
        status = "warn" if several else "fail"
    return Item(
        id="one-schema",
        title="One schema: one request shape, whatever the model",
        status=status,
        evidence=sentences,
        next_step=_next(status),
        rule=RULE,
    )


def _makers(rows: list[FieldCounts]) -> set[str]:
    return {row.provider for row in rows if row.provider}


def _next(status: Status) -> str:
    return {
        "pass": "Keep it that way: put every new model behind the same shape.",
        "warn": "Move the remaining traffic to the shape that already serves several providers.",
        "fail": "Put one request shape in front of all providers; until then, switching means changing code.",
    }.get(status, "Log the endpoint of each request, and send a second provider's models through the same one.")
