"""The lexicon: how pricing pages speak, one YAML file a language, compiled once."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import msgspec

from llmaudit.yamlfile import read_yaml

FOLDER = Path(__file__).parent
_NEVER = re.compile(r"(?!)")
_PART = re.compile(r"\{([a-z_]+)\}")
WIDE = {"zh", "ja"}
"""Languages written without spaces: their words have no edges to match."""

_UMLAUT = re.compile(r"\[[^\]]*\]|[äöüß]")
_SPELLED = {"ä": "(?:ä|ae)", "ö": "(?:ö|oe)", "ü": "(?:ü|ue)", "ß": "(?:ß|ss)"}
"""German letters as they are also written: "Gebuehr"; a class of letters is left as it is."""


class LexiconFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file of lexicon/: lists of regular expressions by what they say; `{name}` in one stands for that part."""

    language: str
    common: list[str]
    parts: dict[str, str]
    terms: dict[str, list[str]]
    lookalikes: list[str]
    zero: list[str]
    list_price: list[str]
    not_zero: list[str]
    unchanged: list[str]
    more: list[str]
    asks_charge: list[str]
    free: list[str]
    taking: dict[str, list[str]]
    uncharged: list[str]
    ways: dict[str, list[str]]
    beyond: list[str]
    negators: list[str]
    negators_after: list[str]
    breakers: list[str]
    asserts: list[str]
    contrast: list[str]
    goes_on: list[str]
    denies_first: list[str]
    denies_last: list[str]
    bases: dict[str, list[str]]
    not_base: list[str]
    no_scope: list[str]
    hedges: list[str]
    weak_hedges: list[str]
    conditions: list[str]
    customer: list[str]
    others: list[str]
    provider: list[str]
    processor: list[str]
    ignored: list[str]
    ignored_after: list[str]
    skipped: list[str]
    other_matters: list[str]
    other_topics: list[str]
    defines: list[str]
    examples: list[str]
    supposed: list[str]
    plans: list[str]
    spending: list[str]
    statistics: list[str]
    not_now: list[str]
    now: list[str]
    hearsay: list[str]
    refuter_before: list[str]
    refuter_after: list[str]
    refuted: list[str]
    points_back: list[str]
    minimum: list[str]
    minimum_after: list[str]
    threshold: list[str]
    threshold_after: list[str]
    not_a_price: list[str]
    units: dict[str, list[str]]
    per: list[str]
    credits_units: list[str]
    one_of: list[str]
    sets_against: list[str]
    raised: list[str]
    above_list: list[str]
    inside: list[str]
    added: list[str]
    given: list[str]
    given_before: list[str]
    takes_share: list[str]
    yes: list[str]
    no: list[str]
    number_words: dict[str, str]
    and_a_half: list[str]
    counted: list[str]
    phrases: dict[str, str]
    everywhere: dict[str, list[str]]


@dataclass(frozen=True)
class Lexicon:
    """A language's lists as one compiled pattern each; `before` and `after` versions are tied to that end of a text."""

    language: str
    common: frozenset[str]
    terms: dict[str, re.Pattern[str]]
    bases: dict[str, re.Pattern[str]]
    units: dict[str, re.Pattern[str]]
    ways: dict[str, re.Pattern[str]]
    taking: dict[str, re.Pattern[str]]
    lists: dict[str, re.Pattern[str]]
    sources: dict[str, str]
    number_words: dict[str, str]
    phrases: dict[str, str]
    everywhere: dict[str, str]

    @property
    def wide(self) -> bool:
        """Whether the language is written without spaces."""
        return self.language in WIDE

    def __getitem__(self, name: str) -> re.Pattern[str]:
        """Return the pattern of a list by its name in the file."""
        return self.lists[name]


@cache
def lexicons() -> dict[str, Lexicon]:
    """Return every lexicon by its language.

    Raises:
        InputError: A file of the package is damaged.
    """
    found = (_compiled(read_yaml(path, LexiconFile, what="lexicon")) for path in sorted(FOLDER.glob("*.yaml")))
    return {lexicon.language: lexicon for lexicon in found}


def _compiled(file: LexiconFile) -> Lexicon:
    """Return a file with its lists as patterns; the longest wording of a list comes first."""
    wide = file.language in WIDE

    def filled(pattern: str) -> str:
        if file.language == "de":
            pattern = _UMLAUT.sub(lambda match: _SPELLED.get(match[0], match[0]), pattern)
        return _PART.sub(lambda match: f"(?:{filled(file.parts[match[1]])})", pattern)

    def joined(patterns: Sequence[str]) -> str:
        return "|".join(sorted(map(filled, patterns), key=len, reverse=True))

    def whole(patterns: Sequence[str]) -> str:
        return f"(?:{joined(patterns)})" if wide else rf"(?<!\w)(?:{joined(patterns)})(?!\w)"

    def one(patterns: Sequence[str]) -> re.Pattern[str]:
        return re.compile(whole(patterns), re.IGNORECASE) if patterns else _NEVER

    plain = [name for name in LexiconFile.__struct_fields__ if isinstance(getattr(file, name), list)]
    return Lexicon(
        language=file.language,
        common=frozenset(file.common),
        terms={name: one(patterns) for name, patterns in file.terms.items()},
        bases={name: one(patterns) for name, patterns in file.bases.items()},
        units={name: one(patterns) for name, patterns in file.units.items()},
        ways={name: one(patterns) for name, patterns in file.ways.items()},
        taking={name: one(patterns) for name, patterns in file.taking.items()},
        lists={name: one(getattr(file, name)) for name in plain if name != "common"},
        sources={name: joined(getattr(file, name)) for name in plain},
        number_words=file.number_words,
        phrases=file.phrases,
        everywhere={name: whole(patterns) for name, patterns in file.everywhere.items()},
    )


@cache
def everywhere(name: str, shape: str = "{}") -> re.Pattern[str]:
    """Return a list of all languages at once, for text whose language nobody asks: a title, the header of a column.

    Args:
        name: Its name under `everywhere` in the files.
        shape: A pattern around it, `{}` for the words.

    Raises:
        KeyError: No file has such a list.
    """
    sources = [lexicon.everywhere[name] for lexicon in lexicons().values() if name in lexicon.everywhere]
    if not sources:
        raise KeyError(name)
    return re.compile(shape.replace("{}", f"(?:{'|'.join(sources)})"), re.IGNORECASE)
