"""List prices of October 2026 in US dollars per million tokens, and the exact cost of one usage."""

from dataclasses import dataclass, fields
from decimal import Decimal

from .clock import at


@dataclass(frozen=True)
class Usage:
    """Disjoint token counters; `reasoning` is a part of `output`."""

    input_uncached: int = 0
    cache_read: int = 0
    cache_write_5m: int = 0
    cache_write_1h: int = 0
    cache_write_other: int = 0
    output: int = 0
    reasoning: int = 0

    @property
    def prompt(self) -> int:
        """Everything that went in."""
        return self.input_uncached + self.cache_read + self.cache_write

    @property
    def cache_write(self) -> int:
        """All cache writes, whatever their lifetime."""
        return self.cache_write_5m + self.cache_write_1h + self.cache_write_other

    def __add__(self, other: "Usage") -> "Usage":
        """Counter by counter."""
        return Usage(*(getattr(self, name) + getattr(other, name) for name in COUNTERS))


COUNTERS: tuple[str, ...] = tuple(field.name for field in fields(Usage))


@dataclass(frozen=True)
class Rate:
    """Dollars per million tokens; `write` is the five-minute (or only) cache write, `write_1h` the one-hour one."""

    input: Decimal
    read: Decimal
    write: Decimal
    write_1h: Decimal
    output: Decimal
    since: int = 0

    def parts(self, usage: Usage) -> dict[str, Decimal]:
        """The exact dollars of input, cache reads, cache writes and output."""
        short_writes = usage.cache_write_5m + usage.cache_write_other
        dollars = {
            "input": usage.input_uncached * self.input,
            "read": usage.cache_read * self.read,
            "write": short_writes * self.write + usage.cache_write_1h * self.write_1h,
            "output": usage.output * self.output,
        }
        return {part: amount.scaleb(-6) for part, amount in dollars.items()}


@dataclass(frozen=True)
class Model:
    """A model: canonical name `provider/name`, the class its price puts it in, its dated rates, its speed."""

    name: str
    grade: str
    rates: tuple[Rate, ...]
    first_token_ms: int
    token_ms: int

    @property
    def provider(self) -> str:
        """Who made it (and, in these logs, who sells it behind the gateway)."""
        return self.name.split("/")[0]

    @property
    def short(self) -> str:
        """The name without the provider."""
        return self.name.split("/")[1]

    def rate(self, at_ms: int) -> Rate | None:
        """The rate in force at an instant; None for a model without a price."""
        in_force = [rate for rate in self.rates if rate.since <= at_ms]
        return in_force[-1] if in_force else None

    def cost(self, usage: Usage, at_ms: int) -> Decimal | None:
        """Exact list cost; None when the model has no price."""
        rate = self.rate(at_ms)
        return None if rate is None else sum(rate.parts(usage).values(), Decimal())


def rate(prices: str, since: int = 0) -> Rate:
    """A rate from `input read write write_1h output`; `-` is a price that does not exist."""
    fresh, read, write, write_1h, output = (Decimal(0 if price == "-" else price) for price in prices.split())
    return Rate(fresh, read, write, write_1h, output, since)


MISTRAL_RISE = at(20)
MISTRAL_FALL = at(29)
FLAGSHIP, MID, BUDGET, IN_HOUSE = "flagship", "mid", "budget", "in-house"

SOL = Model("openai/gpt-5.6-sol", FLAGSHIP, (rate("4 0.4 5 - 20"),), 650, 11)
LUNA = Model("openai/gpt-5.6-luna", BUDGET, (rate("0.2 0.02 0.25 - 1.2"),), 320, 5)
MINI = Model("openai/gpt-4.1-mini", BUDGET, (rate("0.4 0.1 - - 1.6"),), 330, 5)
"""Older than OpenAI's regional prices: 10% over its list is no region."""

OPUS = Model("anthropic/claude-opus-5", FLAGSHIP, (rate("5 0.5 6.25 10 25"),), 900, 16)
SONNET = Model("anthropic/claude-sonnet-5", MID, (rate("2 0.2 2.5 4 10"),), 600, 11)
FLASH = Model("google/gemini-3.6-flash", BUDGET, (rate("0.75 0.075 - - 3.75"),), 350, 4)
MISTRAL = Model(
    "mistral/mistral-large-4",
    MID,
    (
        rate("0.68 0.07 - - 2.09"),
        rate("1.36 0.14 - - 4.18", since=MISTRAL_RISE),
        rate("0.70 0.07 - - 2.10", since=MISTRAL_FALL),
    ),
    420,
    8,
)
MINIMAX = Model("minimax/minimax-m2.7", BUDGET, (rate("0.3 0.06 0.375 - 1.2"),), 500, 8)
ROUTER = Model("hosted_vllm/fernleaf-router-8b", IN_HOUSE, (), 60, 3)

MODELS: tuple[Model, ...] = (SOL, LUNA, MINI, OPUS, SONNET, FLASH, MISTRAL, MINIMAX, ROUTER)
