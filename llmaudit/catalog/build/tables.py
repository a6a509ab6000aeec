"""The tables beside the rates: sellers, skus, further names, and the abilities of models."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, datetime

from llmaudit.catalog.build.fact import LICENCE, Fact, ModelNote, NameNote, Origin, Stated
from llmaudit.catalog.build.merge import RateKey, Row, order_for
from llmaudit.catalog.build.names import LABS, SELLERS, Models, kind_of, released_in
from llmaudit.catalog.build.write import csv_text, shown, source_id

ABILITIES = ("context", "max_output", "tools", "images_in", "json_schema", "reasoning")


@dataclass(frozen=True)
class Compiled:
    """The sources of the tables."""

    sources: tuple[Stated, ...]
    believed: Mapping[RateKey, list[Fact]]
    rows: tuple[Row, ...]
    models: Models

    @property
    def skus(self) -> list[tuple[str, str]]:
        """Every sku that has a rate."""
        return sorted({(row.seller, row.sku) for row in self.rows})


def sellers_table(compiled: Compiled) -> str:
    """Return sellers.csv: id, kind (provider, cloud, host, gateway), and what packages call it, as their logs do."""
    sellers = sorted({seller for seller, _ in compiled.skus})
    words = {seller: sorted(word for word, own in SELLERS.items() if own == seller) for seller in sellers}
    return csv_text(("seller", "kind", "aka"), ([s, kind_of(s), " ".join(words[s])] for s in sellers))


def skus_table(compiled: Compiled, previous: Iterable[Mapping[str, str]]) -> str:
    """Return skus.csv; a day of retirement that is no longer stated stays as it was last stated."""
    retired: dict[tuple[str, str], tuple[date, str]] = {}
    origins: dict[tuple[str, str], str] = {}
    for fact in (fact for facts in compiled.believed.values() for fact in facts):
        origins.setdefault((fact.seller, fact.sku), source_id(fact.origin))
    for note in (note for source in compiled.sources for note in source.skus if note.retired_on):
        if note.retired_on:
            retired[(note.seller, note.sku)] = (note.retired_on, source_id(note.origin))
    before = {(line["seller"], line["sku"]): line for line in previous}
    lines = []
    for seller, sku in compiled.skus:
        old = before.get((seller, sku), {})
        ends, source = retired.get((seller, sku), (old.get("retired_at") or None, None))
        told_by = source or origins.get((seller, sku)) or old.get("source", "")
        lines.append([seller, sku, compiled.models.canonical(seller, sku), ends, released_in(sku), told_by])
    return csv_text(("seller", "sku", "model", "retired_at", "released_on", "source"), lines)


NAME_COLUMNS = ("seller", "name", "sku", "valid_from", "valid_to", "source")


def names_table(compiled: Compiled, previous: Sequence[Mapping[str, str]]) -> str:
    """Return names.csv: further exact names; a name that is a sku itself is none, nor is one that fits two skus.

    A name that no longer means what it did keeps its line, ended on the newest day that any package speaks of; what it
    means now begins there.
    """
    today = shown(max(source.snapshot for source in compiled.sources))
    before = {(line["seller"], line["name"].lower(), line["sku"]): line for line in previous}
    lines: dict[tuple[str, str, str], list[object]] = {}
    for note in _unambiguous(compiled):
        key = (note.seller, note.name.lower(), note.sku)
        had_another = any(other[:2] == key[:2] and other != key for other in before)
        old = before.get(key)
        begins = old["valid_from"] if old else today if had_another else _moving(note, compiled)
        lines[key] = [note.seller, note.name, note.sku, begins, None, source_id(note.origin)]
    known = set(compiled.skus)
    for key, line in before.items():
        if key not in lines and (line["seller"], line["sku"]) in known:
            lines[key] = [*(line[name] for name in NAME_COLUMNS[:4]), line["valid_to"] or today, line["source"]]
    return csv_text(NAME_COLUMNS, (lines[key] for key in sorted(lines)))


def _unambiguous(compiled: Compiled) -> Iterator[NameNote]:
    skus = {(seller, sku.lower()) for seller, sku in compiled.skus}
    known = set(compiled.skus)
    notes: dict[tuple[str, str], dict[str, NameNote]] = {}
    for note in (note for source in compiled.sources for note in source.names):
        if (note.seller, note.sku) in known and (note.seller, note.name.lower()) not in skus:
            notes.setdefault((note.seller, note.name.lower()), {}).setdefault(note.sku, note)
    yield from (next(iter(by_sku.values())) for by_sku in notes.values() if len(by_sku) == 1)


def _moving(note: NameNote, compiled: Compiled) -> datetime | None:
    """Return since when a name is known to mean its sku; None for a name that says the model itself."""
    if note.valid_from or not note.name.endswith("latest"):
        return note.valid_from
    return next(s.snapshot for s in compiled.sources if s.package == note.origin.package)


def models_table(compiled: Compiled, previous: Iterable[Mapping[str, str]]) -> str:
    """Return models.csv: limits and abilities by canonical model, the maker's own entry first.

    Of a model that no package lists any more, the last line stays.
    """
    notes: dict[str, list[tuple[tuple[object, ...], ModelNote]]] = {}
    for source in compiled.sources:
        for note in source.models:
            model = compiled.models.canonical(note.seller, note.sku)
            rank = (
                note.seller != model.partition("/")[0],
                order_for(note.seller).index(source.name),
                note.seller,
                note.sku,
            )
            notes.setdefault(model, []).append((rank, note))
    retired = {
        compiled.models.canonical(n.seller, n.sku): n.retired_on
        for source in compiled.sources
        for n in source.skus
        if n.retired_on and n.seller in LABS
    }
    priced = {compiled.models.canonical(seller, sku) for seller, sku in compiled.skus}
    columns = ("model", *ABILITIES, "released_on", "retired_on", "source")
    kept = {line["model"]: [line[name] for name in columns] for line in previous if line["model"] in priced}
    lines: dict[str, list[object]] = {model: list(cells) for model, cells in kept.items()}
    for model, ranked in notes.items():
        ordered = [note for _, note in sorted(ranked, key=lambda pair: pair[0])]
        first = {name: next((v for n in ordered if (v := getattr(n, name)) is not None), None) for name in ABILITIES}
        if model in priced and any(value is not None for value in first.values()):
            told_by = source_id(ordered[0].origin)
            cells = [first[name] for name in ABILITIES]
            lines[model] = [model, *cells, released_in(model), retired.get(model), told_by]
    return csv_text(columns, (lines[model] for model in sorted(lines)))


def sources_table(compiled: Compiled, previous: Sequence[Mapping[str, str]], used: AbstractSet[str]) -> str:
    """Return sources.csv: every source that a row or a table names, those of superseded rows included.

    Args:
        compiled: This build.
        previous: The table of the last one.
        used: The ids that occur in the files of this build.
    """
    columns = ("id", "package", "url", "licence", "note")
    known: dict[str, list[str]] = {line["id"]: [line[name] for name in columns] for line in previous}
    for origin in _origins(compiled):
        known[source_id(origin)] = [source_id(origin), origin.package, origin.url, LICENCE, origin.note]
    return csv_text(columns, (known[name] for name in sorted(used)))


def _origins(compiled: Compiled) -> set[Origin]:
    found = {fact.origin for facts in compiled.believed.values() for fact in facts}
    for source in compiled.sources:
        found.update(note.origin for note in source.skus)
        found.update(note.origin for note in source.names)
        found.update(note.origin for note in source.models)
    return found
