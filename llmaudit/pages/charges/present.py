"""Whether a charge is one of today: none that was, is only planned, or is being tried out."""

from __future__ import annotations

import re

from llmaudit.pages.sentence.sentence import Sentence

_PARTED = re.compile(r"[,;:.、，；：。]|\b(?:if|when|where|that|which|who|wenn|falls|si|quand|cuando)\b", re.IGNORECASE)
"""What parts a charge from words after it, which then tell of something else: "1.2% if the card was issued abroad"."""

_BEGINS = re.compile(
    r"(?<!\w)(?<!expires )(?<!expire )(?<!ends )(?:from|starting|beginning|begins?|effective|as of|in|ab|von|im Jahr"
    r"|dès|à partir de|à compter de|en|desde|a partir de)"
    r"\s(?:[\w.,º°]+\s){0,4}?(20\d\d)(?!\d)|(20\d\d)\s?年",
    re.IGNORECASE,
)
"""The year in which something begins: "from January 2028", 「2028年から」."""


def is_of_another_day(sentence: Sentence, at: int) -> bool:
    """Say whether what stands at a place was charged once or may be some day: "until March the fee was 5%".

    Words before it reach it where nothing of today comes between; words after it, where nothing parts them.
    """
    lexicon, (start, end) = sentence.lexicon, sentence.span_of(at)
    if any(int(match[1] or match[2]) > sentence.setting.year for match in _BEGINS.finditer(sentence.text, start, end)):
        return True
    for match in lexicon["not_now"].finditer(sentence.text, start, end):
        first, second = (match.end(), at) if match.end() <= at else (at, match.start())
        between = sentence.text[first:second]
        if match.start() >= at and _PARTED.search(_without_figures(between)):
            continue
        if not lexicon["now"].search(between):
            return True
    return False


def _without_figures(text: str) -> str:
    """Return a text without the marks that stand inside figures."""
    return re.sub(r"\d[\d.,]*\d", "0", text)
