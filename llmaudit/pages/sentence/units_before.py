"""What an amount is per where that stands before it: "each call costs $0.001", 「10万リクエストあたり8ドル」."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache

from llmaudit.pages.lexicon.files import Lexicon
from llmaudit.pages.sentence.counting import COUNT, count_of, counted_before
from llmaudit.pages.sentence.figures import SCALES, Amount

_PERIODS = re.compile(
    r"(?:^|\s)(?:pro|je|per|par|por) (?:Platz|Nutzer|seat|user|member|siège|utilisateur|asiento|usuario)"
    r" (?:und|and|per|et(?: par)?|y(?: por)?) (?:Monat|month|mois|mes|Jahr|year|an|año)(?:\s\w+){1,3}\s$",
    re.IGNORECASE,
)
"""Two periods before what is paid by them: "pro Platz und Monat fallen 12 € an"."""

_PERIOD_BEFORE = re.compile(
    r"\b(?:monthly|yearly|annual(?:ly)?|monatlich|jährlich|mensuel|annuel|mensual|anual)\s?[(:]\s?$", re.IGNORECASE
)
"""What before an amount in brackets says by what it is paid: "Monthly ($50)"."""


@cache
def _before_shape(unit: str) -> re.Pattern[str]:
    return re.compile(
        rf"(?:每|毎)?(?:增加|多)?[一个位名]?\s?{COUNT}(?:{unit})\s?(?:あたり|につき|ごとに?|约|仅需?|只需?|收取?|收费|额|額|は|で|:|：)?\s?(?:月額?|毎月|每月)?\s?$"
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
    r"(?:\s(?!that\b|which\b|que\b|qui\b|die\b|der\b|das\b)\w+){0,3}?\s(?:costs?|runs?(?: you)?|sets you back|goes for|comes? (?:in |out )?(?:at|to)|adds|is|are|at"
    r"|kosten|kostet|fallen|fällt|zahlen Sie|berechnen wir"
    r"|schl(?:ägt|agen) mit"
    r"|coûte|coûtent|(?:est|sont) (?:à|de|facturée?s?)|cuestan?|se (?:cobran?|facturan?)(?: a)?)\s$"
)

_COST = (
    r"(?:\s(?:further|more|suivantes?|supplémentaires?|más|adicionales?))?"
    r"\s(?:costs?|runs?|are(?: (?:priced|billed|charged|sold|available)(?: at| for)?)?|go for|kosten|coûtent|coûte"
    r"|est à|sont à|cuestan?)\s$"
)
"""What stands between a count and its price; "900 messages a day at $12" counts something else."""

_VERB_FIRST = r"\b(?:kosten|kostet|coûtent|coûte|cuestan|cuesta|costs?)\s"
"""A verb before what is counted: "darüber hinaus kosten 1.000 Anfragen 0,30 $"."""

_LABELS = r"\s?[:=→–—]\s?$"
"""What stands between what is counted and its price where that is its label: "Every 1,000 checks: $0.20"."""


@cache
def _each_shape(unit: str) -> re.Pattern[str]:
    """Return how what is counted stands before its price."""
    counted = rf"{COUNT}(?:[\w-]+\s)?(?:{unit})"
    return re.compile(
        rf"(?:{_EACH}|^(?=\d)){counted}(?:{_COSTS}|{_LABELS})|{_MANY}{_numbered(counted, 2)}{_COST}"
        rf"|{_VERB_FIRST}{_numbered(counted, 3)}\s$",
        re.IGNORECASE,
    )


def _numbered(counted: str, index: int) -> str:
    """Return a count with names of its own for its groups: a pattern may have each of them only once."""
    return counted.replace("?P<count>", f"?P<count{index}>").replace("?P<scale>", f"?P<scale{index}>")


UNCOUNTED = {"request", "log", "tool"}
"""What a price may be of that its sentence has named, without a count: "tool calls are metered at $0.008"."""

_MORE_OF_THEM = re.compile(
    rf"\b(?:each|every|another|jede|weitere|je|chaque|cada|otr[oa]s)\s{COUNT}(?:more|additional|extra|weitere|de plus|adicionales|más)?"
    r"\s?(?:costs?|kosten|coûtent|cuestan?|:)\s$",
    re.IGNORECASE,
)
"""A count before its price of what the sentence has named: "200,000 requests; each additional 10,000 costs $1"."""

_METERED = re.compile(r"\bare (?:\w+ )?(?:metered|billed|priced|charged|invoiced) at\s$", re.IGNORECASE)


def with_unit_before(sentence: str, amount: Amount, lexicon: Lexicon) -> Amount:
    """Return the amount with a unit that stands before it, as in Chinese and Japanese, or "each call costs $0.001"."""
    before = sentence[max(0, amount.start - 60) : amount.start]
    if _PERIOD_BEFORE.search(before):
        return replace(amount, unit="period")
    if not lexicon.wide:
        return _with_word_before(sentence, amount, before, lexicon)
    for name, pattern in lexicon.units.items():
        match = _before_shape(pattern.pattern).search(before[-30:])
        if match and (match[0].startswith(("每", "毎")) or re.search(r"あたり|につき|ごと|额", match[0])):
            unit = _counted(name, match[0], sentence[: amount.start - len(match[0])], lexicon)
            return replace(amount, unit=unit, per=count_of(match, lexicon))
    return amount


def _with_word_before(sentence: str, amount: Amount, before: str, lexicon: Lexicon) -> Amount:
    """Return the amount with what words before it count: "each call costs", "extra requests: $0.04 each"."""
    for name in ("request", "log", "tool"):
        if match := _each_shape(lexicon.units[name].pattern).search(before):
            return replace(amount, unit=name, per=count_of(match, lexicon))
    if (match := _MORE_OF_THEM.search(before)) and (count := count_of(match, lexicon)):
        counted = counted_before(sentence, amount.start, lexicon)
        return replace(amount, unit=counted, per=count) if counted in UNCOUNTED else amount
    if _PERIODS.search(before):
        return replace(amount, unit="period")
    if _APIECE.match(sentence, amount.end) or _METERED.search(before):
        counted = counted_before(sentence, amount.start, lexicon)
        return replace(amount, unit=counted) if counted in UNCOUNTED else amount
    return amount


_APIECE = re.compile(r"\s?(?:each|apiece|pro Stück|chacune?|cada un[oa])(?!\w)", re.IGNORECASE)


def _counted(name: str, counter: str, before: str, lexicon: Lexicon) -> str:
    """Return what a counter counts that may count anything: requests before 「1,000件あたり」, payments."""
    if name == "log" and not re.search(r"GB|ログ|日志", counter):
        return counted_before(before, len(before), lexicon) or name
    return "payment" if name == "request" and _pays(f"{before}{counter}", lexicon) else name


def _pays(before: str, lexicon: Lexicon) -> bool:
    """Say whether a text is about paying and not about requests: 「コンビニ払いは…」, 「每次充值收取…」."""
    paid = any(lexicon.bases[name].search(before) for name in ("payment", "credits"))
    return paid and not lexicon.bases["request"].search(before)
