"""Whether the words around a term deny the charge, or say that it is made."""

from __future__ import annotations

import re
from collections.abc import Sequence

from llmaudit.pages.lexicon.files import Lexicon
from llmaudit.pages.sentence.figures import Amount
from llmaudit.pages.sentence.refuted import refuter
from llmaudit.pages.sentence.terms import Term

NEGATION_WORDS = 8

NEGATION_CHARACTERS = 14
"""How far a "no" reaches: words, or characters where words have no edges."""


def is_denied(sentence: str, term: Term, span: tuple[int, int], amounts: Sequence[Amount], lexicon: Lexicon) -> bool:
    """Say whether the words around a term deny the charge: "no markup", "fees do not apply", "手数料はかかりません"."""
    if (
        not lexicon.wide
        and " " in sentence[term.start : term.end]
        and lexicon["negators"].search(sentence, term.start, term.end)
    ):
        return term.name == "markup"  # "schlagen wir nichts auf": the denial stands inside the words
    return _denied_before(sentence, term, span, amounts, lexicon) or _denied_after(
        sentence, term, span, amounts, lexicon
    )


_INSTEAD = re.compile(r"instead of|in place of|rather than", re.IGNORECASE)
"""What these deny, they deny with its number: "a contracted rate in place of the 5% fee"."""


def _denied_before(
    sentence: str, term: Term, span: tuple[int, int], amounts: Sequence[Amount], lexicon: Lexicon
) -> bool:
    """Say whether a "no" before a word reaches it: not past another figure, a verb, or too many words."""
    before = sentence[span[0] : term.start]
    for match in reversed(list(lexicon["negators"].finditer(before))):
        start, end = span[0] + match.start(), span[0] + match.end()
        if match[0] == "0" and re.search(r"[\d.,]$", sentence[:start]):
            continue
        if any(a.start < end and a.end > start and a.value for a in amounts):
            continue
        if _denies_a_figure(sentence, (start, end), amounts, lexicon):
            continue
        between = sentence[end : term.start]
        if not _INSTEAD.fullmatch(match[0]) and any(
            a.start >= end and a.end <= term.start and (a.value or a.kind == "variable") and a.role == "amount"
            for a in amounts
        ):
            return False
        if lexicon["breakers"].search(between) or (term.name == "charge" and "," in between):
            return False  # "transfers are without fees, cards cost 2.9%"
        reach = len(between) <= NEGATION_CHARACTERS if lexicon.wide else len(between.split()) <= NEGATION_WORDS
        return reach and not ("," in between and _asserted_after(sentence[term.end : span[1]], lexicon))
    return False


def _denies_a_figure(sentence: str, span: tuple[int, int], amounts: Sequence[Amount], lexicon: Lexicon) -> bool:
    """Say whether a "no" denies a figure and not the charge: "the fee is not 5%"."""
    spans = [refuter(sentence, amount, lexicon) for amount in amounts if amount.role == "refuted"]
    return any(found is not None and found[0] < span[1] and found[1] > span[0] for found in spans)


_ASIDE = re.compile(r"\s?[(（][^()（）]{1,24}[)）]")


def _denied_after(
    sentence: str, term: Term, span: tuple[int, int], amounts: Sequence[Amount], lexicon: Lexicon
) -> bool:
    """Say whether a "no" after a word is said of it: "fees do not apply"."""
    if aside := _ASIDE.match(sentence, term.end):  # 上乗せ(マークアップ)はありません: the brackets say it again
        after = sentence[aside.end() :].rstrip(" .。!！|")
        match = lexicon["negators_after"].match(after)
        if match:
            return True
    after = sentence[term.end : span[1]].rstrip(" .。!！|")
    match = lexicon["negators_after"].search(after)
    if not match:
        return False
    if _denies_a_figure(sentence, (term.end + match.start(), term.end + match.end()), amounts, lexicon):
        return False
    gap = after[: match.start()]
    until = term.end + match.end()
    if any(a.start >= term.end and a.start < until and a.value for a in amounts):
        return False  # "fee: 0.4 a call" denies nothing
    if lexicon.wide:
        return len(gap) <= NEGATION_CHARACTERS and not lexicon["breakers"].search(gap)
    reach = 5 if match.end() == len(after) else 3  # "Fee on your own keys: none"; "fees | are | always | waived"
    return len(gap.split()) <= reach and "," not in gap


def _asserted_after(after: str, lexicon: Lexicon) -> bool:
    """Say whether what follows begins with words that charge something."""
    match = lexicon["asserts"].search(after)
    return bool(match) and len(after[: match.start() if match else 0].split()) <= 1


def is_asserted(sentence: str, term: Term, span: tuple[int, int], lexicon: Lexicon, terms: Sequence[Term] = ()) -> bool:
    """Say whether a term without a number is said to be charged, and not merely talked about.

    What is said after it reaches it up to the next of `terms`: "card fees and the fee paid by the buyer".
    """
    verbs = {"charge", "markup"} if lexicon.wide else {"charge"}  # 「手数料は上乗せされる」
    until = min([span[1], *(t.start for t in terms if t.start >= term.end and t.name not in verbs)])
    before, after = sentence[span[0] : term.start], sentence[term.end : until]
    if lexicon.wide:
        return bool(lexicon["asserts"].search(before[-12:]) or lexicon["asserts"].search(after[:24]))
    near = re.split("[,;]", " ".join(before.split()[-7:]))[-1]
    return bool(lexicon["asserts"].search(near) or lexicon["asserts"].search(" ".join(after.split()[:8])))
