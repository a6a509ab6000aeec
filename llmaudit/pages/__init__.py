"""What a gateway's pricing page says it adds: clauses with quote and line, prices against the list, one verdict."""

from __future__ import annotations

from llmaudit.pages.audit import audit_page, audit_text
from llmaudit.pages.claim import Bill, ClaimCheck, check_claim
from llmaudit.pages.model import Finding, PageAudit, PriceRow, WhatIf
from llmaudit.pages.verdict import figure

__all__ = [
    "Bill",
    "ClaimCheck",
    "Finding",
    "PageAudit",
    "PriceRow",
    "WhatIf",
    "audit_page",
    "audit_text",
    "check_claim",
    "figure",
]
