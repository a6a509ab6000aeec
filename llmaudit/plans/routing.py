"""The leg on another model: its prices, adjusted for how it tokenizes, answers, reasons and caches."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

from llmaudit.catalog.units import PIECES, PRICED, SUB_COUNTS
from llmaudit.money import times, total
from llmaudit.plans import caching
from llmaudit.plans.bands import Band
from llmaudit.plans.legs import Leg, Linear, Swing, fixed
from llmaudit.plans.prices import AUDIO, AUDIO_READ, INPUT, OUTPUT, READ, THOUGHT, WRITE, Prices
from llmaudit.plans.ratios import Known

WRITTEN = {"output_tokens", *(name for name, (whole, _) in SUB_COUNTS.items() if whole == "output_tokens")}
"""The quantities that grow with the length of an answer."""


def routed(model: str, prices: Prices, known: Known, lost: Band) -> Leg:
    """Return the leg on another model: as expected, with everything at its ends, and with each assumption at its ends.

    Args:
        model: Its canonical name.
        prices: What it costs.
        known: The assumptions about it.
        lost: The share of cached tokens that it reads anew.
    """
    bands: dict[str, Band] = {
        "tokenizer": known.tokens,
        "output length": known.output,
        "reasoning": known.thoughts,
        "added reasoning": known.thoughts_of_answer,
        caching.NAME: lost,
    }

    def at(end: Callable[[str, Band], Decimal], rates: Sequence[Decimal]) -> Linear:
        return Linear(_effective(rates, {name: end(name, band) for name, band in bands.items()}))

    def swings() -> tuple[Swing, ...]:
        def alone(chosen: str, which: str) -> Linear:
            return at(lambda name, band: getattr(band, which) if name == chosen else band.expected, prices.expected)

        ratio_swings = [
            Swing(name, band.sentence, alone(name, "low"), alone(name, "high")) for name, band in bands.items()
        ]
        low, high = (at(lambda _, band: band.expected, rates) for rates in (prices.low, prices.high))
        return (*ratio_swings, Swing("price conditions", "; ".join(prices.notes), low, high))

    return Leg(
        "route",
        model,
        at(lambda _, band: band.expected, prices.expected),
        at(lambda _, band: band.low, prices.low),
        at(lambda _, band: band.high, prices.high),
        swings,
    )


def _effective(rates: Sequence[Decimal], values: Mapping[str, Decimal]) -> tuple[Decimal, ...]:
    """Return the target's rates per quantity of the present model.

    With A = output - thoughts of the present model, T its thoughts, o the output ratio, k and a the target's thoughts
    per thought and per token of answer, the target writes o A (1 + a) + o k T. In terms of the quantities as they are
    counted, where thoughts are a part of the output:
    output x o (price + a x price of thoughts) + thoughts x o ((k - a) x price of thoughts - price).
    """
    tokens, output = values["tokenizer"], values["output length"]
    quantities = [
        rate if name in PIECES or not rate else fixed(times(rate, output if name in WRITTEN else tokens))
        for name, rate in zip(PRICED, rates, strict=True)
    ]
    if lost := values[caching.NAME]:
        anew = max(rates[INPUT], rates[WRITE])  # a seller that charges for writes has the prefix written again
        quantities[READ] = fixed(times(total((times(rates[READ], 1 - lost), times(anew, lost))), tokens))
        if rates[AUDIO] or rates[AUDIO_READ]:  # what audio costs more than text, cached or not
            more = total((times(rates[AUDIO_READ], 1 - lost), times(rates[AUDIO], lost)))
            quantities[AUDIO_READ] = fixed(times(more, tokens))
    per_thought, of_answer = values["reasoning"], values["added reasoning"]
    if per_thought != 1 or of_answer:
        price, of_thought = rates[OUTPUT], rates[OUTPUT] + rates[THOUGHT]
        quantities[OUTPUT] = fixed(times(total((price, times(of_thought, of_answer))), output))
        quantities[THOUGHT] = fixed(times(total((times(of_thought, per_thought - of_answer), -price)), output))
    return tuple(quantities)
