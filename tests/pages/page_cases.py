"""Reads the YAML cases of this folder: a page, its verdict, and every clause a careful reader would note."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from yaml_cases import read_cases

from llmaudit.catalog import Catalog
from llmaudit.pages import PageAudit
from llmaudit.pages.audit import audit
from llmaudit.pages.model import Finding
from llmaudit.pages.source.read import page_of

FOLDER = Path(__file__).parent / "cases"
TODAY = date(2026, 11, 22)
FEES = {"gateway"}


@dataclass(frozen=True)
class Case:
    """One page and what must be found on it."""

    file: str
    name: str
    ending: str
    page: str
    verdict: str
    expect: list[dict[str, Any]]
    language: str = "en"
    rows: list[Any] | None = None
    gateway: str | None = None

    def __str__(self) -> str:
        return f"{self.file}: {self.name}"

    def audited(self, catalog: Catalog) -> PageAudit:
        name = f"{self.name.replace(' ', '-')}.{self.ending}"
        return audit(page_of(self.page.encode(), name), name, catalog, today=TODAY)


@dataclass
class Score:
    """What was found of what was to be found."""

    missed: list[str] = field(default_factory=list)
    invented: list[str] = field(default_factory=list)
    expected: int = 0
    found: int = 0


def all_cases() -> list[Case]:
    return [
        Case(path.stem, case["name"], case["format"], case["page"], case["verdict"], case["expect"],
             case.get("language", "en"), case.get("rows"), case.get("gateway"))
        for path in sorted(FOLDER.glob("*.yaml"))
        for case in read_cases(path)["cases"]
    ]  # fmt: skip


def matches(finding: Finding, wanted: dict[str, Any]) -> bool:
    """Say whether a finding is the clause a case describes: everything the case states must hold."""
    values = {
        "kind": finding.kind, "pct": finding.pct, "pct_from": finding.pct_from, "fixed_usd": finding.fixed_usd,
        "base": finding.base, "negated": finding.negated, "who": finding.who, "line": finding.line,
        "per": finding.per, "min_usd": finding.minimum_usd, "template": finding.template, "hedged": finding.hedged,
        "multiplier": finding.multiplier, "other": finding.other_amount, "taken": finding.taken,
    }  # fmt: skip
    stated = {"negated": False, "who": "gateway"} | wanted
    for name, value in stated.items():
        if name == "quote":
            if value not in finding.quote:
                return False
        elif name == "threshold":
            if finding.threshold is None or value not in finding.threshold:
                return False
        elif isinstance(values[name], Decimal):
            if value is None or values[name] != Decimal(str(value)):
                return False
        elif values[name] != value:
            return False
    return True


def score(case: Case, found: PageAudit) -> Score:
    """Return which clauses were missed, and which fees of the gateway's own were found that are not there."""
    result = Score(expected=len(case.expect))
    left = list(found.findings)
    for wanted in case.expect:
        match = next((finding for finding in left if matches(finding, wanted)), None)
        if match is None:
            result.missed.append(f"{case}: {wanted}")
        else:
            left.remove(match)
            result.found += 1
    for finding in left:
        if not finding.negated and finding.who in FEES:
            result.invented.append(f"{case}: {finding.kind} {finding.pct} {finding.fixed_usd} {finding.quote!r}")
    return result
