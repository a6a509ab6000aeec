"""What an amount is per: `$8 per 100,000 requests`, `10万リクエストあたり8ドル`, "each call costs $0.001"."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache

from llmaudit.pages.lexicon.files import Lexicon
from llmaudit.pages.sentence.figures import NUMBER, SCALE, SCALES, Amount, number

MAX_PERIODS = 366
"""More months, seats or users than this are something else: "$10 per 1,000 user profiles"."""

_TAXED = (
    r"(?:HT|TTC|netto|brutto|zzgl\. MwSt\.?|inkl\. MwSt\.?|excl\.? VAT|ex VAT|\+ ?IVA"
    r"|税込|税抜|（税込）|（税抜）|含税|不含税)"
)
"""With or without tax, as it stands between an amount and what it is per: "29 € HT / mois"."""

_COUNT = rf"(?P<count>{NUMBER})?\s?(?P<scale>{SCALES})?\s?(?:additional |more |zusätzliche |weitere |de |d')?"

_PERIOD = re.compile(
    r"\s?(?:mo|month|monthly|yr|year|annually|monatlich|jährlich|mensuels?|mensuales)(?!\w)", re.IGNORECASE
)

_PERIOD_BEFORE = re.compile(
    r"\b(?:monthly|yearly|annual(?:ly)?|monatlich|jährlich|mensuel|annuel|mensual|anual)\s?[(:]\s?$", re.IGNORECASE
)
"""What before an amount in brackets says by what it is paid: "Monthly ($50)"."""


@cache
def _per_shape(words: str) -> re.Pattern[str]:
    several = "(?:tranche de |block of |lote de |angefangene )?"
    return re.compile(
        rf"\+?\s?(?:{_TAXED}\s?)?(?:(?:overages?|extra|more)\s)?(?:{words})\s?{several}{_COUNT}", re.IGNORECASE
    )


@cache
def _before_shape(unit: str) -> re.Pattern[str]:
    return re.compile(
        rf"(?:每|毎)?\s?{_COUNT}(?:{unit})\s?(?:あたり|につき|ごとに?|仅需?|只需?|收取?|收费|额|は|で|:|：)?\s?(?:月額?|毎月|每月)?\s?$"
    )


_EACH = r"\b(?:each|every|per|jede[rsn]?|pro|je|chaque|par|cada|por)\s(?:\w+\s(?:of|de|von|d')\s?)?"

_COSTS = (
    r"(?:\s\w+){0,3}?\s(?:costs?|is|are|at|kosten|kostet|fallen|fällt|zahlen Sie|berechnen wir"
    r"|coûte|coûtent|cuestan?|se cobran?)\s$"
)


@cache
def _each_shape(unit: str) -> re.Pattern[str]:
    return re.compile(rf"{_EACH}{_COUNT}(?:\w+\s)?(?:{unit}){_COSTS}", re.IGNORECASE)


def with_unit(sentence: str, amount: Amount, lexicon: Lexicon) -> Amount:
    """Return the amount with what it is per: `$8 per 100,000 requests`, `10万リクエストあたり8ドル`."""
    if amount.kind not in {"usd", "other", "variable"}:
        return amount
    match = _per_shape(lexicon.sources["per"]).match(sentence, amount.end)
    if match and (found := _with_unit_after(sentence, amount, match, lexicon)):
        return found
    tail = _PERIOD.match(sentence, amount.end)
    if tail:
        return replace(amount, end=tail.end(), unit="period")
    return _with_unit_before(sentence, amount, lexicon)


def _with_unit_after(sentence: str, amount: Amount, match: re.Match[str], lexicon: Lexicon) -> Amount | None:
    """Return the amount with the unit after it, or None where what follows is none."""
    unit = _unit_at(sentence, match.end(), lexicon)
    if unit and unit[0] == "period":  # "$200/month per additional 1 million requests" is a price of requests
        second = _per_shape(lexicon.sources["per"]).match(sentence, unit[1])
        counted = _unit_at(sentence, second.end(), lexicon) if second and second["count"] else None
        if second and counted and counted[0] in {"request", "log", "tool"}:
            return replace(amount, end=counted[1], unit=counted[0], per=_count(second, lexicon))
        if (before := _with_unit_before(sentence, amount, lexicon)).unit and before.per:
            return replace(before, end=unit[1])  # "each 100,000 logs cost $1.50 a month"
    if _is_count_alone(match, unit) and (count := _count(match, lexicon)):
        named = _counted_before(sentence, amount.start, lexicon) or ("log" if unit else None)
        if not unit and not named and re.search(r"additional|extra|more|further", match[0], re.IGNORECASE):
            named = "request"  # "$9 per additional 100k"
        if named:
            return replace(amount, end=unit[1] if unit else match.end(), unit=named, per=count)
    if unit and not (unit[0] == "period" and (_count(match, lexicon) or 0) > MAX_PERIODS):
        return replace(amount, end=unit[1], unit=unit[0], per=_count(match, lexicon))
    return None


def _is_count_alone(match: re.Match[str], unit: tuple[str, int] | None) -> bool:
    """Say whether a price is for a number of things that are not named right there: "$8 per 100,000"."""
    return bool(match["count"] or match["scale"]) and (unit is None or unit[0] == "entry")


_TOKENS = re.compile(r"tokens?|jetons?|トークン", re.IGNORECASE)


def _counted_before(sentence: str, until: int, lexicon: Lexicon) -> str | None:
    """Return of what a price is that stands before it: "Stored traces are billed at $0.50 per 10,000"."""
    found = [
        (match.start(), name)
        for name in ("request", "log", "tool")
        for pattern in ((lexicon.bases[name],) if lexicon.wide else (lexicon.units[name], lexicon.bases[name]))
        for match in pattern.finditer(sentence, 0, until)
    ]
    found += [(match.start(), "tokens") for match in _TOKENS.finditer(sentence, 0, until)]
    return max(found)[1] if found else None


def _with_unit_before(sentence: str, amount: Amount, lexicon: Lexicon) -> Amount:
    """Return the amount with a unit that stands before it, as in Chinese and Japanese, or "each call costs $0.001"."""
    before = sentence[max(0, amount.start - 60) : amount.start]
    if _PERIOD_BEFORE.search(before):
        return replace(amount, unit="period")
    if not lexicon.wide:
        for name in ("request", "log", "tool"):
            if match := _each_shape(lexicon.units[name].pattern).search(before):
                return replace(amount, unit=name, per=_count(match, lexicon))
        return amount
    for name, pattern in lexicon.units.items():
        match = _before_shape(pattern.pattern).search(before[-30:])
        if match and (match[0].startswith(("每", "毎")) or re.search(r"あたり|につき|ごと|额", match[0])):
            unit = _counted(name, match[0], sentence[: amount.start - len(match[0])], lexicon)
            return replace(amount, unit=unit, per=_count(match, lexicon))
    return amount


def _counted(name: str, counter: str, before: str, lexicon: Lexicon) -> str:
    """Return what a counter counts that may count anything: requests before 「1,000件あたり」, payments."""
    if name == "log" and not re.search(r"GB|ログ|日志", counter):
        return _counted_before(before, len(before), lexicon) or name
    return "payment" if name == "request" and _pays(f"{before}{counter}", lexicon) else name


def _pays(before: str, lexicon: Lexicon) -> bool:
    """Say whether a text is about paying and not about requests: 「コンビニ払いは…」, 「每次充值收取…」."""
    paid = any(lexicon.bases[name].search(before) for name in ("payment", "credits"))
    return paid and not lexicon.bases["request"].search(before)


def _unit_at(sentence: str, at: int, lexicon: Lexicon) -> tuple[str, int] | None:
    """Return the longest unit that begins at a place, and where it ends."""
    best: tuple[str, int] | None = None
    for name, pattern in lexicon.units.items():
        match = pattern.match(sentence, at)
        if match and (best is None or match.end() > best[1]):
            best = (name, match.end())
    return best


def _count(match: re.Match[str], lexicon: Lexicon) -> int | None:
    """Return for how many of the unit a price is, or None where no number is named."""
    if not match["count"]:
        return SCALE.get((match["scale"] or "").lower().rstrip("."))
    value = number(match["count"], lexicon.language)
    if value is None:
        return None
    scaled = value * SCALE.get((match["scale"] or "").lower().rstrip("."), 1)
    return int(scaled) if scaled == scaled.to_integral_value() else None
