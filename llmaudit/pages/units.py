"""What an amount is per: `$8 per 100,000 requests`, `10万リクエストあたり8ドル`, "each call costs $0.001"."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache

from llmaudit.pages.figures import NUMBER, SCALE, SCALES, Amount, number
from llmaudit.pages.words import Lexicon

MAX_PERIODS = 366
"""More months, seats or users than this are something else: "$10 per 1,000 user profiles"."""

_TAXED = (
    r"(?:HT|TTC|netto|brutto|zzgl\. MwSt\.?|inkl\. MwSt\.?|excl\.? VAT|ex VAT|\+ ?IVA"
    r"|税込|税抜|（税込）|（税抜）|含税|不含税)"
)
"""With or without tax, as it stands between an amount and what it is per: "29 € HT / mois"."""

_COUNT = rf"(?P<count>{NUMBER})?\s?(?P<scale>{SCALES})?\s?(?:additional |more |zusätzliche |weitere )?"

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


_EACH = r"\b(?:each|every|per|jede[rsn]?|pro|je|chaque|par|cada|por)\s(?:\w+\s(?:of|de|von|d')\s?)?"

_COSTS = r"(?:\s\w+){0,3}?\s(?:costs?|is|are|at|kosten|kostet|coûte|cuesta)\s$"


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
    unit = _unit_at(sentence, match.end(), lexicon)
    if unit and unit[0] == "period":  # "$200/month per additional 1 million requests" is a price of requests
        second = _per_shape(lexicon.sources["per"]).match(sentence, unit[1])
        counted = _unit_at(sentence, second.end(), lexicon) if second and second["count"] else None
        if second and counted and counted[0] in {"request", "log", "tool"}:
            return replace(amount, end=counted[1], unit=counted[0], per=_count(second, lexicon))
    if _is_count_alone(match, unit) and (count := _count(match, lexicon)):
        named = _counted_before(sentence, amount.start, lexicon)
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


def _counted_before(sentence: str, until: int, lexicon: Lexicon) -> str | None:
    """Return of what a price is that stands before it: "Stored traces are billed at $0.50 per 10,000"."""
    found = [
        (match.start(), name)
        for name in ("request", "log", "tool", "tokens")
        for pattern in (lexicon.units[name], lexicon.bases[name])
        for match in pattern.finditer(sentence, 0, until)
    ]
    return max(found)[1] if found else None


def _with_unit_before(sentence: str, amount: Amount, lexicon: Lexicon) -> Amount:
    """Return the amount with a unit that stands before it, as in Chinese and Japanese, or "each call costs $0.001"."""
    before = sentence[max(0, amount.start - 60) : amount.start]
    if not lexicon.wide:
        for name in ("request", "log", "tool"):
            if match := _each_shape(lexicon.units[name].pattern).search(before):
                return replace(amount, unit=name, per=_count(match, lexicon))
        return amount
    before = before[-30:]
    for name, pattern in lexicon.units.items():
        match = _before_shape(pattern.pattern).search(before)
        if match and (match[0].startswith(("每", "毎")) or re.search(r"あたり|につき|ごと|额", match[0])):
            counts_payments = name == "request" and _pays(sentence[: amount.start], lexicon)
            return replace(amount, unit="payment" if counts_payments else name, per=_count(match, lexicon))
    return amount


def _pays(before: str, lexicon: Lexicon) -> bool:
    """Say whether 「回」 or 「次」 counts payments: 「コンビニ払いは1回につき220円」, 「每次充值收取 1 元」."""
    paid = any(lexicon.bases[name].search(before) for name in ("payment", "credits"))
    return paid and not lexicon.bases["request"].search(before)


def _unit_at(sentence: str, at: int, lexicon: Lexicon) -> tuple[str, int] | None:
    best: tuple[str, int] | None = None
    for name, pattern in lexicon.units.items():
        match = pattern.match(sentence, at)
        if match and (best is None or match.end() > best[1]):
            best = (name, match.end())
    return best


def _count(match: re.Match[str], lexicon: Lexicon) -> int | None:
    if not match["count"]:
        return SCALE.get((match["scale"] or "").lower().rstrip("."))
    value = number(match["count"], lexicon.language)
    if value is None:
        return None
    scaled = value * SCALE.get((match["scale"] or "").lower().rstrip("."), 1)
    return int(scaled) if scaled == scaled.to_integral_value() else None
