"""Examples: figures that work a case out ("a top-up of $100 costs $105"), which state no charge by themselves."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from llmaudit.pages.lexicon.files import Lexicon, everywhere
from llmaudit.pages.sentence.figures import Amount

SUM_OF_MONEY = r"(?:[$€£¥￥₦₹₩₽₺₫฿]\s?\d[\d.,]*|\d[\d.,]*\s?(?:[$€£円元]|美元|ドル|USD|dollars?))\*{0,2}"

_WORKED = re.compile(
    rf"\d[^=≈→;.]{{0,24}}[^=≈→;]\s?[-+×x*/÷−]\s?[$€£¥￥]?\s?\d[^=≈→;]{{0,24}}[=≈→]"
    rf"|{SUM_OF_MONEY}(?:/\w+)?\s?→\s?\*{{0,2}}{SUM_OF_MONEY}"
    rf"|{SUM_OF_MONEY} (?:on|bei|auf|sur|sobre) (?:an? |eine[rn]? |une? |una? )?{SUM_OF_MONEY}"
    rf"|\b(?:an?|every|each|eine?|une?|una?) {SUM_OF_MONEY} (?:[\w-]+ )?"
    r"(?:purchase|top-?up|deposit|payment|order|recharge|Aufladung|achat|recarga)"
    r"|^\s?[→⇒=]\s?\W{{0,2}}\d"
)
"""Arithmetic with money: "$10.00 + $0.60 = $10.60", "→ 1,60 €"."""

_LABELLED_SUMS = 2
"""Sums of money in a row, each after its label, that are a receipt: "Requested: $10 Charged: $10.60"."""

JOINED = 4
"""Characters between a percentage and the sum that makes one fee with it: "1.4% + $0.25"."""

NAMED = 24
"""Characters after a price that name its plan, which is no example then: "e.g. $49/month for the Team plan"."""

_SUM = re.compile(r"[^\W\d][)%）]?\s?[:：]\s?(?:US)?[$€£¥￥]\s?\d[\d.,]*(?![\d.,]|\s?/|\s(?:per|pro|par|por)\b)")


def example_at(text: str, at: int, lexicon: Lexicon) -> bool:
    """Say whether a place follows words that announce an example or a guess; one in brackets ends with them."""
    for name in ("examples", "supposed"):
        match = lexicon[name].search(text, 0, at)
        if match is None:
            continue
        bracket = re.search(r"[(（][^()（）]*$", text[: match.start()])
        closed = re.search(r"[)）]", text[match.end() : at]) if bracket else None
        if closed is None:
            return True
    return False


def without_examples(text: str, figures: Sequence[Amount], lexicon: Lexicon, *, example: bool) -> list[Amount]:
    """Return figures with those of an example ignored: sums and factors of a worked case, percentages of a guess.

    A percentage counts in an example ("with our 5% fee you pay $105") and so does a price with a unit, but neither does
    in what is only supposed, and no percentage in a receipt, which does not say what it is on.

    Args:
        text: The sentence.
        figures: Its figures in order.
        lexicon: Its language.
        example: The sentence itself belongs to an example.
    """
    supposed = lexicon["supposed"].search(text)
    receipt = len(_SUM.findall(text)) >= _LABELLED_SUMS or _adds_up(text, figures)
    worked = example or receipt or bool(_WORKED.search(text)) or _is_spent(text, figures)
    out: list[Amount] = []
    for amount in figures:
        guess = supposed is not None and supposed.start() < amount.start
        of_case = worked or _follows_example(text, amount, lexicon)
        case = of_case and _is_sum(text, amount, out[-1] if out else None) and not _is_on_list(text, amount, lexicon)
        drop = guess or (receipt and amount.kind == "pct") or case
        out.append(replace(amount, role="ignored") if drop and amount.role == "amount" else amount)
    return out


ON_LIST = 8
"""Characters between the provider's price and the factor that it is multiplied by in words: 「官方价格的 1.5 倍」."""


def _is_on_list(text: str, amount: Amount, lexicon: Lexicon) -> bool:
    """Say whether a factor is told of the provider's price, which states it, in an example too."""
    told = amount.kind == "times" and amount.text[:1].isdigit()
    return told and bool(lexicon["list_price"].search(text, max(0, amount.start - ON_LIST), amount.start))


def _adds_up(text: str, figures: Sequence[Amount]) -> bool:
    """Say whether sums of a sentence are the items of a bill with their total: "tokens $82.10, … total $86.20"."""
    sums = sum(amount.kind in {"usd", "other"} and amount.unit is None for amount in figures)
    shares = any(amount.kind == "pct" for amount in figures)
    return sums > _LABELLED_SUMS and not shares and everywhere("total").search(text) is not None


def _is_spent(text: str, figures: Sequence[Amount]) -> bool:
    """Say whether the sums of a sentence are what somebody spends."""
    sums = sum(amount.kind in {"usd", "other"} for amount in figures)
    return sums > 1 and everywhere("spends").search(text) is not None


def _follows_example(text: str, amount: Amount, lexicon: Lexicon) -> bool:
    """Say whether a figure stands behind words that announce an example; a price that names its plan is none."""
    of_plan = amount.unit == "period" and lexicon["plans"].search(text, amount.end, amount.end + NAMED)
    return not of_plan and example_at(text, amount.start, lexicon)


def _is_sum(text: str, amount: Amount, before: Amount | None) -> bool:
    """Say whether a figure is a factor, or a sum that makes no fee with the percentage before it: "1.4% + $0.25"."""
    if amount.kind not in {"usd", "other"}:
        return amount.kind == "times"
    joined = before is not None and before.kind == "pct" and before.role == "amount"
    if joined and before is not None and 0 < amount.start - before.end <= JOINED:
        return text[before.end : amount.start].isspace()  # a cell of a bill: "Fee 5% | $5.00"
    of_one = amount.unit == "request" and amount.end - amount.start <= len(amount.text) + 1  # "a request costs $5"
    return of_one or amount.unit in {None, "period"}
