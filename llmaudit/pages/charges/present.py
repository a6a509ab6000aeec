"""Whether a charge is one of today: none that was, is only planned, or is being tried out."""

from __future__ import annotations

import re

from llmaudit.pages.sentence.sentence import Sentence

_PARTED = re.compile(r"[,;:.、，；：。]")


def is_of_another_day(sentence: Sentence, at: int) -> bool:
    """Say whether what stands at a place was charged once or may be some day: "until March the fee was 5%".

    Words before it reach it where nothing of today comes between; words after it, where no comma does.
    """
    lexicon, (start, end) = sentence.lexicon, sentence.span_of(at)
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
