"""SARIF 2.1.0 for code scanning: one result for each rule that failed, warned, or was accepted."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from llmaudit import __version__
from llmaudit.gate.check import Check
from llmaudit.gate.results import TITLES, RuleResult
from llmaudit.jsonform import to_text

LEVELS = {"failed": "error", "warned": "warning", "acknowledged": "note"}
LOCATION = "llmaudit-baseline.json"
"""A result needs a file to point at: the baseline is what would be changed to accept it."""


def render(check: Check) -> str:
    """Return the document; with no result where there is nothing to say."""
    reported = [rule for rule in check.rules if rule.status in LEVELS]
    names = list(dict.fromkeys(rule.name for rule in reported))
    run = {
        "tool": {
            "driver": {
                "name": "llmaudit",
                "version": __version__,
                "rules": [
                    {"id": name, "shortDescription": {"text": TITLES[name]}, "defaultConfiguration": {"level": "error"}}
                    for name in names
                ],
            }
        },
        "results": [_result(rule, names.index(rule.name)) for rule in reported],
        "properties": {"verdict": check.verdict, "headline": check.headline},
    }
    return to_text({"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]})


def _result(rule: RuleResult, index: int) -> dict[str, Any]:
    identity = sha256(f"{rule.name}/{rule.by}/{rule.group}".encode()).hexdigest()[:32]
    found: dict[str, Any] = {
        "ruleId": rule.name,
        "ruleIndex": index,
        "level": LEVELS[rule.status],
        "message": {"text": rule.reason},
        "locations": [{"physicalLocation": {"artifactLocation": {"uri": LOCATION}, "region": {"startLine": 1}}}],
        "partialFingerprints": {"rule/v1": identity},
    }
    if rule.status == "acknowledged":
        found["suppressions"] = [{"kind": "external", "justification": rule.reason}]
    return found
