"""The parts of a sentence within which a word can reach another."""

from __future__ import annotations

import re
from itertools import pairwise

from llmaudit.pages.lexicon.files import Lexicon
from llmaudit.pages.source.variables import VARIABLE

_PARTS = re.compile(
    r"[;()（）；\[\]]|\s[—–-]{1,2}\s|—|，|,(?=\s?[\u3400-\u9fff])|、(?=但|不过)|,\s(?=or (?:no|zero)\b)"
)


def parts(sentence: str, lexicon: Lexicon) -> list[tuple[int, int]]:
    """Return the spans of a sentence that stand for themselves: split at brackets, dashes and words of contrast."""
    cuts = {0, len(sentence)}
    masked = VARIABLE.sub(lambda match: "x" * len(match[0]), sentence)
    for match in _PARTS.finditer(masked):
        cuts.add(match.start())
    for match in lexicon["contrast"].finditer(masked):
        cuts.add(match.start())
    return list(pairwise(sorted(cuts)))
