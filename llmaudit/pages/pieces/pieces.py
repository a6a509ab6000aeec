"""A page to the sentences that are read: of text, of questions with their answers, of cards and tables."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from llmaudit.pages.lexicon.language import lexicons_for
from llmaudit.pages.model import Block, Page, Table, joined
from llmaudit.pages.names import compares
from llmaudit.pages.pieces.answers import MAX_ANSWER, denied_in_passing, lead_of
from llmaudit.pages.pieces.cells import LABEL_WORDS, MAX_LABEL, of_table
from llmaudit.pages.pieces.examples import in_examples, is_spent
from llmaudit.pages.pieces.follow import charge_before, has_share, is_least, with_bounds
from llmaudit.pages.pieces.split import Piece, sentences
from llmaudit.pages.sentence.terms import find_terms

_LABEL = re.compile(r"([^:：.。!?]{2,50}?)(?:[:：]|\s[—–-])\s?(?=\S)")
"""What a paragraph or an entry begins with that says what all of it is about: "Own keys: …", "Top-ups — …"."""

VALUE_WORDS = 7

_VALUE = re.compile(
    r"(?:from |up to |ab |dès |desde )?[~≈+]?\s?[$€£¥]?\d[\d.,]*\s?(?:%|％|[$€£]|percent)?"
    r"(?:\s?\+.*|\s?[(/].*"
    r"| (?:per|pro|par|por|on|of|after|above|beyond|over|for|with|up to|ab|über|nach|après|tras) .*)?"
    r"|none|no|zero|free|waived|keine?|entfällt|aucune?s?|gratuit|ninguno|ninguna|gratis|无|無|免费|なし|無料|\u2045.*",
    re.IGNORECASE,
)


_MONEY_LAST = re.compile(
    r"(?:^|[\s|:–—-])(?:from |ab |dès |desde )?(?:(?:US)?[$€£¥]\s?\d[\d.,]*|\d[\d.,]*\s?[$€£])$", re.IGNORECASE
)

_UNIT_ALONE = re.compile(
    r"(?:/|per|pro|par|por|a|im|al)\s?[^\W\d][\w-]*"
    r"(?:\s?(?:/|per|and|und|et|y|a|pro|par|por|billed|paid)\s?[\w-]+){0,3}(?:, (?:billed|paid) \w+)?[.,]?",
    re.IGNORECASE,
)


def pieces(page: Page, language: str) -> Iterator[Piece]:
    """Yield every sentence to read: of text, of questions with their answers, of tables."""
    blocks = _with_labels(_with_intros(_with_values(page.blocks, language)), language)
    before: Block | None = None
    for block, example in in_examples(blocks, language):
        if isinstance(block, Table):
            found = of_table(block, language)
            before = None
        elif block.kind == "question":
            before = block
            continue
        else:
            found = _of_text(block, before, language)
            before = block if block.kind == "heading" else None
        yield from (replace(piece, example=True) for piece in found) if example else found


def _with_intros(blocks: Iterable[Block | Table]) -> Iterator[Block | Table]:
    """Put what introduces a list beside the heading of its entries: "Merchants can configure:", "You pay for:"."""
    intro = ""
    for block in blocks:
        if isinstance(block, Block) and block.kind == "item" and intro:
            yield replace(block, heading=f"{block.heading} {intro}".strip())
            continue
        text = block.text.rstrip() if isinstance(block, Block) else ""
        intro = text[-MAX_ANSWER:] if text.endswith((":", "：")) else ""
        yield block


def _with_labels(blocks: Iterable[Block | Table], language: str) -> Iterator[Block | Table]:
    """Put a short text that names what a fee may be on beside the heading of the text below it: "Card top-ups"."""
    label: Block | None = None
    for block in blocks:
        below = isinstance(block, Block) and block.kind == "text" and label is not None
        if isinstance(block, Block) and label is not None and below and not _is_entry(block):
            yield replace(block, heading=f"{block.heading} {label.text}".strip())
        else:
            yield block
        named = isinstance(block, Block) and block.kind == "text" and _names_base(block, language)
        label = block if isinstance(block, Block) and named else None


def _of_text(block: Block, before: Block | None, language: str) -> Iterator[Piece]:
    """Yield the sentences of a block; an answer comes with its question, a sentence that asks heads the next."""
    if before is not None and before.kind == "question":
        block = Block(block.text, block.marks, block.kind, before.text)
    elif label := _LABEL.match(block.text):
        block = replace(block, heading=f"{block.heading} {label[1]}".strip())
    first, subject = True, _subject_of(block)
    last = ""
    for offset, sentence in with_bounds(_with_names(block, language), block.text, language):
        if sentence.endswith(("?", "？")):
            before, first = Block(sentence, block.marks, "question", block.heading), True
            block = replace(block, heading=f"{block.heading} {sentence}".strip())
            continue
        alone = offset + len(sentence) >= len(block.text.rstrip())
        lead = lead_of(before, sentence, language, first=first, alone=alone) if before is not None else None
        if lead is None and first and before is not None and before.kind == "question":
            yield from denied_in_passing(before, sentence, block, offset, language)
        first = False
        again = charge_before(last, sentence, language) if last and lead is None else None
        last = sentence
        if again is not None:
            yield Piece(again + sentence, block, offset, sentence, len(again), subject=subject)
        elif lead is not None:
            quote = f"{before.text} {sentence}" if before is not None and before.kind == "question" else sentence
            yield Piece(lead + sentence, block, offset, quote, len(lead), subject=subject)
        else:
            yield Piece(sentence, block, offset, heading=block.kind == "heading", subject=subject)


NAME_WORDS = 4
"""Words of an entry's name that ends with a full stop."""


def _with_names(block: Block, language: str) -> Iterator[tuple[int, str]]:
    """Yield the sentences of a block; an entry's name goes with what is said of it: "Platform fee. A small …"."""
    found = list(sentences(block.text))
    if block.kind == "item" and len(found) > 1 and _names_entry(found[0][1], language):
        (start, _), (offset, second) = found[:2]
        found[:2] = [(start, block.text[start : offset + len(second)])]
    yield from found


def _names_entry(text: str, language: str) -> bool:
    lexicon = next(lexicons_for(text, language))
    short = len(text.split()) <= NAME_WORDS and not re.search(r"[\d!?]", text) and not lexicon.wide
    return short and not lexicon["negators"].search(text) and any(t.name != "charge" for t in find_terms(text, lexicon))


def _subject_of(block: Block) -> str:
    """Return the heading above a text where it may tell whom the text is about: no question, and no comparison."""
    above = "" if block.kind in {"heading", "question"} else block.heading
    return "" if above.rstrip().endswith(("?", "？")) or compares(above) else above


def _with_values(blocks: Iterable[Block | Table], language: str) -> list[Block | Table]:
    """Join a label with the value in the next block, as cards and definition lists have them: "Platform fee", "5%"."""
    out: list[Block | Table] = []
    for block in blocks:
        last = out[-1] if out else None
        if isinstance(block, Block) and isinstance(last, Block):
            if last.kind in {"text", "item"} and has_share(last.text) and _is_its_least(block.text, last.text, language):
                out[-1] = joined([last, block], " ")
                continue
            if (_is_label(last, language) or _labels_share(last, block, language)) and _is_value(block):
                out[-1] = joined([Block(last.text.rstrip(":："), last.marks, "text", last.heading), block], ": ")
                continue
            if last.text in "$€£¥" and re.fullmatch(r"\d[\d.,]*", block.text):  # "$", "60"
                out[-1] = joined([last, block], "")
                continue
            if _ends_with_money(last.text) and _UNIT_ALONE.fullmatch(block.text):  # "$49", "per month"
                out[-1] = joined([last, block], " ")
                continue
            if _is_value(last) and re.search(r"\d[^/]*$", last.text) and _is_label(block, language):
                out[-1] = joined([Block(last.text, last.marks, "text", last.heading), block], " ")
                continue
            if _is_value(block) and _is_entry(last) and is_spent(last.text, language):  # "Monthly budget", "$8/mo"
                out[-1] = joined([last, block], ": ")
                continue
        out.append(block)
    return out


def _is_its_least(text: str, fee: str, language: str) -> bool:
    """Say whether a text states the least of the fee before it: a least payment in is none of a fee on requests."""
    if not is_least(text, language):
        return False
    lexicon = next(lexicons_for(f"{fee} {text}", language))
    paid_in = (lexicon.bases["credits"], lexicon.bases["payment"])
    return any(base.search(fee) for base in paid_in) or not any(base.search(text) for base in paid_in)


def _ends_with_money(text: str) -> bool:
    """Say whether a text is money, or a short label and money: "Studio | $29"."""
    match = _MONEY_LAST.search(text)
    if match is None or len(text.split()) > VALUE_WORDS:
        return False
    return not re.search(r"\d|[.!?]\s", text[: match.start()])


def _is_label(block: Block, language: str) -> bool:
    """Say whether a block may label the value after it: short, without a figure, and with a word for a charge."""
    text = block.text
    if (
        block.kind == "question"
        or len(text.split()) > LABEL_WORDS
        or len(text) > MAX_LABEL
        or re.search(r"[.!?。！？%]$|\d", text)
    ):
        return False
    return any(term.name != "charge" for lexicon in lexicons_for(text, language) for term in find_terms(text, lexicon))


def _labels_share(label: Block, value: Block, language: str) -> bool:
    """Say whether a short text names what the share after it is on: "Credit purchases", "5.5% (min. $0.80)"."""
    return bool(re.search(r"\d\s?[%％]", value.text)) and _names_base(label, language)


def _names_base(block: Block, language: str) -> bool:
    """Say whether a text is a short label of what a fee may be on: own keys, credits, a way to pay."""
    if not _is_entry(block):
        return False
    lexicons = lexicons_for(block.text, language)
    return any(
        lexicon.bases[base].search(block.text) for lexicon in lexicons for base in ("byok", "credits", "payment")
    )


def _is_entry(block: Block) -> bool:
    """Say whether a block may label the value after it, whatever it names."""
    short = len(block.text.split()) <= LABEL_WORDS and len(block.text) <= MAX_LABEL
    return short and block.kind != "question" and not re.search(r"[.!?。！？]$|\d", block.text)


def _is_value(block: Block) -> bool:
    return len(block.text.split()) <= VALUE_WORDS and bool(_VALUE.fullmatch(block.text.rstrip(".")))
