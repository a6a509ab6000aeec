"""Figures that are quoted only to be denied: "not 5% but 2%", "the rumour of a 10% fee is false", "that is wrong"."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from llmaudit.pages.lexicon.files import Lexicon, everywhere
from llmaudit.pages.sentence.figures import Amount, find_figures

BEFORE = 70
"""Characters before a figure in which what denies it begins."""

SOON = 60

SOON_WIDE = 16
"""Within how many characters a sentence that calls the one before it wrong says so."""

_OWN_VOICE = re.compile(
    r"[;；,，:：.。、—–)）]\s?(?:(?:but|in fact|actually|instead|today|now|aber|tatsächlich|mais|en réalité|pero"
    r"|en realidad|而是|其实|但|実際には),?\s?)*"
    r"(?:\b(?:we|our|wir|unsere?|bei uns|nous|notre|cobramos|nuestr[ao])\b|我们|本站|本平台|实际|当社|弊社)",
    re.IGNORECASE,
)
"""Where a page goes on to say what it charges itself: "the rumour of 10% is false; we charge 5%"."""


@cache
def _before(source: str, *, wide: bool) -> re.Pattern[str]:
    edge = "" if wide else r"(?<!\w)"
    return re.compile(rf"{edge}(?:{source})[\s'’]?(?:[\s约約$€£¥(（\"“«„「]{{0,3}})$", re.IGNORECASE)


def refuter(sentence: str, amount: Amount, lexicon: Lexicon) -> tuple[int, int] | None:
    """Return the span of what denies a figure right beside it ("not 5%", 「5%ではなく」), or None."""
    if amount.kind not in {"pct", "usd", "other"} or not amount.value:
        return None
    start = max(0, amount.start - BEFORE)
    source = lexicon.sources["refuter_before"]
    if source and (match := _before(source, wide=lexicon.wide).search(sentence[start : amount.start])):
        return start + match.start(), amount.start
    after = re.compile(r"\s?").match(sentence, amount.end)
    at = after.end() if after else amount.end
    if match := lexicon["refuter_after"].match(sentence, at):
        return amount.end, match.end()
    return None


def is_taken_back(sentence: str, at: int, amounts: Sequence[Amount], lexicon: Lexicon) -> bool:
    """Say whether what stands at a place is hearsay, or is called wrong by its own sentence.

    A claim without a figure is not looked at by the second: "a markup does not exist" is a claim of the page's.
    """
    matches = list(lexicon["hearsay"].finditer(sentence))
    figures = [amount for amount in amounts if amount.value and amount.kind in {"pct", "usd", "other"}]
    if figures:
        called_wrong = lexicon["refuted"].finditer(sentence)
        matches += [match for match in called_wrong if not everywhere("unless").search(sentence, 0, match.start())]
    for match in matches:
        own = _OWN_VOICE.search(sentence, match.end())
        if own is None or at < own.start():
            return True
    return False


def speaks_of_what_is_wrong(sentence: str, lexicon: Lexicon) -> bool:
    """Say whether a sentence has words of hearsay or denies a figure, whatever else it says."""
    if lexicon["hearsay"].search(sentence) or lexicon["refuted"].search(sentence):
        return True
    return any(refuter(sentence, amount, lexicon) for amount in find_figures(sentence, lexicon))


def takes_back(sentence: str, lexicon: Lexicon) -> bool:
    """Say whether a sentence calls what was said before it wrong: "Both are wrong.", "Das stimmt nicht."."""
    match = lexicon["refuted"].search(sentence)
    if (
        match is None
        or match.start() > (SOON_WIDE if lexicon.wide else SOON)
        or re.search(r"\d", match.string[: match.start()])
    ):
        return False
    return match.start() == 0 or bool(lexicon["points_back"].match(sentence))
