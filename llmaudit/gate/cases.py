"""What identifies a case: a tag of the request, or a pattern of its id.

`tag:NAME` reads a tag `NAME:VALUE` or `NAME=VALUE` of a list, or the key `NAME` of an object; `NAME_id` counts too.
`id:PATTERN` is a regular expression on the request id; its first group, or else the whole match, is the case.
"""

from __future__ import annotations

import re

from llmaudit.errors import UsageError, printable
from llmaudit.store import Store

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,60}")


def checked_case(text: str) -> str:
    """Return what names a case, checked.

    Raises:
        UsageError: Neither `tag:NAME` nor `id:PATTERN`, or the pattern is no regular expression.
    """
    kind, _, rest = text.partition(":")
    good = bool(_NAME.fullmatch(rest)) if kind == "tag" else kind == "id" and _compiles(rest)
    if not good:
        raise UsageError(
            f"--case {printable(text)}is neither a tag nor a pattern for the request id",
            next_step="For instance --case tag:case or --case 'id:^(.+)-run[0-9]+$'.",
            slug="bad-case",
        )
    return text


def _compiles(pattern: str) -> bool:
    try:
        return bool(re.compile(pattern)) and bool(pattern) and "'" not in pattern
    except re.error:
        return False


def names_cases(store: Store, case: str) -> bool:
    """Say whether any request of the view `gate_priced` names a case."""
    return bool(store.rows(f"SELECT 1 FROM gate_priced AS g WHERE {_may(case)} AND {case_sql(case)} <> '' LIMIT 1"))


def _may(case: str) -> str:
    kind, _, rest = case.partition(":")
    return f"contains(g.tags, '{rest}')" if kind == "tag" else "g.request_id IS NOT NULL"


def case_sql(case: str) -> str:
    """Return the SQL of a request's case, empty or NULL if it has none. `case` has passed `checked_case`."""
    kind, _, rest = case.partition(":")
    if kind == "id":
        group = 1 if re.compile(rest).groups else 0
        return f"regexp_extract(g.request_id, '{rest}', {group})"
    name = re.escape(rest)
    return f"""regexp_extract(g.tags, '"{name}(?:_id)?(?:"\\s*:\\s*"?|[:=])((?:[^"\\\\,}}]|\\\\.)+)', 1)"""
