"""Tiers for requests that come one per line, without a database: the answers of `llmaudit tag text`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from llmaudit.tiers.classifier import Model
from llmaudit.tiers.labels import NO_PROMPT, prompt_of
from llmaudit.tiers.signals import TIERS, Combination, Signals
from llmaudit.tiers.tag import verdict
from llmaudit.tiers.text import NOTHING, TextHints, text_hints
from llmaudit.tiers.user_rules import COLUMN_OF, RULE_COLUMNS, UserRule

CHARS_PER_TOKEN = 4
"""Characters a token is taken to have where nothing states the tokens: English, by the usual rule of thumb."""

SIZES = ((1_000, "short"), (8_000, "medium"), (32_000, "long"))
"""Upper bounds of the prompt's sizes, in tokens."""

ONE_WORD = 16
JSON_FORMATS = ("json_object", "json_schema")


class Answer(msgspec.Struct, frozen=True):
    """The tier of one line; `error` says why there is none."""

    tier: int | None = None
    task: str | None = None
    signal: str = "none"
    confidence: float = 0.0
    effort: int | None = None
    stakes: str | None = None
    reasons: list[str] = []
    error: str | None = None


def judge_lines(
    lines: Sequence[bytes], *, first: int = 1, rules: Sequence[UserRule] = (), model: Model | None = None
) -> list[Answer]:
    """Return one answer per line.

    Args:
        lines: JSON objects with `prompt` or `messages`, and what else a request to a chat API may have: `tools`,
            `response_format`, `max_tokens`, `metadata` with `feature`, `endpoint`, `team`, `key`, `user`, `tags`.
        first: The number of the first line, for errors.
        rules: A user's rules.
        model: A classifier.
    """
    rows = [_row(line) for line in lines]
    prompts = [prompt_of(row) if isinstance(row, dict) else NO_PROMPT for row in rows]
    known = [(prompt.text, prompt.system) for prompt in prompts if prompt.text is not None]
    found = iter(text_hints([text for text, _ in known], [system for _, system in known]))
    hints = [NOTHING if prompt.text is None else next(found) for prompt in prompts]
    return [
        _answer(row, hint, list(rules), model) if isinstance(row, dict) else Answer(error=f"line {number}: {row}")
        for number, (row, hint) in enumerate(zip(rows, hints, strict=True), start=first)
    ]


def _row(line: bytes) -> dict[str, Any] | str:
    """Return a line's object, or what is wrong with it; never its text."""
    try:
        return msgspec.json.decode(line, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return f"no JSON object ({type(error).__name__})"


def _answer(row: dict[str, Any], hints: TextHints, rules: list[UserRule], model: Model | None) -> Answer:
    found = verdict(_combination(row, hints), rules, model)
    words = [f"words: {', '.join(hints.words)}"] if hints.words and found.signal.startswith("prompt-") else []
    return Answer(
        found.tier, found.task, found.signal, found.confidence, found.effort, found.stakes, [found.reason, *words]
    )


def _combination(row: dict[str, Any], hints: TextHints) -> Combination:
    """Return a line's signals, as `llmaudit.tiers.tag` reads them from a database."""
    given = row.get("metadata")
    about = {**(given if isinstance(given, dict) else {}), **row}
    messages = row.get("messages")
    turns = (
        [one for one in messages if isinstance(one, dict) and one.get("role") != "system"]
        if isinstance(messages, list)
        else []
    )
    limits = (_whole(row.get(key)) for key in ("max_tokens", "max_completion_tokens"))
    limit = next((one for one in limits if one is not None), None)
    tier = _whole(about.get("tier"))
    shape = row.get("response_format")
    signals = Signals(
        stated_tier=tier if tier in TIERS else None,
        endpoint=_name(about.get("endpoint")),
        feature=_name(about.get("feature")),
        task_hint=hints.task,
        effort_hint=hints.effort,
        stakes_hint=hints.stakes,
        hint_rule=hints.rule,
        needs_tools=bool(row.get("tools") or row.get("functions")),
        needs_json=isinstance(shape, dict) and shape.get("type") in JSON_FORMATS,
        size=_size(row),
        limit="word" if limit is not None and limit <= ONE_WORD else None,
        turns="many" if len(turns) > 1 else "one",
    )
    columns = {column: _name(about.get(field)) for field, column in COLUMN_OF.items() if column in RULE_COLUMNS}
    tags = about.get("tags")
    return Combination(signals, columns | {"tags": msgspec.json.encode(tags).decode() if tags else None})


def _name(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _size(row: dict[str, Any]) -> str:
    messages = row.get("messages")
    texts = (
        [str(one.get("content") or "") for one in messages if isinstance(one, dict)]
        if isinstance(messages, list)
        else []
    )
    tokens = sum(map(len, [*texts, str(row.get("prompt") or "")])) // CHARS_PER_TOKEN
    return next((name for bound, name in SIZES if tokens < bound), "huge")
