"""Tags every request of a database: rules run once per combination of signals, and one row is written per request.

There are three steps. SQL reads the signals of each request, including the hints of its template: a template is tagged
by the majority of its requests, and marked if they disagree. The rules judge each combination once. Last, a follow-up
turn takes the tier of its conversation.
"""

from __future__ import annotations

import msgspec
import pyarrow as pa

from llmaudit.period import ALL, Period
from llmaudit.store import Store
from llmaudit.tiers.classifier import Model, kept_model
from llmaudit.tiers.rules import judge
from llmaudit.tiers.signals import Combination, Signals, Verdict
from llmaudit.tiers.user_rules import UserRule, as_verdict, columns_of, kept_rules, verdict_of

PROMPT = (
    "coalesce(input_tokens, 0) + coalesce(cache_read_tokens, 0) + coalesce(cache_write_5m_tokens, 0)"
    " + coalesce(cache_write_1h_tokens, 0) + coalesce(cache_write_other_tokens, 0)"
)
MAJORITY = 0.8
"""Share of a template's requests with one hint from which the others take it; below, the template is mixed."""

TEMPLATES_SQL = """
    SELECT template_hash, task_hint AS task, effort_hint AS effort, hint_rule AS rule, n, total
    FROM (
        SELECT *, sum(n) OVER (PARTITION BY template_hash) AS total,
            row_number() OVER (
                PARTITION BY template_hash ORDER BY n DESC, effort_hint DESC, task_hint, hint_rule) AS place
        FROM (
            SELECT template_hash, task_hint, effort_hint, hint_rule, count(*) AS n
            FROM requests WHERE template_hash IS NOT NULL AND task_hint IS NOT NULL
            GROUP BY template_hash, task_hint, effort_hint, hint_rule
        )
    )
    WHERE place = 1 AND total > 1
"""
"""Templates of several requests: the hint that most of them have, how many do, and how many there are."""

REPEATED_SQL = """
    SELECT session_id, prompt_hash FROM requests
    WHERE session_id IS NOT NULL AND prompt_hash IS NOT NULL AND status = 'ok'
    GROUP BY session_id, prompt_hash HAVING count(*) > 1
"""
"""Prompts that one session got an answer to, and sent again."""

SIGNALS_SQL = f"""
    SELECT
        r.row_id,
        stated_tier, endpoint, feature,
        CASE WHEN inherits THEN t.task ELSE task_hint END AS task_hint,
        CASE WHEN inherits THEN t.effort ELSE effort_hint END AS effort_hint,
        stakes_hint,
        CASE WHEN inherits THEN t.rule ELSE hint_rule END AS hint_rule,
        CASE WHEN t.template_hash IS NULL THEN NULL WHEN inherits THEN 'majority'
             WHEN t.n < {MAJORITY} * t.total THEN 'mixed' ELSE 'agrees' END AS template,
        needs_tools, needs_json, needs_images,
        CASE WHEN input_tokens IS NULL THEN NULL
             WHEN {PROMPT} < 1000 THEN 'short' WHEN {PROMPT} < 8000 THEN 'medium'
             WHEN {PROMPT} < 32000 THEN 'long' ELSE 'huge' END AS size,
        CASE WHEN output_tokens IS NULL THEN NULL
             WHEN output_tokens <= 16 THEN 'word' WHEN output_tokens < 500 THEN 'paragraph' ELSE 'page' END AS answer,
        CASE WHEN reasoning_tokens IS NULL THEN NULL
             WHEN reasoning_tokens < 4000 THEN 'little' ELSE 'much' END AS thought,
        CASE WHEN max_output_tokens <= 16 THEN 'word' END AS "limit",
        CASE WHEN prompt_turns IS NULL THEN NULL WHEN prompt_turns <= 1 THEN 'one' ELSE 'many' END AS turns,
        coalesce(finish_reason IN ('length', 'max_tokens', 'MAX_TOKENS'), false)
            OR p.session_id IS NOT NULL AS troubled,
        team, key_id, user_id, r.template_hash, system_hash, tags,
        coalesce(model_served, model_requested, model_raw) AS model_name
    FROM requests r
    LEFT JOIN (SELECT * FROM ({TEMPLATES_SQL})) t ON t.template_hash = r.template_hash
    LEFT JOIN ({REPEATED_SQL}) p ON p.session_id = r.session_id AND p.prompt_hash = r.prompt_hash,
    LATERAL (
        SELECT coalesce(t.n >= {MAJORITY} * t.total AND r.task_hint IS NOT NULL
            AND (t.task, t.effort, t.rule) IS DISTINCT FROM (r.task_hint, r.effort_hint, r.hint_rule),
            false) AS inherits
    )
"""
"""Signals per request. Columns that only user rules can match are at the end."""

CONVERSATION_SQL = """
    WITH turns AS NOT MATERIALIZED (
        SELECT row_id, session_id, started_at, prompt_turns, request_id, line, tier, task, confidence, reason, effort,
            stakes,
            (signal = 'none' AND (prompt_turns > 1 OR prompt_chars IS NULL)) OR hint_rule = 'small-talk' AS follows
        FROM tiers JOIN requests USING (row_id) WHERE session_id IS NOT NULL
    ),
    open AS (
        SELECT session_id FROM turns GROUP BY session_id
        HAVING bool_or(follows) AND bool_or(NOT follows AND tier IS NOT NULL)
    ),
    earlier AS (
        SELECT row_id, follows, last_value(
            CASE WHEN follows OR tier IS NULL THEN NULL
            ELSE {'tier': tier, 'task': task, 'confidence': confidence, 'reason': reason,
                  'effort': effort, 'stakes': stakes} END IGNORE NULLS) OVER (
            PARTITION BY session_id ORDER BY started_at, prompt_turns, request_id, line
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
        FROM turns WHERE session_id IN (FROM open)
    )
    UPDATE tiers SET tier = before.tier, task = before.task, signal = 'conversation',
        confidence = round(0.8 * before.confidence, 3), effort = before.effort, stakes = before.stakes,
        reason = 'follows a turn of its conversation: ' || before.reason
    FROM earlier WHERE earlier.row_id = tiers.row_id AND follows AND before IS NOT NULL
"""
"""A follow-up takes the tier of the last turn of its session that has one of its own.

Only sessions that have both are put in order: a million sessions of one turn would take as long as all the rest. What
finds them reads three columns; kept for both its uses, `turns` would hold all of them.
"""


class Templates(msgspec.Struct, frozen=True):
    """Templates of several requests, and those whose requests disagree on the task.

    Attributes:
        templates: Templates with two requests or more.
        mixed: Those of which fewer than 80% have one hint.
        mixed_requests: Their requests.
    """

    templates: int
    mixed: int
    mixed_requests: int


class TagResult(msgspec.Struct, frozen=True):
    """Counts of the requests tagged.

    Attributes:
        by_tier: Requests by tier, `"unknown"` where there was nothing to go on.
        by_signal: Requests by the rule that decided.
        with_text: Requests whose prompt was in the log when it was read.
        mean_confidence: Over requests with a tier; None without any. Set by hand per rule, no probability.
        templates: Templates, and where their requests disagree.
    """

    requests: int
    by_tier: dict[str, int]
    by_signal: dict[str, int]
    with_text: int
    mean_confidence: float | None
    templates: Templates


def tag(store: Store) -> TagResult:
    """Tag every request again: by the rules and the classifier stored in the database, then by the built-in rules.

    Args:
        store: The database; its table `tiers` is replaced in one transaction.
    """
    store.in_bounded_memory(lambda: _tag(store))
    return counts(store)


def _tag(store: Store) -> None:
    rules, model = kept_rules(store), kept_model(store)
    keys = [*Signals.__struct_fields__, *columns_of(rules)]
    quoted = ", ".join(f'"{name}"' for name in keys)
    with store.transaction():
        store.execute(f"CREATE OR REPLACE TEMP TABLE signals AS {SIGNALS_SQL}")
        rows = store.rows(f"SELECT DISTINCT {quoted} FROM signals ORDER BY ALL")
        combinations = [Combination.from_row(keys, row) for row in rows]
        verdicts = [verdict(combination, rules, model) for combination in combinations]
        same = " AND ".join(f's."{name}" IS NOT DISTINCT FROM v."{name}"' for name in keys)
        with store.table("verdicts", _table(keys, combinations, verdicts)):
            store.execute("DELETE FROM tiers")
            store.execute(
                "INSERT INTO tiers (row_id, tier, task, signal, confidence, reason, effort, stakes)"
                " SELECT s.row_id, v.tier, v.task, v.signal, v.confidence,"
                " v.reason || CASE WHEN v.signal LIKE 'prompt-%' AND r.hint_words IS NOT NULL"
                " THEN ' (' || r.hint_words || ')' ELSE '' END, v.effort, v.stakes"
                f" FROM signals s JOIN verdicts v ON {same} JOIN requests r ON r.row_id = s.row_id"
            )
        store.execute(CONVERSATION_SQL)
        store.execute("DROP TABLE signals")


def verdict(combination: Combination, rules: list[UserRule], model: Model | None) -> Verdict:
    """Return the tier of one combination of signals.

    A user's rule overrides everything. The classifier overrides the built-in rules where it is more certain than they
    are; it never lowers what the log states, nor stakes.
    """
    built_in = judge(combination.signals)
    rule = verdict_of(rules, combination)
    if rule is not None:
        return as_verdict(rule, built_in)
    if model is None or built_in.stakes is not None or built_in.signal == "stated":
        return built_in
    learned = model.verdict(combination.signals)
    return learned if learned is not None and learned.confidence > built_in.confidence else built_in


def counts(store: Store, period: Period = ALL) -> TagResult:
    """Return how many requests of a period have which tier, and by which signal."""
    inside = "WHERE ($since IS NULL OR started_at >= $since) AND ($until IS NULL OR started_at < $until)"
    joined = f"FROM tiers JOIN requests USING (row_id) {inside}"
    bounds = {"since": period.since, "until": period.until}
    by_tier = store.rows(
        f"SELECT coalesce(tier::VARCHAR, 'unknown') AS t, count(*) {joined} GROUP BY t ORDER BY t", bounds
    )
    by_signal = store.rows(f"SELECT signal, count(*) {joined} GROUP BY signal ORDER BY signal", bounds)
    with_text, confidence = store.rows(
        f"SELECT count(prompt_chars), avg(confidence) FILTER (tier IS NOT NULL) {joined}", bounds
    )[0]
    return TagResult(
        requests=sum(count for _, count in by_tier),
        by_tier=dict(by_tier),
        by_signal=dict(by_signal),
        with_text=with_text,
        mean_confidence=confidence,
        templates=_templates(store),
    )


def _templates(store: Store) -> Templates:
    mixed = f"n < {MAJORITY} * total"
    row = store.one(
        f"SELECT count(*), count(*) FILTER ({mixed}), coalesce(sum(total) FILTER ({mixed}), 0)::BIGINT"
        f" FROM ({TEMPLATES_SQL})"
    )
    return Templates(*row)


def _table(keys: list[str], combinations: list[Combination], verdicts: list[Verdict]) -> pa.Table:
    types = {"stated_tier": pa.int64(), "effort_hint": pa.int64()}
    types |= dict.fromkeys(("needs_tools", "needs_json", "needs_images", "troubled"), pa.bool_())
    columns = {name: pa.array([row.value(name) for row in combinations], types.get(name, pa.string())) for name in keys}
    outcome = {"tier": pa.int32(), "task": pa.string(), "signal": pa.string(), "confidence": pa.float64()}
    outcome |= {"reason": pa.string(), "effort": pa.int32(), "stakes": pa.string()}
    return pa.table(
        columns | {name: pa.array([getattr(one, name) for one in verdicts], kind) for name, kind in outcome.items()}
    )
