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


@cache
def names() -> NamesFile:
    """Return the names that pages use."""
    return read_yaml(Path(__file__).parent / "names.yaml", NamesFile, what="lexicon")


@cache
def _pattern(name: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w-])(?:{'|'.join(names().gateways[name])})(?!\w)", re.IGNORECASE)


def owner_of(title: str, file_name: str) -> str | None:
    """Return the gateway that a page's title, address or file name names first; None where none is known."""
    for text in (title, file_name.replace("_", " ").replace("-", " "), file_name):
        spots = [(match.start(), name) for name in names().gateways if (match := _pattern(name).search(text))]
        if spots:
            return min(spots)[1]
    return None


@cache
def other_gateways(owner: str | None) -> re.Pattern[str] | None:
    """Return a pattern of every gateway but the page's own; None where nobody knows whose page it is."""
    if owner is None:
        return None
    patterns = [pattern for name, group in names().gateways.items() if name != owner for pattern in group]
    return re.compile(rf"(?<![\w/.-])(?:{'|'.join(patterns)})(?!\w)", re.IGNORECASE)


def maker_of(model: str) -> str | None:
    """Return the seller id of the maker that a model's name tells, or None."""
    for maker, patterns in names().makers.items():
        if re.search(rf"(?<![a-z])(?:{'|'.join(patterns)})(?![a-z])", model, re.IGNORECASE):
            return maker
    return None
