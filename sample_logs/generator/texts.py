"""Prompt templates: the slots, how they are filled, and how a filled template becomes chat messages."""

import random
import re
from dataclasses import dataclass
from typing import NamedTuple

from .jsontext import Json

SLOT = re.compile(r"\{([a-z_]+)\}")
TURN = "\n<<<>>>\n"
"""Stands between the turns of a multi-turn template (user, assistant, user, ...)."""

FIXED_SLOTS: dict[str, tuple[str, ...]] = {
    "name": (
        "Anna", "Ben", "Clara", "David", "Emma", "Felix", "Grace", "Hugo", "Ines", "Jonas", "Laura", "Marco", "Nina",
    ),
    "product": (
        "rain jacket", "linen shirt", "sun hat", "wool scarf", "desk lamp", "coffee grinder", "yoga mat",
        "travel bag", "bike helmet", "winter coat", "phone case", "picture frame", "garden chair", "tea set",
    ),
    "colour": ("red", "navy", "green", "black", "sand", "white"),
    "city": ("Berlin", "Lyon", "Madrid", "Leeds", "Turin", "Utrecht", "Porto", "Vienna", "Denver", "Boston"),
    "carrier": ("DHL", "UPS", "DPD", "GLS", "FedEx", "the courier"),
    "weekday": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"),
    "month": ("July", "August", "September"),
}  # fmt: skip


class Pair(NamedTuple):
    """A user message (one or more turns) and the answer that fits it; `call` names the tool the answer calls."""

    user: str
    reply: str
    call: str | None = None


@dataclass(frozen=True)
class FeatureText:
    """Everything a feature sends: system prompt, message templates, output schema, tools, output cap."""

    system: str
    pairs: tuple[Pair, ...]
    max_tokens: int
    schema: dict[str, Json] | None = None
    tools: tuple[dict[str, Json], ...] = ()


class Filled(NamedTuple):
    """A template with its slots filled."""

    messages: list[dict[str, Json]]
    reply: str
    call: str | None
    has_email: bool
    has_phone: bool


def draw_slots(rng: random.Random) -> dict[str, str]:
    """One value for every slot; numbers are free, words come from short lists (see tokens.py for why)."""
    slots = {slot: rng.choice(values) for slot, values in FIXED_SLOTS.items()}
    slots["order"] = f"FL-{rng.randrange(100000, 999999)}"
    slots["amount"] = f"€{rng.randrange(9, 240)}.{rng.choice(('00', '50', '90', '95', '99'))}"
    slots["days"] = str(rng.randrange(2, 30))
    slots["count"] = str(rng.randrange(11, 480))
    slots["share"] = str(rng.randrange(4, 38))
    slots["email"] = f"{slots['name'].lower()}{rng.randrange(10, 99)}@example.com"
    slots["phone"] = f"+1-555-01{rng.randrange(10, 99)}"
    return slots


def fill(rng: random.Random, text: FeatureText) -> Filled:
    """Pick a template and fill it; the same slot has the same value in prompt and answer."""
    pair = rng.choice(text.pairs)
    slots = draw_slots(rng)

    def put(template: str) -> str:
        return SLOT.sub(lambda hit: slots.get(hit.group(1), hit.group(0)), template)

    messages: list[dict[str, Json]] = [{"role": "system", "content": text.system}]
    for index, turn in enumerate(pair.user.split(TURN)):
        messages.append({"role": "assistant" if index % 2 else "user", "content": put(turn)})
    return Filled(messages, put(pair.reply), pair.call, "{email}" in pair.user, "{phone}" in pair.user)
