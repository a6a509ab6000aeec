"""Features of a prompt, computed while its text is in memory; the text itself is then dropped.

Features are facts about the text (sizes, shape, needs, a fingerprint of its template), not judgements: the tier rules
read them later, so that rules can change without the text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b

from llmaudit.request import Request

MAX_TEXT = 64_000
"""Characters of a prompt that are looked at; sizes count all of it. Bounds the cost of a hostile prompt."""

_QUOTED = re.compile(r"\"[^\"\n]{0,2000}\"|“[^”\n]{0,2000}”|«[^»\n]{0,2000}»|```.{0,8000}?```", re.DOTALL)
_DIGITS = re.compile(r"\d+")
_SPACES = re.compile(r"\s+")
_CODE = re.compile(
    r"```|^\s*(?:def |class |import |from \w+ import|#include|SELECT\b|function\b|const |public )", re.MULTILINE
)
_EMAIL = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,4}")
_PHONE = re.compile(
    r"(?<![\w.])(?:\+?\d{1,3}[ .-]?\(?\d{2,4}\)?[ .-]\d{3,4}[ .-]\d{3,4}|\+\d{1,3}[ .-]\d{3}[ .-]\d{4})(?!\w|\.\d)"
)

TASKS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (task, re.compile(pattern, re.IGNORECASE))
    for task, pattern in (
        (
            "code",
            (
                r"\b(?:refactor|stack trace|unit tests?|write (?:a |an )?(?:function|script|query|class|program)|"
                r"debug|implement (?:a |an |the )|sql query|regex(?:p)? (?:for|that)|compile error|pull request)\b"
            ),
        ),
        ("maths", r"\b(?:prove|theorem|integral|derivative|equation|solve for|probability that|how many ways)\b"),
        (
            "reasoning",
            (
                r"\b(?:step by step|root cause|trade-?offs?|compare .{1,60} (?:and|with|against)|analy[sz]e|"
                r"diagnose|design (?:a|an|the)|strategy|plan (?:a|an|the|for)|evaluate|reconcile|forecast)\b"
            ),
        ),
        (
            "classify",
            (
                r"\b(?:classify|categori[sz]e|which (?:category|intent|label|language)|what language|"
                r"label (?:this|the)|sentiment|yes or no|true or false|one of the following|detect the language)\b"
            ),
        ),
        (
            "extract",
            (
                r"\b(?:extract|pull out|list (?:all|the|every) (?:names?|dates?|emails?|numbers?|order)|"
                r"return only (?:the|a|json)|find the (?:order|invoice|tracking|phone) (?:number|id)|keywords?)\b"
            ),
        ),
        (
            "format",
            (
                r"\b(?:reformat|convert (?:this|the|it) (?:in)?to|fix the (?:grammar|spelling|punctuation)|"
                r"to (?:json|csv|markdown|upper ?case|lower ?case|title case))\b"
            ),
        ),
        (
            "summarise",
            r"\b(?:summari[sz]e|summary|tl;?dr|shorten|condense|key points|in (?:one|two|three) sentences?)\b",
        ),
        (
            "rewrite",
            r"\b(?:rewrite|rephrase|paraphrase|polish|translate|make (?:it|this) (?:more|sound|friendlier)|tone)\b",
        ),
        ("draft", r"\b(?:write|draft|compose|reply to|respond to|answer (?:the|this) (?:customer|email|message))\b"),
        (
            "answer",
            (
                r"\b(?:based on the (?:context|article|documents?|following)|using the (?:context|article|passage)|"
                r"according to|what (?:is|are|was)|who (?:is|was)|when (?:is|was|did)|where (?:is|was)|how do i)\b"
            ),
        ),
    )
)
"""What a prompt asks for, by its own words; the first that matches, in this order (demanding tasks first)."""

STAKES: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (stake, re.compile(pattern, re.IGNORECASE))
    for stake, pattern in (
        (
            "adversarial",
            (
                r"\b(?:ignore (?:all |any )?(?:previous|prior|above) instructions|jailbreak|"
                r"pretend (?:you|that you) (?:have no|are not bound)|without any (?:restrictions|filters)|"
                r"developer mode|do anything now)\b"
            ),
        ),
        (
            "medical",
            (
                r"\b(?:dosage|dose of|diagnos(?:e|is) (?:me|my|the patient)|symptoms?|side effects?|"
                r"prescri(?:be|ption)|overdose|medication|patient'?s?)\b"
            ),
        ),
        (
            "legal",
            (
                r"\b(?:indemnif\w+|liabilit(?:y|ies) clause|governing law|breach of contract|lawsuit|"
                r"sue (?:me|us|them)|legal advice|termination clause|"
                r"contract(?:ual)? (?:clause|review|terms)|gdpr request)\b"
            ),
        ),
        (
            "financial",
            (
                r"\b(?:approve (?:the |this |a )?(?:refund|payment|loan|claim|credit)|refund decision|"
                r"issue (?:the |a )?refund|wire transfer|invest(?:ment)? advice|tax return|chargeback)\b"
            ),
        ),
        (
            "hr",
            (
                r"\b(?:terminate (?:the |an )?employee|fire (?:him|her|them)|harassment complaint|disciplinary|"
                r"reject (?:the |this )?candidate|salary decision)\b"
            ),
        ),
        ("safety", r"\b(?:self-harm|suicid\w+|child abuse|weapon|explosive|emergency services)\b"),
    )
)
"""What makes an error dear, by the prompt's own words; the first that matches."""


@dataclass(frozen=True)
class Turn:
    """One message of a prompt: who said it, and its text."""

    role: str
    text: str


def describe(request: Request, turns: Sequence[Turn], *, hash_key: bytes) -> None:
    """Fill the request's prompt features from its messages, in place.

    Args:
        request: Filled in place. Needs that the record itself states (tools, JSON, images) are not touched.
        turns: The messages in order.
        hash_key: Key of this database, for the prompt hash: a plain hash of a short prompt can be guessed.
    """
    if not turns:
        return
    asked = next((turn.text for turn in reversed(turns) if turn.role == "user"), turns[-1].text)[:MAX_TEXT]
    told = next((turn.text for turn in turns if turn.role in {"system", "developer"}), "")[:MAX_TEXT]
    whole = "\n".join(turn.text for turn in turns)
    request.prompt_chars = sum(len(turn.text) for turn in turns)
    request.prompt_turns = sum(turn.role != "system" for turn in turns)
    request.template_hash = template_hash(told + "\n" + asked)
    request.prompt_hash = blake2b(whole.encode("utf-8", "replace"), digest_size=16, key=hash_key).hexdigest()
    request.task_hint = first_match(TASKS, asked) or first_match(TASKS, told)
    request.stakes_hint = first_match(STAKES, asked)
    request.has_code = bool(_CODE.search(asked))
    request.has_pii = bool(_EMAIL.search(whole[:MAX_TEXT]) or _PHONE.search(whole[:MAX_TEXT]))


def template_hash(text: str) -> str:
    """Return a fingerprint that requests written from one template share: digits, quotes and code blocks masked."""
    masked = _SPACES.sub(" ", _DIGITS.sub("0", _QUOTED.sub('""', text[:MAX_TEXT]))).strip().lower()
    return blake2b(masked.encode("utf-8", "replace"), digest_size=8).hexdigest()


def first_match(table: Sequence[tuple[str, re.Pattern[str]]], text: str) -> str | None:
    """Return the name of the first pattern that is found in the text."""
    return next((name for name, pattern in table if pattern.search(text)), None)


@lru_cache(maxsize=1 << 14)
def pseudonym(value: str, hash_key: bytes) -> str:
    """Return an opaque id unchanged, and an e-mail address or phone number as a keyed hash that still groups."""
    if not (_EMAIL.search(value) or _PHONE.search(value)):
        return value
    return "hashed:" + blake2b(value.encode("utf-8", "replace"), digest_size=12, key=hash_key).hexdigest()
