"""What an amount is per: `$8 per 100,000 requests`, `10万リクエストあたり8ドル`, "each call costs $0.001"."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache

from llmaudit.pages.lexicon.files import Lexicon
from llmaudit.pages.sentence.counting import ANOTHER, COUNT, count_of, counted_before, unit_at
from llmaudit.pages.sentence.figures import SCALES, Amount
from llmaudit.pages.sentence.units_before import with_unit_before

MAX_PERIODS = 366
"""More months, seats or users than this are something else: "$10 per 1,000 user profiles"."""

_TAXED = (
    r"(?:HT|TTC|netto|brutto|zzgl\. MwSt\.?|inkl\. MwSt\.?|excl\.? VAT|ex VAT|\+ ?IVA"
    r"|税込|税抜|（税込）|（税抜）|含税|不含税)"
)
"""With or without tax, as it stands between an amount and what it is per: "29 € HT / mois"."""

_PERIOD = re.compile(
    r"\s?(?:(?:billed|paid|charged|invoiced)\s|each (?:per|a) )?"
    r"(?:mo|month|monthly|yearly|yr|year|annually|monatlich|jährlich|mensuels?|mensuales)(?!\w)",
    re.IGNORECASE,
)

_PERIOD_WORDS = r"(?:mo|month|Monat|mois|mes|yr|year|Jahr|an|année|año)"

_THING_AND_PERIOD = re.compile(
    rf"\s?(?:/|per|an?|pro|je|par|por)\s?(?!{SCALES}|month|year|mo\b|[GMT](?:i?B|o)\b|hour|token|Token)(?:[^\W\d][\w-]*\s?){{1,3}}"
    rf"(?:/|\b(?:per|a|pro|im|par|al|por|and|und|et|y))\s?{_PERIOD_WORDS}(?!\w)",
    re.IGNORECASE,
)
"""Two units, a thing's and a period: "$105 per gateway service per month"."""


@cache
def _per_shape(words: str) -> re.Pattern[str]:
    several = "(?:tranche de |block of |lote de |angefangene )?"
    return re.compile(
        rf"\+?\s?(?:{_TAXED}\s?)?(?:(?:each|apiece|chacune?|cada un[oa])\s)?(?:(?:overages?|extra|more)\s)?"
        rf"(?:{words})\s?(?:{ANOTHER} )?{several}{COUNT}",
        re.IGNORECASE,
    )


def with_unit(sentence: str, amount: Amount, lexicon: Lexicon) -> Amount:
    """Return the amount with what it is per: `$8 per 100,000 requests`, `10万リクエストあたり8ドル`."""
    if amount.kind not in {"usd", "other", "variable"}:
        return amount
    if sentence[amount.end : amount.end + 1] == ")" and sentence[amount.start - 1 : amount.start] == "(":
        amount = replace(amount, end=amount.end + 1)  # "ninety-nine dollars ($99) a month"
    if both := _THING_AND_PERIOD.match(sentence, amount.end):
        return replace(amount, end=both.end(), unit="period")
    match = _per_shape(lexicon.sources["per"]).match(sentence, amount.end)
    if match and (found := _with_unit_after(sentence, amount, match, lexicon)):
        return found
    if bought := _bought(sentence, amount, lexicon):
        return bought
    tail = _PERIOD.match(sentence, amount.end)
    if tail:
        return replace(amount, end=tail.end(), unit="period")
    return with_unit_before(sentence, amount, lexicon)


_BUYS = re.compile(
    rf"\s?(?:buys?|gets?(?: you)?|gives? you|covers?|pays? for|adds|kauft|bringt|achète|donne|compra|da)\s"
    rf"(?:{ANOTHER} )?{COUNT}",
    re.IGNORECASE,
)


def _bought(sentence: str, amount: Amount, lexicon: Lexicon) -> Amount | None:
    """Return the amount with what it buys: "$1 buys another 10,000 requests"."""
    match = _BUYS.match(sentence, amount.end)
    count = count_of(match, lexicon) if match else None
    unit = unit_at(sentence, match.end(), lexicon) if match and count else None
    if unit is None or unit[0] not in {"request", "log", "tool"}:
        return None
    return replace(amount, end=unit[1], unit=unit[0], per=count)


def _with_unit_after(sentence: str, amount: Amount, match: re.Match[str], lexicon: Lexicon) -> Amount | None:
    """Return the amount with the unit after it, or None where what follows is none."""
    unit = unit_at(sentence, match.end(), lexicon)
    if unit and unit[0] == "period":  # "$200/month per additional 1 million requests" is a price of requests
        joined = _AND.match(sentence, unit[1])  # "5 € par mois et par tranche de 10 Go"
        second = _per_shape(lexicon.sources["per"]).match(sentence, joined.end() if joined else unit[1])
        more = second and second["count"] and not _INCLUDED.match(second[0])
        counted = unit_at(sentence, second.end(), lexicon) if second and more else None
        if second and counted and counted[0] in {"request", "log", "tool"}:
            return replace(amount, end=counted[1], unit=counted[0], per=count_of(second, lexicon))
        if (before := with_unit_before(sentence, amount, lexicon)).unit and before.per:
            return replace(before, end=unit[1])  # "each 100,000 logs cost $1.50 a month"
    if not unit and lexicon["credits_units"].match(sentence, match.end()):
        return None  # what credits cost
    if _is_count_alone(match, unit) and (count := count_of(match, lexicon)):
        named = counted_before(sentence, amount.start, lexicon) or ("log" if unit else None)
        if not unit and not named and re.search(r"additional|extra|more|further", match[0], re.IGNORECASE):
            named = "request"  # "$9 per additional 100k"
        ends = re.compile(r"\s*(?:$|[.,;)|])").match(sentence, match.end())
        if not unit and not named and ends and MANY <= count < FOR_TOKENS and not _OF_A_MODEL.search(sentence):
            named = "request"  # "10k, then $2.50 per 1k"
        if named:
            return replace(amount, end=unit[1] if unit else match.end(), unit=named, per=count)
    if unit and not (unit[0] == "period" and (count_of(match, lexicon) or 0) > MAX_PERIODS):
        return replace(amount, end=unit[1], unit=unit[0], per=count_of(match, lexicon))
    return None


_INCLUDED = re.compile(r"\s?(?:for|für|pour|por)\s(?!each|every|jede|chaque|cada|another)", re.IGNORECASE)
"""How a price by the month goes on to what it includes: "$49 per month for 100k logged requests"."""

_AND = re.compile(r"\s(?:and|und|et|y)(?=\s)", re.IGNORECASE)

MANY, FOR_TOKENS = 1_000, 1_000_000
"""From how many of a thing that is not named on a price is one of requests, and from how many one of tokens."""

_OF_A_MODEL = re.compile(
    r"token|input|output|prompt|completion|image|character|minute|second|hour|model|credit|gpt|claude", re.IGNORECASE
)


def _is_count_alone(match: re.Match[str], unit: tuple[str, int] | None) -> bool:
    """Say whether a price is for a number of things that are not named right there: "$8 per 100,000"."""
    return bool(match["count"] or match["scale"]) and (unit is None or unit[0] == "entry")


def is_per_thing(amount: Amount, sentence: str) -> bool:
    """Say whether an amount by the month is one for each of some thing: "$49 per user per month"."""
    return bool(_THING_AND_PERIOD.search(amount.text_of(sentence)))
