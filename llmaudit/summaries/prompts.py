"""Prompts whose size is known from two sources: as reported by a gateway, and from the text or from the maker itself.

The number is bounded: for every gateway and model, the prompts with the smallest hash of their id. No text leaves this
module.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any, Literal

import msgspec

from llmaudit.catalog import load_catalog
from llmaudit.formats.chat import TOKENS_PER_REPLY, TOKENS_PER_TURN
from llmaudit.store import Store, TextStore, text_path
from llmaudit.summaries.base import Summary
from llmaudit.tokens import Counter

PER_MODEL = 400
"""Prompts of one gateway and model: counting takes time, and a hidden prompt shows in a few dozen."""


class SizedPrompt(msgspec.Struct, frozen=True, kw_only=True):
    """One prompt.

    Attributes:
        gateway: Who reported it.
        model: Canonical name.
        by: What it is compared with: `direct`, the same prompt sent to the maker; `text`, its kept text counted.
        family: Tokenizer family of the model; None is unknown.
        is_exact: Whether the comparison is exact: a direct run, or a vocabulary that is public.
        reported: Prompt tokens as the gateway reported them.
        expected: Prompt tokens otherwise: of a direct run, or of the text alone.
        wrapping: Tokens that a chat template is known to add to the text; 0 for a direct run.
        file: Where it was read.
        line: Line or record of the file.
        rank: Hash of its id.
    """

    gateway: str
    model: str
    by: Literal["direct", "text"]
    family: str | None
    is_exact: bool
    reported: int
    expected: int
    wrapping: int
    file: str
    line: int
    rank: int


_GOOD = (
    "status = 'ok' AND usage_status = 'reported' AND NOT coalesce(needs_tools, FALSE)"
    " AND NOT coalesce(needs_images, FALSE)"
)
_PROMPT = (
    "coalesce(input_tokens, 0) + coalesce(cache_read_tokens, 0) + coalesce(cache_write_5m_tokens, 0)"
    " + coalesce(cache_write_1h_tokens, 0) + coalesce(cache_write_other_tokens, 0)"
)
_RANK = "hash(coalesce(request_id, concat_ws('|', line, started_at)))"

_PICK = f"""
    WITH prompts AS (
        SELECT row_id, source_id, line, request_id, sold_gateway AS gateway, sold_model AS model, prompt_hash,
            {_PROMPT} AS tokens, {_RANK} AS rank
        FROM resolved_requests WHERE {_GOOD} AND {{where}}
    )
"""

_PAIRS = (
    _PICK.format(where="prompt_hash IS NOT NULL")
    + f"""
    , direct AS (
        SELECT model, prompt_hash, mode(tokens) AS tokens FROM prompts WHERE gateway IS NULL GROUP BY ALL
    )
    SELECT p.gateway, p.model, p.tokens AS reported, d.tokens AS expected, s.path AS file, p.line, p.rank
    FROM prompts p JOIN direct d ON d.model = p.model AND d.prompt_hash = p.prompt_hash
    JOIN sources s ON s.source_id = p.source_id
    WHERE p.gateway IS NOT NULL
    QUALIFY row_number() OVER (PARTITION BY p.gateway, p.model ORDER BY p.rank, p.row_id) <= {PER_MODEL}
    ORDER BY ALL
"""
)

_TEXTS = (
    _PICK.format(where="sold_gateway IS NOT NULL AND prompt_chars > 0")
    + f"""
    SELECT p.gateway, p.model, p.tokens AS reported, p.request_id, s.path AS file, s.content_sha256 AS digest, p.line,
        p.rank
    FROM prompts p JOIN sources s ON s.source_id = p.source_id
    QUALIFY row_number() OVER (PARTITION BY p.gateway, p.model ORDER BY p.rank, p.row_id) <= {PER_MODEL}
    ORDER BY digest, p.line
"""
)


def build(store: Store) -> list[SizedPrompt]:
    """Return the prompts that can be compared: pairs first, then kept texts."""
    return _ordered([*_pairs(store), *_counted(store)])


def _pairs(store: Store) -> Iterator[SizedPrompt]:
    families = _Families()
    if not store.rows("SELECT 1 FROM period_requests WHERE prompt_hash IS NOT NULL LIMIT 1"):
        return
    if not store.rows("SELECT 1 FROM resolved_requests WHERE sold_gateway IS NULL AND prompt_hash IS NOT NULL LIMIT 1"):
        return
    for row in store.dicts(_PAIRS):
        family = families.of(row["model"])[0]
        yield SizedPrompt(**row, by="direct", family=family, is_exact=True, wrapping=0)


def _counted(store: Store) -> Iterator[SizedPrompt]:
    """Yield the prompts whose text was kept, counted; nothing where no text was kept."""
    if store.path is None or not text_path(store.path).exists():
        return
    counter, families = Counter(load_catalog), _Families()
    by_file: dict[str, list[dict[str, Any]]] = {}
    for row in store.dicts(_TEXTS):
        by_file.setdefault(row.pop("digest"), []).append(row)
    with closing(TextStore(text_path(store.path), None)) as kept:
        for digest, rows in by_file.items():
            texts = {(line, key): text for line, key, text in kept.prompts_at(digest, [row["line"] for row in rows])}
            for row in rows:
                family, is_exact = families.of(row["model"])
                turns = msgspec.json.decode(texts.get((row["line"], row["request_id"]), "[]"))
                counts = [counter.count(turn["text"], row["model"]) for turn in turns]
                known = [count for count in counts if count is not None]
                if counts and len(known) == len(counts):
                    del row["request_id"]  # a cells file has this row, and no id of a request
                    yield SizedPrompt(
                        **row,
                        by="text",
                        family=family,
                        is_exact=is_exact,
                        expected=sum(known),
                        wrapping=TOKENS_PER_TURN * len(turns) + TOKENS_PER_REPLY,
                    )


class _Families:
    """Tokenizer families by model."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[str | None, bool]] = {}

    def of(self, model: str) -> tuple[str | None, bool]:
        """Return the family, and whether its vocabulary is public."""
        if model not in self._known:
            found = load_catalog().tokenizer_of(model)
            self._known[model] = (found.family if found else None, bool(found and found.vocabulary))
        return self._known[model]


def merge(rows: Sequence[SizedPrompt]) -> list[SizedPrompt]:
    """Return the prompts of several files, of each gateway, model and comparison those with the smallest hash."""
    groups: dict[tuple[str, str, str], list[SizedPrompt]] = {}
    for row in rows:
        groups.setdefault((row.gateway, row.model, row.by), []).append(row)
    kept = [sorted(own, key=lambda row: (row.rank, row.file, row.line))[:PER_MODEL] for own in groups.values()]
    return _ordered([row for own in kept for row in own])


def _ordered(rows: list[SizedPrompt]) -> list[SizedPrompt]:
    return sorted(rows, key=lambda row: (row.gateway, row.model, row.by, row.rank, row.file, row.line))


SUMMARY = Summary("prompts", SizedPrompt, build, merge)
