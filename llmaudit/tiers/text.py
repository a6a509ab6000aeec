"""What a prompt's words tell: the kind of task, its effort, and what would make an error dear.

One pass finds every phrase of the vocabulary (polars, Aho-Corasick); the shape of the opening and the close is looked at
once per template; then rules in the order of `EFFORT_RULES` and `STAKES_RULES` decide. The text is not kept: a hint
holds phrases of our own vocabulary only. Whether a cheaper model would fail cannot be read from a text, so a hint is a
proposal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache

import msgspec

from llmaudit.tiers import vocabulary
from llmaudit.tiers.opening import VERBS, Shape, shapes

HEAD = 3_000
TAIL = 1_500
"""Characters of a prompt's head and tail that are searched. They bound the cost of a hostile prompt; instructions stand
at either end, what lies between is what they are about."""

BATCH = 20_000
"""Prompts searched at a time: bounds the memory of a pass to some 100 MB."""

LONG = 6_000
"""Characters of a prompt from which even a simple task is at least standard."""

HUGE = 100_000
"""Characters of a prompt from which every task is complex: some 25,000 tokens have to be kept in view."""

NO_MATERIAL = 120
"""Characters of a prompt up to which it can hold an instruction only, and no material."""

STORY = 60
"""Words up to which statements and a question are a problem to solve; a longer one is a passage to read."""

SMALL_TALK = 8
"""Words up to which a greeting is all there is."""

SHORT_QUESTION = 14
"""Words up to which a question can ask for one fact."""

DEFINITION = 5
"""Words of a question that can only ask for a definition, whatever it is about."""


class TextHints(msgspec.Struct, frozen=True):
    """What the words of one prompt tell.

    Attributes:
        task: The kind of task, or None where nothing tells.
        effort: 0 trivial, 1 standard, 2 complex; None where `task` is.
        stakes: What makes an error dear, or None.
        rule: The effort rule that decided, or None.
        words: Phrases of the vocabulary that the decision rests on, at most six, sorted; never the prompt's text.
    """

    task: str | None = None
    effort: int | None = None
    stakes: str | None = None
    rule: str | None = None
    words: tuple[str, ...] = ()


MAX_WORDS = 6

NOTHING = TextHints()


class Evidence(msgspec.Struct, frozen=True):
    """What the rules look at.

    Attributes:
        found: Phrases found, by category.
        shape: The opening and the close.
        size: Characters of the whole prompt.
        words: Words in the opening, at most 100.
    """

    found: dict[str, set[str]]
    shape: Shape
    size: int
    words: int

    def points(self, topic: str) -> int:
        """Return two points for each strong phrase of a topic and one for each weak one."""
        return 2 * len(self.found.get(topic, ())) + len(self.found.get(f"{topic}_weak", ()))

    def asks(self, *tasks: str) -> bool:
        """Say whether a clause's verb or a phrase of the vocabulary asks for one of the tasks."""
        return any(task in self.shape.asks or f"ask_{task}" in self.found for task in tasks)

    @property
    def first(self) -> str | None:
        """The task of the first clause that opens with a known verb."""
        return self.shape.asks[0] if self.shape.asks else None


Decision = tuple[str, int, str] | None
"""Task, effort, and the category of phrases it rests on."""

EffortRule = Callable[[Evidence], Decision]


def huge_prompt(seen: Evidence) -> Decision:
    """So long a prompt has to be kept in view whole, whatever is asked."""
    return ("long-context", 2, "") if seen.size >= HUGE else None


def small_talk(seen: Evidence) -> Decision:
    """A greeting, thanks, or a bare yes or no."""
    if "greet" not in seen.found or seen.words > SMALL_TALK or seen.size > 10 * SMALL_TALK:
        return None
    return ("greet", 0, "greet") if set(seen.shape.asks) <= {"answer"} and not _topical(seen) else None


PLAIN_LABELS = frozenset({"classify", "categorize", "categorise", "label", "tag", "extract", "pull", "assign", "score"})
"""Verbs that ask for a label or a field and nothing else, even after a first `analyse` or `read`."""


PLAIN_PHRASES = frozenset({" on a scale of", " into one of", " one of these categories", " one of the following categories"})


def label_or_field(seen: Evidence) -> Decision:
    """A label, a field or a reformatting of given text; over a long text it is at least standard."""
    asks, verbs = seen.shape.asks, seen.shape.verbs
    if PLAIN_PHRASES & seen.found.get("ask_classify", set()) and "code" not in seen.found:
        return "classify", 1 if seen.size >= LONG else 0, "ask_classify"
    task = next((VERBS[verb] for verb in verbs[:2] if verb in PLAIN_LABELS), None)
    if task is None and seen.first in {"classify", "extract", "format"} and not _works_out(seen):
        task = None if "code" in seen.found and seen.first != "classify" else seen.first
    if "code" in seen.found and seen.size <= NO_MATERIAL:
        return None  # nothing is given to take a label or a field from: code that does so is wanted
    if task is None or seen.shape.opens_code or ("code" in seen.found and "code" in asks):
        return None
    return task, 1 if seen.size >= LONG else 0, f"ask_{task}"


def code_work(seen: Evidence) -> Decision:
    """Code is to be written, mended or understood."""
    strong = len(seen.found.get("code", ()))
    lines = seen.shape.code_lines + seen.shape.code_marks
    if _short_question(seen) and not lines:
        return None  # a short question about a language is no code to be written
    made = seen.asks("draft", "code", "format", "reasoning", "rewrite") or seen.shape.trouble or seen.shape.how_to
    if seen.shape.opens_code or ("code" in seen.shape.asks and seen.points("code")):
        return "code", 2, "code"
    if strong + (lines >= 2) >= 2 or (strong + (lines >= 1) >= 1 and made) or (made and seen.points("code") >= 3):
        return "code", 2, "code"
    return None


def mathematics(seen: Evidence) -> Decision:
    """A proof, an equation, notation, or a quantity to be worked out from several numbers."""
    strong = len(seen.found.get("maths", ()))
    form = seen.shape
    worked_out = form.quantities and (form.numbers >= 3 or (form.numbers >= 2 and (seen.words >= 18 or form.expressions)))
    if strong >= 2 or (strong and (form.numbers >= 1 or "maths" in form.asks or form.expressions)) or worked_out:
        return "maths", 2, "maths"
    if form.expressions and (seen.points("maths") >= 1 or "maths" in form.asks or form.equations >= 2):
        return "maths", 2, "maths_weak"
    if "maths" in form.asks and seen.points("maths") >= 2 and form.numbers >= 1:
        return "maths", 2, "maths_weak"
    return ("maths", 2, "maths_weak") if seen.points("maths") >= 4 and form.numbers >= 2 else None


def several_steps(seen: Evidence) -> Decision:
    """A puzzle, rules to follow to an end, or reasoning that the prompt asks to see."""
    return ("reasoning", 2, "logic") if "logic" in seen.found else None


def given_answer(seen: Evidence) -> Decision:
    """A question is to be answered from given text, and from nothing else."""
    return ("qa", 1, "ask_qa") if "ask_qa" in seen.found and seen.first in {None, "answer", "qa"} else None


def persona(seen: Evidence) -> Decision:
    """A part to play, and nothing to work out in it."""
    plays = any(verb in PARTS for verb in seen.shape.verbs[:2])
    works = {"code", "maths", "reasoning"} & set(seen.shape.asks)
    return ("draft", 1, "ask_draft") if plays and not works and not seen.shape.marks else None


PARTS = frozenset({"act", "imagine", "pretend", "suppose you", "assume the", "embrace the", "picture yourself"})
"""Verbs that give the model a part to play."""


def story_problem(seen: Evidence) -> Decision:
    """A few statements about others, then a question that follows from them."""
    form = seen.shape
    told = form.statements >= 2 or (form.statements and form.numbers)
    apart = not form.first_person and not form.choice and (seen.words <= STORY or form.numbers >= 4)
    if told and apart and form.marks and seen.first in {None, "answer"}:
        return "reasoning", 2, ""
    return None


HOWS = frozenset({"how", "why", "explain", "describe", "discuss", "develop", "derive"})
"""Verbs that ask for the workings of something."""


def analysis(seen: Evidence) -> Decision:
    """Design, analysis or planning in depth, or a question from deep inside a science."""
    depth, science = len(seen.found.get("depth", ())), len(seen.found.get("science", ()))
    science += len(seen.found.get("professional", ()))
    technical = science + len(seen.found.get("maths", ()))
    technical += 0 if _short_question(seen) else len(seen.found.get("code", ()))
    if "reasoning" in seen.shape.asks and (depth or technical):
        return "reasoning", 2, "depth"
    if depth >= 2 and (seen.words >= 25 or technical):
        return "reasoning", 2, "depth"
    if technical and not _short_question(seen) and HOWS & set(seen.shape.verbs):
        return "reasoning", 2, "science"
    if science >= 2 or (technical >= 1 and (depth >= 1 or seen.points("code") + seen.points("maths") >= 3)):
        return "reasoning", 2, "science"
    return None


def long_work(seen: Evidence) -> Decision:
    """A long document is to be written, or many instructions are to be met at once."""
    if "long_output" in seen.found and seen.asks("draft", "reasoning"):
        return "reasoning", 2, "long_output"
    demands = len(seen.found.get("constraint", ()))
    if demands >= 5 and seen.words >= 80:
        return "reasoning", 2, "constraint"
    return None


def given_text(seen: Evidence) -> Decision:
    """A summary, a translation, or another wording of given text is asked for first; of code it is code."""
    if seen.first not in {"summarise", "translate", "rewrite"}:
        return None
    form = seen.shape
    if seen.first != "summarise" and ("code" in seen.found or form.code_lines or (form.expressions and form.numbers >= 2)):
        return None
    return seen.first, 1, f"ask_{seen.first}"


def text_by_phrase(seen: Evidence) -> Decision:
    """The vocabulary's own phrases ask for a summary or a translation, though no clause opens with the verb."""
    for task in ("summarise", "translate"):
        if f"ask_{task}" in seen.found and seen.first not in {"draft", "answer"}:
            return task, 1, f"ask_{task}"
    return None


def label_by_phrase(seen: Evidence) -> Decision:
    """The vocabulary's own phrases ask for a label or a field, though no clause opens with the verb."""
    if "code" in seen.found and seen.size <= NO_MATERIAL:
        return None
    for task in ("classify", "extract"):
        if f"ask_{task}" in seen.found and "draft" not in seen.shape.asks:
            return task, 1 if seen.size >= LONG else 0, f"ask_{task}"
    return None


def choice(seen: Evidence) -> Decision:
    """One of several given answers is to be chosen."""
    return ("answer", 1, "options") if seen.shape.choice else None


def plain_fact(seen: Evidence) -> Decision:
    """A short question for one fact or one definition."""
    asked = seen.first == "answer" and seen.words <= SHORT_QUESTION and len(seen.shape.asks) == 1
    if not asked or not seen.shape.facts or "depth" in seen.found or (_topical(seen) and seen.words > DEFINITION):
        return None
    return "factoid", 0, ""


def drafting(seen: Evidence) -> Decision:
    """Something short is to be written."""
    return ("draft", 1, "ask_draft") if seen.asks("draft", "code", "reasoning") else None


def answering(seen: Evidence) -> Decision:
    """A question, or any other request in words."""
    if seen.shape.marks or seen.shape.asks or any(f"ask_{task}" in seen.found for task in vocabulary.ASKS):
        return "answer", 1, "ask_answer"
    return None


def plain_words(seen: Evidence) -> Decision:
    """A remark in words that asks for nothing we know: talk."""
    return ("chat", 1, "") if seen.words >= 4 else None


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

StakesRule = Callable[[Evidence, str | None], tuple[str, str] | None]
"""Stakes and the category of phrases they rest on, from the evidence and the task."""

SHORT = 2_000
"""Characters of a prompt up to which one phrase of harm is what it asks about; in a longer text it may be the news."""

ATTACK = 5
"""Points from which the words are an attack on the model's rules."""

JUDGED = frozenset({"answer", "factoid", "draft", "reasoning", "chat", "long-context", None})
"""Tasks in which the model's own judgement reaches a person. A label, a summary or an exam's sum is not advice."""


def adversarial(seen: Evidence, _: str | None) -> tuple[str, str] | None:
    """The words lift the model's rules: orders to forget them, a persona without them, a reply that may not refuse."""
    counts = {points: len(seen.found.get(f"attack_{points}", ())) for points in vocabulary.ADVERSARIAL}
    total = sum(points * count for points, count in counts.items())
    if counts[5] or (counts[3] and total >= ATTACK) or (counts[2] >= 3 and total >= 2 * ATTACK):  # noqa: PLR2004
        return "adversarial", next(f"attack_{points}" for points in counts if counts[points])
    return None


def harm(seen: Evidence, task: str | None) -> tuple[str, str] | None:
    """Harm that somebody could do with the answer, or to themselves."""
    if seen.size > SHORT or seen.shape.choice or task in {"classify", "extract", "summarise", "translate"}:
        return None
    if "crisis" in seen.found:
        return "safety", "crisis"
    return ("safety", "harm") if "harm" in seen.found and seen.shape.how_to else None


def regulated(seen: Evidence, task: str | None) -> tuple[str, str] | None:
    """Advice or a decision on a real case of health, law, money, employment or safety; an exam question is none."""
    case, decides = seen.points("case"), DECISIONS & seen.found.get("case", set())
    if (task not in JUDGED and not decides) or seen.shape.choice or "long_output" in seen.found:
        return None
    if "draft" in seen.shape.asks and (seen.size > SHORT or "case" not in seen.found):
        return None  # a story or an essay in the first person is no case
    matters = [(len(seen.found[name]), name) for name in vocabulary.REGULATED if name in seen.found]
    count, name = max(matters, default=(0, ""))
    if name == "financial" and "case" not in seen.found:
        return None  # people speak of payments and refunds all day
    return (name, name) if count and case >= 2 and count + case >= CASE else None  # noqa: PLR2004 -- one sign is not enough


CASE = 4
"""Words of a matter, and signs of a real case, that make it one together."""

DECISIONS = frozenset({" approve", " reject", " deny", " decide"})
"""Signs that the model decides itself."""


def side_effects(seen: Evidence, _: str | None) -> tuple[str, str] | None:
    """An act that cannot be taken back: named twice over, or once (`act`, which counts where tools are offered)."""
    acts = len(seen.found.get("side_effects", ()))
    if not acts:
        return None
    return ("side-effects" if acts >= 2 else "act"), "side_effects"


STAKES_RULES: tuple[StakesRule, ...] = (adversarial, harm, regulated, side_effects)
"""What makes an error dear; the first rule that has an answer decides."""


def text_hints(asked: Sequence[str], told: Sequence[str]) -> list[TextHints]:
    """Return what the words of each prompt tell; the same for a prompt whatever stands beside it.

    Args:
        asked: The user's messages.
        told: The system messages of the same prompts, in the same order; empty where there is none. A system message
            that asks for a task of its own decides the effort: what the user sent is then the material.

    Raises:
        ValueError: The two are not of one length.
    """
    hints: list[TextHints] = []
    for start in range(0, len(asked), BATCH):
        some = list(zip(asked[start : start + BATCH], told[start : start + BATCH], strict=True))
        texts = [ask for ask, _ in some] + [tell for _, tell in some if tell]
        seen = iter(_evidence(texts))
        own = [_judged(next(seen), STAKES_RULES) for _ in some]
        systems = [_judged(next(seen), (regulated,)) if tell else NOTHING for _, tell in some]
        hints.extend(_combined(ask, tell) for ask, tell in zip(own, systems, strict=True))
    return hints


MATERIAL = frozenset({"classify", "extract", "format", "embed", "moderate", "summarise", "qa", "translate"})
"""Tasks that only handle given text: a matter of law or health in it is the material, not the answer."""

STANDING = frozenset({"classify", "extract", "format", "translate", "summarise", "rewrite", "qa", "draft", "code", "reasoning", "maths"})
"""Tasks that a system message sets for whatever the user sends."""

ROLES = frozenset({"answering", "plain-words", "persona", None})
"""Rules that find no task in a system message: it only says who the model is."""

SLIGHT = frozenset({"small-talk", "plain-fact"})
"""Rules on a user's message that stand against a system message which sets demanding work."""


def _combined(own: TextHints, system: TextHints) -> TextHints:
    """Return the task that the system message sets, if it sets one, with the stakes of both."""
    sets_task = system.task in STANDING and system.rule not in ROLES
    handled = sets_task and system.task in MATERIAL and own.stakes in vocabulary.REGULATED
    stakes = system.stakes or (None if handled else own.stakes)
    if not sets_task or (system.effort == DEMANDING and own.rule in SLIGHT):
        return msgspec.structs.replace(own, stakes=stakes, words=own.words if own.stakes else _merged(own, system))
    return msgspec.structs.replace(system, stakes=stakes, words=_merged(system, own))


DEMANDING = 2


def _merged(first: TextHints, second: TextHints) -> tuple[str, ...]:
    """Return the words of the first, and the second's where it has stakes."""
    return tuple(sorted({*first.words, *(second.words if second.stakes else ())})[:MAX_WORDS])


def subject(messages: Sequence[str]) -> str:
    """Return the last user message that is more than a follow-up (`yes`, `continue`): what the conversation is about.

    Args:
        messages: The user's messages in order, at least one.
    """
    return next((text for text in reversed(messages) if not is_follow_up(text)), messages[-1])


def is_follow_up(text: str) -> bool:
    """Say whether a message means nothing without the ones before it."""
    if len(text) > MAX_FOLLOW_UP:
        return False
    words = text.lower().translate(_NO_MARKS).split()
    return bool(words) and all(word in vocabulary.FOLLOW_UP for word in words)


MAX_FOLLOW_UP = 60
"""Characters of the longest follow-up."""

_NO_MARKS = str.maketrans(".,!?;:'\"", " " * 8)


def found_phrases(texts: Sequence[str]) -> list[list[str]]:
    """Return the phrases of the vocabulary in each text: the vocabulary pass. Its cost is bounded by `HEAD` and `TAIL`."""
    import polars as pl  # noqa: PLC0415 -- a tenth of a second, wanted only where there is text

    series = pl.Series(vocabulary.normal([window(text) for text in texts]))
    found: list[list[str]] = series.str.extract_many(list(_categories()), overlapping=True).to_list()
    return found


def window(text: str) -> str:
    """Return the part of a text that is searched."""
    return text if len(text) <= HEAD + TAIL else f"{text[:HEAD]}\n{text[-TAIL:]}"


@lru_cache(maxsize=1)
def _categories() -> dict[str, tuple[str, ...]]:
    """Return each phrase as it is matched, with the categories it belongs to."""
    tables = dict(vocabulary.TOPICS)
    tables |= {f"ask_{task}": table for task, table in vocabulary.ASKS.items()}
    tables |= {f"attack_{points}": table for points, table in vocabulary.ADVERSARIAL.items()}
    tables |= vocabulary.REGULATED | vocabulary.CASE
    tables |= {"harm": vocabulary.HARM, "crisis": vocabulary.CRISIS}
    tables |= {"side_effects": vocabulary.SIDE_EFFECTS, "greet": vocabulary.GREETINGS}
    found: dict[str, list[str]] = {}
    for category, table in tables.items():
        for phrase in vocabulary.phrases(table):
            found.setdefault(phrase, []).append(category)
    return {phrase: tuple(names) for phrase, names in sorted(found.items())}


def _evidence(texts: Sequence[str]) -> Iterable[Evidence]:
    categories = _categories()
    for text, phrases, form in zip(texts, found_phrases(texts), shapes(texts), strict=True):
        found: dict[str, set[str]] = {}
        for phrase in phrases:
            for category in categories[phrase]:
                found.setdefault(category, set()).add(phrase)
        yield Evidence(found, form, len(text), _words(text[:600]))


def _words(text: str) -> int:
    """Return how many words a text has; scripts without spaces are taken at three characters a word.

    Their characters have three bytes in UTF-8, two more than they count as characters.
    """
    return max(len(text.split()), (len(text.encode("utf-8", "replace")) - len(text)) // 6)


def _judged(seen: Evidence, stakes_rules: tuple[StakesRule, ...]) -> TextHints:
    """Return what the rules say. Of a system message only regulated matters are stakes: it may well name attacks."""
    decided = ((rule, decision) for rule in EFFORT_RULES if (decision := rule(seen)))
    rule, (task, effort, category) = next(decided, (None, (None, None, "")))
    stakes, dear = next((found for stake in stakes_rules if (found := stake(seen, task))), (None, ""))
    words = sorted({word.strip() for name in (category, dear) for word in seen.found.get(name, ())})
    name = rule.__name__.replace("_", "-") if rule else None
    return TextHints(task, effort, stakes, name, tuple(words[:MAX_WORDS]))


def _short_question(seen: Evidence) -> bool:
    form = seen.shape
    return seen.first == "answer" and seen.words <= SHORT_QUESTION and not form.trouble and not form.how_to


def _works_out(seen: Evidence) -> bool:
    """Say whether the label or field has to be worked out: a sum, a puzzle, a proof."""
    return bool(mathematics(seen) or several_steps(seen))


def _topical(seen: Evidence) -> bool:
    """Say whether the words belong to a trade or a science."""
    return any(topic in seen.found for topic in ("code", "maths", "science", "logic", *vocabulary.REGULATED))
