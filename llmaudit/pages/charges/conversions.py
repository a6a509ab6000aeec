"""What a credit is worth, and at which rate money becomes credit."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from functools import cache

from llmaudit.pages.charges.clause import Clause, clause_at
from llmaudit.pages.sentence.figures import number
from llmaudit.pages.sentence.sentence import Sentence
from llmaudit.pages.sentence.terms import Term
from llmaudit.pages.source.variables import CLOSE, OPEN

_COUNT = r"(?P<n>(?:\d{1,3}(?:[ \u00a0\u202f]\d{3})+|\d[\d,.]*)\s?(?:k|K|M|million|万)?)"
_EQUALS = (
    r"\s?(?:=|＝|≙|[=~]?[≈～]|equals?|(?:is|are) worth|is equal to|corresponds? to|costs?|entspr\w+|kostet|équiva\w+"
    r"|val(?:ent|e|en)|vaut|coûte|cuesta|equivale\w* a|等于|相当于|折合|兑换?"
    r"|(?:は|が)?(?=[\d$¥￥.]+\s?(?:円|ドル)?\s?(?:に相当|です|として|の価値|分))|に?相当)\s?"
)
_MONEY = (
    r"(?:(?:US\s?)?[$€£¥￥]\s?(?P<m>\d[\d,.]*)"
    r"|(?P<w>one|an?|einen?|einem|un|une) (?P<unit2>dollar|euro|cent|Dollar|Euro|Cent)(?![a-z])"
    r"|(?P<m2>\d[\d,.]*)\s?(?:US\s)?(?P<unit>¢|cents?|美元|美金|人民币|欧元|元|米ドル|ドル|円|USD|EUR|CNY|RMB|dollars?|euros?|€))"
)
_OWN_UNIT = (
    r"(?-i:(?!USD|EUR|GBP|JPY|CNY|RMB|HKD|TWD|KRW|BTC|ETH|SOL|NGN|INR|BRL|GB|MB|TB|GPU|API|CPU|UTC|AM|PM)[A-Z]{2,6})"
)
"""A unit of the page's own: "1 PTC"; no currency and no unit of measure."""

_EACH = r"(?:per|a|an|each|for|/|pro|für|par|pour|por)"


_EACH_COSTS = r"(?:price|cost|rate|value|Preis|Kosten|prix|coût|precio|coste) (?:per|pro|je|par|por)"
"""The head of a column: "Price per credit"."""

_COINED = r"(?-i:(?!Tokens?\b|Requests?\b|Calls?\b|Dollars?\b|Euros?\b|Credits?\b)[A-Z][a-z]{3,14})(?!\w)"
"""What a page calls its own credits: "$1 = 1 Pollen"."""


@cache
def _shapes(units: str) -> tuple[re.Pattern[str], ...]:
    """Return how pages say what so many of a unit are worth; `units` is what they call credits."""
    shapes = (
        rf"(?:{_COUNT}|\b(?:one|each|ein|eine|un|une|una)\s)\s?(?:{units}|{_OWN_UNIT})(?:{_EQUALS}|\s(?:are|make)\s){_MONEY}(?!\s?(?:/|per\b|a\b))",
        rf"{_MONEY}(?:の(?:お)?(?:支払い|入金|チャージ)で|(?:得到|可得|到账)){_COUNT}\s?(?:{units}|{_OWN_UNIT})",
        rf"(?:1\s?|each |one )(?:{units})\s(?:is|are)\s{_MONEY}(?!\s?(?:per|/|a)\b)",
        rf"(?:(?<!\d)(?:{units})\s?(?P<n>1)は|(?<!\d)1\s?[A-Z]\w*?の(?:換算)?レートは)\s?{_MONEY}",
        (
            rf"{_MONEY}(?:{_EQUALS}|(?:\s(?:USD|budget|balance|deposit|payment|top-up)){{0,2}}"
            rf"\s(?:buys?|gets? you|gives? you|adds?|covers?|pays for)\s){_COUNT}\s?(?:{units}|tokens?)"
        ),
        rf"{_MONEY}\s?{_EACH}\s?{_COUNT}?\s?(?:{units})(?!\w)",
        rf"{_COUNT}\s(?:[\w-]+\s){{0,2}}?(?:{units})(?:\s\([^()\d]{{1,20}}\))?\s(?:for|für|pour|por)\s{_MONEY}(?!\s?/|\s(?:per|a|pro|im|par|al)\b)",
        rf"(?:{units})\s(?:\w+\s)?(?:costs?|are|at|kosten|coûtent|cuestan)\s{_MONEY}\s?{_EACH}\s?{_COUNT}(?!\s?[\w%])",
        rf"{_EACH_COSTS}\s(?:{units})\s?(?:\([^()\d]{{1,20}}\)\s?)?(?:[:|]|is|ist|est|es)?\s?{_MONEY}(?!\s?[%])",
        rf"用\s?{_MONEY}(?:人民币)?\s?(?:就|即)?(?:能|可以?)?(?:购买|买到?|兑换?|换)\s?{_COUNT}\s?(?:{units}|[\u4e00-\u9fff]{{1,3}}(?:美元|币|点|刀))",
        rf"(?<![\w.,])\$\s?(?P<m>1(?:\.0+)?)\s?=\s?(?P<n>\d[\d,.]*)\s{_COINED}",
    )
    return tuple(re.compile(shape, re.IGNORECASE) for shape in shapes)


_ASKED = re.compile(
    r"\b(?:worth of|value of|what (?:is|are)) (?:an? |one )?([a-z]{3,14}?)s? ?(?:worth)?\?", re.IGNORECASE
)
"""A heading that asks what a page's own unit is worth: "What is a weave worth?"."""


def conversions(sentence: Sentence) -> Iterator[Clause]:
    """Yield what a credit is worth: `1 credit = $0.01`, `$1 = 500,000 quota`."""
    asked = _ASKED.search(sentence.setting.heading)
    named = rf"|{asked[1]}s?" if asked else ""
    for shape in _shapes(sentence.lexicon.sources["credits_units"] + named):
        for match in shape.finditer(sentence.text):
            count = number(re.sub(r"[^\d.,]", "", match.groupdict().get("n") or "1"), sentence.lexicon.language)
            value = number(match["m"] or match.groupdict().get("m2") or "1", sentence.lexicon.language)
            if count and value is not None:
                yield _conversion(sentence, match, count, value)


_COIN = r"(?:[$¥￥]\s?1(?!\d|[.,]\d)|(?<![\d.,])1\s?(?:[$¥￥]|美元|美金|刀|人民币|元|块|USD|CNY|RMB))"

_AT_PAR = re.compile(
    rf"(?P<a>{_COIN})\s?(?:=|＝|等于|兑换?|:|：|,? (?:and |you )?(?:receive|get)s?)\s?(?P<b>{_COIN})",
    re.IGNORECASE,
)
"""One of a currency for one of another, which is no exchange rate: `1$ = 1¥`."""

_SAME_COIN = re.compile(
    rf"{_COIN} (?:[\w']+ ){{0,5}}?(?:becomes?|buys?|gets?|gives?|yields?|is worth|devient|donne|vaut|wird zu|ergibt"
    rf"|bringt|se convierte en|da|equivale a) (?:you |vous |dir |Ihnen )?{_COIN}",
    re.IGNORECASE,
)
"""A coin that is credited whole: "$1 you pay us becomes $1 of credits"."""

_RATE = re.compile(
    r"(?<![\d.,])\d{1,2}(?:\.\d{1,3})?\s?(?:元|人民币|RMB|CNY|円|€|EUR)\s?[=＝]\s?(?:\$\s?1|1\s?(?:\$|美元|美金|刀|USD|ドル))(?![\d.,])"
    r"|(?:\$\s?1|(?<![\d.,])1\s?(?:\$|美元|美金|刀|USD|ドル))\s?[=＝]\s?\d{1,2}(?:\.\d{1,3})?\s?(?:元|人民币|RMB|CNY|円|€|EUR)(?![\d.,])"
)
"""A rate of the page's own between currencies, one of which is credited: 「7.3 元 = 1 美元」."""


_VAR = rf"{OPEN}[^{CLOSE}]*{CLOSE}"

_UNKNOWN = re.compile(
    rf"(?<![\d.,])1\s?(?:(?P<unit>{_VAR})|(?P<word>[\w-]+(?:\s[\w-]+)?))\s?(?:=|≙|equals)\s?(?P<value>{_VAR})"
)
"""What a credit is worth with a variable for the number: "1 {{ unit }} = {{ value }}"."""


def unknown_conversions(sentence: Sentence) -> Iterator[Clause]:
    """Yield what a credit is worth where a variable stands for the number."""
    for match in _UNKNOWN.finditer(sentence.text):
        unit = match["unit"] or match["word"]
        if not re.search(rf"{sentence.lexicon.sources['credits_units']}|credit", unit, re.IGNORECASE):
            continue
        clause = clause_at(sentence, Term(match.start(), match.end(), "multiplier"), match.start(), "credit_conversion")
        yield replace(clause, base="credits", per=1, template=match["value"].strip(OPEN + CLOSE))


def own_rates(sentence: Sentence) -> Iterator[Clause]:
    """Yield rates at which money of one currency becomes credit in another."""
    for match in _RATE.finditer(sentence.text):
        if _AT_PAR.fullmatch(match[0]) or re.search(
            r"汇率|匯率|為替|rate", sentence.text[max(0, match.start() - 12) : match.start()]
        ):
            continue  # the market's
        clause = clause_at(sentence, Term(match.start(), match.end(), "multiplier"), match.start(), "credit_conversion")
        yield replace(clause, base="credits", per=1, other_amount=match[0])


def paid_in_full(sentence: Sentence) -> Iterator[Clause]:
    """Yield what says that nothing is kept of a payment for credits."""
    match = _SAME_COIN.search(sentence.text)
    if match and re.search(sentence.lexicon.sources["credits_units"], sentence.text, re.IGNORECASE):
        clause = clause_at(sentence, Term(match.start(), match.end(), "topup"), match.start(), "topup_pct")
        yield replace(clause, negated=True, base="credits", minimum=None)


def at_par(sentence: Sentence) -> Iterator[Clause]:
    """Yield what is sold one for one across currencies, where no word for credits says so already."""
    for match in _AT_PAR.finditer(sentence.text):
        if match["a"] == match["b"] or re.match(
            rf"\s?(?:=|{sentence.lexicon.sources['credits_units']})", match.string[match.end() :]
        ):
            continue
        term = Term(match.start(), match.end(), "multiplier")
        clause = clause_at(sentence, term, match.start(), "credit_conversion")
        yield replace(clause, base="credits", per=1, other_amount=match[0])


def _conversion(sentence: Sentence, match: re.Match[str], count: Decimal, value: Decimal) -> Clause:
    """Return the clause of a rate: so many credits for so much money."""
    written = match.groupdict().get("n") or ""
    scale = 1_000_000 if re.search(r"M|million", written) else 1_000 if re.search(r"k|K", written) else 1
    unit = (match.groupdict().get("unit") or match.groupdict().get("unit2") or "").lower()
    dollars = "$" in match[0] or unit in {"美元", "美金", "ドル", "米ドル", "usd", "dollar", "dollars"}
    clause = clause_at(sentence, Term(match.start(), match.end(), "multiplier"), match.start(), "credit_conversion")
    if unit in {"¢", "cent", "cents"} and sentence.lexicon.language == "en":
        return replace(clause, usd=value / 100, per=int(count * scale), base="credits")
    usd = value if dollars else None
    other = None if dollars else match[0]
    return replace(clause, usd=usd, per=int(count * scale), base="credits", other_amount=other)
