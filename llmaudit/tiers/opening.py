"""What the first and last words of a prompt ask for: the verb that opens a clause, and the shape of what follows.

These are the richer patterns. They look only at the beginning and the end of a prompt, with digits masked, so that all
prompts of a template share one answer (and one cache entry), whatever the template was filled with.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

OPENING = 420
"""Characters of the opening that are looked at."""

CLOSE = 280
"""Characters of the close that are looked at."""

VERB_TABLE: dict[str, str] = {
    "classify": """
        classify | categorize | categorise | label | tag | detect | predict | determine | judge | select |
        choose | pick | identify | rate | rank | score | verify | check | match | assign | flag | moderate |
        tell if | tell me if | tell whether | tell me whether | say whether | figure out if | fact checking |
        answer yes | answer true""",
    "extract": """
        extract | find | list all | list the names | list every | count | spot | locate | highlight | pull |
        parse | link | name | output | return | select the oldest | retrieve | look up""",
    "format": """
        reformat | format | convert | capitalize | sort | reverse | normalize | clean | correct | fix the
        grammar | fix grammar | fix the spelling | fix spelling | fix the typos | proofread | alphabetize |
        split | join | replace | fill | add commas | lowercase | uppercase | transcribe""",
    "translate": """
        translate""",
    "summarise": """
        summarize | summarise | condense | shorten | recap | abridge""",
    "rewrite": """
        rewrite | rephrase | paraphrase | polish | edit | improve | simplify the text | simplify this | adapt |
        reword | expand | make this | make it | change | modify the sentence | turn this""",
    "draft": """
        write | draft | compose | create | generate | produce | come up | suggest | brainstorm | recommend |
        give me ideas | imagine | pretend | suppose you | assume the | embrace the | picture yourself | complete
        | describe a | tell me a | make | craft | help me write | reply | respond | invent | pen | narrate |
        edit the following | act | plan | prepare | outline""",
    "answer": """
        what | what's | who's | where's | how's | when's | which's | who | when | where | which | why | how | is
        | are | was | were | do | does | did | can | could | should | would | will | has | have | explain |
        describe | define | discuss | give | provide | list | name | tell | elaborate | teach | show | use |
        using | cuál | quién | cuándo | dónde | qué | quelle | quel | qui | wer | wann | wo | welche | chi |
        quem | onde | кто | когда | где | decide | approve | reject | answer | compare | state | mention | share
        | summarize the differences | check out""",
    "code": """
        implement | code | debug | refactor | program | compile | deploy | run | execute""",
    "maths": """
        express | solve | prove | calculate | compute | evaluate | integrate | differentiate | derive the |
        simplify | factor""",
    "reasoning": """
        analyze | analyse | design | develop | plan a | architect | optimize | optimise | devise | reconcile |
        critique | investigate | reason | think | let's think | assess | forecast | diagnose | conduct |
        formulate | construct | simulate""",
}
"""The verbs, or first words, by task; a verb under several tasks belongs to the last of them."""

VERBS: dict[str, str] = {
    verb: task for task, table in VERB_TABLE.items() for verb in " ".join(table.split()).split(" | ")
}
"""The task of a clause by its first words; longer entries are tried first."""

_POLITE = re.compile(
    r"^(?:hi|hello|hey|ok|okay|so|now|then|also|and|but|first|next|finally|please|kindly|pls|just|"
    r"can you|could you|would you|will you|can i|i want you to|i need you to|i would like you to|i'd like you to|"
    r"i want to|i need to|i would like to|i'd like to|i need|help me to|help me|help us|help|your task is to|"
    r"your job is to|the task is to|the goal (?:\w+ ){0,3}is to|your goal is to|you are required to|your role is to|"
    r"the objective is to|you need to|you have to|you must|you should|you will|"
    r"you are asked to|you are to|try to|let's|let us|go ahead and|in detail|briefly|thoroughly|carefully|quickly|"
    r"task|instruction|instructions|question|problem|q|user|prompt|input|there|assistant|me to|to|you(?! are))\b"
    r"[\s:,.\-]*",
)
_CLAUSE = re.compile(r"[.\n:;?!,#*>]+\s*|\s+(?:and|then)\s+")
_CODE_LINE = (
    r"^\s*(?:def |class |import |from [\w.]+ import|#include|public |private |const |let |var |function |SELECT |"
    r"CREATE TABLE|INSERT INTO|if \(|for \(|while \(|return\b|print\(|</?[a-z]+>|>>> )"
)
_FIRST_CODE = re.compile(_CODE_LINE, re.MULTILINE)

COUNTS: dict[str, str] = {
    # Counted in the opening and the close as written, but with digits as 0.
    "code_lines": f"(?m){_CODE_LINE}",
    "code_marks": (
        r"`[^`\n]{1,60}`|&&|\|\||::|->|=>|\w\(\)|[a-z][A-Z][a-z]+\w*\(|\b(?:print|range|len|printf|malloc)\(|[a-z]_\w+\(|"
        r"\w\.(?:py|js|ts|cpp|java|php|sh|html|css|sql|json|yaml|toml|exe|dll|rs|go)\b|"
        r"[;{]\n|\b[A-Z]\w+(?:Error|Exception)\b"
    ),
    "statements": r"[^.?!\n]{8}\.\s",
    "marks": r"[?？]",
}
LOWER_COUNTS: dict[str, str] = {
    # Counted in them in lower case.
    "numbers": (
        r"0[0.,]*|\b(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty|fifty|hundred|thousand|"
        r"dozen|half|twice|double|triple|third|quarter|thrice)\b"
    ),
    "equations": r"[0a-z)]\s?=\s?-?[0a-z(]",
    "expressions": r"[0a-z)]\s?[+*^=×÷]\s?[-0a-z(]|\b[0a-z]\s[-/]\s[0a-z]\b|\b0+/0+\b",
    "quantities": (
        r"\b(?:how (?:many|much|long|far|old|fast|tall|often)|what (?:is|was|will|are|were|would)(?: \w+){0,3} "
        r"(?:total|number|average|cost|price|profit|age|sum|value|area|volume|length|distance|speed|ratio|percentage|"
        r"probability|difference|remainder|perimeter|amount|weight|odds|result|mean|angle|time)|what percent|"
        r"find (?:the|all|every|a)|calculate|compute|determine|by how m|in how m|what fraction)\b"
    ),
    "first_person": r"\b(?:i|i'm|i've|my|me|we|our|us|we're|you are an?|your (?:task|job|role))\b",
    "trouble": (
        r"\b(?:error|exception|fails?|failing|crash(?:es|ed)?|doesn't work|not working|trouble with|issues? with|"
        r"problems? with|won't|can't|bug|how (?:do|can|to|would|should)|why)\b"
    ),
    "how_to": (
        r"\b(?:how (?:to|do i|do you|can i|can you|can one|would i|could i|should i|might)|instructions?|steps?|guide|"
        r"tutorial|recipe|manual|write|create|develop|make|build|give me|provide|teach|tell me|show me|help me|"
        r"i want to|i need|ways? to|plan)\b"
    ),
    "facts": (
        r"^\W*(?:hi[,! ]+|hello[,! ]+|please )?(?:who|when|where|which \w*[^s\W] |define|what(?:'s| is| was| does|"
        r" time| year| day| color| colour| city| country| language| kind| type)|"
        r"how (?:many|tall|old|far|big|long|deep|high)|"
        r"name (?:the|a|an|one|two|three)|in (?:what|which)|on (?:what|which)|"
        r"cuál es|quién|cuándo|dónde|quelle est|qui a|wer|wann|wo|chi|quando|dove|quem|onde|кто|когда|где|"
        r"is|are|was|were|did|does|do|has|have|can|will)\b"
    ),
    "terms": (
        r"\b(?:hydro|glyco|electro|proteo)lysis\b|"
        r"\b[a-z]{3,}(?:ylation|itis|osis|emia|ectomy|opathy|genesis|kinetics|dynamics|omics|phagy|oxidase|"
        r"kinase|synthase|transferase)\b"
    ),
    "long_text": r"\b0{1,2},?000[- ]words?\b",
    "option_a": r"(?:^|\s)\(?a[).:]\s",
    "option_b": r"\s\(?b[).:]\s",
    "option_c": r"\s\(?c[).:]\s",
}
"""All are linear in the text, by the engine that runs them: it never goes back."""


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
        facts: 1 where it opens as a question for one fact does.
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


_MASK = bytes.maketrans(b"123456789", b"0" * 9)


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


HEAD_OF_CLAUSE = 60
"""Characters of a clause within which its verb has to occur, including polite words before it."""


@lru_cache(maxsize=1 << 15)
def _ask(clause: str) -> tuple[str, str] | None:
    """Return the task and the verb that a clause opens with, or None."""
    words = clause.strip(_EDGES).split(None, 3)
    for _ in range(4):
        if not words or words[0].rstrip(":,.-") not in _POLITE_HEADS:
            break
        words = _POLITE.sub("", " ".join(words), count=1).split(None, 3)
    for length in range(min(len(words), 3), 0, -1):
        head = " ".join(words[:length])
        if head in VERBS:
            return VERBS[head], head
    return None


_EDGES = " \t-\u2013\u2014\"'\u201c\u201d()[]{}0"
_POLITE_HEADS = frozenset(
    [
        "hi",
        "hello",
        "hey",
        "ok",
        "okay",
        "so",
        "now",
        "then",
        "also",
        "and",
        "but",
        "first",
        "next",
        "finally",
        "please",
        "kindly",
        "pls",
        "just",
        "can",
        "could",
        "would",
        "will",
        "i",
        "i'd",
        "help",
        "your",
        "the",
        "you",
        "try",
        "let's",
        "let",
        "go",
        "in",
        "briefly",
        "thoroughly",
        "carefully",
        "quickly",
        "task",
        "instruction",
        "instructions",
        "question",
        "problem",
        "q",
        "user",
        "prompt",
        "input",
        "there",
        "assistant",
        "me",
        "to",
    ]
)
"""First words of what `_POLITE` strips: a cheap look before the pattern."""
