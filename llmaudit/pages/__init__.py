"""What a gateway's pricing page says it adds: clauses with quote and line, prices against the list, one verdict.

    bytes ─▶ source ─▶ blocks ─▶ pieces ─▶ sentence ─▶ words, figures ─▶ charges ─▶ clauses ─▶ findings ─▶ verdict
                         │                                                                                    ▲
                         └─▶ tables ─▶ prices ─▶ rows beside the list ────────────────────────────────────────┘

Where a rule belongs: what a file looks like, in `source`; which sentences there are and what they need of their
surroundings, in `pieces`; what a figure is and which word it belongs to, in `sentence`; what is charged, on what and by
whom, in `charges`; how a language says it, in `lexicon`, which all of them ask; whose page it is, in `names`; what is
true of the page as a whole, and quotes and lines, in `findings`; what follows from all clauses together, in `verdict`.
`audit` runs the line. A claim beside a bill is `claim`'s. No stage imports a later one (a contract in pyproject.toml).
"""

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
