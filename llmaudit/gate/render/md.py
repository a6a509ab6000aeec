"""Markdown for a pull request comment, with a hidden marker by which the next run finds and replaces it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from llmaudit.errors import printable
from llmaudit.gate.check import Check
from llmaudit.gate.render.text import MARKS, rules_in_short
from llmaudit.gate.results import RuleResult
from llmaudit.money import share_out, shown
from llmaudit.phrases import counted

MARK = "<!-- llmaudit:check -->"
MAX_CHARACTERS = 60_000
"""GitHub takes 65,536 characters; what does not fit is counted."""

SIGNS = {"failed": "❌", "warned": "⚠️", "acknowledged": "☑️", "undecided": "❔", "passed": "✅"}
VERDICTS = {"passed": "passed", "failed": "**failed**", "not-enough-data": "not decided: not enough data"}
_SPECIAL = re.compile(r"([\\`*_\[\]<>#!|~])")


def render(check: Check) -> str:
    """Return the comment; nothing where there is nothing to say."""
    if check.is_quiet:
        return ""
    head = [
        MARK,
        f"### LLM cost check: {VERDICTS[check.verdict]}",
        "",
        _safe(check.headline),
        "",
        _safe(rules_in_short(check)),
    ]
    tail = ["", f"<sub>llmaudit, prices {check.catalog_version}, compared at {check.prices} prices</sub>", ""]
    detail = [*_breakdown(check)]
    rules = sorted(check.rules, key=lambda result: list(MARKS).index(result.status))
    room = MAX_CHARACTERS - sum(len(line) + 1 for line in (*head, *detail, *tail)) - 300
    not_passed = [rule for rule in rules if rule.status != "passed"]
    passed = [rule for rule in rules if rule.status == "passed"]
    shown_rows, room = _fitting(not_passed, room)
    more_rows, _ = _fitting(passed, room)
    return "\n".join([*head, *_table(not_passed, shown_rows), *detail, *_hidden(passed, more_rows), *tail])


def _table(rules: Sequence[RuleResult], rows: Sequence[str]) -> Iterator[str]:
    if rows:
        yield from ("", "| | rule | |", "| --- | --- | --- |", *rows)
    if len(rows) < len(rules):
        yield from ("", f"{len(rules) - len(rows)} more rows are left out: this comment has a size limit.")


def _hidden(rules: Sequence[RuleResult], rows: Sequence[str]) -> Iterator[str]:
    if rules:
        yield from (
            "",
            f"<details><summary>{counted(len(rules), 'rule')} passed</summary>",
            *_table(rules, rows),
            "",
            "</details>",
        )


def _fitting(rules: Sequence[RuleResult], room: int) -> tuple[list[str], int]:
    """Return as many rows as there is room for, and the room that is left."""
    rows: list[str] = []
    for rule in rules:
        row = f"| {SIGNS[rule.status]} | {_safe(rule.name)} | {_safe(rule.reason)} |"
        if len(row) + 1 > room:
            break
        rows.append(row)
        room -= len(row) + 1
    return rows, room


def _breakdown(check: Check) -> Iterator[str]:
    broken = check.decomposition
    rounded = share_out([one.usd for one in broken.components])
    title = f"{shown(broken.before_usd)} → {shown(broken.after_usd)}, by cause"
    yield from ("", f"<details><summary>{title}</summary>", "", "| cause | cost |", "| --- | ---: |")
    for component, usd in zip(broken.components, rounded, strict=True):
        if component.usd:
            yield f"| {_safe(component.title)} | {shown(usd)} |"
    yield f"| in all | {shown(sum(rounded, start=rounded[0] * 0))} |"
    for cause in broken.causes[1:]:
        yield from ("", f"Also: {_safe(cause.text)}")
    for old, new in broken.successors.items():
        yield from ("", f"Template {_safe(old[:8])} was edited: it is {_safe(new[:8])} now")
    yield from ("", "</details>")


def _safe(text: str) -> str:
    """Return a stranger's text so that Markdown shows it as it is: no markup, no mention, no link."""
    return _SPECIAL.sub(r"\\\1", printable(text, 600)).replace("://", ":\u200b//").replace("@", "@\u200b")
