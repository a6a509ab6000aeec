"""Model names: the skus that a name may mean, most literal reading first."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from llmaudit.catalog.instants import BEGINNING, FOREVER, end_of, start_of
from llmaudit.catalog.model import DatedName

MAX_NAME = 200
"""Longer model names are not matched: no seller has one, and matching cost grows with the name."""

_VERTEX = re.compile(r"(?:projects/[^/]+/locations/[^/]+/)?publishers/[^/]+/models/(?P<name>[^/]+)")
_BEDROCK = re.compile(r"bedrock/(?:converse/|invoke/)?(?:[a-z]{2}(?:-[a-z]+)+-[0-9]/)?(?P<name>[^/]+)")
RESOURCES: tuple[tuple[re.Pattern[str], str], ...] = ((_VERTEX, "vertex"), (_BEDROCK, "bedrock"))
"""Paths that clouds, and gateways for them, write around their own ids, and whose ids these are."""

_DATED = re.compile(r"(?P<name>.+)-(?P<date>[0-9]{8})")
_FORMS = {"bedrock": ("claude_platform/{0}", "anthropic.{0}-v1:0", "anthropic.{0}"), "vertex": ("{0}", "{1}")}
"""How a cloud writes a maker's id ({0}; {1}: with `@` before its date), the one with prices for every region first."""

_FINE_TUNED = re.compile(r"(ft:[^:]+):[^:]*:.*")
"""OpenAI's own fine-tuned models, `ft:base:organisation:suffix:id`: priced by their base, whoever's they are."""

Reading = Literal["own", "sku", "name", "compiled", "stated", "pattern", "canonical"]
READINGS: tuple[Reading, ...] = ("own", "sku", "name", "compiled", "stated", "pattern", "canonical")
"""A name that the user's own file gives, then a seller's id with an entry in a file, a name kept by hand, a seller's
id that packages alone have, a name they state, a pattern, the model's canonical name: the first that fits.

A name kept by hand comes before a package's id. Packages list dated ids and moving aliases (`claude-opus-4-5-20251101`,
`mistral-medium-latest`) as models of their own, without class, tokenizer or the prices of long prompts."""


@dataclass(frozen=True)
class Named:
    """A name of a sku, and when it is one (naive UTC, half-open).

    Attributes:
        key: Seller and sku.
        text: The name, or a pattern with `#` for one digit.
        reading: What kind of name it is.
    """

    key: tuple[str, str]
    text: str
    reading: Reading
    start: datetime = BEGINNING
    end: datetime = FOREVER

    @classmethod
    def of(cls, key: tuple[str, str], name: str | DatedName, reading: Reading = "name") -> Named:
        """Return a name as a catalog file states it."""
        if isinstance(name, str):
            return cls(key, name, reading)
        return cls(key, name.name, reading, start_of(name.valid_from), end_of(name.valid_to))

    def holds(self, at: datetime | None) -> bool:
        """Say whether it is a name at an instant; one that never moved is a name at any, the others need one."""
        always = self.start == BEGINNING and self.end == FOREVER
        return always or (at is not None and self.start <= at < self.end)


def of_resource(model: str) -> tuple[str, str] | None:
    """Return seller and id where a name in lower case is a cloud's resource path, such as `publishers/…/models/…`."""
    return next(((seller, found["name"]) for path, seller in RESOURCES if (found := path.fullmatch(model))), None)


def spellings(model: str) -> tuple[str, ...]:
    """Return the keys that a lower-case name may have, most literal first: whole, without its prefix, its base."""
    _, slash, rest = model.partition("/")
    whole = (model, rest) if slash else (model,)
    return (*whole, *(found[1] for name in whole if (found := _FINE_TUNED.fullmatch(name))))


def at_a_cloud(seller: str, names: Iterable[str]) -> list[str]:
    """Return the ids that a cloud may have for a model that its maker knows by some names.

    Clouds answer with the maker's own id: one that Claude Code keeps says nothing of the cloud's id that was called.
    """
    dated = [(name, _DATED.sub(r"\g<name>@\g<date>", name)) for name in dict.fromkeys(names)]
    return [form.format(*pair) for form in _FORMS.get(seller, ()) for pair in dated]


_ANY_DIGIT = str.maketrans("0123456789", "#" * 10)
"""What a pattern matches looks like it once every digit of both is a `#`."""


class NameIndex:
    """Every name of every sku.

    Args:
        names: In any order; a name may occur more than once.
    """

    def __init__(self, names: Iterable[Named]) -> None:
        self._exact: dict[str, list[Named]] = defaultdict(list)
        self._patterns: dict[str, list[tuple[re.Pattern[str], Named]]] = defaultdict(list)
        for named in names:
            if named.reading == "pattern":
                shape = re.escape(named.text.lower()).replace(r"\#", "[0-9]")
                self._patterns[named.text.lower().translate(_ANY_DIGIT)].append((re.compile(shape), named))
            elif named.text:
                self._exact[named.text.lower()].append(named)

    def find(self, name: str, sellers: Collection[str], at: datetime | None) -> list[tuple[str, str]]:
        """Return the skus that some sellers have under a name at an instant, by the most literal reading that fits."""
        texts, patterns = self._exact.get(name, ()), self._patterns.get(name.translate(_ANY_DIGIT), ())
        if not texts and not patterns:  # a log may hold a hundred thousand names that nobody knows
            return []
        inside = set(sellers)
        exact = [named for named in texts if named.key[0] in inside and named.holds(at)]
        for reading in READINGS:
            if reading == "pattern":
                found = [named for shape, named in patterns if named.key[0] in inside and shape.fullmatch(name)]
            else:
                found = [named for named in exact if named.reading == reading]
            if found:
                return list(dict.fromkeys(named.key for named in found))
        return []

    def sellers_of(self, name: str) -> set[str]:
        """Return every seller that has something under a name at some time."""
        return {named.key[0] for named in self._exact.get(name, ())}

    def skus_of(self, name: str, seller: str) -> list[str]:
        """Return what a seller has under a name at some time, by their ids."""
        return sorted({named.key[1] for named in self._exact.get(name, ()) if named.key[0] == seller})
