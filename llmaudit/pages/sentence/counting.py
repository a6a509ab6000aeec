"""What is counted: units with the adjectives before them, how many of them, and what a sentence has named before."""

from __future__ import annotations

import re
from collections.abc import Iterator

from llmaudit.pages.lexicon.files import Lexicon
from llmaudit.pages.sentence.figures import NUMBER, SCALE, SCALES, number

COUNT = (
    rf"(?P<count>{NUMBER})?\s?(?P<scale>{SCALES})?\s?"
    r"(?:additional |more |further |extra |zusätzliche |weitere |supplémentaires? |adicionales |de |d')?"
)

ANOTHER = (
    r"(?:weitere[rsn]?|zusätzliche[rsn]?|another|an? (?:extra|additional|further)|each|every|autres?|cada|otr[oa]s?)"
)
"""What may stand between "per" and what is counted: "$3 for another 100k"."""

_TOKENS = re.compile(r"tokens?|jetons?|トークン", re.IGNORECASE)


def counted_before(sentence: str, until: int, lexicon: Lexicon) -> str | None:
    """Return of what a price is that stands before it: "Stored traces are billed at $0.50 per 10,000"."""
    found = [
        (match.start(), name)
        for name in ("request", "log", "tool")
        for pattern in ((lexicon.bases[name],) if lexicon.wide else (lexicon.units[name], lexicon.bases[name]))
        for match in pattern.finditer(sentence, 0, until)
    ]
    found += [(match.start(), "tokens") for match in _TOKENS.finditer(sentence, 0, until)]
    return max(found)[1] if found else None


def unit_at(sentence: str, at: int, lexicon: Lexicon) -> tuple[str, int] | None:
    """Return the longest unit that begins at a place, and where it ends."""
    for start in _places_of_unit(sentence, at, lexicon):
        best: tuple[str, int] | None = None
        for name, pattern in lexicon.units.items():
            match = pattern.match(sentence, start)
            if match and (best is None or match.end() > best[1]):
                best = (name, match.end())
        if best:
            return best
    return None


MAX_ADJECTIVES = 2
"""Words that may stand before a unit: "per granted seat", "per 1k cached gateway hits"."""

_ADJECTIVE = re.compile(
    r"(?!(?:of|for|in|on|and|or|with|to|the|plus|per|at|by|from|is|are|you|we|up|und|oder|mit|zu|für|bei|et|ou|avec|de|du"
    r"|des|y|o|con|en|del?)\s)[^\W\d_][\w-]*\s",
    re.IGNORECASE,
)


def _places_of_unit(sentence: str, at: int, lexicon: Lexicon) -> Iterator[int]:
    """Yield where a unit may begin: right at a place, or behind its adjectives."""
    yield at
    for _ in range(0 if lexicon.wide else MAX_ADJECTIVES):
        match = _ADJECTIVE.match(sentence, at)
        if match is None:
            return
        yield (at := match.end())


def count_of(match: re.Match[str], lexicon: Lexicon) -> int | None:
    """Return for how many of the unit a price is, or None where no number is named."""
    groups = match.groupdict()
    count = next((groups[name] for name in groups if name.startswith("count") and groups[name]), None)
    scale = next((groups[name] for name in groups if name.startswith("scale") and groups[name]), None)
    times = SCALE.get((scale or "").lower().rstrip("."))
    if not count:
        return times
    value = number(count, lexicon.language)
    if value is None:
        return None
    scaled = value * (times or 1)
    return int(scaled) if scaled == scaled.to_integral_value() else None
