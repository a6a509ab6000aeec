"""Figures in a sentence: percentages, amounts with what they are per, factors, variables; and which are no fee."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache
from itertools import islice
from typing import Literal

from llmaudit.pages.variables import CLOSE, OPEN
from llmaudit.pages.words import Lexicon

AmountKind = Literal["pct", "usd", "other", "times", "variable"]
Role = Literal["amount", "minimum", "threshold", "ignored"]
MAX_PCT = 1_000
MAX_PERIODS = 366
"""More months, seats or users than this are something else: "$10 per 1,000 user profiles"."""

ADJACENT = 8
"""Characters between a share and the word for the fee it is."""

MAX_AMOUNTS = 24
"""Figures looked at in one sentence; more are a table that lost its shape."""

_THOUSAND = ("k", "thousand", "千", "tausend", "mille", "mil")
_MILLION = ("m", "million", "mio", "百万", "millionen", "millions", "millones", "millón")
_SCALE: dict[str, int] = {
    **dict.fromkeys(_THOUSAND, 1_000),
    **dict.fromkeys(_MILLION, 1_000_000),
    "b": 1_000_000_000,
    "万": 10_000,
    "萬": 10_000,
    "亿": 100_000_000,
}
_NUMBER = r"\d[\d.,\u00a0\u202f' ]*\d|\d"
_TIGHT = r"\d[\d.,]*\d|\d"
_SCALES = (
    r"(?:百万|万|萬|千|亿|k\b|K\b|M\b|B\b|thousand\b|million\b|Mio\.?|Tausend\b|Millionen\b|millions?\b"
    r"|millones\b|millón\b|mille\b|mil\b)"
)
_PERCENT = re.compile(
    rf"(?P<n>{_TIGHT})\s?(?:%|％|percent\b|per cent\b|pct\b|Prozent\b|pour ?cent\b|por ciento\b|パーセント|個點|个点|%)"
    rf"|百分之(?P<cn>{_TIGHT}|[一二三四五六七八九十]+)"
    rf"|(?P<mille>{_TIGHT})\s?(?:‰|per mille\b|Promille\b|pour mille\b|por mil\b|パーミル)|千分之(?P<cnmille>{_TIGHT}|[一二三四五六七八九十]+)"
    rf"|(?P<bps>{_TIGHT})\s?(?:bps\b|basis points?\b|Basispunkten?\b|points de base\b|puntos b[áa]sicos\b|个基点|基点|ベーシスポイント)"
    r"|(?P<words>\b[a-zäöü]+)[\s-](?:percent|per cent|Prozent|pour cent|por ciento)\b",
    re.IGNORECASE,
)
_MONEY = re.compile(
    rf"(?P<sign>US\s?\$|C\$|A\$|\$|€|£|¥|￥|USD\s|EUR\s|RMB\s?|CNY\s?)\s?(?P<n>{_TIGHT})\s?(?P<scale>{_SCALES})?"
    rf"|(?P<n2>{_TIGHT})\s?(?P<scale2>{_SCALES})?\s?(?P<sign2>US-?\$|\$(?:US)?|€|£|USD\b|EUR\b|dollars?\b|euros?\b|Dollar\b|dólares\b|(?:US\s)?cents?\b|¢|美元|美金|人民币|元|块|円|ドル|セント|RMB\b|CNY\b)",
)
_TIMES = re.compile(
    r"(?<![A-Za-z0-9.])(?P<n>\d{1,2}(?:[.,]\d{1,4})?)(?:\s?(?:[x×](?!\w)|倍(?!率))|[\s-]?fache[nmrs]?\b|\s(?:times|fois|veces)\b)"
    r"|[x×]\s?(?P<n2>\d{1,2}(?:[.,]\d{1,4})?)(?![\w.])"
)
_RANGE = re.compile(
    rf"(?P<low>{_TIGHT})\s?[%％]?\s?(?:–|-|—|~|～|〜|至|到|から|\bto\b|\bbis\b|\bà\b|\ba\b|\band\b|\bund\b|\bet\b|\by\b)\s?$"
)
"""What comes before the upper end of a range: `3–5%`, `between 5% and 15%`."""
_VARIABLE = re.compile(rf"{OPEN}[^{CLOSE}]*{CLOSE}(?:\s?(?P<pct>%|％|percent\b))?")
_EMPTY_PERCENT = re.compile(r"(?<![\d%\w⁆] )(?<![\d%\w⁆])%(?=\s+\w)")
_LEVEL = re.compile(r"(?:官方|厂商|原)价(?:[(（][^)）]{0,14}[)）])?的\s?$")
"""What comes before a price as a share of the official one: "about 4.2% of the official price" adds nothing to it."""
_LOWERED = re.compile(
    r"(?:\b(?:reduced|lowered|cut|drops?|falls?|down) to|\b(?:gesenkt|reduziert|sinkt|fällt) auf|\b(?:ramenée?s?|réduite?s?|passe) à"
    r"|\b(?:rebajad?a?|reducid[oa]|baja|rebaja \w+ \w+(?: de \w+)?) al?|降至|降到|降为|减至|に下が\w*)\s?(?:only |nur )?$",
    re.IGNORECASE,
)
"""What before a figure says that a fee has come down to it: "reduced to 2%" is the fee, not a discount."""

_DOLLARS = {"us$", "us $", "$", "usd", "us-$", "$us", "dollar", "dollars", "dólares", "美元", "美金", "ドル"}
_CENTS = {"cent", "cents", "us cent", "us cents", "¢", "セント"}
_CHINESE_DIGITS = {"一": 1, "二": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9, "十": 10}


@dataclass(frozen=True)
class Amount:
    """A figure.

    Attributes:
        start: Offset in the sentence.
        end: Offset after it, with the unit it is per.
        kind: pct, usd, other (another currency), times (a factor) or variable.
        value: The number; None for a variable.
        text: As written.
        role: amount, or minimum, threshold, or ignored (a discount, a tax, an uptime).
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


def number(text: str, language: str, *, percent: bool = False) -> Decimal | None:
    """Return a number as a language writes it: `1,234.5`, `1.234,5`, `5,5`."""
    text = text.strip(" .,'\u00a0\u202f").replace("\u00a0", "").replace("\u202f", "").replace("'", "").replace(" ", "")
    if "." in text and "," in text:
        decimal = max(".", ",", key=text.rindex)
        text = text.replace("." if decimal == "," else ",", "").replace(",", ".")
    elif "," in text:
        groups = text.split(",")
        thousands = all(len(group) == 3 for group in groups[1:]) and not percent and language in {"en", "zh", "ja"}  # noqa: PLR2004 -- digits of a group
        text = text.replace(",", "") if thousands or len(groups) > 2 else text.replace(",", ".")  # noqa: PLR2004 -- one decimal comma
    elif text.count(".") > 1 or (
        language in {"de", "es", "fr"} and not percent and re.fullmatch(r"[1-9]\d{0,2}\.\d{3}", text)
    ):
        text = text.replace(".", "")
    return Decimal(text) if re.fullmatch(r"\d{1,15}(?:\.\d{1,12})?", text) else None


def amounts(sentence: str, lexicon: Lexicon, terms: Sequence[tuple[int, int]]) -> list[Amount]:
    """Return the figures of a sentence in order, each with its role.

    Args:
        sentence: The text.
        lexicon: Its language.
        terms: Spans of words that name a fee: a figure with such a word between it and "discount" is no discount.
    """
    found: list[Amount] = []
    for amount in islice(_found(sentence, lexicon), 4 * MAX_AMOUNTS):
        if len(found) < MAX_AMOUNTS and all(amount.end <= other.start or amount.start >= other.end for other in found):
            found.append(amount)
    found = _with_ranges(sentence, [_with_unit(sentence, amount, lexicon) for amount in found], lexicon)
    return sorted(
        (replace(amount, role=_role(sentence, amount, lexicon, terms)) for amount in found), key=lambda a: a.start
    )


def _found(sentence: str, lexicon: Lexicon) -> Iterator[Amount]:
    for match in _VARIABLE.finditer(sentence):
        yield Amount(match.start(), match.end(), "variable", None, match[0])
    for match in _PERCENT.finditer(sentence):
        value = _percent(match, lexicon)
        if value is not None:
            yield Amount(match.start(), match.end(), "pct", value, match[0])
    for match in _MONEY.finditer(sentence):
        yield from _money(match, lexicon)
    for match in _TIMES.finditer(sentence):
        value = number(match["n"] or match["n2"], lexicon.language, percent=True)
        if value is not None:
            yield Amount(match.start(), match.end(), "times", value, match[0])
    for match in _EMPTY_PERCENT.finditer(sentence):
        yield Amount(match.start(), match.end(), "variable", None, "%")


def _with_ranges(sentence: str, found: list[Amount], lexicon: Lexicon) -> list[Amount]:
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
    digits = match["cn"] or match["cnmille"]
    if digits:
        value = Decimal(_CHINESE_DIGITS[digits]) if digits in _CHINESE_DIGITS else number(digits, "zh", percent=True)
        value = value / 10 if match["cnmille"] and value is not None else value
    elif match["n"] or match["mille"] or match["bps"]:
        value = number(match["n"] or match["mille"] or match["bps"], lexicon.language, percent=True)
        value = value / (10 if match["mille"] else 100 if match["bps"] else 1) if value is not None else None
    else:
        word = lexicon.number_words.get(match["words"].lower())
        value = Decimal(word) if word else None
    return value if value is not None and value <= MAX_PCT else None


def _money(match: re.Match[str], lexicon: Lexicon) -> Iterator[Amount]:
    sign = (match["sign"] or match["sign2"]).strip().lower()
    value = number(match["n"] or match["n2"], lexicon.language)
    if value is None:
        return
    scale = (match["scale"] or match["scale2"] or "").lower().rstrip(".")
    value *= _SCALE.get(scale, 1)
    if sign in _CENTS:
        yield Amount(match.start(), match.end(), "usd", value / 100, match[0])
    else:
        yield Amount(match.start(), match.end(), "usd" if sign in _DOLLARS else "other", value, match[0].strip())


def _with_unit(sentence: str, amount: Amount, lexicon: Lexicon) -> Amount:
    """Return the amount with what it is per: `$8 per 100,000 requests`, `10万リクエストあたり8ドル`."""
    if amount.kind not in {"usd", "other", "variable"}:
        return amount
    match = _per_shape(lexicon.sources["per"]).match(sentence, amount.end)
    if match:
        unit = _unit_at(sentence, match.end(), lexicon)
        if unit and unit[0] == "period":  # "$200/month per additional 1 million requests" is a price of requests
            second = _per_shape(lexicon.sources["per"]).match(sentence, unit[1])
            counted = _unit_at(sentence, second.end(), lexicon) if second and second["count"] else None
            if second and counted and counted[0] in {"request", "log", "tool"}:
                return replace(amount, end=counted[1], unit=counted[0], per=_count(second, lexicon))
        if not unit and match["count"] and re.search(r"additional|extra|more|further", match[0], re.IGNORECASE):
            named = lexicon.units["log"].search(sentence)  # "$9 per additional 100k": of what is counted before
            return replace(amount, end=match.end(), unit="log" if named else "request", per=_count(match, lexicon))
        if unit and not (unit[0] == "period" and (_count(match, lexicon) or 0) > MAX_PERIODS):
            return replace(amount, end=unit[1], unit=unit[0], per=_count(match, lexicon))
    tail = _PERIOD.match(sentence, amount.end)
    if tail:
        return replace(amount, end=tail.end(), unit="period")
    return _with_unit_before(sentence, amount, lexicon)


_TAXED = r"(?:HT|TTC|netto|brutto|zzgl\. MwSt\.?|inkl\. MwSt\.?|excl\.? VAT|ex VAT|\+ ?IVA|税込|税抜|（税込）|（税抜）|含税|不含税)"
_COUNT = rf"(?P<count>{_NUMBER})?\s?(?P<scale>{_SCALES})?\s?(?:additional |more |zusätzliche |weitere )?"
_PERIOD = re.compile(
    r"\s?(?:mo|month|monthly|yr|year|annually|monatlich|jährlich|mensuels?|mensuales)(?!\w)", re.IGNORECASE
)


@cache
def _per_shape(words: str) -> re.Pattern[str]:
    return re.compile(rf"\+?\s?(?:{_TAXED}\s?)?(?:(?:overages?|extra|more)\s)?(?:{words})\s?{_COUNT}", re.IGNORECASE)


@cache
def _before_shape(unit: str) -> re.Pattern[str]:
    return re.compile(
        rf"(?:每|毎)?\s?{_COUNT}(?:{unit})\s?(?:あたり|につき|ごとに?|仅需?|只需?|收取?|收费|额|は|で|:|：)?\s?$"
    )


@cache
def _edge_shape(words: str, *, wide: bool, at_end: bool) -> re.Pattern[str]:
    if at_end:
        edge = "" if wide else r"(?<!\w)"
        gap = r"[\s.:：是为約约$]{0,3}(?:the |la |le |los |las |les |die |den |der |your |a total of |of )?"
        return re.compile(rf"{edge}(?:{words}){gap}$", re.IGNORECASE)
    edge = "" if wide else r"(?!\w)"
    return re.compile(rf"\s?(?:{words}){edge}", re.IGNORECASE)


_EACH = r"\b(?:each|every|per|jede[rsn]?|pro|je|chaque|par|cada|por)\s(?:\w+\s)?"
_COSTS = r"\s(?:\w+\s){0,2}(?:costs?|is|are|at|kostet|coûte|cuesta)\s$"


def _with_unit_before(sentence: str, amount: Amount, lexicon: Lexicon) -> Amount:
    """Return the amount with a unit that stands before it, as in Chinese and Japanese, or "each call costs $0.001"."""
    before = sentence[max(0, amount.start - 40) : amount.start]
    if not lexicon.wide:
        for name in ("request", "log", "tool"):
            if re.search(f"{_EACH}(?:{lexicon.units[name].pattern}){_COSTS}", before, re.IGNORECASE):
                return replace(amount, unit=name)
        return amount
    before = before[-30:]
    for name, pattern in lexicon.units.items():
        match = _before_shape(pattern.pattern).search(before)
        if match and (match[0].startswith(("每", "毎")) or re.search(r"あたり|につき|ごと|额", match[0])):
            return replace(amount, unit=name, per=_count(match, lexicon))
    return amount


def _unit_at(sentence: str, at: int, lexicon: Lexicon) -> tuple[str, int] | None:
    best: tuple[str, int] | None = None
    for name, pattern in lexicon.units.items():
        match = pattern.match(sentence, at)
        if match and (best is None or match.end() > best[1]):
            best = (name, match.end())
    return best


def _count(match: re.Match[str], lexicon: Lexicon) -> int | None:
    if not match["count"]:
        return _SCALE.get((match["scale"] or "").lower().rstrip("."))
    value = number(match["count"], lexicon.language)
    if value is None:
        return None
    scaled = value * _SCALE.get((match["scale"] or "").lower().rstrip("."), 1)
    return int(scaled) if scaled == scaled.to_integral_value() else None


def _role(sentence: str, amount: Amount, lexicon: Lexicon, terms: Sequence[tuple[int, int]]) -> Role:
    before, after = sentence[max(0, amount.start - 60) : amount.start], sentence[amount.end : amount.end + 60]
    if amount.kind in {"usd", "other", "variable"}:
        if _ends_with(before, "minimum", lexicon) or _starts_with(after, "minimum_after", lexicon):
            return "minimum"
        if amount.unit not in {"request", "log", "tool"} and (
            _ends_with(before, "threshold", lexicon) or _starts_with(after, "threshold_after", lexicon)
        ):
            return "threshold"
    if (
        amount.kind == "pct"
        and not amount.value
        and re.match(r"\s?(?:to|and|bis|und|à|et|a|y|-|–|~|至|到|から|〜)\s?\d", after)
    ):
        return "ignored"  # "between 0% and 20%" denies nothing
    if amount.kind == "pct" and _is_ignored(sentence, amount, lexicon, terms):
        return "ignored"
    return "amount"


def _ends_with(text: str, name: str, lexicon: Lexicon) -> bool:
    source = lexicon.sources[name]
    return bool(source) and bool(_edge_shape(source, wide=lexicon.wide, at_end=True).search(text))


def _starts_with(text: str, name: str, lexicon: Lexicon) -> bool:
    source = lexicon.sources[name]
    return bool(source) and bool(_edge_shape(source, wide=lexicon.wide, at_end=False).match(text))


def _is_ignored(sentence: str, amount: Amount, lexicon: Lexicon, terms: Sequence[tuple[int, int]]) -> bool:
    """Say whether a percentage is a discount, a tax, an uptime: such a word is near, and no word for a fee nearer."""
    fee_follows = any(0 <= start - amount.end <= ADJACENT for start, _ in terms)
    if _LEVEL.search(sentence[max(0, amount.start - 24) : amount.start]) and not fee_follows:
        return True
    if _LOWERED.search(sentence, 0, amount.start) and any(end <= amount.start for _, end in terms):
        return False
    reach = 8 if lexicon.wide else 34
    words = 8 if lexicon.wide else 4
    after = sentence[amount.end : amount.end + reach]
    before = sentence[max(0, amount.start - reach) : amount.start]
    if lexicon["ignored_after"].match(after.lstrip()):
        return True
    following = lexicon["ignored"].search(after)
    if following and (lexicon.wide or len(after[: following.start()].split()) < words):
        span = (amount.end, amount.end + following.start())
        if not _any_between(terms, span) and not re.search(r"[,;，；。]", after[: following.start()]):
            return True
    preceding = list(lexicon["ignored"].finditer(before))
    if preceding and (lexicon.wide or len(before[preceding[-1].end() :].split()) <= words):
        span = (amount.start - len(before) + preceding[-1].end(), amount.start)
        return not _any_between(terms, span) and not re.search(
            r"[;；。%]|, (?:and|we|plus)", before[preceding[-1].end() :]
        )
    return False


def _any_between(terms: Sequence[tuple[int, int]], span: tuple[int, int]) -> bool:
    return any(start < span[1] and end > span[0] for start, end in terms)
