"""What an answer needs of its question to be understood: "No" to "Do you add a markup?" denies one."""

from __future__ import annotations

import re
from collections.abc import Iterator

from llmaudit.pages.lexicon.files import Lexicon, everywhere
from llmaudit.pages.lexicon.language import lexicons_for
from llmaudit.pages.model import Block
from llmaudit.pages.pieces.split import Piece
from llmaudit.pages.sentence.terms import find_terms

MAX_ANSWER = 200
"""Characters of an answer to a question; a longer one is prose."""


_NOUGHT = re.compile(
    r"\W*(?:zero|none|nothing|nil|free|keine?|null|entfällt|zéro|aucune?s?|gratuit|cero|ningun[oa]s?|gratis"
    r"|无|無|零|免费|なし|ゼロ|無料)\W*",
    re.IGNORECASE,
)
"""All that a sentence below the name of a fee says of it: "Zero."."""

MAX_YES = 4
"""Characters of an answer that is nothing but a yes."""


def denied_in_passing(before: Block, sentence: str, block: Block, offset: int, language: str) -> Iterator[Piece]:
    """Yield the "no" to what was asked where the answer goes on about something else: "No, there is no seat fee"."""
    answer = _without_marker(sentence)
    comma = re.match(r"[^,，、:：—]{1,24}[,，、:：—]", answer)
    no = next(lexicons_for(f"{before.text} {sentence}", language)).sources["no"]
    denies = comma is not None and re.match(rf"(?:{no})\W", comma[0], re.IGNORECASE)
    lead = lead_of(before, comma[0], language, first=True) if comma and denies else None
    if lead is not None and comma is not None:
        yield Piece(lead + comma[0], block, offset, f"{before.text} {sentence}", len(lead))


_MARKER = re.compile(r"(?:A|Ans|Answer|Antwort|R|Réponse|Respuesta|答|回答)\s?[.:：．、]\s?")


def _without_marker(sentence: str) -> str:
    """Return an answer without what marks it as one."""
    return _MARKER.sub("", sentence.lstrip("—–-:： \"'“「"), count=1)


def lead_of(before: Block, sentence: str, language: str, *, first: bool, alone: bool = True) -> str | None:
    """Return the question or heading that a sentence needs to be understood ("No.", "5% of each top-up"), or None.

    A bare "Yes." that is not `alone` says nothing yet: what is charged stands in the sentences after it.
    """
    lexicon = next(lexicons_for(f"{before.text} {sentence}", language))
    found = find_terms(before.text, lexicon)
    asked = [term for term in found if term.name not in {"charge", "multiplier", "overage", "plus"}]
    asks_more = before.kind == "question" and not asked and bool(lexicon["more"].search(before.text))
    asks = lexicon["asks_charge"].search(before.text) if before.kind == "question" and not asked else None
    if not (asked or asks_more or asks) or any(term.name != "charge" for term in find_terms(sentence, lexicon)):
        return None
    name = "" if lexicon.wide else r"(?!\w)"
    term = _asked(before.text, asked[-1].start if asked else None, None if asks_more else asks, lexicon)
    answer = _without_marker(sentence)
    denies = bool(asked) and not lexicon.wide and bool(lexicon["negators"].search(before.text, 0, asked[-1].start))
    told = denies or not everywhere("asks_whether_one_can").match(before.text)  # "Can I set an alert on the fees? Yes."
    if before.kind == "question" and first and told and len(sentence) < MAX_ANSWER:
        if re.match(rf"(?:{lexicon.sources['no']}){name}", answer, re.IGNORECASE):
            return lexicon.phrases["none"].replace("…", term)
        if (asked or asks_more) and re.match(rf"(?:{lexicon.sources['yes']}){name}", answer, re.IGNORECASE):
            bare = len(answer.strip(" .。!！")) <= MAX_YES
            return None if bare and not alone else lexicon.phrases["none" if denies else "some"].replace("…", term)
    if asked and first and before.kind == "heading" and _NOUGHT.fullmatch(answer):
        return lexicon.phrases["none"].replace("…", term)
    if re.search(r"\d\s?[%％]|\u2046\s?%?", sentence) and any(t.name != "subscription" for t in asked):
        return f"{term}: "
    return None


def _asked(question: str, at: int | None, asks: re.Match[str] | None, lexicon: Lexicon) -> str:
    """Return what a question is about: from its word for a charge on, else a fee for what it goes on to name."""
    if at is not None:
        return question[at:].rstrip("?？ ")
    if asks is None:
        return lexicon.phrases["markup"]
    about = f"{question[: asks.start()]} {question[asks.end() :]}" if lexicon.wide else question[asks.end() :]
    return f"{lexicon.phrases['fee']} {about.strip(' ?？')}".strip()
