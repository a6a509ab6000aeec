"""What an amount is per: `$8 per 100,000 requests`, `10万リクエストあたり8ドル`, "each call costs $0.001"."""

from __future__ import annotations

import re
from collections.abc import Iterator
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

_COUNT = (
    rf"(?P<count>{NUMBER})?\s?(?P<scale>{SCALES})?\s?"
    r"(?:additional |more |further |extra |zusätzliche |weitere |supplémentaires? |adicionales |de |d')?"
)

_PERIOD = re.compile(
    r"\s?(?:(?:billed|paid|charged|invoiced)\s|each (?:per|a) )?"
    r"(?:mo|month|monthly|yearly|yr|year|annually|monatlich|jährlich|mensuels?|mensuales)(?!\w)",
    re.IGNORECASE,
)

_PERIODS = re.compile(
    r"(?:^|\s)(?:pro|je|per|par|por) (?:Platz|Nutzer|seat|user|member|siège|utilisateur|asiento|usuario)"
    r" (?:und|and|per|et(?: par)?|y(?: por)?) (?:Monat|month|mois|mes|Jahr|year|an|año)(?:\s\w+){1,3}\s$",
    re.IGNORECASE,
)
"""Two periods before what is paid by them: "pro Platz und Monat fallen 12 € an"."""

_PERIOD_WORDS = r"(?:mo|month|Monat|mois|mes|yr|year|Jahr|an|année|año)"

_THING_AND_PERIOD = re.compile(
    rf"\s?(?:/|per|an?|pro|je|par|por)\s?(?!month|year|mo\b|[GMT]i?B\b|hour|token|Token)(?:[^\W\d][\w-]*\s?){{1,3}}"
    rf"(?:/|\b(?:per|a|pro|im|par|al|por|and|und|et|y))\s?{_PERIOD_WORDS}(?!\w)",
    re.IGNORECASE,
)
"""Two units, a thing's and a period: "$105 per gateway service per month"."""

_PERIOD_BEFORE = re.compile(
    r"\b(?:monthly|yearly|annual(?:ly)?|monatlich|jährlich|mensuel|annuel|mensual|anual)\s?[(:]\s?$", re.IGNORECASE
)
"""What before an amount in brackets says by what it is paid: "Monthly ($50)"."""


_ANOTHER = (
    r"(?:weitere[rsn]?|zusätzliche[rsn]?|another|an? (?:extra|additional|further)|each|every|autres?|cada|otr[oa]s?)"
)
"""What may stand between "per" and what is counted: "$3 for another 100k"."""


@cache
def _per_shape(words: str) -> re.Pattern[str]:
    several = "(?:tranche de |block of |lote de |angefangene )?"
    return re.compile(
        rf"\+?\s?(?:{_TAXED}\s?)?(?:(?:each|apiece|chacune?|cada un[oa])\s)?(?:(?:overages?|extra|more)\s)?"
        rf"(?:{words})\s?(?:{_ANOTHER} )?{several}{_COUNT}",
        re.IGNORECASE,
    )


@cache
def _before_shape(unit: str) -> re.Pattern[str]:
    return re.compile(
        rf"(?:每|毎)?(?:增加|多)?[一个位名]?\s?{_COUNT}(?:{unit})\s?(?:あたり|につき|ごとに?|约|仅需?|只需?|收取?|收费|额|額|は|で|:|：)?\s?(?:月額?|毎月|每月)?\s?$"
    )


_FURTHER = r"(?:further |additional |extra |more |weitere[rsn]? |zusätzliche[rsn]? |vermittelte[rsn]? )?"

_EACH = (
    rf"(?:^(?:an?|eine?|une?|una?)|\b(?:each|every|per|jede[rsn]?|pro|je|chaque|par|cada|por))\s{_FURTHER}"
    rf"(?:(?!{SCALES})\w+\s(?:of|de|von|d')\s?)?(?:eine\s)?"
)
"""What before a unit makes a price of what comes after it: "each call costs", "je eine Million berechnen wir"."""

_MANY = rf"(?<![\w.,$€])(?:an?\s|eine\s|une?\s|l[ae]s?\s|los\s)?(?=\d|{SCALES}\s)"
"""What before a count does: "a thousand further requests cost", "le million de requêtes est à"."""

_COSTS = (
    r"(?:\s\w+){0,3}?\s(?:costs?|runs?(?: you)?|sets you back|goes for|comes? (?:in |out )?(?:at|to)|adds|is|are|at"
    r"|kosten|kostet|fallen|fällt|zahlen Sie|berechnen wir"
    r"|schl(?:ägt|agen) mit"
    r"|coûte|coûtent|(?:est|sont) (?:à|de|facturée?s?)|cuestan?|se (?:cobran?|facturan?)(?: a)?)\s$"
)

_COST = (
    r"(?:\s(?:further|more|suivantes?|supplémentaires?|más|adicionales?))?"
    r"\s(?:costs?|runs?|are(?: (?:priced|billed|charged|sold|available)(?: at| for)?)?|go for|kosten|coûtent|coûte|est à"
    r"|sont à|cuestan?)\s$"
)
"""What stands between a count and its price; "900 messages a day at $12" counts something else."""

_VERB_FIRST = r"\b(?:kosten|kostet|coûtent|coûte|cuestan|cuesta|costs?)\s"
"""A verb before what is counted: "darüber hinaus kosten 1.000 Anfragen 0,30 $"."""


_LABELS = r"\s?[:=→–—]\s?$"
"""What stands between what is counted and its price where that is its label: "Every 1,000 checks: $0.20"."""


@cache
def _each_shape(unit: str) -> re.Pattern[str]:
    """Return how what is counted stands before its price."""
    counted = rf"{_COUNT}(?:[\w-]+\s)?(?:{unit})"
    return re.compile(
        rf"(?:{_EACH}|^(?=\d)){counted}(?:{_COSTS}|{_LABELS})|{_MANY}{_numbered(counted, 2)}{_COST}|{_VERB_FIRST}{_numbered(counted, 3)}\s$",
        re.IGNORECASE,
    )


def _numbered(counted: str, index: int) -> str:
    """Return a count with names of its own for its groups: a pattern may have each of them only once."""
    return counted.replace("?P<count>", f"?P<count{index}>").replace("?P<scale>", f"?P<scale{index}>")


def with_unit(sentence: str, amount: Amount, lexicon: Lexicon) -> Amount:
    """Return the amount with what it is per: `$8 per 100,000 requests`, `10万リクエストあたり8ドル`."""
    if amount.kind not in {"usd", "other", "variable"}:
        return amount
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
    return _with_unit_before(sentence, amount, lexicon)


_BUYS = re.compile(
    rf"\s?(?:buys?|gets?(?: you)?|gives? you|covers?|pays? for|adds|kauft|bringt|achète|donne|compra|da)\s(?:{_ANOTHER} )?"
    rf"{_COUNT}",
    re.IGNORECASE,
)


def _bought(sentence: str, amount: Amount, lexicon: Lexicon) -> Amount | None:
    """Return the amount with what it buys: "$1 buys another 10,000 requests"."""
    match = _BUYS.match(sentence, amount.end)
    count = _count(match, lexicon) if match else None
    unit = _unit_at(sentence, match.end(), lexicon) if match and count else None
    if unit is None or unit[0] not in {"request", "log", "tool"}:
        return None
    return replace(amount, end=unit[1], unit=unit[0], per=count)


def _with_unit_after(sentence: str, amount: Amount, match: re.Match[str], lexicon: Lexicon) -> Amount | None:
    """Return the amount with the unit after it, or None where what follows is none."""
    unit = _unit_at(sentence, match.end(), lexicon)
    if unit and unit[0] == "period":  # "$200/month per additional 1 million requests" is a price of requests
        second = _per_shape(lexicon.sources["per"]).match(sentence, unit[1])
        more = second and second["count"] and not _INCLUDED.match(second[0])
        counted = _unit_at(sentence, second.end(), lexicon) if second and more else None
        if second and counted and counted[0] in {"request", "log", "tool"}:
            return replace(amount, end=counted[1], unit=counted[0], per=_count(second, lexicon))
        if (before := _with_unit_before(sentence, amount, lexicon)).unit and before.per:
            return replace(before, end=unit[1])  # "each 100,000 logs cost $1.50 a month"
    if _is_count_alone(match, unit) and (count := _count(match, lexicon)):
        named = _counted_before(sentence, amount.start, lexicon) or ("log" if unit else None)
        if not unit and not named and re.search(r"additional|extra|more|further", match[0], re.IGNORECASE):
            named = "request"  # "$9 per additional 100k"
        ends = re.compile(r"\s*(?:$|[.,;)|])").match(sentence, match.end())
        if not unit and not named and ends and MANY <= count < FOR_TOKENS and not _OF_A_MODEL.search(sentence):
            named = "request"  # "10k, then $2.50 per 1k"
        if named:
            return replace(amount, end=unit[1] if unit else match.end(), unit=named, per=count)
    if unit and not (unit[0] == "period" and (_count(match, lexicon) or 0) > MAX_PERIODS):
        return replace(amount, end=unit[1], unit=unit[0], per=_count(match, lexicon))
    return None


_INCLUDED = re.compile(r"\s?(?:for|für|pour|por)\s(?!each|every|jede|chaque|cada|another)", re.IGNORECASE)
"""How a price by the month goes on to what it includes: "$49 per month for 100k logged requests"."""

MANY, FOR_TOKENS = 1_000, 1_000_000
"""From how many of a thing that is not named on a price is one of requests, and from how many one of tokens."""

_OF_A_MODEL = re.compile(
    r"token|input|output|prompt|completion|image|character|minute|second|hour|model|credit|gpt|claude", re.IGNORECASE
)


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


UNCOUNTED = {"request", "log", "tool"}
"""What a price may be of that its sentence has named, without a count: "tool calls are metered at $0.008"."""

_METERED = re.compile(r"\bare (?:\w+ )?(?:metered|billed|priced|charged|invoiced) at\s$", re.IGNORECASE)


def _with_unit_before(sentence: str, amount: Amount, lexicon: Lexicon) -> Amount:
    """Return the amount with a unit that stands before it, as in Chinese and Japanese, or "each call costs $0.001"."""
    before = sentence[max(0, amount.start - 60) : amount.start]
    if _PERIOD_BEFORE.search(before):
        return replace(amount, unit="period")
    if not lexicon.wide:
        if _APIECE.match(sentence, amount.end) and (counted := _costs_apiece(before, lexicon)):
            return replace(amount, unit=counted, per=None)
        if (
            _APIECE.match(sentence, amount.end)
            and (counted := _counted_before(sentence, amount.start, lexicon)) in UNCOUNTED
        ):
            return replace(amount, unit=counted)
        for name in ("request", "log", "tool"):
            if match := _each_shape(lexicon.units[name].pattern).search(before):
                return replace(amount, unit=name, per=_count(match, lexicon))
        if _PERIODS.search(before):
            return replace(amount, unit="period")
        if _METERED.search(before) and (counted := _counted_before(sentence, amount.start, lexicon)) in UNCOUNTED:
            return replace(amount, unit=counted)
        return amount
    for name, pattern in lexicon.units.items():
        match = _before_shape(pattern.pattern).search(before[-30:])
        if match and (match[0].startswith(("每", "毎")) or re.search(r"あたり|につき|ごと|额", match[0])):
            unit = _counted(name, match[0], sentence[: amount.start - len(match[0])], lexicon)
            return replace(amount, unit=unit, per=_count(match, lexicon))
    return amount


_APIECE = re.compile(r"\s?(?:each|apiece|pro Stück|chacune?|cada un[oa])(?!\w)", re.IGNORECASE)


def _costs_apiece(before: str, lexicon: Lexicon) -> str | None:
    """Return of what a price is each that stands before its verb: "extra requests cost $0.04 each"."""
    names = ("request", "log", "tool")
    return next((n for n in names if re.search(rf"(?:{lexicon.units[n].pattern}){_COST}", before, re.IGNORECASE)), None)


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
    for start in _places_of_unit(sentence, at, lexicon):
        best: tuple[str, int] | None = None
        for name, pattern in lexicon.units.items():
            match = pattern.match(sentence, start)
            if match and (best is None or match.end() > best[1]):
                best = (name, match.end())
        if best:
            return best
    return None


MAX_ADJECTIVES = 2
"""Words that may stand before a unit: "per granted seat", "per 1k cached gateway hits"."""

_ADJECTIVE = re.compile(
    r"(?!(?:of|for|in|on|and|or|with|to|the|plus|per|at|by|from|is|are|you|we|up|und|oder|mit|zu|für|bei|et|ou|avec|de|du"
    r"|des|y|o|con|en|del?)\s)[^\W\d_][\w-]*\s",
    re.IGNORECASE,
)


def _places_of_unit(sentence: str, at: int, lexicon: Lexicon) -> Iterator[int]:
    """Yield where a unit may begin: right at a place, or behind its adjectives."""
    yield at
    for _ in range(0 if lexicon.wide else MAX_ADJECTIVES):
        match = _ADJECTIVE.match(sentence, at)
        if match is None:
            return
        yield (at := match.end())


def _count(match: re.Match[str], lexicon: Lexicon) -> int | None:
    """Return for how many of the unit a price is, or None where no number is named."""
    groups = match.groupdict()
    count = next((groups[name] for name in groups if name.startswith("count") and groups[name]), None)
    scale = next((groups[name] for name in groups if name.startswith("scale") and groups[name]), None)
    times = SCALE.get((scale or "").lower().rstrip("."))
    if not count:
        return times
    value = number(count, lexicon.language)
    if value is None:
        return None
    scaled = value * (times or 1)
    return int(scaled) if scaled == scaled.to_integral_value() else None


def is_per_thing(amount: Amount, sentence: str) -> bool:
    """Say whether an amount by the month is one for each of some thing: "$49 per user per month"."""
    return bool(_THING_AND_PERIOD.search(amount.text_of(sentence)))
