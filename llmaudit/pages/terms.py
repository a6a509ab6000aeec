"""The words of a sentence that name a charge, and what the words around them say: denied, on what, whose."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from llmaudit.pages.amounts import Amount
from llmaudit.pages.model import Base, Who
from llmaudit.pages.sentences import VARIABLE
from llmaudit.pages.words import Lexicon

MAX_TERMS = 12
"""Words for charges looked at in one sentence; more are no sentence, and every one is held against every figure."""

NEGATION_WORDS = 8
NEGATION_CHARACTERS = 14
"""How far a "no" reaches: words, or characters where words have no edges."""


@dataclass(frozen=True)
class Term:
    """A word for a charge; `name` is its class in the lexicon, `zero` for a phrase that claims none."""

    start: int
    end: int
    name: str


@dataclass(frozen=True)
class Setting:
    """What surrounds a sentence.

    Attributes:
        heading: The heading above it.
        others: Pattern of gateways that the page is not of, or None.
        own: Pattern of the page's own gateway, or None.
        settings_page: The page shows how to configure a margin: what it says about margins is its reader's.
    """

    heading: str = ""
    others: re.Pattern[str] | None = None
    own: re.Pattern[str] | None = None
    settings_page: bool = False


def find_terms(sentence: str, lexicon: Lexicon) -> list[Term]:
    """Return the words for charges in order; the longest wins, look-alikes ("HTML markup") are left out."""
    taken = [match.span() for match in lexicon["lookalikes"].finditer(sentence)]
    taken += [match.span() for match in VARIABLE.finditer(sentence)]  # the "fee" of {{fee}} is a name
    found = [
        Term(match.start(), match.end(), name)
        for name, pattern in lexicon.terms.items()
        for match in pattern.finditer(sentence)
        if match.end() > match.start()
    ]
    found.sort(key=lambda term: (term.name == "charge", term.start - term.end, term.name == "fee"))
    kept: list[Term] = []
    for term in found[: 8 * MAX_TERMS]:
        if all(term.end <= start or term.start >= end for start, end in taken):
            kept.append(term)
            taken.append((term.start, term.end))
    return sorted(kept, key=lambda term: term.start)[:MAX_TERMS]


_ANAPHORA = re.compile(
    r"(?:\b(?:this|that|these|those|such|said|diese[rsn]?|dieses|cette|ces|esta|este|esa|dicha)\s|该|此|上述|この|その|当該)$",
    re.IGNORECASE,
)
_BARE_DENIAL = re.compile(
    r"(?:additional|extra|any|other|further|such|added|token|inference|usage|per-token|zusätzliche\w?|weitere\w?|autres?|aucuns?|adicional\w*|ningun\w?|任何|其他|额外)?\s*$",
    re.IGNORECASE,
)


def is_repeated(sentence: str, term: Term) -> bool:
    """Say whether a term points back to a charge named before: "this fee is deducted from …"."""
    return bool(_ANAPHORA.search(sentence[max(0, term.start - 12) : term.start]))


def is_bare_denial(sentence: str, term: Term, lexicon: Lexicon) -> bool:
    """Say whether a denial is of fees as such ("no additional fees"), not of some fee ("no agent surcharge")."""
    if lexicon.wide:
        return True
    before = sentence[max(0, term.start - 40) : term.start]
    matches = list(lexicon["negators"].finditer(before))
    if not matches:
        return True  # the denial stands after it
    return bool(_BARE_DENIAL.fullmatch(before[matches[-1].end() :].strip()))


_GOES_ON = re.compile(
    r"\s?(?:[$€¥￥]\s?\d|\+|plus\b|zzgl|zuzüglich|más\b|majoré|×|x\s?\d|\*|\(?\d[\d.]*[%％]|的?\s?(?:[×xX*]|约?\s?\d)(?!\s?[:：比]\s?1))", re.IGNORECASE
)
"""What makes a price out of the provider's: "list price plus 5%"."""


_REFUTED = re.compile(
    r"(?:\b(?:not|never|nicht|nie|pas|no (?:es|son|se)|nunca)|n't)\s(?:(?!(?:but|and|only|just|sondern|und|mais|et|sino|y)\b)[\w'-]+\s){0,6}$"
    r"|(?:不是?|并非|並非)\w{0,4}$",
    re.IGNORECASE,
)
"""What before a claim refutes it: "not a platform that simply mirrors provider prices"."""


def _about_a_tool(sentence: str, at: int, lexicon: Lexicon) -> bool:
    """Say whether a sentence is about the price of searches, and of nothing else, up to a place."""
    named = lexicon.bases["tool"].search(sentence, 0, at)
    return bool(named) and not re.search(r"token|model|inference", sentence[:at], re.IGNORECASE)


def find_zero(sentence: str, lexicon: Lexicon, terms: Sequence[Term]) -> list[Term]:
    """Return the phrases that claim the provider's own price, without those that go on ("plus 5%")."""
    excluded = [match.span() for match in lexicon["not_zero"].finditer(sentence)]
    excluded += [(term.start, term.end) for term in terms if term.name in {"plus", "hidden"}]
    if any(term.name == "multiplier" for term in terms):
        return []  # a factor that equals the official one is a part of a formula, not a price
    found = []
    for match in lexicon["zero"].finditer(sentence):
        if any(match.start() < end and match.end() > start for start, end in excluded):
            continue
        if _GOES_ON.match(sentence, match.end()):
            continue
        if any(term.name == "payment" and match.start() - 40 <= term.end <= match.start() for term in terms):
            continue  # "card fees are passed along at cost" says nothing about tokens
        if _REFUTED.search(sentence, 0, match.start()) or _about_a_tool(sentence, match.start(), lexicon):
            continue
        found.append(Term(match.start(), match.end(), "zero"))
    return found


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
    before = sentence[span[0] : term.start]
    for match in reversed(list(lexicon["negators"].finditer(before))):
        start, end = span[0] + match.start(), span[0] + match.end()
        if match[0] == "0" and re.search(r"[\d.,]$", sentence[:start]):
            continue
        if any(a.start < end and a.end > start and a.value for a in amounts):
            continue
        between = sentence[end : term.start]
        if not _INSTEAD.fullmatch(match[0]) and any(
            a.start >= end and a.end <= term.start and (a.value or a.kind == "variable") and a.role == "amount"
            for a in amounts
        ):
            return False
        if lexicon["breakers"].search(between):
            return False
        reach = len(between) <= NEGATION_CHARACTERS if lexicon.wide else len(between.split()) <= NEGATION_WORDS
        return reach and not ("," in between and _asserted_after(sentence[term.end : span[1]], lexicon))
    return False


_ASIDE = re.compile(r"\s?[(（][^()（）]{1,24}[)）]")


def _denied_after(
    sentence: str, term: Term, span: tuple[int, int], amounts: Sequence[Amount], lexicon: Lexicon
) -> bool:
    if aside := _ASIDE.match(sentence, term.end):  # 上乗せ（マークアップ）はありません: the brackets say it again
        after = sentence[aside.end() :].rstrip(" .。!！|")
        match = lexicon["negators_after"].match(after)
        if match:
            return True
    after = sentence[term.end : span[1]].rstrip(" .。!！|")
    match = lexicon["negators_after"].search(after)
    if not match:
        return False
    gap = after[: match.start()]
    until = term.end + match.end()
    if any(a.start >= term.end and a.start < until and a.value for a in amounts):
        return False  # "fee: 0.4 a call" denies nothing
    if lexicon.wide:
        return len(gap) <= NEGATION_CHARACTERS and not lexicon["breakers"].search(gap)
    return len(gap.split()) <= 3 and "," not in gap  # noqa: PLR2004 -- "fees | are | always | waived"


def _asserted_after(after: str, lexicon: Lexicon) -> bool:
    match = lexicon["asserts"].search(after)
    return bool(match) and len(after[: match.start() if match else 0].split()) <= 1


def is_asserted(sentence: str, term: Term, span: tuple[int, int], lexicon: Lexicon) -> bool:
    """Say whether a term without a number is said to be charged, and not merely talked about."""
    before, after = sentence[span[0] : term.start], sentence[term.end : span[1]]
    if lexicon.wide:
        return bool(lexicon["asserts"].search(before[-12:]) or lexicon["asserts"].search(after[:24]))
    near = " ".join(before.split()[-7:])
    return bool(lexicon["asserts"].search(near) or lexicon["asserts"].search(" ".join(after.split()[:8])))


_CONDITIONAL = re.compile(
    r"(?:yes, )?(?:if|when|with|for|using|on|bei|mit|wenn|wer|avec|si|pour|con|para)\b|使用|自带|如果", re.IGNORECASE
)
"""How a sentence begins that is about own keys to its end: "if you bring your own key (BYOK), … a fee of …"."""


_CONDITION_AFTER = re.compile(r"(?:場合|とき|時|際|なら|利用|使用)(?:は|に)?[、（(]|[的时时時]|请求|請求|调用")
_LABEL = re.compile(r"[^:：—–]{2,40}(?:[:：]|\s[—–-]\s)")

"""A label before a colon, which is about what follows to its end: "BYOK: …"."""


def base_of(
    sentence: str,
    term: Term,
    span: tuple[int, int],
    heading: str,
    lexicon: Lexicon,
    *,
    percent: bool = False,
    denied: bool = False,
) -> Base | None:
    """Return what a fee is charged on: the nearest word in its part of the sentence, else in the rest, else above.

    A percentage is of no subscription: "Standard plan: 5%" is 5% of something else. What is denied is on what its own
    part says: "no fee, except 2% on top-ups" denies more than a fee on top-ups.
    """
    own = [found for found in bases_in(sentence, span, term, lexicon) if not (percent and found[1] == "subscription")]
    names = {name for _, name in own}
    if "byok" in names:
        return "byok"
    label = _LABEL.match(sentence)
    until = term.start if _CONDITIONAL.match(sentence) else label.end() if label and label.end() <= term.start else 0
    start = sentence.rfind("; ", 0, term.start) + 2 if "; " in sentence[: term.start] else 0
    if lexicon.bases["byok"].match(sentence, start):  # "BYOK moves the cost to your account while we take a fee"
        return "byok" if not names & {"credits", "payment"} else own[0][1]
    until = term.start if lexicon.wide and _CONDITION_AFTER.search(sentence, 0, term.start) else until
    opening = lexicon.bases["byok"].search(sentence, 0, until)
    if opening and not _is_aside(sentence, opening.start(), lexicon) and not names & {"credits", "payment"}:
        return "byok"
    above_byok = lexicon.bases["byok"].search(heading) and not lexicon.bases["byok"].search(sentence)
    if above_byok and "credits" not in names and "payment" not in names:
        return "byok"
    if own:
        return own[0][1]
    if denied:
        return _base_above(heading, lexicon)
    whole = (0, len(sentence))
    rest = [found for found in bases_in(sentence, whole, term, lexicon) if not (percent and found[1] == "subscription")]
    return rest[0][1] if rest else _base_above(heading, lexicon)


def _base_above(heading: str, lexicon: Lexicon) -> Base | None:
    above = [name for name, pattern in lexicon.bases.items() if pattern.search(heading)]
    order: tuple[Base, ...] = ("byok", "credits", "request", "log", "tool")
    return next((name for name in order if name in above), None)


def bases_in(sentence: str, span: tuple[int, int], term: Term, lexicon: Lexicon) -> list[tuple[int, Base]]:
    """Return the bases named in a part of a sentence, the nearest to a term first, with their distances."""
    found: list[tuple[int, Base]] = []
    text = sentence[span[0] : span[1]]
    order = list(lexicon.bases)
    elsewhere = [match.span() for match in lexicon["not_base"].finditer(text)]
    for name, pattern in lexicon.bases.items():
        for match in pattern.finditer(text):
            if any(match.start() < until and match.end() > since for since, until in elsewhere):
                continue  # "deducted from your balance" says how it is paid, not on what it is charged
            start, end = span[0] + match.start(), span[0] + match.end()
            if name == "byok" and _is_aside(sentence, start, lexicon):
                continue
            if start < term.end and end > term.start:
                distance = 0
            elif start >= term.end:
                distance = start - term.end
            else:
                distance = (term.start - end) * (1 if name == "tool" else 2)
            found.append((distance, cast("Base", name)))  # the lexicon's keys are the names of Base
    return sorted(found, key=lambda pair: (pair[0], order.index(pair[1])))


def _is_aside(sentence: str, start: int, lexicon: Lexicon) -> bool:
    """`including when you bring your own key` widens a statement, it does not narrow it to such keys."""
    before = sentence[max(0, start - 28) : start]
    return bool(lexicon["no_scope"].search(before))


_QUESTION = re.compile(r"[^.!?。？]*[?？]")
_IMPERATIVE = re.compile(r"(?:add|apply|set|configure|define|choose|specify)\b", re.IGNORECASE)
_OURS = re.compile(
    r"\b(?:we|our|us|nous|notre|wir|unsere?|nosotros|nuestr[ao]s?)\b|我们|我們|本站|本平台|当社|弊社", re.IGNORECASE
)
_WE_CHARGE = re.compile(r"\bwe (?:charge|add|take|keep)\b", re.IGNORECASE)
_BANK = re.compile(
    r"\b(?:your (?:own )?(?:bank|card (?:issuer|company|network|processor|provider))|card issuers?|issuing bank"
    r"|(?:ihre|deine)[rsnm]? (?:hausbank|bank|kreditkartenfirma)|kartenherausgeber\w*|(?:votre|ta) banque"
    r"|émetteur de (?:la |votre )?carte|(?:tu|su) banco|emisor de (?:la|tu|su) tarjeta)\b"
    r"|发卡行|發卡行|[银銀]行(?:可能|会|會|收)|銀行が|カード会社[がの]|カード発行会社",
    re.IGNORECASE,
)


def of_bank(sentence: str) -> bool:
    """Say whether a sentence is about what the customer's own bank or card issuer charges."""
    return bool(_BANK.search(sentence))


def who_of(
    sentence: str,
    term: Term,
    span: tuple[int, int],
    setting: Setting,
    lexicon: Lexicon,
    *,
    payment: bool,
    numbered: bool = False,
    denied: bool = False,
) -> Who:
    """Return whose fee it is; what is denied in the imperative ("does not add any markup to …") is no setting.

    A card fee with a number that the page passes on is paid to the gateway, whoever keeps it; one of the customer's
    own bank is not.
    """
    part, before = sentence[span[0] : span[1]], sentence[: term.start]
    if payment and (of_bank(sentence) or (not numbered and lexicon["processor"].search(sentence))):
        return "payment_processor"
    said_we = _OURS.search(part)
    ours = said_we or (setting.own and setting.own.search(part))
    if _about_others(_without_comparison(sentence, term), part, setting, lexicon, ours=bool(ours)):
        return "other"
    cue = lexicon["customer"].search(sentence)
    if cue and not ((ours or denied) and _IMPERATIVE.match(cue[0])) and not _WE_CHARGE.search(before):
        return "customer"
    above = _QUESTION.sub("", setting.heading)  # "Do you add a markup?" asks about the gateway
    if not said_we and (setting.settings_page or lexicon["customer"].search(above)):
        return "customer"
    provider = list(lexicon["provider"].finditer(before[span[0] :]))
    if provider and not ours and not re.search(r"[,，、]|\bplus\b", before[span[0] + provider[-1].end() :]):
        return "provider"
    return "gateway"


_COMPARISON = re.compile(
    r"(?:unlike|compared (?:to|with)|in contrast to|where|while|im gegensatz zu|anders als|contrairement (?:à|aux)"
    r"|a diferencia de"
    r"|不同于|与其他|和其他|相比)[^,，、]{1,90}[,，、]|[^、。]{1,30}(?:と違い|と異なり|とは違い|とは異なり)、",
    re.IGNORECASE,
)


def _without_comparison(sentence: str, term: Term) -> str:
    """Return a sentence without a comparison that has ended before the term: "unlike other gateways, …"."""
    match = _COMPARISON.search(sentence)
    return sentence[match.end() :] if match and match.end() <= term.start else sentence


def _about_others(sentence: str, part: str, setting: Setting, lexicon: Lexicon, *, ours: bool) -> bool:
    def names_others(text: str) -> bool:
        return bool(lexicon["others"].search(text) or (setting.others and setting.others.search(text)))

    own = setting.own.search(sentence) if setting.own else None
    other = setting.others.search(sentence) if setting.others else None
    if own and other and own.start() < other.start() and not lexicon["others"].search(sentence):
        return False
    return names_others(sentence) and not (ours and not names_others(part))
