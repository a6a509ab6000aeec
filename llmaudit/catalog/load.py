"""Reads pricing/ and the user's overlays into one `Catalog`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from functools import cache
from hashlib import sha256
from itertools import pairwise
from pathlib import Path

from msgspec.structs import replace

from llmaudit.catalog.catalog import Catalog
from llmaudit.catalog.compiled import read_compiled
from llmaudit.catalog.instants import naive
from llmaudit.catalog.model import CatalogFile, Dated, OwnEntry, SkuEntry
from llmaudit.errors import InputError, printable
from llmaudit.yamlfile import parse_yaml

YAML_ENDINGS = {".yaml", ".yml"}


def packaged_folder() -> Path:
    """Return the folder of the catalog that ships with llmaudit, in a wheel or in a checkout."""
    package = Path(__file__).resolve().parents[1]
    inside = package / "pricing"
    return inside if inside.is_dir() else package.parent / "pricing"


def load_catalog(overlays: Sequence[Path] = (), *, known_at: date | None = None) -> Catalog:
    """Return the packaged catalog with a user's overlays laid over it; the last overlay wins.

    The compiled rates lie at the bottom, the hand-kept files of pricing/overlay/ over them, the user's files on top. An
    entry's prices replace those below it; its names, hosts and rules are added; fees, where it has any, replace the
    seller's fees.

    Args:
        overlays: Files or folders of YAML files, each of the same shape as those in pricing/overlay/.
        known_at: Only what the catalog held on this day, to run an old report again as it was.

    Raises:
        InputError: A file is missing, malformed, or states a price that cannot hold; with line and column.
    """
    return _load(tuple(overlays), known_at)


@cache
def _load(overlays: tuple[Path, ...], known_at: date | None) -> Catalog:
    """Read the files once a process: a run must not price its first half by another catalog than its second."""
    own = packaged_folder() / "overlay"
    compiled = _compiled(own.with_name("compiled"))
    digest = sha256(compiled.digest.encode() + str(known_at or "").encode())
    merged: dict[str, CatalogFile] = {}
    paths = [path for folder in (own, *overlays) for path in yaml_files(folder)]
    for path in _each_once(paths):
        content, hashed = _packaged(path) if path.parent == own else _own(path)
        digest.update(path.name.encode() + b"\0" + hashed)
        key = content.seller or f"({path.stem})"
        merged[key] = overlay(merged[key], content) if key in merged else content
    catalog = Catalog(tuple(merged.values()), compiled, version=digest.hexdigest()[:12], known_at=known_at)
    _check_schedules(merged, catalog)
    return catalog


def _read(path: Path) -> tuple[CatalogFile, bytes]:
    """Return what a file holds, and its hash."""
    data = path.read_bytes()
    content = told_apart(parse_yaml(data, CatalogFile, name=path.name, what="catalog"))
    check(content, path.name)
    return content, sha256(data).digest()


def _own(path: Path) -> tuple[CatalogFile, bytes]:
    """Return what a file of the user's holds, and its hash."""
    content, hashed = _read(path)
    return replace(content, models=[OwnEntry.of(entry) for entry in content.models]), hashed


_packaged, _compiled = cache(_read), cache(read_compiled)
"""What ships with llmaudit is read once a process, whatever is laid over it; a user's own file may change meanwhile."""


def _each_once(paths: Sequence[Path]) -> list[Path]:
    """Return paths without repetition, the last one kept: a discount in a file that is named twice is one discount."""
    last = {path.resolve(): path for path in reversed(paths)}
    return list(last.values())[::-1]


def yaml_files(path: Path) -> list[Path]:
    """Return the YAML files of a folder in name order, or the file itself.

    Raises:
        InputError: The path does not exist or holds no YAML file.
    """
    found = [path] if path.is_file() else sorted(p for p in path.glob("*") if p.suffix in YAML_ENDINGS and p.is_file())
    if not found:
        raise InputError(
            f"the catalog {printable(str(path))} is neither a YAML file nor a folder of YAML files",
            next_step="Give a file or folder as docs/pricing.md describes.",
            slug="no-catalog",
        )
    return found


def overlay(below: CatalogFile, above: CatalogFile) -> CatalogFile:
    """Return one seller's entry with another laid over it; entries of one sku stay apart, in order."""
    return CatalogFile(
        seller=below.seller,
        kind=above.kind or below.kind,
        title=above.title or below.title,
        hosts=[*below.hosts, *above.hosts],
        aka=[*below.aka, *above.aka],
        models=[*below.models, *above.models],
        multipliers=[*below.multipliers, *above.multipliers],
        discounts=[*below.discounts, *above.discounts],
        quotas=[*below.quotas, *above.quotas],
        commitments=[*below.commitments, *above.commitments],
        fees=above.fees or below.fees,
        schedules=[*below.schedules, *above.schedules],
        tokenizers=[*below.tokenizers, *above.tokenizers],
        facts=[*below.facts, *above.facts],
        caching=[*below.caching, *above.caching],
    )


def told_apart(content: CatalogFile) -> CatalogFile:
    """Return a file whose entries say themselves what they replace: merged with others they have no file any more."""
    entries = [replace(entry, replaces=entry.replaces or content.replaces) for entry in content.models]
    return replace(content, models=entries)


def check(content: CatalogFile, name: str) -> None:
    """Refuse what no shape can by itself: entries that contradict each other, a file that says nothing.

    Raises:
        InputError: With the sku and the value.
    """
    if content == CatalogFile():
        raise InputError(
            f"{printable(name)}: the catalog file is empty",
            next_step="Write it as docs/pricing.md describes, or leave it out.",
            slug="bad-catalog",
        )
    if not content.seller and (content.models or content.multipliers or content.discounts or content.commitments):
        first = content.models[0].sku if content.models else "rules"
        raise _refused(name, first, "is in a file that names no seller")
    for entry in content.models:
        _check_spans(entry, name)
        if entry.hosting and entry.prices:
            raise _refused(name, entry.sku, "has both `prices` and `hosting`; give only one")
    rules: tuple[Dated, ...] = (*content.multipliers, *content.discounts, *content.quotas, *content.commitments)
    for dated in rules:
        if dated.valid_from and dated.valid_to and naive(dated.valid_to) <= naive(dated.valid_from):
            raise _refused(name, content.seller or name, f"has a rule that ends ({dated.valid_to}) before it begins")


def _check_spans(entry: SkuEntry, name: str) -> None:
    for (_, unit), prices in entry.timelines().items():
        for price, following in pairwise(prices):
            if naive(price.valid_from) == naive(following.valid_from):
                begins = f"{price.valid_from:%Y-%m-%dT%H:%M:%SZ}"
                raise _refused(
                    name, entry.sku, f"has two {f'{unit} ' if unit else ''}prices from {begins} on under one condition"
                )


def _check_schedules(merged: dict[str, CatalogFile], catalog: Catalog) -> None:
    """Refuse a price under a calendar that no file has; this can only be checked on the merged files."""
    for name, sku, schedule in _named_schedules(merged):
        if schedule not in catalog.schedules:
            raise _refused(name, sku, f"has a price under the schedule {schedule}, which does not exist")


def _named_schedules(merged: dict[str, CatalogFile]) -> Iterator[tuple[str, str, str]]:
    for name, content in merged.items():
        for entry in content.models:
            yield from ((name, entry.sku, p.when.schedule) for p in entry.prices if p.when.schedule)
        yield from ((name, "rules", rule.when.schedule) for rule in content.multipliers if rule.when.schedule)


def _refused(name: str, sku: str, problem: str) -> InputError:
    return InputError(
        f"{printable(name)}: the catalog entry {printable(sku)} {problem}",
        next_step="Correct the entry; docs/pricing.md shows how to write one.",
        slug="bad-catalog",
    )
