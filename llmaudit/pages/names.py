"""Whose page it is, and whom else a sentence may be about."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import msgspec

from llmaudit.yamlfile import read_yaml


class NamesFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """names.yaml: patterns by gateway, and by the maker of models."""

    gateways: dict[str, list[str]]
    makers: dict[str, list[str]]
    plain_names: list[str]
    plain_words: list[str]


@cache
def names() -> NamesFile:
    """Return the names that pages use."""
    return read_yaml(Path(__file__).parent / "names.yaml", NamesFile, what="lexicon")


@cache
def _pattern(name: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w-])(?:{'|'.join(names().gateways[name])})(?!\w)", re.IGNORECASE)


MAX_NAME = 3
"""Words of a site's name; more are a slogan."""

OFTEN = 3
"""How often a page without a telling title must name one gateway, and twice as often as any other, to be its own."""


_ENDING = re.compile(r"\s[|–—-]\s(\S{3,30})\s*$")


def site_of(title: str, site: str) -> str | None:
    """Return the name of a site nobody knows here: what its markup says, or one word that a title ends with."""
    ending = _ENDING.search(title)
    for name in (site, ending[1] if ending else ""):
        if name and len(name.split()) <= MAX_NAME and _has_a_name(name):
            known = any(_pattern(gateway).search(name) for gateway in names().gateways)
            return None if known else name
    return None


def owner_of(title: str, file_name: str, body: str, site: str | None = None) -> str | None:
    """Return the gateway whose page it is: named by title, address or file, else by far the most often; or None.

    A page of a site nobody knows is that site's, whomever it goes on to speak about.
    """
    if site:
        return None
    counts = sorted(((len(_pattern(name).findall(body)), name) for name in names().gateways), reverse=True)
    (most, often), (second, _) = counts[:2]
    for text in (title, file_name.replace("_", " ").replace("-", " "), file_name):
        named = [name for name in names().gateways if _pattern(name).search(text)]
        if len(named) == 1:
            return named[0]
        if often in named:  # "from A to B": the page of whichever it goes on to speak about
            return often
    alone = most > 0 and second == 0 and not _has_a_name(title)
    return often if alone or (most >= OFTEN and most >= 2 * second) else None


def _has_a_name(title: str) -> bool:
    """Say whether a title has a word of its own, the name of a gateway nobody knows here: "Why Otterline"."""
    words = re.findall(r"[^\W\d_]+", title.lower())
    return any(word not in names().plain_words for word in words)


@cache
def other_gateways(owner: str | None) -> re.Pattern[str]:
    """Return a pattern of every gateway but the page's own; on the page of one nobody knows, of all that are known."""
    patterns = [pattern for name, group in names().gateways.items() if name != owner for pattern in group]
    patterns = [pattern for pattern in patterns if pattern not in names().plain_names]
    return re.compile(rf"(?<![\w/.-])(?:{'|'.join(patterns)})(?!\w)", re.IGNORECASE)


def own_name(owner: str | None, site: str | None = None) -> re.Pattern[str] | None:
    """Return the pattern of the page's own gateway, or of its site where it is none that is known here, or None."""
    if site and not owner:
        return re.compile(rf"(?<!\w){re.escape(site)}(?!\w)", re.IGNORECASE)
    return _pattern(owner) if owner else None


def maker_of(model: str) -> str | None:
    """Return the seller id of the maker that a model's name tells, or None."""
    for maker, patterns in names().makers.items():
        if re.search(rf"(?<![a-z])(?:{'|'.join(patterns)})(?![a-z])", model, re.IGNORECASE):
            return maker
    return None
