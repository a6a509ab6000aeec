"""Which figures are no fee: a minimum, a threshold, a discount, a tax, an uptime."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from llmaudit.pages.lexicon.files import Lexicon, everywhere
from llmaudit.pages.sentence.figures import Amount, Role, number

ADJACENT = 8
"""Characters between a share and the word for the fee it is."""

_BOUND = re.compile(r"\b(?:below|under|within|over|above|unter|über|sous|bajo)\s(?:\w+\s)?$", re.IGNORECASE)
"""What before a factor makes it the bound of something, and no price."""

_LEVEL = re.compile(r"(?:官方(?:定价|价格|标价)|(?:官方|厂商|原)价)(?:[(（][^)）]{0,14}[)）])?的\s?$")
"""What comes before a price as a share of the official one: "about 4.2% of the official price" adds nothing to it."""

_CREDITED = re.compile(
    r"\s(?:in |of )?(?:free (?:tier|usage|allowance|quota)|(?:free )?credits?\b(?! card)|Guthaben"
    r"|de crédits?|crédits?|de créditos?|créditos?"
    r"|(?:\w+ )?(?:limit|cap|budget|allowance|ceiling|quota)s?\b)"
    r"|\s?(?:的)?(?:免费|赠送|体验)(?:额度|金|积分)|\s?[的の](?:上限|限额|额度|预算|予算)",
    re.IGNORECASE,
)
"""What after an amount a month says that it is given, or the most that may be spent: "$5/month credit"."""

_COME_DOWN = re.compile(
    r"(?:US)?[$€£¥￥]?\s?(?P<n>\d[\d.,]*)\s?[$€£元円万]?(?:(?: (?:a|per|pro|par|im|al?) |/)\w+)?"
    r"\s?(?:to|auf|à|a|down to|降到|降至|降为|→|->|から|が)\s?$",
    re.IGNORECASE,
)
"""What stands before an amount that something has come down to: "from $1,200 to $700 a month"."""


def _has_come_down(sentence: str, amount: Amount, lexicon: Lexicon) -> bool:
    match = _COME_DOWN.search(sentence, max(0, amount.start - 30), amount.start)
    before = number(match["n"], lexicon.language) if match else None
    return before is not None and amount.value is not None and before > amount.value


@cache
def _given_before(words: str, *, wide: bool) -> re.Pattern[str]:
    """Return what before a percentage says that it is given and not taken; "we save 5%" gives nothing."""
    if not words:
        return re.compile(r"(?!)")
    if wide:
        return re.compile(rf"(?:{words})[^,，、。]{{0,10}}$")
    return re.compile(
        rf"(?<!\bwe )(?<!\bus )(?<!platform )(?<!gateway )(?<!\w)(?:{words})"
        r"(?! (?:we|wir|nous|nosotros)\b)(?:\s(?!(?:we|wir|nous|nosotros)\b)[\w'’-]+){0,2}\s$",
        re.IGNORECASE,
    )


_COMPARED = re.compile(r"[<>≤≥＜＞]\s?$")
"""What before an amount makes it the bound of something: "for a small volume (< $3/month)"."""


_GAP = (
    r"(?:\s(?:is|beträgt|liegt bei|est|es)(?=\s))?[\s.:：是为約约$~≈]{0,3}"
    r"(?:the |la |le |los |las |les |die |den |der |de |bei |aber |jedoch |your |a total of |of )?"
)
"""What may stand between a word and its figure: "the minimum is $1"."""


@cache
def _edge_shape(words: str, *, wide: bool, at_end: bool) -> re.Pattern[str]:
    if at_end:
        edge = "" if wide else r"(?<!\w)"
        return re.compile(rf"{edge}(?:{words}){_GAP}$", re.IGNORECASE)
    edge = "" if wide else r"(?!\w)"
    return re.compile(rf"\s?(?:{words}){edge}", re.IGNORECASE)


def role_of(sentence: str, amount: Amount, lexicon: Lexicon, terms: Sequence[tuple[int, int]]) -> Role:
    """Return what a figure is; `terms` are the places of words that name a fee."""
    before, after = sentence[max(0, amount.start - 60) : amount.start], sentence[amount.end : amount.end + 60]
    if amount.kind == "pct":
        return "ignored" if _is_no_fee(sentence, amount, lexicon, terms) else "amount"
    if amount.kind == "times":
        return "threshold" if _BOUND.search(before) else "amount"
    if amount.kind in {"usd", "other"}:
        if everywhere("least_paid_in", r"\s?{}").match(after):
            return "ignored"
        if amount.unit == "period" and (_CREDITED.match(after) or _has_come_down(sentence, amount, lexicon)):
            return "ignored"
        if _COMPARED.search(before):
            return "threshold"
    from_on = amount.unit == "period" and after[:2] == "から"  # 「月額300ドルから」 is the least plan's price
    if not from_on and (_ends_with(before, "minimum", lexicon) or _starts_with(after, "minimum_after", lexicon)):
        return "minimum"
    if amount.unit == "period" and _STARTS_AT.fullmatch(sentence[: amount.start]):
        return "threshold" if _GOES_ON.match(after) else "amount"
    if amount.unit not in {"request", "log", "tool"} and (
        _ends_with(before, "threshold", lexicon) or _starts_with(after, "threshold_after", lexicon)
    ):
        return "threshold"
    return "amount"


_CUT_BY = re.compile(
    r"\b(?:reduc\w+|cuts?|lowers?|senk\w+|reduziert|verringert|baja|rebaja|réduit|diminue|abaisse)\s(?:[\w'-]+\s){1,4}?"
    r"(?:by|um|un|de|en un)\s$",
    re.IGNORECASE,
)
"""What before a percentage takes it off a fee: "annual payment reduces the fee by 15%"."""

_TO_MORE = re.compile(r"\s?(?:to|and|bis|und|à|et|a|y|-|–|~|至|到|から|〜)\s?\d")


def _is_no_fee(sentence: str, amount: Amount, lexicon: Lexicon, terms: Sequence[tuple[int, int]]) -> bool:
    """Say whether a percentage is none of a fee: a discount, a gift, the lower end of a range."""
    if not amount.value and _TO_MORE.match(sentence, amount.end):
        return True  # "between 0% and 20%" denies nothing
    if _CUT_BY.search(sentence, 0, amount.start):
        return True
    given = _given_before(lexicon.sources["given_before"], wide=lexicon.wide)
    return bool(given.search(sentence[max(0, amount.start - 60) : amount.start])) or _is_ignored(
        sentence, amount, lexicon, terms
    )


def _ends_with(text: str, name: str, lexicon: Lexicon) -> bool:
    source = lexicon.sources[name]
    return bool(source) and bool(_edge_shape(source, wide=lexicon.wide, at_end=True).search(text))


def _starts_with(text: str, name: str, lexicon: Lexicon) -> bool:
    source = lexicon.sources[name]
    return bool(source) and bool(_edge_shape(source, wide=lexicon.wide, at_end=False).match(text))


def _is_ignored(sentence: str, amount: Amount, lexicon: Lexicon, terms: Sequence[tuple[int, int]]) -> bool:
    """Say whether a percentage is a discount, a tax, an uptime: such a word is near, and no word for a fee nearer."""
    fee_follows = any(0 <= start - amount.end <= ADJACENT for start, _ in terms)
    level = _LEVEL.search(sentence[max(0, amount.start - 24) : amount.start]) and not fee_follows
    if level and not lexicon.bases["byok"].search(sentence):
        return True
    if _OF_SAVINGS.match(sentence, amount.end) and lexicon.terms["charge"].search(sentence, 0, amount.start):
        return False
    if everywhere("come_down_to", r"{}\s?(?:only |nur )?$").search(sentence, 0, amount.start) and any(
        end <= amount.start for _, end in terms
    ):
        return False
    reach = 8 if lexicon.wide else 34
    words = 8 if lexicon.wide else 4
    after = sentence[amount.end : amount.end + reach]
    before = sentence[max(0, amount.start - reach) : amount.start]
    if lexicon["ignored_after"].match(after.lstrip()) and not _ends_with(before, "beyond", lexicon):
        return True  # "10% of the usual price"; "the first 1,000 are free, then 5% of the usual price" is a fee
    following = lexicon["ignored"].search(after)
    if following and (lexicon.wide or len(after[: following.start()].split()) < words):
        span = (amount.end, amount.end + following.start())
        if not _any_between(terms, span) and not re.search(r"[,;，；。]", after[: following.start()]):
            return True
    found = lexicon["ignored"].finditer(before)
    preceding = [m for m in found if not _OF_A_SUM.match(before, m.end())]  # "purchases below $5 carry a 10% fee"
    if preceding and (lexicon.wide or len(before[preceding[-1].end() :].split()) <= words):
        if fee_follows and re.search(r"[—–:：(（]", before[preceding[-1].end() :]):
            return False  # "Cheaper top-ups — 12% deposit fee"
        span = (amount.start - len(before) + preceding[-1].end(), amount.start)
        return not _any_between(terms, span) and not re.search(
            r"[;；。%]|, (?:and|we|plus)", before[preceding[-1].end() :]
        )
    return False


_OF_SAVINGS = re.compile(
    r"\s?(?:of|der|des|de|du)\s(?:[\w']+\s){0,3}(?:savings?|saved|save|Ersparnis\w*|économies|ahorros?)\b",
    re.IGNORECASE,
)
"""What a fee may be a share of: "the charge is 3% of the measured savings"."""

_STARTS_AT = re.compile(r"\W*(?:from|starting (?:at|from)|ab|à partir de|dès|desde|a partir de)\s", re.IGNORECASE)
"""What before a price by the month that is all of a sentence makes it the least plan's: "Desde 199 € al mes"."""

_GOES_ON = re.compile(
    r",?\s(?:the|your|our|sinkt|die|der|das|l[ae]s?|el|los|ist|(?:\w+\s)?(?:we|you|wir|Sie|nous|vous))\s", re.IGNORECASE
)
"""How a sentence goes on that says what holds from a sum on: "from $5,000 a month the fee falls"."""

_OF_A_SUM = re.compile(r"\s(?:US)?[$€£¥]\s?\d")


def _any_between(terms: Sequence[tuple[int, int]], span: tuple[int, int]) -> bool:
    return any(start < span[1] and end > span[0] for start, end in terms)
