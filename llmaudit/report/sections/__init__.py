"""Sections of the report, one file each. A module of this package that defines `SECTION` is a section."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from llmaudit.audit import NO_DATA, Audit
from llmaudit.report.content import Figures, KeyFigure, Mark, Section, SectionContent

GROUPS = ((0, ""), (20, "Costs"), (48, "Savings"), (60, "Gateways and bills"), (70, "Reliability"), (80, "Basis"))
"""The order from which on sections stand under a title in the contents; the summary stands under none."""


@cache
def all_sections() -> tuple[Section, ...]:
    """Return every section, in the order a reader meets them."""
    modules = (import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__))
    found = (module.SECTION for module in modules if hasattr(module, "SECTION"))
    return tuple(sorted(found, key=lambda section: (section.order, section.id)))


def contents(audit: Audit) -> list[tuple[Section, SectionContent]]:
    """Return what every section says of an audit; one that has nothing to say is left out."""
    said = ((section, _content(section, audit)) for section in all_sections() if _is_asked(section, audit))
    return [(section, content) for section, content in said if content.blocks]


def grouped(sections: Iterable[Section]) -> list[tuple[str, list[Section]]]:
    """Return sections under the titles that they have in the contents, in their order; no title is empty."""
    found: dict[str, list[Section]] = {}
    for section in sections:
        title = next(title for order, title in reversed(GROUPS) if section.order >= order)
        found.setdefault(title, []).append(section)
    return list(found.items())


def _is_asked(section: Section, audit: Audit) -> bool:
    if section.of_money and not audit.spend.is_known:
        return False
    if audit.spend.requests:
        return True
    return not section.of_requests and getattr(audit, section.finding, audit) is not None


def _content(section: Section, audit: Audit) -> SectionContent:
    part = audit if section.finding == "audit" else getattr(audit, section.finding)
    if part is not None:
        return section.build(part)
    if section.without is not None:
        return section.without
    reason = dict(NO_DATA).get(section.finding, "this audit has no such part")
    return SectionContent((Figures((KeyFigure(section.title, "No data", reason, Mark("no data", "none")),)),))
