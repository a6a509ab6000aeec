"""Words in the names of features and endpoints that indicate a task or its stakes."""

from __future__ import annotations

TASK_WORDS: tuple[tuple[str, str], ...] = (
    ("agent", "agent agents autopilot copilot workflow"),
    ("code", "code coding codegen sql refactor devtools debug"),
    ("reasoning", "analysis analytics analyse analyze reasoning planner planning forecast investigate research"),
    ("embed", "embed embedding embeddings rerank"),
    ("moderate", "moderation moderate"),
    ("classify", "classify classifier classification intent label labels detect detection sentiment triage spam"),
    ("extract", "extract extraction extractor parse parser parsing ocr keyword keywords entities field fields"),
    ("format", "format formatter formatting normalize cleanup autocomplete"),
    ("summarise", "summary summarize summarise summarization summaries tldr digest recap"),
    ("rewrite", "rewrite rephrase translate translation tone paraphrase localization"),
    ("draft", "draft reply replies email compose writer copy copywriting marketing generate generation"),
    ("answer", "answer answers qa faq kb search rag chat assistant help support"),
)  # fmt: skip
"""Words in the name of a feature or endpoint that indicate its task; the first row with one of the words decides."""

STAKES_WORDS: tuple[tuple[str, str], ...] = (
    ("legal", "legal contract contracts compliance gdpr dpa litigation"),
    ("financial", "refund refunds payment payments payout chargeback credit loan underwriting claims fraud"),
    ("medical", "medical clinical diagnosis health patient prescription"),
    ("hr", "hiring recruiting termination payroll hr"),
    ("safety", "safety emergency crisis abuse"),
)  # fmt: skip
"""Words in the name of a feature or endpoint that indicate high stakes."""
