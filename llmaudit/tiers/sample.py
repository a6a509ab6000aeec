"""Chooses the requests most worth a person's label, and proposes rules from the largest groups of the traffic."""

from __future__ import annotations

import math
from collections import defaultdict

import msgspec

from llmaudit.period import ALL, Period
from llmaudit.store import Store

DOUBTFUL, FAIR = 0.5, 0.7
"""Confidence below which a tag is doubtful, and below which it is only fair."""

DOUBT_WEIGHT = {"unknown": 3.0, "doubtful": 2.0, "fair": 1.0, "sure": 0.5}
"""How much more a label is worth where the tag is in doubt."""

LEVELS = ("coalesce(r.template_hash, r.feature, r.endpoint, '')", "coalesce(r.feature, r.endpoint, '')", "''")
"""What requests are grouped by, finest first: the first that makes no more groups than there are labels to spend."""


def _candidates(level: str) -> str:
    """Return SQL for the requests that a label can name; the hash orders them by nothing but their ids."""
    return f"""
        SELECT r.request_id, s.path AS file, r.line, r.feature, r.endpoint, r.template_hash AS template,
            t.tier AS proposed_tier,
            t.task, t.confidence, t.reason,
            {level} AS stratum,
            CASE WHEN t.tier IS NULL THEN 'unknown' WHEN t.confidence < {DOUBTFUL} THEN 'doubtful'
                 WHEN t.confidence < {FAIR} THEN 'fair' ELSE 'sure' END AS doubt,
            count(*) OVER (PARTITION BY stratum, doubt) AS stratum_requests,
            row_number() OVER (PARTITION BY stratum, doubt ORDER BY md5(r.request_id), r.request_id) AS place
        FROM requests r JOIN sources s USING (source_id) JOIN tiers t USING (row_id)
        WHERE r.request_id IS NOT NULL
            AND ($since IS NULL OR r.started_at >= $since) AND ($until IS NULL OR r.started_at < $until)
    """


class SampledRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the file that a person fills in.

    Attributes:
        request_id: The request.
        file: The log it is in.
        line: Its line there.
        feature: Its feature.
        endpoint: Its endpoint.
        template: Hash of its template.
        proposed_tier: As it is tagged; None is unknown.
        task: As it is tagged.
        confidence: Of the tag, 0 to 1.
        reason: Of the tag.
        weight: How many requests of the traffic it represents.
        tier: Left to the person.
        labeller: Left to the person.
    """

    request_id: str
    file: str
    line: int
    feature: str | None
    endpoint: str | None
    template: str | None
    proposed_tier: int | None
    task: str | None
    confidence: float
    reason: str
    weight: float
    tier: int | None = None
    labeller: str | None = None

    @property
    def is_in_doubt(self) -> bool:
        """Whether its tag is unknown or doubtful."""
        return self.proposed_tier is None or self.confidence < DOUBTFUL


def sample(store: Store, size: int, period: Period = ALL) -> list[SampledRequest]:
    """Return the requests most worth a label, at most `size`.

    Every template (or feature, where there are more templates than labels) has one, and a share by the square root of
    its requests, more where its tags are in doubt. `weight` is how many requests a row represents: with it, `tag eval`
    speaks of the traffic and not of the sample.

    Args:
        store: The database; its tags must be up to date.
        size: Rows at most.
        period: The span of time.
    """
    bounds = {"since": period.since, "until": period.until}
    for level in LEVELS:
        strata = store.rows(
            f"SELECT stratum, doubt, count(*) FROM ({_candidates(level)}) GROUP BY stratum, doubt ORDER BY ALL", bounds
        )
        if len(strata) <= size:
            break
    shares = _shares({(stratum, doubt): count for stratum, doubt, count in strata}, size)
    rows = store.dicts(
        f"SELECT * FROM ({_candidates(level)}) WHERE place <= $size ORDER BY stratum, doubt, place",
        bounds | {"size": size},
    )
    chosen = []
    for row in rows:
        share = shares[row.pop("stratum"), row.pop("doubt")]
        place, requests = row.pop("place"), row.pop("stratum_requests")
        if place <= share:
            chosen.append(SampledRequest(weight=round(requests / share, 4), **row))
    return chosen


def _shares(sizes: dict[tuple[str, str], int], total: int) -> dict[tuple[str, str], int]:
    """Divide labels over strata: at least one each, so that all are represented, the rest by size and doubt."""
    wishes = {key: math.sqrt(count) * DOUBT_WEIGHT[key[1]] for key, count in sizes.items()}
    order = sorted(sizes, key=lambda key: (-wishes[key], key))
    shares = dict.fromkeys(sizes, 0)
    for key in order[:total]:
        shares[key] = 1
    left = min(total, sum(sizes.values())) - sum(shares.values())
    whole = sum(wishes.values())
    for key in order:
        more = min(sizes[key] - shares[key], math.floor(left * wishes[key] / whole))
        shares[key] += more
    left = min(total, sum(sizes.values())) - sum(shares.values())
    while left > 0:
        for key in order:
            if left and shares[key] < sizes[key]:
                shares[key] += 1
                left -= 1
    return shares


class Group(msgspec.Struct, frozen=True):
    """One group of requests that a rule could name.

    Attributes:
        field: What names it: `feature`, `endpoint`, `team`, `key` or `model`.
        value: Its value.
        requests: How many requests.
        share: Of all.
        tiers: Requests by tier, `unknown` among them.
        proposed: The tier of at least 80% of them, or None.
    """

    field: str
    value: str
    requests: int
    share: float
    tiers: dict[str, int]
    proposed: int | None


FIELDS = {"feature": "feature", "endpoint": "endpoint", "team": "team", "key": "key_id"}
AGREED = 0.8
MOST_GROUPS = 30


def groups(store: Store, period: Period = ALL) -> list[Group]:
    """Return the traffic's largest groups, each request in the first of feature, endpoint, team and key that it has."""
    name = " ".join(f"WHEN {column} IS NOT NULL THEN '{field}'" for field, column in FIELDS.items())
    rows = store.rows(
        f"SELECT CASE {name} END AS field, coalesce({', '.join(FIELDS.values())}) AS value,"
        " coalesce(tier::VARCHAR, 'unknown') AS tier, count(*) AS n FROM requests JOIN tiers USING (row_id)"
        " WHERE ($since IS NULL OR started_at >= $since) AND ($until IS NULL OR started_at < $until)"
        " GROUP BY field, value, tier",
        {"since": period.since, "until": period.until},
    )
    counts: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    for field, value, tier, count in rows:
        if field is not None:
            counts[field, value][tier] = count
    whole = sum(count for *_, count in rows)
    all_groups = [_group(field, value, tiers, whole) for (field, value), tiers in counts.items()]
    return sorted(all_groups, key=lambda group: (-group.requests, group.field, group.value))[:MOST_GROUPS]


def _group(field: str, value: str, tiers: dict[str, int], whole: int) -> Group:
    total = sum(tiers.values())
    top = max(tiers, key=lambda tier: (tiers[tier], tier))
    agreed = top != "unknown" and tiers[top] >= AGREED * total
    return Group(field, value, total, total / whole, dict(sorted(tiers.items())), int(top) if agreed else None)


def suggested(groups: list[Group]) -> str:
    """Return a rules file for the groups; where their requests do not agree the rule is a comment, to be decided."""
    lines = [
        "# Proposed by `llmaudit tag --suggest-rules`. Check each tier: only you know what a feature is for.",
        "rules:",
    ]
    for group in groups:
        tiers = ", ".join(
            f"{count:,} {'unknown' if tier == 'unknown' else f'tier {tier}'}" for tier, count in group.tiers.items()
        )
        mark = "" if group.proposed is not None else "# "
        tier = group.proposed if group.proposed is not None else "?"
        lines += [
            f"  # {group.requests:,} requests, {group.share:.1%} of the traffic: {tiers}",
            f"  {mark}- when: {{{group.field}: {_quoted(group.value)}}}",
            f"  {mark}  tier: {tier}",
        ]
    if all(group.proposed is None for group in groups):
        lines[1] = "rules: []"
    return "\n".join(lines) + "\n"


def _quoted(value: str) -> str:
    """Return a value as YAML text that matches itself: JSON's quotes are YAML's, pattern signs are put in brackets."""
    plain = "".join(f"[{char}]" if char in "*?[" else char for char in value)
    return msgspec.json.encode(plain).decode()
