"""What a prompt's first and last words ask for: the verb that opens a clause, and the shape of what follows.

These are the richer patterns. They look at the opening and the close of a prompt only, with digits masked, so that all
prompts of one template share one answer (and one entry of the cache), whatever the template was filled with.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

OPENING = 420
"""Characters of the opening that are looked at."""

CLOSE = 280
"""Characters of the close that are looked at."""

VERBS: dict[str, str] = {
    verb: task
    for task, verbs in {
        "classify": "classify categorize categorise label tag detect predict decide determine judge select choose pick "
        "identify rate rank score verify check match assign flag moderate tell|if tell|me|if tell|whether "
        "tell|me|whether say|whether figure|out|if fact|checking answer|yes answer|true",
        "extract": "extract find list|all list|the|names list|every count spot locate highlight pull parse link name "
        "output return select|the|oldest retrieve look|up",
        "format": "reformat format convert capitalize sort reverse normalize clean correct fix|the|grammar "
        "fix|grammar fix|the|spelling fix|spelling fix|the|typos proofread alphabetize split join replace fill add|commas "
        "lowercase uppercase transcribe",
        "translate": "translate",
        "summarise": "summarize summarise condense shorten recap abridge outline",
        "rewrite": "rewrite rephrase paraphrase polish edit improve simplify|the|text simplify|this adapt reword expand "
        "make|this make|it change modify|the|sentence turn|this",
        "draft": "write draft compose create generate produce come|up suggest brainstorm recommend give|me|ideas imagine "
        "pretend suppose|you assume|the embrace|the picture|yourself complete describe|a tell|me|a make compose craft help|me|write reply respond invent pen narrate edit|the|following "
        "act plan prepare",
        "answer": "what what's who's where's how's when's which's who when where which why how is are was were do does did can could should would will has have "
        "explain describe define discuss give provide list name tell elaborate teach show use using "
        "answer compare state mention share summarize|the|differences",
        "code": "implement code debug refactor program compile deploy",
        "maths": "express solve prove calculate compute evaluate integrate differentiate derive|the simplify factor",
        "reasoning": "analyze analyse design develop plan|a architect optimize optimise devise reconcile critique "
        "investigate reason think let's|think assess forecast diagnose conduct formulate construct simulate",
    }.items()
    for verb in (one.replace("|", " ") for one in verbs.split())
}
"""The task of a clause by its first words; longer entries are tried first."""

_POLITE = re.compile(
    r"^(?:hi|hello|hey|ok|okay|so|now|then|also|and|but|first|next|finally|please|kindly|pls|just|"
    r"can you|could you|would you|will you|can i|i want you to|i need you to|i would like you to|i'd like you to|"
    r"i want to|i need to|i would like to|i'd like to|i need|help me to|help me|help us|help|your task is to|"
    r"your job is to|the task is to|the goal (?:\w+ ){0,3}is to|your goal is to|you are required to|your role is to|the objective is to|you need to|you have to|you must|you should|you will|"
    r"you are asked to|you are to|try to|let's|let us|go ahead and|in detail|briefly|thoroughly|carefully|quickly|"
    r"task|instruction|instructions|question|problem|q|user|prompt|input|there|assistant|me to|to)\b[\s:,.\-]*",
)
_CLAUSE = re.compile(r"[.\n:;?!,#*>]+\s*|\s+(?:and|then)\s+")
_DIGITS = re.compile(r"\d")
_CODE_MARK = re.compile(
    r"`[^`\n]{1,60}`|&&|\|\||::|->|=>|\w\(\)|[a-z]+[A-Z][a-z]+\w*\(|\w+_\w+\(|\w\.(?:py|js|ts|cpp|java|php|sh|html|css|sql|json|yaml|toml|exe|dll|rs|go)\b|"
    r"[;{]\n|\b[A-Z]\w+(?:Error|Exception)\b"
)
_OPTION = re.compile(r"(?:^|[\n\s])\(?([A-Ea-e])[).:]\s")
_QUANTITY = re.compile(
    r"\b(?:how (?:many|much|long|far|old|fast|tall|often)|what (?:is|was|will|are|were|would)(?: \w+){0,3} "
    r"(?:total|number|average|cost|price|profit|age|sum|value|area|volume|length|distance|speed|ratio|percentage|"
    r"probability|difference|remainder|perimeter|amount|weight|odds|result|mean|angle|time)|what percent|find (?:the|all|every|a)|"
    r"calculate|compute|determine|by how m|in how m|what fraction)\b"
)
_FACT = re.compile(
    r"^(?:\W*)(?:hi[,! ]+|hello[,! ]+|please )?(?:who|when|where|which \w*[^s\W] |define|what(?:'s| is| was| does| time| year| day| color| colour| "
    r"city| country| language| kind| type)|how (?:many|tall|old|far|big|long|deep|high)|name (?:the|a|an|one|two|three)|"
    r"in (?:what|which)|on (?:what|which)|is|are|was|were|did|does|do|has|have|can|will)\b"
)
_TROUBLE = re.compile(
    r"\b(?:error|exception|fails?|failing|crash(?:es|ed)?|doesn't work|not working|trouble with|issues? with|problems? with|won't|can't|bug|how (?:do|can|to|would|should)|why)\b"
)
_EXPRESSION = re.compile(r"[0a-z)]\s?[+*^=×÷]\s?[-0a-z(]|\b[0a-z]\s[-/]\s[0a-z]\b|\b0+/0+\b")
_CODE_LINE = re.compile(
    r"^\s*(?:def |class |import |from [\w.]+ import|#include|public |private |const |let |var |function |SELECT |"
    r"CREATE TABLE|INSERT INTO|if \(|for \(|while \(|return\b|print\(|</?[a-z]+>|>>> )",
    re.MULTILINE,
)
_NUMBER = re.compile(
    r"0[0.,]*|\b(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty|fifty|hundred|thousand|dozen|half|"
    r"twice|double|triple|third|quarter|thrice)\b"
)
_EQUATION = re.compile(r"[0a-z)]\s?=\s?-?[0a-z(]")
_STATEMENT = re.compile(r"[^.?!\n]{8,}\.(?=\s)")
_HOW_TO = re.compile(
    r"\b(?:how (?:to|do i|do you|can i|can you|can one|would i|could i|should i|might)|instructions?|steps?|guide|tutorial|recipe|"
    r"manual|write|create|develop|make|build|give me|provide|teach|tell me|show me|help me|i want to|i need|ways? to|plan)\b"
)
_FIRST_PERSON = re.compile(r"\b(?:i|i'm|i've|my|me|we|our|us|we're|you are an?|your (?:task|job|role))\b")


class Shape(NamedTuple):
    """What the opening and the close of a prompt show.

    Attributes:
        asks: Tasks of the clauses' verbs, in order, without repeats.
        verbs: The verbs themselves.
        numbers: Numbers in them, in digits or in words.
        options: Answers to choose from.
        quantity: A quantity is asked for.
        expression: Arithmetic or an equation stands in them.
        code_lines: Lines that are code.
        code_marks: Names, operators and file names as only code has them.
    equations: Equations among them.
    statements: Sentences before the last one that are no question.
    first_person: Somebody speaks of themselves, or gives the model a role.
    opens_code: The first or second line is code.
        question: A question mark stands in them.
        fact: It opens as a question for one fact does.
        how_to: A way to do something is asked for, or something to be made.
    trouble: Something fails, or is asked how to do.
    """

    asks: tuple[str, ...]
    verbs: tuple[str, ...]
    numbers: int
    options: int
    quantity: bool
    expression: bool
    code_lines: int
    code_marks: int
    equations: int
    statements: int
    first_person: bool
    opens_code: bool
    question: bool
    fact: bool
    how_to: bool
    trouble: bool


def shape(text: str) -> Shape:
    """Return the shape of a prompt; its cost is bounded whatever the prompt's length."""
    opening = _DIGITS.sub("0", text[:OPENING])
    close = _DIGITS.sub("0", text[max(OPENING, len(text) - CLOSE) :])
    return _shape(opening, close)


@lru_cache(maxsize=1 << 14)
def _shape(opening: str, close: str) -> Shape:
    both = f"{opening}\n{close}" if close else opening
    lowered = both.lower()
    code = _CODE_LINE.search(opening)
    found = _asks(opening[: code.start() if code else None].lower(), 10)
    if close:
        found += _asks(close.lower(), 12)
    return Shape(
        asks=tuple(dict.fromkeys(task for task, _ in found)),
        verbs=tuple(dict.fromkeys(verb for _, verb in found)),
        numbers=len(_NUMBER.findall(lowered)),
        options=len({match.upper() for match in _OPTION.findall(both)}),
        quantity=bool(_QUANTITY.search(lowered)),
        expression=bool(_EXPRESSION.search(lowered)),
        code_lines=len(_CODE_LINE.findall(both)),
        code_marks=len(_CODE_MARK.findall(both)),
        equations=len(_EQUATION.findall(lowered)),
        statements=len(_STATEMENT.findall(opening)),
        first_person=bool(_FIRST_PERSON.search(lowered)),
        opens_code=bool(_CODE_LINE.search("\n".join(opening.strip().split("\n")[:2]))),
        question="?" in both or "？" in both,
        fact=bool(_FACT.match(lowered)),
        how_to=bool(_HOW_TO.search(lowered)),
        trouble=bool(_TROUBLE.search(lowered)),
    )


def _asks(text: str, most: int) -> list[tuple[str, str]]:
    """Return the task and the verb of each clause that opens with a known verb, the first clauses first."""
    found = []
    for clause in _CLAUSE.split(text)[:most]:
        rest = clause.strip(" \t-–—\"'“”()[]{}0")
        for _ in range(4):
            shorter = _POLITE.sub("", rest, count=1)
            if shorter == rest:
                break
            rest = shorter
        words = rest.split(None, 4)[:4]
        for length in (3, 2, 1):
            head = " ".join(words[:length])
            if len(words) >= length and head in VERBS:
                found.append((VERBS[head], head))
                break
    return found
