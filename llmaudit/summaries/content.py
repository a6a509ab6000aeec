"""The kind of text in the prompts of each model and task: prose, code, or Chinese, Japanese and Korean.

A log with prompt features says which prompts contain code. The script follows from the characters per token: the o200k
family has about 4.5 characters per token for prose and 1.3 for Chinese or Japanese, so a plain prompt (no tools and no
images, whose tokens have no characters) below `CJK_CHARS` is in such a script.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from llmaudit.store import Store
from llmaudit.summaries.base import Summary

CJK_CHARS = 1.7
"""Characters per prompt token below which a plain prompt is taken for Chinese, Japanese or Korean."""


class ContentRow(msgspec.Struct, frozen=True, kw_only=True):
    """Prompt tokens of one model and task by kind of text.

    Attributes:
        model: Canonical name.
        task: None is unknown.
        content: latin, code or cjk; None where the log does not tell.
        tokens: Prompt tokens.
    """

    model: str
    task: str | None
    content: str | None
    tokens: int


_SQL = f"""
    SELECT z.model AS model, z.task AS task, z.content AS content, CAST(SUM(z.tokens) AS BIGINT) AS tokens
    FROM (
        SELECT k.model AS model, k.task AS task, k.tokens AS tokens,
            CASE
                WHEN k.has_code IS NULL AND k.prompt_chars IS NULL THEN NULL
                WHEN k.prompt_chars > 0 AND NOT k.needs_tools AND NOT k.needs_images
                    AND k.prompt_chars < {CJK_CHARS} * k.tokens THEN 'cjk'
                WHEN k.has_code THEN 'code'
                WHEN k.has_code IS NULL THEN NULL
                ELSE 'latin'
            END AS content
        FROM (
            SELECT r.sold_model AS model, t.task AS task, COALESCE(r.needs_tools, FALSE) AS needs_tools,
                COALESCE(r.needs_images, FALSE) AS needs_images, r.has_code, r.prompt_chars, r.prompt_tokens AS tokens
            FROM resolved_requests AS r LEFT JOIN tiers AS t ON t.row_id = r.row_id
            WHERE r.status = 'ok'
        ) AS k
        WHERE k.tokens > 0
    ) AS z
    GROUP BY z.model, z.task, z.content
    ORDER BY z.model, z.task, z.content
"""
_TOLD = "SELECT 1 FROM period_requests WHERE has_code IS NOT NULL OR prompt_chars IS NOT NULL LIMIT 1"


def build(store: Store) -> list[ContentRow]:
    """Return the tokens by kind of text, in a fixed order; none where no request tells."""
    return [ContentRow(**row) for row in store.dicts(_SQL)] if store.rows(_TOLD) else []


def merge(rows: Sequence[ContentRow]) -> list[ContentRow]:
    """Return rows of several cells files, added up."""
    tokens: dict[tuple[str, str | None, str | None], int] = {}
    for row in rows:
        key = (row.model, row.task, row.content)
        tokens[key] = tokens.get(key, 0) + row.tokens
    ordered = sorted(tokens, key=lambda key: [(part is None, part or "") for part in key])
    return [ContentRow(model=key[0], task=key[1], content=key[2], tokens=tokens[key]) for key in ordered]


SUMMARY = Summary("content", ContentRow, build, merge)
