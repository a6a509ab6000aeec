"""Compiles pricing/compiled/ from the installed sources: the only entry point."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from llmaudit.catalog.build import cost_calculator, genai, litellm_json, model_prices, witnesses
from llmaudit.catalog.build.align import align, without_names
from llmaudit.catalog.build.conflicts import Conflict, Overlay, conflicts, contradictions, read_overlay
from llmaudit.catalog.build.fact import LICENCE, Fact, Stated
from llmaudit.catalog.build.merge import RateKey, Row, chosen, expanded, joined, timelines, votes
from llmaudit.catalog.build.names import LABS, Models
from llmaudit.catalog.build.starts import Record, dated
from llmaudit.catalog.build.tables import Compiled, models_table, names_table, sellers_table, skus_table, sources_table
from llmaudit.catalog.build.write import (
    belief,
    build_file,
    conflict_file,
    rate_files,
    read_rows,
    read_table,
    row_of,
    source_id,
    sources_in,
    with_previous,
    write_files,
)
from llmaudit.catalog.load import packaged_folder
from llmaudit.yamlfile import parse_yaml

BUILD = "BUILD.json"
ACCEPTED = "accepted-conflicts.yaml"
"""In pricing/: conflicts that a person has looked at and left."""


@dataclass(frozen=True)
class UpdateReport:
    """What an update did.

    Attributes:
        packages: Version by package.
        rows: Rows in force by seller.
        new: Rows learnt by this update.
        changed: Rates of which a row was superseded and another one learnt.
        superseded: Rows this update stopped believing.
        conflicts: Count by class and status.
        left_out: What was read and not compiled: count by package and reason.
    """

    packages: dict[str, str]
    rows: dict[str, int]
    new: int
    changed: int
    superseded: int
    conflicts: dict[tuple[str, str], int]
    left_out: dict[str, dict[str, int]]


def update(out: Path, *, litellm_wheel: Path | None, on: date, previous: Path | None) -> UpdateReport:
    """Compile the catalog from the four sources and write it.

    The same packages, packaged overlay, previous folder and day give the same bytes.

    Args:
        out: The folder to write; its other CSV files are removed.
        litellm_wheel: LiteLLM's wheel; None reads an installed litellm.
        on: The day of the build: rows that are new were learnt on it.
        previous: The folder of the last build, or None for a first one. May be `out`.

    Raises:
        InputError: A source is not installed or unreadable, or an overlay file is malformed.
    """
    folder = overlay_folder()
    kept_by_hand = read_overlay(folder, packaged_folder() / ACCEPTED)
    sources = align(read_sources(litellm_wheel, on, schedule_ids(folder), _days_known(previous)))
    without_names(sources, kept_by_hand.names)
    seen = witnesses.read(packaged_folder() / "weeks")
    believed, found = compile_facts(sources, kept_by_hand, seen)
    before = read_rows(previous) if previous else []
    seen_on = max(source.snapshot for source in sources).date()
    rows = with_previous(_rows(sources, believed), before, on, seen_on)
    current = tuple(row for row in rows if row.superseded_on is None)
    compiled = Compiled(tuple(sources), believed, tuple(rows), _models(sources))
    files = rate_files(rows)

    def last(name: str) -> list[dict[str, str]]:
        return read_table(previous / name) if previous else []

    files["conflicts.csv"] = conflict_file(found)
    files["sellers.csv"] = sellers_table(compiled)
    files["skus.csv"] = skus_table(compiled, last("skus.csv"))
    files["names.csv"] = names_table(compiled, last("names.csv"))
    files["models.csv"] = models_table(compiled, last("models.csv"))
    files["sources.csv"] = sources_table(compiled, last("sources.csv"), sources_in(files))
    report = _report(sources, rows, before, current, found, on)
    files[BUILD] = build_file(_build(sources, seen, report, files))
    write_files(out, files)
    return report


def overlay_folder() -> Path:
    """Return the packaged folder of hand-kept prices."""
    return packaged_folder() / "overlay"


def schedule_ids(folder: Path) -> frozenset[str]:
    """Return the ids of the calendars in an overlay folder."""
    ids: set[str] = set()
    for path in sorted(folder.glob("*.yaml")):
        content = parse_yaml(path.read_bytes(), dict, name=path.name, what="catalog")
        ids.update(str(schedule["id"]) for schedule in content.get("schedules") or ())
    return frozenset(ids)


def read_sources(
    litellm_wheel: Path | None, on: date, schedules: frozenset[str], known: Mapping[str, date]
) -> list[Stated]:
    """Return what the four packages state, in the order in which they spell skus."""
    return [
        model_prices.read(schedules),
        cost_calculator.read(schedules),
        litellm_json.read(litellm_wheel, schedules, on, known),
        genai.read(schedules, on, known),
    ]


def _days_known(previous: Path | None) -> dict[str, date]:
    """Return the day of every package's data in the last build, by digest of the data."""
    path = previous / BUILD if previous else None
    if path is None or not path.exists():
        return {}
    inputs = json.loads(path.read_text(encoding="utf-8"))["inputs"]
    return {read["sha256"]: date.fromisoformat(read["data_of"]) for read in inputs.values()}


def _models(sources: list[Stated]) -> Models:
    own: dict[str, set[str]] = {}
    for source in sources:
        for fact in source.facts:
            if fact.seller in LABS:
                own.setdefault(fact.seller, set()).add(fact.sku)
    return Models(own)


def compile_facts(
    sources: list[Stated], overlay: Overlay, seen: witnesses.Witnesses
) -> tuple[dict[RateKey, list[Fact]], list[Conflict]]:
    """Return the believed timeline of every rate, and every disagreement."""
    record = Record(sources)
    models = _models(sources)
    for source in sources:
        source.facts = dated(source, record, models)
    snapshots = {source.name: source.snapshot for source in sources}
    stated = timelines(sources)
    believed = {key: chosen(key[0], by_source, snapshots) for key, by_source in stated.items()}
    believed = witnesses.seen_earlier(believed, seen)
    rules = [rule for source in sources for rule in source.multipliers]
    found = sorted(
        [*conflicts(believed, stated, snapshots, overlay), *contradictions(sources, overlay)],
        key=lambda conflict: (
            conflict.seller,
            conflict.sku,
            conflict.unit,
            conflict.when,
            conflict.at,
            conflict.values,
        ),
    )
    followed = expanded([fact for facts in believed.values() for fact in facts], rules, set(believed))
    for fact in followed:
        believed.setdefault((fact.seller, fact.sku, fact.unit, fact.when), []).append(fact)
    return {key: joined(sorted(facts, key=lambda f: str(f.valid_from))) for key, facts in believed.items()}, found


def _rows(sources: list[Stated], believed: dict[RateKey, list[Fact]]) -> list[Row]:
    snapshots = {source.name: source.snapshot for source in sources}
    stated = timelines(sources)
    return [
        row_of(
            fact,
            agree=votes(fact, stated[key], snapshots, is_first=fact is facts[0]) if key in stated else "0/0",
            source=source_id(fact.origin),
        )
        for key, facts in believed.items()
        for fact in facts
    ]


def _report(
    sources: list[Stated],
    rows: list[Row],
    before: list[Row],
    current: tuple[Row, ...],
    found: list[Conflict],
    on: date,
) -> UpdateReport:
    known = {belief(row) for row in before if row.superseded_on is None}
    fresh = [row for row in current if belief(row) not in known]
    dropped = [row for row in rows if row.superseded_on == on and belief(row) in known]
    rates = {(row.seller, row.sku, row.unit, row.when) for row in fresh}
    return UpdateReport(
        packages={source.name: source.version for source in sources},
        rows=dict(sorted(Counter(row.seller for row in current).items())),
        new=len(fresh),
        changed=len(rates & {(row.seller, row.sku, row.unit, row.when) for row in dropped}),
        superseded=len(dropped),
        conflicts=dict(sorted(Counter((c.conflict_class, c.status) for c in found).items())),
        left_out={source.name: dict(sorted(source.left_out.items())) for source in sources},
    )


def _build(
    sources: list[Stated], seen: witnesses.Witnesses, report: UpdateReport, files: dict[str, str]
) -> dict[str, object]:
    return {
        "releases": {
            name: {day.isoformat(): package for day, package in days.items()} for name, days in seen.releases.items()
        },
        "inputs": {
            source.name: {
                "version": source.version,
                "sha256": source.sha256,
                "licence": LICENCE,
                "data_of": source.snapshot.date().isoformat(),
                "facts": len(source.facts),
                "left_out": report.left_out[source.name],
            }
            for source in sources
        },
        "rows": report.rows,
        "lines": {name: text.count("\n") - 1 for name, text in sorted(files.items()) if name.endswith(".csv")},
        "conflicts": [
            {"class": kind, "status": status, "count": count} for (kind, status), count in report.conflicts.items()
        ],
    }
