"""What kind of task a prompt is: ordered rules over the phrases found in it and the shape of its beginning and end.

The sentence of a rule says what it requires. Its numbers are points and counts of words, chosen on public prompts and
checked on sources that were kept apart (docs/tiers.md).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from llmaudit.tiers import vocabulary
from llmaudit.tiers.text_evidence import TextEvidence
from llmaudit.tiers.vocabulary.verbs import VERBS

LONG = 6_000
"""Characters of a prompt from which even a simple task is at least standard."""

HUGE = 100_000
"""Characters of a prompt from which every task is complex: some 25,000 tokens have to be kept in view."""

NO_MATERIAL = 120
"""Characters of a prompt up to which it can hold an instruction only, and no material."""

STORY = 60
"""Words up to which statements and a question are a problem to solve; a longer one is a passage to read."""

SMALL_TALK = 6
"""Words up to which a greeting is all there is."""

SHORT_QUESTION = 14
"""Words up to which a question can ask for one fact."""

DEFINITION = 5
"""Words of a question that can only ask for a definition, whatever it is about."""

PLAIN_LABELS = frozenset({"classify", "categorize", "categorise", "label", "tag", "extract", "pull", "assign", "score"})
"""Verbs that ask for a label or a field and nothing else, even after a first `analyse` or `read`."""

PLAIN_PHRASES = frozenset(
    {" on a scale of", " into one of", " one of these categories", " one of the following categories"}
)
"""Phrases that do the same."""

PROOFS = frozenset({"prove", "derive the", "integrate", "differentiate"})
"""Verbs that ask for mathematics whatever it is about."""

PARTS = frozenset({"act", "imagine", "pretend", "suppose you", "assume the", "embrace the", "picture yourself"})
"""Verbs that give the model a part to play."""

HOWS = frozenset({"how", "why", "explain", "describe", "discuss", "develop", "derive"})
"""Verbs that ask for the workings of something."""


class Decision(NamedTuple):
    """What a rule says of a prompt.

    Attributes:
        task: The kind of task.
        effort: 0 trivial, 1 standard, 2 complex.
        category: The category of the phrases it rests on; empty if it rests on the shape alone.
    """

    task: str
    effort: int
    category: str


EffortRule = Callable[[TextEvidence], Decision | None]


def huge_prompt(seen: TextEvidence) -> Decision | None:
    """The prompt is so long that keeping all of it in view is hard, whatever is asked."""
    return Decision("long-context", 2, "") if seen.size >= HUGE else None


def small_talk(seen: TextEvidence) -> Decision | None:
    """A greeting, thanks, or a bare yes or no."""
    if "greet" not in seen.found or seen.words > SMALL_TALK or seen.size > 10 * SMALL_TALK:
        return None
    return Decision("greet", 0, "greet") if set(seen.shape.asks) <= {"answer"} and not _topical(seen) else None


def label_or_field(seen: TextEvidence) -> Decision | None:
    """A label, a field or a reformatting of given text; over a long text it is at least standard."""
    asks, verbs = seen.shape.asks, seen.shape.verbs
    if PLAIN_PHRASES & seen.found.get("ask_classify", set()) and "code" not in seen.found:
        return Decision("classify", 1 if seen.size >= LONG else 0, "ask_classify")
    task = next((VERBS[verb] for verb in verbs[:2] if verb in PLAIN_LABELS), None)
    if task is None and seen.first in {"classify", "extract", "format"} and not _works_out(seen):
        coded = len(seen.found.get("code", ()))
        task = None if coded >= 2 or (coded and seen.first != "classify") else seen.first
    if "code" in seen.found and seen.size <= NO_MATERIAL:
        return None  # nothing is given to take a label or a field from: code that does so is wanted
    if task is None or seen.shape.opens_code or ("code" in seen.found and "code" in asks):
        return None
    return Decision(task, 1 if seen.size >= LONG else 0, f"ask_{task}")


def code_work(seen: TextEvidence) -> Decision | None:
    """Code is to be written, fixed or understood."""
    strong = len(seen.found.get("code", ()))
    lines = seen.shape.code_lines + seen.shape.code_marks
    if _short_question(seen) and not lines:
        return None  # a short question about a language is no code to be written
    form = seen.shape
    asks_for_code = seen.asks("draft", "code", "format", "reasoning", "rewrite") or form.trouble or form.how_to
    asks_for_code = asks_for_code or (seen.size <= NO_MATERIAL and seen.asks("classify", "extract"))
    if seen.shape.opens_code or ("code" in seen.shape.asks and seen.points("code")):
        return Decision("code", 2, "code")
    if (
        strong + (lines >= 2) >= 2
        or (lines >= 2 and form.marks)
        or (strong + (lines >= 1) >= 1 and asks_for_code)
        or (asks_for_code and seen.points("code") >= 3)
    ):
        return Decision("code", 2, "code")
    return None


def mathematics(seen: TextEvidence) -> Decision | None:
    """A proof, an equation, notation, or a quantity to be worked out from several numbers."""
    strong = len(seen.found.get("maths", ()))
    form = seen.shape
    worked_out = form.quantities and (
        form.numbers >= 3 or (form.numbers >= 2 and (seen.words >= 18 or form.expressions))
    )
    if strong >= 2 or (strong and (form.numbers >= 1 or "maths" in form.asks or form.expressions)) or worked_out:
        return Decision("maths", 2, "maths")
    if PROOFS & set(form.verbs):
        return Decision("maths", 2, "maths_weak")
    if form.expressions and (seen.points("maths") >= 1 or "maths" in form.asks or form.equations >= 2):
        return Decision("maths", 2, "maths_weak")
    if "maths" in form.asks and seen.points("maths") >= 2 and form.numbers >= 1:
        return Decision("maths", 2, "maths_weak")
    return Decision("maths", 2, "maths_weak") if seen.points("maths") >= 4 and form.numbers >= 2 else None


def several_steps(seen: TextEvidence) -> Decision | None:
    """A puzzle, rules to follow to an end, or reasoning that the prompt asks to see."""
    return Decision("reasoning", 2, "logic") if "logic" in seen.found else None


def given_answer(seen: TextEvidence) -> Decision | None:
    """A question is to be answered from given text, and from nothing else."""
    return Decision("qa", 1, "ask_qa") if "ask_qa" in seen.found and seen.first in {None, "answer", "qa"} else None


def persona(seen: TextEvidence) -> Decision | None:
    """A role to play, and nothing to work out."""
    plays = any(verb in PARTS for verb in seen.shape.verbs[:2])
    works = {"code", "maths", "reasoning"} & set(seen.shape.asks)
    return Decision("draft", 1, "ask_draft") if plays and not works and not seen.shape.marks else None


def story_problem(seen: TextEvidence) -> Decision | None:
    """A few statements about others, then a question that follows from them."""
    form = seen.shape
    is_story = form.statements >= 2 or (form.statements and form.numbers)
    apart = not form.first_person and not form.choice and (seen.words <= STORY or form.numbers >= 4)
    if is_story and apart and form.marks and seen.first in {None, "answer"}:
        return Decision("reasoning", 2, "")
    return None


def analysis(seen: TextEvidence) -> Decision | None:
    """Design, analysis or planning in depth, or a question from deep inside a science."""
    depth, science = len(seen.found.get("depth", ())), len(seen.found.get("science", ()))
    science += len(seen.found.get("professional", ())) + seen.shape.terms
    technical = science + len(seen.found.get("maths", ()))
    technical += 0 if _short_question(seen) else len(seen.found.get("code", ()))
    if "reasoning" in seen.shape.asks and (depth or technical):
        return Decision("reasoning", 2, "depth")
    if depth >= 2 and (seen.words >= 25 or technical):
        return Decision("reasoning", 2, "depth")
    if technical and not _short_question(seen) and HOWS & set(seen.shape.verbs):
        return Decision("reasoning", 2, "science")
    if science >= 2 or (technical >= 1 and (depth >= 1 or seen.points("code") + seen.points("maths") >= 3)):
        return Decision("reasoning", 2, "science")
    return None


def long_work(seen: TextEvidence) -> Decision | None:
    """A long document is to be written, or many instructions are to be met at once."""
    if ("long_output" in seen.found or seen.shape.long_text) and seen.asks("draft", "reasoning"):
        return Decision("reasoning", 2, "long_output")
    demands = len(seen.found.get("constraint", ()))
    if demands >= 5 and seen.words >= 80:
        return Decision("reasoning", 2, "constraint")
    return None


def given_text(seen: TextEvidence) -> Decision | None:
    """The first thing asked for is a summary, a translation or another wording of given text; code stays code."""
    if seen.first not in {"summarise", "translate", "rewrite"}:
        return None
    form = seen.shape
    if seen.first != "summarise" and (
        "code" in seen.found or form.code_lines or (form.expressions and form.numbers >= 2)
    ):
        return None
    return Decision(seen.first, 1, f"ask_{seen.first}")


def text_by_phrase(seen: TextEvidence) -> Decision | None:
    """Phrases of the vocabulary ask for a summary or a translation, although no clause begins with the verb."""
    for task in ("summarise", "translate"):
        if f"ask_{task}" in seen.found and seen.first not in {"draft", "answer"}:
            return Decision(task, 1, f"ask_{task}")
    return None


def label_by_phrase(seen: TextEvidence) -> Decision | None:
    """Phrases of the vocabulary ask for a label or a field, although no clause begins with the verb."""
    if "code" in seen.found and seen.size <= NO_MATERIAL:
        return None
    for task in ("classify", "extract"):
        if f"ask_{task}" in seen.found and "draft" not in seen.shape.asks:
            return Decision(task, 1 if seen.size >= LONG else 0, f"ask_{task}")
    return None


def choice(seen: TextEvidence) -> Decision | None:
    """One of several given answers is to be chosen."""
    return Decision("answer", 1, "options") if seen.shape.choice else None


def plain_fact(seen: TextEvidence) -> Decision | None:
    """A short question for one fact or one definition."""
    asked = seen.first == "answer" and seen.words <= SHORT_QUESTION and len(seen.shape.asks) == 1
    if not asked or not seen.shape.facts or "depth" in seen.found or (_topical(seen) and seen.words > DEFINITION):
        return None
    return Decision("factoid", 0, "")


def drafting(seen: TextEvidence) -> Decision | None:
    """Something short is to be written."""
    return Decision("draft", 1, "ask_draft") if seen.asks("draft", "code", "reasoning") else None


def answering(seen: TextEvidence) -> Decision | None:
    """A question, or any other request in words."""
    if seen.shape.marks or seen.shape.asks or any(f"ask_{task}" in seen.found for task in vocabulary.ASKS):
        return Decision("answer", 1, "ask_answer")
    return None


def plain_words(seen: TextEvidence) -> Decision | None:
    """A remark that asks for nothing the rules know: talk."""
    return Decision("chat", 1, "") if seen.words >= 4 else None


EFFORT_RULES: tuple[EffortRule, ...] = (
    huge_prompt,
    small_talk,
    label_or_field,
    given_text,
    code_work,
    given_answer,
    persona,
    mathematics,
    several_steps,
    story_problem,
    text_by_phrase,
    analysis,
    long_work,
    label_by_phrase,
    choice,
    plain_fact,
    drafting,
    answering,
    plain_words,
)
"""What the task is; the first rule that has an answer decides."""


def _short_question(seen: TextEvidence) -> bool:
    form = seen.shape
    return seen.first == "answer" and seen.words <= SHORT_QUESTION and not form.trouble and not form.how_to


def _works_out(seen: TextEvidence) -> bool:
    """Say whether the label or field has to be worked out: a sum, a puzzle, a proof."""
    return bool(mathematics(seen) or several_steps(seen))


def _topical(seen: TextEvidence) -> bool:
    """Say whether the words belong to a trade or a science."""
    return any(topic in seen.found for topic in ("code", "maths", "science", "logic", *vocabulary.REGULATED))
