"""Figures as pages write them: percentages and ranges of them, amounts of money, factors, variables."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal

from llmaudit.pages.lexicon.files import Lexicon
from llmaudit.pages.source.variables import CLOSE, OPEN

AmountKind = Literal["pct", "usd", "other", "times", "variable"]

Role = Literal["amount", "minimum", "threshold", "ignored", "refuted"]

MAX_PCT = 1_000

_THOUSAND = ("k", "thousand", "千", "tausend", "mille", "mil")

_MILLION = ("m", "million", "mio", "百万", "millionen", "millions", "millones", "millón")

SCALE: dict[str, int] = {
    **dict.fromkeys(_THOUSAND, 1_000),
    **dict.fromkeys(_MILLION, 1_000_000),
    "b": 1_000_000_000,
    "万": 10_000,
    "萬": 10_000,
    "亿": 100_000_000,
}

NUMBER = r"\d[\d.,\u00a0\u202f' ]*\d|\d"

_TIGHT = r"(?<![\w.,-])\d{1,3}(?:[ \u00a0\u202f]\d{3})+(?![\d])(?:,\d+)?|\d[\d.,]*\d|\d"
"""A number; a space parts its thousands: "1 200 €"."""

SCALES = (
    r"(?:百万|万|萬|千|亿|k\b|K\b|M\b|B\b|thousand\b|million\b|Mio\.?|Tausend\b|Millionen\b|millions?\b"
    r"|millones\b|millón\b|mille\b|mil\b)"
)

_PERCENT = re.compile(
    rf"(?P<n>{_TIGHT})\s?(?:%|％|percent\b|per cent\b|percentage points?\b|pct\b"
    r"|Prozent(?:punkte?)?\b|pour ?cent\b|por ciento\b|パーセント|個點|个点|%)"
    rf"|百分之(?P<cn>{_TIGHT}|[零一二两三四五六七八九十点半]+)"
    r"|(?P<points>[一二两三四五六七八九十][零一二三四五六七八九十点半]*|半)(?:个(?:百分)?点|パーセント)"
    rf"|(?P<mille>{_TIGHT})\s?(?:‰|per mille\b|Promille\b|pour mille\b|por mil\b|パーミル)"
    rf"|千分之(?P<cnmille>{_TIGHT}|[零一二两三四五六七八九十点半]+)"
    rf"|(?P<bps>{_TIGHT})\s?(?:bps\b|basis points?\b|Basispunkten?\b|points de base\b|puntos b[áa]sicos\b"
    r"|个基点|基点|ベーシスポイント)",
    re.IGNORECASE,
)

_MONEY = re.compile(
    rf"(?P<sign>US\s?\$|C\$|A\$|R\$|\$|€|£|¥|￥|[₦₹₩₽₺₫₱฿₴₪₡₵]|USD\s|EUR\s|RMB\s?|CNY\s?)\s?(?P<n>{_TIGHT})\s?(?P<scale>{SCALES})?(?:\s?(?:USD|EUR|GBP|CAD|AUD)\b)?"
    rf"|(?P<n2>{_TIGHT})\s?(?P<scale2>{SCALES})?\s?(?P<sign2>US-?\$|\$(?:US)?|€|£|USD\b|EUR\b"
    r"|(?:US )?dollars?\b|euros?\b"
    r"|Dollar\b|dólares\b|céntimos? de dólar\b"
    r"|centavos? de dólar\b|centimes? de dollar\b|(?:US-|Dollar-?)[Cc]ents?\b|(?:US\s)?cents?\b"
    r"|Cent\b|centimes?\b|céntimos?\b|centavos?\b|¢|美元|美金|人民币|元|块|円|米?ドル|セント|RMB\b|CNY\b"
    r"|(?-i:DA|DZD|MAD|TND|FCFA|XOF|ZAR|KES|BRL|PLN|zł|CZK|Kč|SEK|NOK|DKK|kr|HUF|Ft|TRY|TL|INR|IDR|VND|SGD|HKD|TWD|KRW|AED|SAR|MXN|CHF|GBP|CAD|AUD)"
    r"(?![\w]))",
)

_MONEY_RANGE = re.compile(
    rf"(?P<sign>[$€£¥￥])\s?(?P<low>{_TIGHT})\s?(?:–|-|—|~|to\b|bis\b)\s?(?P=sign)?\s?(?P<high>{_TIGHT})(?![\d%])"
)
"""From the least to the most: `$20–60/mo`; the most is taken."""

TIMES_WORDS = (
    r"(?:[x×*]|乘以?|乘上|\b(?:multiplied by|times|by a factor of|mal|multipliziert mit|multiplié par"
    r"|multiplicado por|se multiplica por|por un factor de))"
)
"""What stands before a factor."""

_TIMES = re.compile(
    r"(?<![A-Za-z0-9.])(?P<n>\d{1,2}(?:[.,]\d{1,4})?)"
    r"(?:\s?(?:[x×](?!\w|\s?\d)|倍(?!率)|を(?:掛け|かけ|乗じ))|[\s-]?fache[nmrs]?\b|\s(?:times|fois|veces)\b)"
    rf"|{TIMES_WORDS}\s?(?P<n2>\d{{1,2}}(?:[.,]\d{{1,4}})?)(?!\w|[.,]\d|\s?[%％])"
    r"|\b(?:multipl\w+) (?:[\w'’-]+ ){1,6}?(?:by|mit|par|por) (?P<n3>\d{1,2}[.,]\d{1,4})(?!\w|[.,]\d|\s?[%％])",
    re.IGNORECASE,
)

_RANGE = re.compile(
    rf"(?P<low>{_TIGHT})\s?[%％]?\s?"
    r"(?:–|-|—|~|～|〜|至|到|から|\b(?:to|bis|à|a|and|und|et|y)\b)\s?$"
)
"""What comes before the upper end of a range: `3–5%`, `between 5% and 15%`."""

_VARIABLE = re.compile(rf"{OPEN}[^{CLOSE}]*{CLOSE}(?:\s?(?P<pct>%|％|percent\b))?")

_EMPTY_PERCENT = re.compile(r"(?<![\d%\w⁆] )(?<![\d%\w⁆])%(?=\s+\w)")

_DOLLARS = {
    "us$",
    "us $",
    "$",
    "usd",
    "us-$",
    "$us",
    "dollar",
    "dollars",
    "dólares",
    "美元",
    "美金",
    "ドル",
    "米ドル",
    "us dollar",
    "us dollars",
}

_OF_A_EURO = {"Cent"}
"""A German one; written small it is an English one, of a dollar."""

_CENTS = {
    *("cent", "cents", "us cent", "us cents", "us-cent", "us-cents", "dollarcent", "dollar-cent", "dollarcents", "¢"),
    *("セント", "céntimo de dólar", "céntimos de dólar", "centavo de dólar", "centavos de dólar"),
    *("centime de dollar", "centimes de dollar"),
}

_CHINESE_DIGITS = {
    char: digit
    for digit, chars in enumerate(("零", "一", "二两", "三", "四", "五", "六", "七", "八", "九"))
    for char in chars
}

_HALF, _TEN = Decimal("0.5"), 10


@dataclass(frozen=True)
class Amount:
    """A figure.

    Attributes:
        start: Offset in the sentence.
        end: Offset after it, with the unit it is per.
        kind: pct, usd, other (another currency), times (a factor) or variable.
        value: The number; None for a variable.
        text: As written.
        role: amount, or minimum, threshold, ignored (a discount, a tax, an uptime), refuted (quoted to be denied).
        unit: What it is per: request, log, tool, period, tokens, payment; None where nothing is said.
        per: For how many of the unit.
        low: The lower end, where it is a range of percentages.
    """

    start: int
    end: int
    kind: AmountKind
    value: Decimal | None
    text: str
    role: Role = "amount"
    unit: str | None = None
    per: int | None = None
    low: Decimal | None = None

    def text_of(self, sentence: str) -> str:
        """Return the figure as its sentence has it, with the unit it is per."""
        return sentence[self.start : self.end]


def number(text: str, language: str, *, percent: bool = False) -> Decimal | None:
    """Return a number as a language writes it: `1,234.5`, `1.234,5`, `5,5`."""
    text = text.strip(" .,'\u00a0\u202f").replace("\u00a0", "").replace("\u202f", "").replace("'", "").replace(" ", "")
    if "." in text and "," in text:
        decimal = max(".", ",", key=text.rindex)
        text = text.replace("." if decimal == "," else ",", "").replace(",", ".")
    elif "," in text:
        groups = text.split(",")
        whole = all(len(group) == 3 for group in groups[1:]) and groups[0] != "0"  # noqa: PLR2004 -- digits of a group
        thousands = whole and not percent and language in {"en", "zh", "ja"}
        text = text.replace(",", "") if thousands or len(groups) > 2 else text.replace(",", ".")  # noqa: PLR2004 -- one decimal comma
    elif text.count(".") > 1 or (
        language in {"de", "es", "fr"} and not percent and re.fullmatch(r"[1-9]\d{0,2}\.\d{3}", text)
    ):
        text = text.replace(".", "")
    return Decimal(text) if re.fullmatch(r"\d{1,15}(?:\.\d{1,12})?", text) else None


def find_figures(sentence: str, lexicon: Lexicon) -> Iterator[Amount]:
    """Yield every figure of a sentence; they may overlap, and the first of those that do is meant."""
    for match in _VARIABLE.finditer(sentence):
        yield Amount(match.start(), match.end(), "variable", None, match[0])
    for match in _PERCENT.finditer(sentence):
        value = _percent(match, lexicon)
        if value is not None:
            yield Amount(match.start(), match.end(), "pct", value, match[0])
    for match in _MONEY_RANGE.finditer(sentence):
        low, value = number(match["low"], lexicon.language), number(match["high"], lexicon.language)
        if low is not None and value is not None and low < value:
            kind: AmountKind = "usd" if match["sign"] == "$" else "other"
            yield Amount(match.start(), match.end(), kind, value, match[0])
    for match in _MONEY.finditer(sentence):
        yield from _money(match, lexicon)
    for match in _TIMES.finditer(sentence):
        value = number(match["n"] or match["n2"] or match["n3"], lexicon.language, percent=True)
        if value is not None:
            yield Amount(match.start(), match.end(), "times", value, match[0])
    for match in _EMPTY_PERCENT.finditer(sentence):
        yield Amount(match.start(), match.end(), "variable", None, "%")


def with_ranges(sentence: str, found: list[Amount], lexicon: Lexicon) -> list[Amount]:
    """Return the figures with every range of percentages as one: its upper end, which knows the lower one."""
    out: list[Amount] = []
    for amount in sorted(found, key=lambda a: a.start):
        before = sentence[max(0, amount.start - 16) : amount.start]
        match = _RANGE.search(before) if amount.kind == "pct" else None
        low = number(match["low"], lexicon.language, percent=True) if match else None
        if match is None or low is None or amount.value is None or not low < amount.value:
            out.append(amount)
            continue
        start = amount.start - len(before) + match.start()
        spoken = re.search(r"\w", match[0][len(match["low"]) :])  # "0% and 20%" may be two fees; "between" tells
        if spoken and lexicon.language != "zh" and not _is_between(sentence, start, match[0]):
            out.append(amount)
            continue
        out = [other for other in out if other.end <= start]
        out.append(replace(amount, start=start, text=sentence[start : amount.end], low=low))
    return out


def _is_between(sentence: str, start: int, written: str) -> bool:
    """Say whether a spoken range is one: "5% to 15%" is, "5% and 15%" only after "between"."""
    if not re.search(r"\b(?:and|und|et|y)\b", written):
        return True
    return bool(re.search(r"\b(?:between|zwischen|entre)\s$", sentence[:start], re.IGNORECASE))


def _percent(match: re.Match[str], lexicon: Lexicon) -> Decimal | None:
    digits = match["cn"] or match["cnmille"] or match["points"]
    if digits:
        value = number(digits, "zh", percent=True) if digits[0].isascii() else _chinese(digits)
        value = value / 10 if match["cnmille"] and value is not None else value
    else:
        value = number(match["n"] or match["mille"] or match["bps"], lexicon.language, percent=True)
        value = value / (10 if match["mille"] else 100 if match["bps"] else 1) if value is not None else None
    return value if value is not None and value <= MAX_PCT else None


def _chinese(digits: str) -> Decimal | None:
    """Return a number below a hundred in Chinese digits: 五, 十二, 二十, 零点五, 五点五, 半."""
    if digits == "半":
        return _HALF
    whole, _, fraction = digits.partition("点")
    tens, ten, ones = whole.rpartition("十")
    if len(ones) > 1 or len(tens) > 1 or not set(tens + ones + fraction) <= set(_CHINESE_DIGITS):
        return None
    value = Decimal(_CHINESE_DIGITS.get(tens, 1) * _TEN if ten else 0) + _CHINESE_DIGITS.get(ones, 0)
    decimals = "".join(str(_CHINESE_DIGITS[digit]) for digit in fraction)
    return value + Decimal(f"0.{decimals}") if decimals else value


def _money(match: re.Match[str], lexicon: Lexicon) -> Iterator[Amount]:
    sign = (match["sign"] or match["sign2"]).strip()
    sign = sign if sign in _OF_A_EURO else sign.lower()
    value = number(match["n"] or match["n2"], lexicon.language)
    if value is None:
        return
    scale = (match["scale"] or match["scale2"] or "").lower().rstrip(".")
    value *= SCALE.get(scale, 1)
    if sign in _CENTS:
        yield Amount(match.start(), match.end(), "usd", value / 100, match[0])
    else:
        yield Amount(match.start(), match.end(), "usd" if sign in _DOLLARS else "other", value, match[0].strip())
