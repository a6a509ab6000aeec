"""Tag every request of a database: run the rules once per combination of signals, write one row per request."""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any

import msgspec
import pyarrow as pa

from llmaudit.period import ALL, Period
from llmaudit.store import Store
from llmaudit.tiers.rules import RULES, Signals, Verdict, judge
from llmaudit.yamlfile import read_yaml

PROMPT = (
    "coalesce(input_tokens, 0) + coalesce(cache_read_tokens, 0) + coalesce(cache_write_5m_tokens, 0)"
    " + coalesce(cache_write_1h_tokens, 0) + coalesce(cache_write_other_tokens, 0)"
)
SIGNALS_SQL = f"""
    SELECT
        row_id,
        stated_tier, endpoint, feature, task_hint, stakes_hint, needs_tools, needs_json,
        CASE WHEN input_tokens IS NULL THEN NULL
             WHEN {PROMPT} < 1000 THEN 'short' WHEN {PROMPT} < 8000 THEN 'medium'
             WHEN {PROMPT} < 32000 THEN 'long' ELSE 'huge' END AS size,
        CASE WHEN output_tokens IS NULL THEN NULL
             WHEN output_tokens <= 16 THEN 'word' WHEN output_tokens < 500 THEN 'paragraph' ELSE 'page' END AS answer,
        CASE WHEN prompt_turns IS NULL THEN NULL WHEN prompt_turns <= 1 THEN 'one' ELSE 'many' END AS turns,
        team, key_id, coalesce(model_served, model_requested, model_raw) AS model_name
    FROM requests
"""
"""Signals per request. What only a user's rules file may match (team, key, model) stands at the end."""

KEYS = (*Signals.__struct_fields__, "team", "key_id", "model_name")


class Match(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a user's rule matches: exact values or shell patterns (`support-*`), all that are given."""

    endpoint: str | None = None
    feature: str | None = None
    team: str | None = None
    key: str | None = None
    model: str | None = None


class UserRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One rule of a rules file."""

    when: Match
    tier: Annotated[int, msgspec.Meta(ge=0, le=3)]
    task: str | None = None


class RulesFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A user's rules, in order; they come before the built-in ones."""

    rules: list[UserRule]


class TagResult(msgspec.Struct, frozen=True):
    """Counts of the requests tagged.

    Attributes:
        by_tier: Requests by tier, `"unknown"` where there was nothing to go on.
        by_signal: Requests by the rule that decided.
    """

    requests: int
    by_tier: dict[str, int]
    by_signal: dict[str, int]


def keep_rules(store: Store, rules_file: Path | None) -> None:
    """Keep a user's rules with the database, for every later tagging; None goes back to the built-in ones alone.

    Raises:
        InputError: The rules file is missing or malformed; the rules kept before stay.
    """
    rules = read_yaml(rules_file, RulesFile, what="rules file") if rules_file else None
    store.remember("tier_rules", msgspec.json.encode(rules).decode() if rules else None)


def tag(store: Store) -> TagResult:
    """Tag every request anew: by the user's rules that the database keeps, then by the built-in ones.

    Args:
        store: The database; its table `tiers` is replaced in one transaction.
    """
    kept = store.remembered("tier_rules")
    user_rules = msgspec.json.decode(kept, type=RulesFile).rules if kept else []
    columns = ", ".join(KEYS)
    combinations = store.dicts(f"SELECT DISTINCT {columns} FROM ({SIGNALS_SQL}) ORDER BY ALL")
    verdicts = [_verdict(combination, user_rules) for combination in combinations]
    same = " AND ".join(f"s.{name} IS NOT DISTINCT FROM v.{name}" for name in KEYS)
    with store.table("verdicts", _table(combinations, verdicts)), store.transaction():
        store.execute("DELETE FROM tiers")
        store.execute(
            "INSERT INTO tiers SELECT s.row_id, v.tier, v.task, v.signal, v.confidence, v.reason"
            f" FROM ({SIGNALS_SQL}) s JOIN verdicts v ON {same}"
        )
    return counts(store)


def counts(store: Store, period: Period = ALL) -> TagResult:
    """Return how many requests of a period have which tier, and by which signal."""
    inside = "WHERE ($since IS NULL OR started_at >= $since) AND ($until IS NULL OR started_at < $until)"
    joined = f"FROM tiers JOIN requests USING (row_id) {inside}"
    bounds = {"since": period.since, "until": period.until}
    by_tier = store.rows(
        f"SELECT coalesce(tier::VARCHAR, 'unknown') AS t, count(*) {joined} GROUP BY t ORDER BY t", bounds
    )
    by_signal = store.rows(f"SELECT signal, count(*) {joined} GROUP BY signal ORDER BY signal", bounds)
    return TagResult(sum(count for _, count in by_tier), dict(by_tier), dict(by_signal))


def _verdict(combination: dict[str, Any], user_rules: list[UserRule]) -> Verdict:
    for rule in user_rules:
        if _matches(rule.when, combination):
            return Verdict(rule.tier, rule.task, "rules-file", 1.0, "a rule of the user's rules file")
    signals = Signals(**{name: combination[name] for name in Signals.__struct_fields__})
    return judge(signals, RULES)


def _matches(when: Match, combination: dict[str, Any]) -> bool:
    wanted = {
        "endpoint": when.endpoint,
        "feature": when.feature,
        "team": when.team,
        "key_id": when.key,
        "model_name": when.model,
    }
    return all(
        combination[name] is not None and fnmatchcase(combination[name], pattern)
        for name, pattern in wanted.items()
        if pattern is not None
    )


def _table(combinations: list[dict[str, Any]], verdicts: list[Verdict]) -> pa.Table:
    texts = {
        "endpoint",
        "feature",
        "task_hint",
        "stakes_hint",
        "size",
        "answer",
        "turns",
        "team",
        "key_id",
        "model_name",
    }
    kinds = {name: pa.string() if name in texts else pa.bool_() for name in KEYS} | {"stated_tier": pa.int32()}
    columns = {name: pa.array([row[name] for row in combinations], kinds[name]) for name in KEYS}
    return pa.table(
        columns
        | {
            "tier": pa.array([verdict.tier for verdict in verdicts], pa.int32()),
            "task": pa.array([verdict.task for verdict in verdicts], pa.string()),
            "signal": pa.array([verdict.signal for verdict in verdicts], pa.string()),
            "confidence": pa.array([verdict.confidence for verdict in verdicts], pa.float64()),
            "reason": pa.array([verdict.reason for verdict in verdicts], pa.string()),
        }
    )
