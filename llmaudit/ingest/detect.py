"""Which format a file is in, how surely, and on which evidence."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from llmaudit.errors import InputError, printable
from llmaudit.formats.base import FileFacts, Format
from llmaudit.formats.mapped import NAME as MAPPED
from llmaudit.formats.values import unit_of
from llmaudit.ingest import registry
from llmaudit.ingest.keys import found_at
from llmaudit.ingest.layout import READ_AS, WORDS, Container, Layout, wrapper_of
from llmaudit.ingest.read import file_name
from llmaudit.ingest.sample import Look, Sample, Seen, look_at, look_in
from llmaudit.usage import warnings_of

MIN_MARKS = 3
"""A record must show this many of a format's distinctive keys before it speaks for the format."""

TEXT_SHARE = 0.5
"""Of the sampled lines of text, so many must look like the format's."""


@dataclass(frozen=True)
class Detection:
    """What a file is.

    Attributes:
        form: Its format, or None.
        layout: How its records lie.
        confidence: 0 to 1: how many sampled records speak for the format, and how plainly.
        evidence: Sentences.
        others: Further formats, where records of several are in one file.
        facts: Facts about the file for each of its formats, by name.
    """

    form: Format | None
    layout: Layout
    confidence: float
    evidence: tuple[str, ...]
    others: tuple[Format, ...] = ()
    facts: Mapping[str, FileFacts] = field(default_factory=dict)

    @property
    def container(self) -> Container:
        """What holds the records."""
        return self.layout.container


@dataclass(frozen=True)
class _Verdict:
    """How a sample speaks for formats: records won by each, and the weight of the keys seen."""

    sample: Sample
    votes: Counter[str]
    weights: Mapping[str, float]

    def rank(self) -> list[str]:
        return sorted(self.weights, key=lambda name: (-self.votes[name], -self.weights[name], name))

    @property
    def strength(self) -> tuple[float, float]:
        best = self.rank()[:1]
        share = sum(self.votes[name] for name in best) / max(len(self.sample.records), 1)
        return share, sum(self.weights[name] for name in best)


def detect(path: Path, form: Format | None = None, text: bytes | None = None) -> Detection:
    """Return what a file is, from records of its head, middle and tail.

    Args:
        path: The file.
        form: Its format, where the user says so; then only the layout is looked for.
        text: All of a small file, where it has been read already: UTF-8 without a byte-order mark.

    Raises:
        InputError: The file cannot be read, or two formats fit it equally well.
    """
    look = (None if text is None else look_in(path, text)) or look_at(path)
    if look.layout.container in {"empty", "other"} or not look.samples:
        return Detection(None, look.layout, 0.0, (_what_else(look.layout.container),))
    verdicts = [_verdict(sample, form) for sample in look.samples]
    best = max(verdicts, key=lambda verdict: verdict.strength)
    if form is not None:
        return _as_named(path, form, look, best if best.votes else None)
    if not best.votes:
        return Detection(None, look.layout, 0.0, _unrecognised(look))
    ranked = best.rank()
    name = ranked[0]
    if len(ranked) > 1 and (best.votes[name], best.weights[name]) == (best.votes[ranked[1]], best.weights[ranked[1]]):
        raise InputError(
            f"{printable(file_name(path))} could be {name} or {ranked[1]}",
            next_step="Say which with --format.",
            slug="ambiguous-format",
        )
    return _found(path, look, best, _of_one_kind([registry.known_named(each) for each in ranked if best.votes[each]]))


def _of_one_kind(forms: Sequence[Format]) -> list[Format]:
    """Return the formats of a mixed file; a log is not mixed with a bill: the first says which it is."""
    return [form for form in forms if form.kind == forms[0].kind]


def _verdict(sample: Sample, form: Format | None) -> _Verdict:
    votes: Counter[str] = Counter()
    weights: defaultdict[str, float] = defaultdict(float)
    reads = READ_AS.get(sample.layout.container)
    candidates = registry.known_for(reads) if form is None else (form,) if reads in form.reads else ()
    if reads == "text":
        votes = _text_votes(sample, candidates)
        return _Verdict(sample, votes, votes)
    names = registry.names_for(reads) if form is None else tuple(each.name for each in candidates)
    for speaking, count in _told(sample.records, candidates, names):
        best = max(speaking.values(), default=0.0)
        for name, weight in speaking.items():
            weights[name] += count * weight
            votes[name] += count * (weight == best)
    return _Verdict(sample, +votes, weights)


def _told(
    records: Iterable[Seen], forms: Sequence[Format], names: tuple[str, ...]
) -> Iterator[tuple[dict[str, float], int]]:
    """Yield what records speak for, and how many do: those with the same keys at once, where values do not matter."""
    alike: dict[frozenset[str], list[Seen]] = {}
    for seen in records:
        alike.setdefault(seen.keys, []).append(seen)
    for keys, group in alike.items():
        shown = _shown_by(group[0], forms, names)
        if any(form.says is not None for form, _ in shown):
            yield from ((_unbeaten(shown, seen), 1) for seen in group)
        elif shown:
            yield _unbeaten(shown, Seen(keys)), len(group)


def weighed(seen: Seen, forms: Sequence[Format], names: tuple[str, ...]) -> dict[str, float]:
    """Return the formats that a record speaks for, with the weight of their keys that it shows.

    A key that `n` formats list weighs 1/n. A format that another one `beats` is left out where both are spoken for.

    Args:
        seen: The record.
        forms: The formats that it may be in.
        names: Their names.
    """
    return _unbeaten(_shown_by(seen, forms, names), seen)


def _shown_by(seen: Seen, forms: Sequence[Format], names: tuple[str, ...]) -> tuple[tuple[Format, float], ...]:
    if len(names) == 1:  # the one that the user named; a column map is not registered, and nobody looks for its keys
        return _shown(seen.all_keys, forms)
    return _shown_of_known(seen.keys, names)


def _unbeaten(shown: Iterable[tuple[Format, float]], seen: Seen) -> dict[str, float]:
    """Return the formats that a record with such keys speaks for, without those that a more special one beats."""
    speaking: dict[str, float] = {}
    beaten: set[str] = set()
    for form, weight in shown:
        if form.says is not None and not _says(form, seen.value):
            continue
        speaking[form.name] = weight
        beaten.update(form.beats)
    return {name: weight for name, weight in speaking.items() if name not in beaten}


def _says(form: Format, record: Any) -> bool:
    """Say whether a format takes a record for its own; one whose parts are not what it looks into is not."""
    if form.says is None or not isinstance(record, dict):
        return False
    try:
        return form.says(record)
    except (AttributeError, KeyError, TypeError):  # a number where every record of the format has an object
        return False


@lru_cache(4096)
def _shown_of_known(keys: frozenset[str], names: tuple[str, ...]) -> tuple[tuple[Format, float], ...]:
    """Return what `_shown` does for formats that are registered, remembered.

    The records of a folder of sessions have few sets of keys, and there are thousands of files.
    """
    return _shown(keys, [registry.known_named(name) for name in names])


def _shown(keys: frozenset[str], forms: Iterable[Format]) -> tuple[tuple[Format, float], ...]:
    """Return the formats that some keys speak for, with their weight."""
    found = []
    weight = registry.rarity()
    for form in forms:
        shown = [mark for mark in form.marks if mark in keys]
        if len(shown) < min(MIN_MARKS, len(form.marks)) or not keys.isdisjoint(form.lacks):
            continue
        if all(need in keys for need in form.needs):
            found.append((form, sum(weight.get(mark, 1.0) for mark in shown)))
    return tuple(found)


def _text_votes(sample: Sample, forms: Sequence[Format]) -> Counter[str]:
    votes: Counter[str] = Counter()
    for form in forms:
        if form.pattern is not None:
            matched = sum(form.pattern.match(seen.value) is not None for seen in sample.records)
            if matched and matched >= TEXT_SHARE * len(sample.records):
                votes[form.name] = matched
    return votes


def _found(path: Path, look: Look, best: _Verdict, forms: Sequence[Format]) -> Detection:
    form, records = forms[0], best.sample.records
    keys = frozenset().union(*{seen.keys for seen in records})
    shown = [mark for mark in form.marks if mark in keys]
    share = best.votes[form.name] / len(records)
    plain = len(shown) / len(form.marks) if form.marks else share
    layout = best.sample.layout
    evidence = [
        f"{WORDS[layout.container]}{_around(layout)}",
        f"{best.votes[form.name]} of {len(records)} records sampled from {look.parts} have the keys of {form.name}",
    ]
    if shown:
        evidence.append(f"distinctive keys: {', '.join(shown)}")
    evidence += [
        f"{best.votes[other.name]} records are {other.name}; each is read as what it is" for other in forms[1:]
    ]
    facts = _facts(path, forms, records)
    evidence += [said for fact in facts.values() for said in warnings_of(fact.study)]
    return Detection(form, layout, round((share + plain) / 2, 2), tuple(evidence), tuple(forms[1:]), facts)


def _around(layout: Layout) -> str:
    around = f", in an envelope under {'.'.join(layout.envelope)}" if layout.envelope else ""
    return around + (f", shipped under {layout.wrapper}" if layout.wrapper else "")


def _facts(path: Path, forms: Sequence[Format], records: Sequence[Seen]) -> dict[str, FileFacts]:
    asked = any(form.epochs or form.study for form in forms)
    values = [value for seen in records if isinstance(value := seen.value, dict)] if asked else []
    return {
        form.name: FileFacts(
            name=Path(file_name(path)).name,
            units={key: unit_of(_numbers(values, key)) for key in form.epochs},
            study=form.study(values) if form.study else None,
        )
        for form in forms
    }


def _numbers(values: Sequence[Any], key: str) -> list[float]:
    numbers: list[float] = []
    for value in values:
        for inner in found_at(value, key):
            try:
                numbers.append(float(inner))
            except (TypeError, ValueError):
                continue
    return numbers


def _as_named(path: Path, form: Format, look: Look, best: _Verdict | None) -> Detection:
    """Return the detection of a file whose format the user named."""
    readable = [sample for sample in look.samples if READ_AS.get(sample.layout.container) in form.reads]
    if not readable:
        raise InputError(
            f"{printable(file_name(path))} holds {WORDS[look.layout.container]}, but {form.name} is read from"
            f" {', '.join(form.reads)}",
            next_step="Leave --format out, or name the format that the file is in.",
            slug="wrong-container",
        )
    sample = best.sample if best is not None else readable[-1] if form.batch is None else readable[0]
    return Detection(
        form,
        sample.layout,
        1.0,
        ("read with the column map" if form.name == MAPPED else "named with --format",),
        (),
        _facts(path, [form], sample.records),
    )


def _unrecognised(look: Look) -> tuple[str, ...]:
    keys = sorted(set().union(*(seen.all_keys for seen in look.samples[0].records)))
    seen = f"keys seen: {', '.join(keys[:12])}" if keys else "no known keys"
    if look.layout.container == "sqlite" and not keys:
        seen = "no tables in it: what a program wrote last may be in the file `-wal` beside it, so fetch both"
    shipped = _shipped_in(look)
    said = f"its column {shipped} holds JSON: export the log as JSON, or that column alone, one record a line"
    return (WORDS[look.layout.container], seen, *((said,) if shipped else ()))


def _shipped_in(look: Look) -> str | None:
    """Return the column of a table in which a log shipper keeps the records, as JSON text; None where there is none."""
    if look.layout.container != "csv":
        return None
    rows = [seen.value for seen in look.samples[0].records if isinstance(seen.value, dict)]
    return next((column for column in map(wrapper_of, rows) if column), None)


def _what_else(container: Container) -> str:
    return "the file is empty" if container == "empty" else "binary data"
