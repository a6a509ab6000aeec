"""Features of a prompt, computed while its text is in memory; the text itself is then dropped.

Features are facts about the text (sizes, shape, needs, a fingerprint of its template), not judgements: the tier rules
read them later, so that rules can change without the text.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

from llmaudit.pii import classes_of
from llmaudit.request import Request

MAX_TEXT = 64_000
"""Characters of a prompt that are looked at; sizes count all of it. Bounds the cost of a hostile prompt."""

_QUOTED = re.compile(r"\"[^\"\n]{0,2000}\"|“[^”\n]{0,2000}”|«[^»\n]{0,2000}»|```.{0,8000}?```", re.DOTALL)
_DIGITS = re.compile(r"\d+")
_SPACES = re.compile(r"\s+")
_CODE = re.compile(
    r"```|^\s*(?:def |class |import |from \w+ import|#include|SELECT\b|function\b|const |public )", re.MULTILINE
)
_WORDS = re.compile(r"[^\W\d_]+")
_ENGLISH = re.compile(
    r"(?:the|of|and|to|in|is|you|that|it|for|on|are|with|as|this|be|at|have|from|or|by|not|what|can|we|your|how|i|my|if"
    r"|do|please|about|me|write)"
)
"""The commonest words of English prompts."""

_SCRIPTS = (
    ("cjk", "\u2e80", "\u9fff"), ("cjk", "\uac00", "\ud7a3"), ("cyrillic", "\u0400", "\u052f"),
    ("arabic", "\u0600", "\u077f"), ("hebrew", "\u0590", "\u05ff"), ("indic", "\u0900", "\u0d7f"),
    ("greek", "\u0370", "\u03ff"), ("thai", "\u0e00", "\u0e7f"),
)  # fmt: skip

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


@dataclass(frozen=True)
class TextHints:
    """What a prompt's words say: its task, and what makes an error in it dear."""

    task: str | None
    stakes: str | None


def text_hints(asked: Sequence[str], told: Sequence[str]) -> list[TextHints]:
    """Return what prompts ask for, by their own words; many at once.

    Args:
        asked: The last user message of each.
        told: The system message of each, or ''.
    """
    return [
        TextHints(first_match(TASKS, wish) or first_match(TASKS, rule), first_match(STAKES, wish))
        for wish, rule in zip(asked, told, strict=True)
    ]


@dataclass(frozen=True)
class Asked:
    """A request whose words are still to be looked at, with its last user message and its system message."""

    request: Request
    asked: str
    told: str


def describe(request: Request, turns: Sequence[Turn], *, hash_key: bytes) -> Asked | None:
    """Fill the request's prompt features from its messages, in place; return its words for `text_hints`.

    Args:
        request: Filled in place. Needs that the record itself states (tools, JSON, images) are not touched.
        turns: The messages in order.
        hash_key: Key of this database, for the prompt hash: a plain hash of a short prompt can be guessed.
    """
    if not turns:
        return None
    asked = next((turn.text for turn in reversed(turns) if turn.role == "user"), turns[-1].text)[:MAX_TEXT]
    told = next((turn.text for turn in turns if turn.role in {"system", "developer"}), "")[:MAX_TEXT]
    whole = "\n".join(turn.text for turn in turns)
    request.prompt_chars = sum(len(turn.text) for turn in turns)
    request.prompt_turns = sum(turn.role != "system" for turn in turns)
    request.template_hash = template_hash(told + "\n" + asked)
    request.prompt_hash = blake2b(whole.encode("utf-8", "replace"), digest_size=16, key=hash_key).hexdigest()
    request.has_code = bool(_CODE.search(asked))
    request.prompt_language = language_class(asked)
    personal = classes_of(whole[:MAX_TEXT])
    request.has_pii = bool(personal)
    request.pii_classes = ",".join(personal) or None
    return Asked(request, asked, told)


def language_class(text: str) -> str | None:
    """Return the language class of a text: `en`, `latin` (another language in Latin letters), a script, or None.

    Told from the letters of the first 2,000 characters: the script that most of them belong to, and English from its
    commonest words. None where there are fewer than three letters.
    """
    sample = text[:2000]
    letters = sum(character.isalpha() for character in sample)
    if letters < 3:  # noqa: PLR2004 -- nothing to tell a language from
        return None
    foreign = 0 if sample.isascii() else sum(character > "\u036f" for character in sample if character.isalpha())
    if foreign * 2 > letters:
        counts = Counter(_script(character) for character in sample if character.isalpha())
        return counts.most_common(1)[0][0]
    words = _WORDS.findall(sample.lower())
    common = sum(_ENGLISH.fullmatch(word) is not None for word in words)
    return "en" if common * 8 >= len(words) or (sample.isascii() and len(words) < 4) else "latin"  # noqa: PLR2004


def _script(character: str) -> str:
    return next(
        (name for name, low, high in _SCRIPTS if low <= character <= high), "latin" if character < "\u0370" else "other"
    )


def template_hash(text: str) -> str:
    """Return a fingerprint that requests written from one template share: digits, quotes and code blocks masked."""
    masked = _SPACES.sub(" ", _DIGITS.sub("0", _QUOTED.sub('""', text[:MAX_TEXT]))).strip().lower()
    return blake2b(masked.encode("utf-8", "replace"), digest_size=8).hexdigest()


def first_match(table: Sequence[tuple[str, re.Pattern[str]]], text: str) -> str | None:
    """Return the name of the first pattern that is found in the text."""
    return next((name for name, pattern in table if pattern.search(text)), None)
