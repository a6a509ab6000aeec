"""Exact o200k_base token counts for the prompts of this package, without the two-megabyte vocabulary.

o200k_base first cuts a text into pieces (words with their leading blank, digits in threes, punctuation) and then
encodes each piece on its own. The prompts draw words from short lists, so the set of pieces is finite:
`token_table.py` lists those that take more than one token, every other piece takes one. A text made of other words
is counted too low; whoever edits the templates re-derives the table from the public vocabulary.
"""

import re
from collections.abc import Sequence

from .jsontext import Json, dumps
from .token_table import MULTI_TOKEN_PIECES

UPPER = "A-ZÀ-ÖØ-ÞĄĆĘŁŃŚŹŻČĎĚŇŘŠŤŮŽ"
LOWER = "a-zß-öø-ÿąćęłńśźżčďěňřšťůž"
TAIL = "(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])?"
PIECE = re.compile(
    rf"[^\r\n{UPPER}{LOWER}0-9]?[{UPPER}]*[{LOWER}]+{TAIL}"
    rf"|[^\r\n{UPPER}{LOWER}0-9]?[{UPPER}]+[{LOWER}]*{TAIL}"
    r"|[0-9]{1,3}"
    rf"| ?[^\s{UPPER}{LOWER}0-9]+[\r\n/]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
PER_MESSAGE = 4
"""Three framing tokens and the role."""
PRIMING = 3
"""The answer starts with three framing tokens that are counted as prompt."""


def count(text: str) -> int:
    """Number of o200k_base tokens of a text built from the templates."""
    return sum(MULTI_TOKEN_PIECES.get(piece, 1) for piece in PIECE.findall(text))


def count_prompt(messages: Sequence[dict[str, Json]], extras: Sequence[Json] = ()) -> int:
    """Prompt tokens of a chat request; tools and output schemas are counted as their JSON text."""
    text = sum(PER_MESSAGE + count(str(message["content"])) for message in messages)
    return PRIMING + text + sum(count(dumps(extra)) for extra in extras)
