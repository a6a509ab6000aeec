"""What the first and last words of a prompt ask for: the verb that opens a clause, and the shape of what follows.

The patterns here are richer than the phrases of the vocabulary. They look only at the beginning and the end of a
prompt, with digits masked, so that all prompts of a template share one answer (and one cache entry), whatever the
template was filled with.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from llmaudit.tiers.shape_patterns import CODE_LINE, COUNTS, LOWER_COUNTS
from llmaudit.tiers.vocabulary.verbs import POLITE, POLITE_HEADS, VERBS

OPENING = 420
"""Characters of the opening that are looked at."""

CLOSE = 280
"""Characters of the close that are looked at."""

HEAD_OF_CLAUSE = 60
"""Characters of a clause within which its verb has to occur, including polite words before it."""

_CLAUSE = re.compile(r"[.\n:;?!,#*>]+\s*|\s+(?:and|then)\s+")
_FIRST_CODE = re.compile(CODE_LINE, re.MULTILINE)
_MASK = bytes.maketrans(b"123456789", b"0" * 9)
_EDGES = " \t-\u2013\u2014\"'\u201c\u201d()[]{}0"


class Shape(NamedTuple):
    """What the opening and the close of a prompt show.

    Attributes:
        asks: Tasks of the clauses' verbs, in order, without repeats.
        verbs: The verbs themselves.
        opens_code: The first or second line is code.
        code_lines: Lines that are code.
        code_marks: Names, operators and file names as only code has them.
        statements: Sentences that are no question.
        marks: Question marks.
        numbers: Numbers in them, in digits or in words.
        equations: Equations among them.
        expressions: Arithmetic, equations included.
        quantities: Times a quantity is asked for.
        first_person: Times somebody speaks of themselves, or gives the model a role.
        trouble: Times something fails, or is asked how to do.
        how_to: Times a way to do something is asked for, or something to be made.
        facts: 1 if it opens as a question for one fact does.
        terms: Words formed as those of medicine and the life sciences are.
        long_text: Times a length of a thousand words or more is asked for.
        option_a: Answers (A) to choose from; `option_b` and `option_c` alike.
    """

    asks: tuple[str, ...]
    verbs: tuple[str, ...]
    opens_code: bool
    code_lines: int
    code_marks: int
    statements: int
    marks: int
    numbers: int
    equations: int
    expressions: int
    quantities: int
    first_person: int
    trouble: int
    how_to: int
    facts: int
    terms: int
    long_text: int
    option_a: int
    option_b: int
    option_c: int

    @property
    def choice(self) -> bool:
        """Answers (A), (B) and (C) are given to choose from."""
        return bool(self.option_a and self.option_b and self.option_c)


def shapes(texts: Sequence[str]) -> Iterator[Shape]:
    """Yield the shape of each prompt; the cost of one is bounded whatever its length."""
    import polars as pl  # noqa: PLC0415 -- a tenth of a second, wanted only where there is text

    openings = [_masked(text[:OPENING]) for text in texts]
    closes = [_masked(text[max(OPENING, len(text) - CLOSE) :]) for text in texts]
    both = pl.Series("both", [f"{one}\n{two}" for one, two in zip(openings, closes, strict=True)], dtype=pl.String)
    frame = pl.select(both, both.str.to_lowercase().alias("lower"))
    counted = frame.select(
        *(pl.col("both").str.count_matches(_ascii(pattern)).alias(name) for name, pattern in COUNTS.items()),
        *(pl.col("lower").str.count_matches(_ascii(pattern)).alias(name) for name, pattern in LOWER_COUNTS.items()),
    )
    for opening, close, counts in zip(openings, closes, counted.iter_rows(), strict=True):
        yield Shape(*_asked(opening, close), *counts)


def _masked(text: str) -> str:
    return text.encode("utf-8", "replace").translate(_MASK).decode()


def _ascii(pattern: str) -> str:
    """Return a pattern whose word borders are those of ASCII: the others cost fifty times as much."""
    return pattern.replace(r"\b", r"(?-u:\b)")


@lru_cache(maxsize=1 << 14)
def _asked(opening: str, close: str) -> tuple[tuple[str, ...], tuple[str, ...], bool]:
    """Return tasks and verbs of the clauses, and whether the prompt opens with code; once per template."""
    code = _FIRST_CODE.search(opening)
    found = _asks(opening[: code.start() if code else None].lower(), 10)
    if close:
        found += _asks(close.lower(), 12)
    head = "\n".join(opening.strip().split("\n", 2)[:2])
    tasks = tuple(dict.fromkeys(task for task, _ in found))
    return tasks, tuple(dict.fromkeys(verb for _, verb in found)), bool(code and _FIRST_CODE.search(head))


def _asks(text: str, most: int) -> list[tuple[str, str]]:
    """Return the task and the verb of each clause that opens with a known verb, the first clauses first."""
    clauses = _CLAUSE.split(text, most)[:most]
    return [found for clause in clauses if len(clause) > 1 and (found := _ask(clause[:HEAD_OF_CLAUSE]))]


@lru_cache(maxsize=1 << 15)
def _ask(clause: str) -> tuple[str, str] | None:
    """Return the task and the verb that a clause opens with, or None."""
    words = clause.strip(_EDGES).split(None, 3)
    for _ in range(4):
        if not words or words[0].rstrip(":,.-") not in POLITE_HEADS:
            break
        words = POLITE.sub("", " ".join(words), count=1).split(None, 3)
    for length in range(min(len(words), 3), 0, -1):
        head = " ".join(words[:length])
        if head in VERBS:
            return VERBS[head], head
    return None
