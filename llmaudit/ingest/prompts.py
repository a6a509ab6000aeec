"""What becomes of the texts of a block of requests before they are dropped: hints for the tiers, and texts to keep."""

from __future__ import annotations

import pyarrow as pa

from llmaudit.formats.base import Context
from llmaudit.privacy import masked
from llmaudit.tiers.text import text_hints

_SCHEMA = pa.schema([("line", pa.int64()), *((name, pa.string()) for name in ("request_id", "prompt", "answer"))])


def fill_hints(context: Context) -> None:
    """Look at the words of the prompts that have been read, many at once; then they are dropped.

    Args:
        context: Its `asked` is emptied, and the requests in it get their hints.
    """
    if not context.asked:
        return
    hints = text_hints([one.asked for one in context.asked], [one.told for one in context.asked])
    for one, hint in zip(context.asked, hints, strict=True):
        request = one.request
        request.task_hint, request.effort_hint, request.stakes_hint = hint.task, hint.effort, hint.stakes
        request.hint_rule, request.hint_words = hint.rule, ", ".join(hint.words) or None
    context.asked.clear()


def kept_texts(context: Context) -> pa.Table | None:
    """Return the texts of requests that the user wants kept, live keys masked; None where there are none.

    Args:
        context: Its `texts` are emptied.

    Returns:
        `line, request_id, prompt, answer`. A request that was rejected or left out after its text was read has no line,
        and is not in it.
    """
    if not context.texts:
        return None
    rows = [
        {
            "line": text.request.line,
            "request_id": text.request.request_id,
            "prompt": masked(text.prompt, context.hash_key),
            "answer": None if text.answer is None else masked(text.answer, context.hash_key),
        }
        for text in context.texts
        if text.request.line
    ]
    context.texts.clear()
    return pa.Table.from_pylist(rows, schema=_SCHEMA)
