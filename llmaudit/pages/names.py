"""Whose page it is, and whom else a sentence may be about."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import msgspec

from llmaudit.pages.lexicon.files import everywhere
from llmaudit.yamlfile import read_yaml


class NamesFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """names.yaml: patterns by gateway, and by the maker of models; those of card processors."""

    gateways: dict[str, list[str]]
    makers: dict[str, list[str]]
    processors: list[str]
    also_hosts: list[str]
    plain_names: list[str]
    plain_words: list[str]


@cache
def names() -> NamesFile:
    """Return the names that pages use."""
    return read_yaml(Path(__file__).parent / "names.yaml", NamesFile, what="lexicon")


_LETTERS = r"0-9A-Za-z_\u00c0-\u024f"
"""Letters that make a name part of a longer word; a Chinese or Japanese one beside it does not: 「OpenRouterは」."""


@cache
def _pattern(name: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![{_LETTERS}-])(?:{'|'.join(names().gateways[name])})(?![{_LETTERS}])", re.IGNORECASE)


MAX_NAME = 3
"""Words of a site's name; more are a slogan."""

OFTEN = 3
"""How often a page without a telling title must name one gateway, and twice as often as any other, to be its own."""

OPENING = 120
"""Characters in which a page that names one gateway once must do so to be its own; later it is somebody else's."""

_SIGNED = re.compile(r"\s\|\s(\S{3,30})(?=\s|$)")

_ENDING = re.compile(r"\s[|–—-]\s(\S{3,30})\s*$")


def site_of(title: str, site: str) -> str | None:
    """Return the name of a site nobody knows here: what its markup says, or one word that a title ends with."""
    ending = _ENDING.search(title)
    for name in (site, ending[1] if ending else ""):
        if name and len(name.split()) <= MAX_NAME and _has_a_name(name):
            known = any(_pattern(gateway).search(name) for gateway in names().gateways)
            return None if known else name
    return None


REACH = 24
"""Characters before a name in which it is set apart from the page's own."""

SEVERAL = 2
"""Known gateways that a page must name to be about several."""


def compares(text: str) -> bool:
    """Say whether a heading sets something beside something else: "Otterline vs OpenRouter", "alternatives"."""
    return bool(everywhere("compares").search(text) or _is_set_apart(text))


def is_about_several(title: str, body: str) -> bool:
    """Say whether a page is called a comparison, and names gateways that we know: "OpenRouter vs Requesty"."""
    if not everywhere("compares").search(title):
        return False
    return count_of_gateways(title) > 0 or count_of_gateways(body) >= SEVERAL


def count_of_gateways(text: str) -> int:
    """Return how many of the gateways known here a text names; common words and hosts of models are not counted."""
    plain = set(names().plain_names)
    return sum(
        bool(_pattern(name).search(text))
        for name, patterns in names().gateways.items()
        if not plain & set(patterns) and name not in names().also_hosts
    )


def _is_set_apart(before: str) -> bool:
    """Say whether the text before a name makes a rival of it: "unlike …", "compared to …"."""
    return bool(everywhere("set_apart", r"{}\s?$").search(before))


def _count(name: str, body: str) -> int:
    """Return how often a text names a gateway, and not as whom something is unlike."""
    return sum(
        not _is_set_apart(body[max(0, match.start() - REACH) : match.start()])
        for match in _pattern(name).finditer(body)
    )


_GENERIC = re.compile(r"\b(?:an?|your|any|best|which|every|this|\w+ing)\s(?:\w+\s)?$", re.IGNORECASE)
"""What makes of a plain name a common word: "choosing an LLM gateway"."""


def _named_in(text: str) -> list[str]:
    """Return the gateways that a title names."""
    plain = set(names().plain_names)
    found = [(name, _pattern(name).search(text)) for name in names().gateways]
    return [
        name
        for name, match in found
        if match and not (plain & set(names().gateways[name]) and _GENERIC.search(text[: match.start()]))
    ]


def owner_of(title: str, file_name: str, body: str, site: str | None = None, *, own_voice: bool = False) -> str | None:
    """Return the gateway whose page it is: named by title, address or file, else by far the most often; or None.

    A page of a site nobody knows is that site's, whomever it goes on to speak about; a comparison is nobody's. One
    without a title that speaks for itself (`own_voice`) and names one gateway alone is that one's.
    """
    if not site and (chosen := _chosen_in(body) or _signed_by(title)):
        return chosen
    if site or is_about_several(f"{title} {file_name.replace('_', ' ').replace('-', ' ')}", body):
        return None
    counts = sorted(((_count(name, body), name) for name in names().gateways), reverse=True)
    (most, often), (second, _) = counts[:2]
    for text in (title, file_name.replace("_", " ").replace("-", " "), file_name):
        named = _named_in(text)
        if len(named) == 1:
            return named[0]
        if often in named:  # "from A to B": the page of whichever it goes on to speak about
            return often
    early = most > 1 or (own_voice and not title) or bool(_pattern(often).search(body[:OPENING]))
    alone = most > 0 and second == 0 and early and not _has_a_name(title)
    return often if alone or (most >= OFTEN and most >= 2 * second) else None


def _signed_by(title: str) -> str | None:
    """Return the known gateway whose name alone stands behind a bar: "Otterline vs OpenRouter | Otterline"."""
    ending = _SIGNED.search(title)
    named = _named_in(ending[1]) if ending else []
    return named[0] if len(named) == 1 else None


def _chosen_in(body: str) -> str | None:
    """Return the one gateway that a page gives reasons for: "Why choose Otterline?"."""
    found = [
        name
        for name in names().gateways
        if everywhere("chosen", rf"{{}}\s(?:{'|'.join(names().gateways[name])})\b").search(body)
    ]
    return found[0] if len(found) == 1 else None


def _has_a_name(title: str) -> bool:
    """Say whether a title has a word of its own, the name of a gateway nobody knows here: "Why Otterline"."""
    words = re.findall(r"[^\W\d_]+", title.lower())
    return any(word not in names().plain_words for word in words)


@cache
def own_words(title: str) -> re.Pattern[str] | None:
    """Return a pattern of the words of a title that may be the name of a gateway nobody knows here, or None."""
    known = "|".join(pattern for group in names().gateways.values() for pattern in group)
    words = [word for word in re.findall(r"[^\W\d_]{3,}", title) if word.lower() not in names().plain_words]
    words = [word for word in words if word[0].isupper() and not re.fullmatch(known, word, re.IGNORECASE)]
    return re.compile(rf"(?<!\w)(?:{'|'.join(words)})(?!\w)") if words else None


def own_party(labels: Sequence[str], body: str) -> re.Pattern[str] | None:
    """Return the pattern of the one company in a comparison that nobody knows here and the text goes on about."""
    known = other_gateways(None)
    unknown = {label.strip(" *") for label in labels if not known.search(label)}
    spoken_of = [label for label in unknown if re.search(rf"(?<!\w){re.escape(label)}(?!\w)", body)]
    return re.compile(rf"(?<!\w){re.escape(spoken_of[0])}(?!\w)") if len(spoken_of) == 1 else None


@cache
def other_gateways(owner: str | None) -> re.Pattern[str]:
    """Return a pattern of every gateway but the page's own; on the page of one nobody knows, of all that are known."""
    patterns = [pattern for name, group in names().gateways.items() if name != owner for pattern in group]
    patterns = [pattern for pattern in patterns if pattern not in names().plain_names]
    return re.compile(
        rf"(?<![{_LETTERS}/.-])(?<!\bvia )(?<!\bthrough )(?:{'|'.join(patterns)})(?![{_LETTERS}])"
        r"(?!\s(?:api\s)?(?:keys?|accounts?|credentials?)(?!\w))",
        re.IGNORECASE,
    )


def own_name(owner: str | None, site: str | None = None) -> re.Pattern[str] | None:
    """Return the pattern of the page's own gateway, or of its site where it is none that is known here, or None."""
    if site and not owner:
        return re.compile(rf"(?<!\w){re.escape(site)}(?!\w)", re.IGNORECASE)
    return _pattern(owner) if owner else None


@cache
def _makers() -> dict[str, re.Pattern[str]]:
    patterns = ((maker, "|".join(group)) for maker, group in names().makers.items())
    return {maker: re.compile(rf"(?<![a-z])(?:{words})(?![a-z])", re.IGNORECASE) for maker, words in patterns}


def maker_of(model: str) -> str | None:
    """Return the seller id of the maker that a model's name tells, or None."""
    return next((maker for maker, pattern in _makers().items() if pattern.search(model)), None)
