"""The forms of a result: what machines read parses, what strangers wrote stays text, what does not fit is counted."""

import re
from datetime import date
from xml.etree import ElementTree as ET

import msgspec
import pytest
from test_gate_decompose import baseline, cell

from llmaudit.gate.budget import default_budget
from llmaudit.gate.check import Check, check
from llmaudit.gate.render import forms, render
from llmaudit.gate.render.md import MARK, MAX_CHARACTERS
from llmaudit.gate.results import RuleResult

EVIL = "chat\r\n::error::gotcha %0A]]>\x00\x1b[31m<script>alert(1)</script>@everyone|`x`"


def result(rules: list[RuleResult] | None = None, *, grown: int = 1000) -> Check:
    before, after = baseline(cell(100, feature=EVIL)), baseline(cell(100, feature=EVIL, tokens=(grown, 0, 100)))
    found = check(before, after, default_budget("feature"), today=date(2026, 11, 1))
    if rules is None:
        return found
    return msgspec.structs.replace(found, rules=rules, verdict="failed", passed=False)


def rule(status: str = "failed", *, group: str | None = EVIL, name: str = "cost_per_request") -> RuleResult:
    return RuleResult(
        name=name, by="feature", group=group, passed={"failed": False, "undecided": None}.get(status, True),
        status=status, value=12.5, limit=5.0, unit="pct", reason=f"cost of {group} rose by 12.5%",
    )  # fmt: skip


EVERY = [rule(status) for status in ("failed", "warned", "acknowledged", "undecided", "passed")]


def test_the_forms_are_those_of_the_contract():
    assert set(forms()) == {"text", "json", "md", "junit", "github", "sarif"}


def test_json_holds_the_contract():
    plain = msgspec.json.decode(render(result(EVERY), "json"))
    assert plain["schema"] == "llmaudit/check/1"
    assert plain["passed"] is False
    assert {"name", "passed", "value", "limit", "low", "high", "reason"} <= set(plain["rules"][0])
    assert {"before_usd", "after_usd", "change_usd", "components", "causes"} <= set(plain["decomposition"])


def test_junit_parses_and_counts():
    suite = ET.fromstring(render(result(EVERY), "junit"))[0]  # noqa: S314 -- our own document
    assert suite.attrib | {"name": ""} == {"name": "", "tests": "5", "failures": "1", "errors": "0", "skipped": "1"}
    cases = suite.findall("testcase")
    assert [bool(case.findall("failure")) for case in cases] == [True, False, False, False, False]
    assert "<script>" in cases[0].attrib["name"]  # as text


def test_github_commands_are_one_line_each_and_escaped():
    lines = render(result(EVERY), "github").splitlines()
    assert all(re.match(r"::(error|warning|notice) title=[^:,]*::", line) for line in lines)
    assert sum(line.startswith("::error") for line in lines) == 1
    assert "%0D%0A%3A%3Aerror" not in lines[0] or "\n" not in lines[0]
    many = render(result([rule()] * 25), "github").splitlines()
    assert sum(line.startswith("::error") for line in many) == 10
    assert "16 more" in many[-1]


def test_sarif_has_the_shape_of_2_1_0():
    run = msgspec.json.decode(render(result(EVERY), "sarif"))["runs"][0]
    assert [one["level"] for one in run["results"]] == ["error", "warning", "note"]
    ids = [one["id"] for one in run["tool"]["driver"]["rules"]]
    for one in run["results"]:
        assert ids[one["ruleIndex"]] == one["ruleId"]
        assert one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert (
        len({one["partialFingerprints"]["rule/v1"] for one in run["results"]}) == 1
    )  # one rule and group, three times


def test_markdown_begins_with_the_mark_and_shows_hostile_text_as_text():
    text = render(result(EVERY), "md")
    assert text.startswith(MARK)
    assert "<script>" not in text
    assert "@everyone" not in text
    assert "\x1b" not in text
    for row in (line for line in text.splitlines() if line.startswith("| ❌")):
        assert len(re.findall(r"(?<!\\)\|", row)) == 4


def test_markdown_keeps_its_size_and_says_what_is_left_out():
    text = render(result([rule(group=f"feature-{i}" * 20) for i in range(3000)]), "md")
    assert len(text) <= MAX_CHARACTERS
    shown = text.count("| ❌")
    assert f"{3000 - shown} more rows are left out" in text


def test_a_change_that_only_stands_out_is_said_without_failing():
    found = result(grown=1010)
    assert found.verdict != "failed"
    assert MARK in render(found, "md")


def test_a_terminal_is_not_steered_by_a_name():
    text = render(result(EVERY), "text")
    assert "\x1b" not in text
    assert "\x00" not in text


@pytest.mark.parametrize("form", ["md", "github"])
def test_nothing_to_say_is_nothing_said(form: str):
    assert render(msgspec.structs.replace(result(), passed=True, verdict="passed"), form) == ""
