"""JUnit XML: one test case per rule and group, for the test reporters of CI systems."""

from __future__ import annotations

import re
from xml.sax.saxutils import escape, quoteattr

from llmaudit.gate.check import Check
from llmaudit.gate.render.text import rules_in_short
from llmaudit.gate.results import RuleResult

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 cannot hold, not even escaped."""


def render(check: Check) -> str:
    """Return the document. A broken rule is a failure, one that could not be decided is skipped."""
    failed = sum(rule.status == "failed" for rule in check.rules)
    skipped = sum(rule.status == "undecided" for rule in check.rules)
    counts = f'tests="{len(check.rules)}" failures="{failed}" errors="0" skipped="{skipped}"'
    cases = "".join(_case(rule) for rule in check.rules)
    output = "\n".join(
        [check.headline, rules_in_short(check), *(cause.text for cause in check.decomposition.causes[1:])]
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<testsuites name="llmaudit check" {counts}>\n'
        f'  <testsuite name="llmaudit check" {counts}>\n{cases}'
        f"    <system-out>{_text(output)}</system-out>\n  </testsuite>\n</testsuites>\n"
    )


def _case(rule: RuleResult) -> str:
    group = f" {rule.by}={rule.group}" if rule.group is not None else ""
    head = f"    <testcase classname={_attribute(f'llmaudit.{rule.name}')} name={_attribute(rule.name + group)}"
    inner = {
        "failed": f"<failure message={_attribute(rule.reason)}/>",
        "undecided": f"<skipped message={_attribute(rule.reason)}/>",
        "warned": f"<system-err>{_text('warning: ' + rule.reason)}</system-err>",
    }.get(rule.status, f"<system-out>{_text(rule.reason)}</system-out>")
    return f"{head}>{inner}</testcase>\n"


def _text(value: str) -> str:
    return escape(_NOT_XML.sub("\ufffd", value))


def _attribute(value: str) -> str:
    return quoteattr(_NOT_XML.sub("\ufffd", value), {"\n": "&#10;", "\r": "&#13;", "\t": "&#9;"})
