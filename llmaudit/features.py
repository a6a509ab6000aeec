"""Features of a prompt, computed while its text is in memory; the text is then dropped.

Features are facts about the text (sizes, shape, needs, a fingerprint of its template), not judgements. The tier rules
interpret them later, so that rules can change without access to the text.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from itertools import takewhile

from llmaudit.pii import classes_of
from llmaudit.request import Request
from llmaudit.tiers.text import subject

MAX_TEXT = 64_000
"""Characters of a prompt that are looked at; sizes count all of it. Bounds the cost of a hostile prompt."""

_QUOTED = re.compile(r"\"[^\"\n]{0,2000}\"|“[^”\n]{0,2000}”|«[^»\n]{0,2000}»|```.{0,8000}?```", re.DOTALL)
_QUOTES = ('"', "“", "«", "```")
_DIGITS = re.compile(r"\d+")
_TO_ZERO = str.maketrans("123456789", "0" * 9)
_CODE = re.compile(
    r"^\s*(?:def |class |import |from \w+ import|#include|SELECT\b|function\b|const |public )", re.MULTILINE
)
_CODE_WORDS = ("def ", "class ", "import", "#include", "SELECT", "function", "const ", "public ")
"""One of them stands in every line of code that the pattern finds."""

_WORDS = re.compile(r"[^\W\d_]+")
_ASCII_LETTERS = bytes(byte if chr(byte).isalpha() else ord(" ") for byte in range(128)).ljust(256)
_COMMON = """
    the of and to in is you that it for on are with as this be at have from or by not what can we your how i my if do
    please about me write
"""
_ENGLISH = frozenset(_COMMON.split())
"""The commonest words of English prompts."""

_BEYOND_LATIN = re.compile(r"[^\W\d_\0-\u036f]+")
_SCRIPTS = (
    ("cjk", "\u2e80", "\u9fff"), ("cjk", "\uac00", "\ud7a3"), ("cyrillic", "\u0400", "\u052f"),
    ("arabic", "\u0600", "\u077f"), ("hebrew", "\u0590", "\u05ff"), ("indic", "\u0900", "\u0d7f"),
    ("greek", "\u0370", "\u03ff"), ("thai", "\u0e00", "\u0e7f"),
)  # fmt: skip


@dataclass(frozen=True)
class Turn:
    """One message of a prompt: who said it, and its text."""

    role: str
    text: str


@dataclass(frozen=True)
class Asked:
    """A request whose words are still to be looked at, with what it asks for and its system message."""

    request: Request
    asked: str
    told: str


def describe(request: Request, turns: Sequence[Turn], *, hash_key: bytes) -> Asked | None:
    """Fill the request's prompt features from its messages, in place; return its words for `llmaudit.tiers.text`.

    Args:
        request: Filled in place. Needs that the record itself states (tools, JSON, images) are not touched.
        turns: The messages in order.
        hash_key: Key of this database, for the prompt hash: a plain hash of a short prompt can be guessed.
    """
    if not turns:
        return None
    said, told = asked_and_told(turns)
    asked, told = said[:MAX_TEXT], told[:MAX_TEXT]
    whole = "\n".join(turn.text for turn in turns)
    request.prompt_chars = sum(len(turn.text) for turn in turns)
    request.system_chars = sum(len(turn.text) for turn in takewhile(_tells, turns))
    request.prompt_turns = sum(turn.role != "system" for turn in turns)
    request.template_hash = template_hash(told + "\n" + asked)
    request.prompt_hash = blake2b(whole.encode("utf-8", "replace"), digest_size=16, key=hash_key).hexdigest()
    request.system_hash = _system_hash(told) if told else None
    request.has_code = _has_code(asked)
    request.prompt_language = language_class(asked)
    personal = classes_of(whole[:MAX_TEXT])
    request.has_pii = bool(personal)
    request.pii_classes = ",".join(personal) or None
    return Asked(request, said, told)


def asked_and_told(turns: Sequence[Turn]) -> tuple[str, str]:
    """Return the last user message that is more than a follow-up, and the first system message; '' where none.

    Args:
        turns: The messages in order, at least one.
    """
    asked = subject([turn.text for turn in turns if turn.role == "user"] or [turns[-1].text])
    return asked, next((turn.text for turn in turns if _tells(turn)), "")


def _tells(turn: Turn) -> bool:
    return turn.role in {"system", "developer"}


def _has_code(text: str) -> bool:
    return "```" in text or (any(word in text for word in _CODE_WORDS) and _CODE.search(text) is not None)


def language_class(text: str) -> str | None:
    """Return the language class of a text: `en`, `latin` (another language in Latin letters), a script, or None.

    Told from the letters of the first 2,000 characters: the script that most of them belong to, and English from its
    commonest words. None if there are fewer than three letters.
    """
    sample = text[:2000].lower()
    words = _words(sample)
    letters = sum(map(len, words))
    if letters < 3:  # noqa: PLR2004 -- nothing to tell a language from
        return None
    foreign = 0 if sample.isascii() else sum(map(len, _BEYOND_LATIN.findall(sample)))
    if foreign * 2 > letters:
        counts = Counter(_script(character) for character in sample if character.isalpha())
        return counts.most_common(1)[0][0]
    common = sum(map(_ENGLISH.__contains__, words))
    return "en" if common * 8 >= len(words) or (sample.isascii() and len(words) < 4) else "latin"  # noqa: PLR2004 -- too few for a common word


def _words(text: str) -> list[str]:
    """Return the runs of letters in a text."""
    if text.isascii():  # ten times as fast as the pattern, and most prompts are
        return text.encode().translate(_ASCII_LETTERS).decode().split()
    return _WORDS.findall(text)


def _script(character: str) -> str:
    return next(
        (name for name, low, high in _SCRIPTS if low <= character <= high), "latin" if character < "\u0370" else "other"
    )


@lru_cache(maxsize=64)
def _system_hash(told: str) -> str:
    return template_hash(told)


def template_hash(text: str) -> str:
    """Return a fingerprint that requests written from one template share: digits, quotes and code blocks masked."""
    text = text[:MAX_TEXT]
    if any(mark in text for mark in _QUOTES):
        text = _QUOTED.sub('""', text)
    masked = " ".join(_one_zero_a_number(text).split()).lower()
    return blake2b(masked.encode("utf-8", "replace"), digest_size=8).hexdigest()


def _one_zero_a_number(text: str) -> str:
    """Return a text with 0 for every run of digits."""
    if not text.isascii():
        return _DIGITS.sub("0", text)
    text = text.translate(_TO_ZERO)
    while "00" in text:  # each turn halves the longest run
        text = text.replace("00", "0")
    return text
