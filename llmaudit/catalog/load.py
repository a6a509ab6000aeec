"""Read pricing/ and a user's overlays into one `Catalog`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from hashlib import sha256
from pathlib import Path

from llmaudit.catalog.catalog import Catalog
from llmaudit.catalog.model import CatalogFile, Price, Sku
from llmaudit.catalog.schedule import naive
from llmaudit.errors import InputError, printable
from llmaudit.yamlfile import parse_yaml

MAX_DECIMALS_PER_MILLION = 6
"""A price per million with more decimals is no exact number of picodollars per token."""


def packaged_folder() -> Path:
    """Return the folder of the catalog that ships with llmaudit, in a wheel or in a checkout."""
    package = Path(__file__).resolve().parents[1]
    inside = package / "pricing"
    return inside if inside.is_dir() else package.parent / "pricing"


def load_catalog(overlays: Sequence[Path] = ()) -> Catalog:
    """Return the packaged catalog with a user's overlays laid over it; the last overlay wins.

    An overlay's sku replaces the packaged sku of the same seller and id whole; its fees, where it has any, replace the
    seller's fees; hosts and other names are added.

    Args:
        overlays: Files or folders of YAML files, each of the same shape as those in pricing/.

    Raises:
        InputError: A file is missing, malformed, or states a price that cannot hold; with line and column.
    """
    return _load(tuple(overlays))


@cache
def _load(overlays: tuple[Path, ...]) -> Catalog:
    """Read the files once a process: a run must not price its first half by another catalog than its second."""
    digest = sha256()
    merged: dict[str, CatalogFile] = {}
    for folder in (packaged_folder(), *overlays):
        for path in yaml_files(folder):
            data = path.read_bytes()
            digest.update(path.name.encode() + b"\0" + sha256(data).digest())
            content = parse_yaml(data, CatalogFile, name=path.name, what="catalog")
            check(content, path.name)
            key = content.seller or f"({path.stem})"
            merged[key] = overlay(merged[key], content) if key in merged else content
    _check_schedules(merged)
    return Catalog(tuple(merged.values()), version=digest.hexdigest()[:12])


def yaml_files(path: Path) -> list[Path]:
    """Return the YAML files of a folder in name order, or the file itself.

    Raises:
        InputError: The path does not exist or holds no YAML file.
    """
    found = sorted(path.glob("*.yaml")) if path.is_dir() else [path] if path.is_file() else []
    if not found:
        raise InputError(
            f"the catalog {printable(str(path))} is no YAML file and no folder of YAML files",
            next_step="Name a file or folder of the shape described in docs/pricing.md.",
            slug="no-catalog",
        )
    return found


def overlay(below: CatalogFile, above: CatalogFile) -> CatalogFile:
    """Return one seller's entry with another laid over it."""
    replaced = {sku.sku for sku in above.models}
    return CatalogFile(
        seller=below.seller,
        kind=below.kind,
        title=above.title or below.title,
        hosts=[*below.hosts, *above.hosts],
        aka=[*below.aka, *above.aka],
        models=[*(sku for sku in below.models if sku.sku not in replaced), *above.models],
        fees=above.fees or below.fees,
        schedules=[*below.schedules, *above.schedules],
        tokenizers=[*below.tokenizers, *above.tokenizers],
    )


def check(content: CatalogFile, name: str) -> None:
    """Refuse what the type system cannot: a price that is negative or too fine, spans that are empty or overlap.

    Raises:
        InputError: With the sku and the value.
    """
    for sku in content.models:
        if not content.seller:
            raise _refused(name, sku.sku, "has models but the file names no seller")
        for price in sku.prices:
            _check_price(price, sku, name)
        _check_spans(sku, name)


def _check_price(price: Price, sku: Sku, name: str) -> None:
    for unit, usd in price.usd_per_million.items():
        exponent = usd.as_tuple().exponent
        if not isinstance(exponent, int) or usd < 0:
            raise _refused(name, sku.sku, f"has the {unit} price {usd}; a price is a number from 0 up")
        if -exponent > MAX_DECIMALS_PER_MILLION:
            raise _refused(
                name, sku.sku, f"has the {unit} price {usd}; more than {MAX_DECIMALS_PER_MILLION} decimals per million"
            )
    if price.valid_to is not None and naive(price.valid_to) <= naive(price.valid_from):
        raise _refused(name, sku.sku, f"has a price that ends ({price.valid_to}) before it begins ({price.valid_from})")


def _check_spans(sku: Sku, name: str) -> None:
    seen = set()
    for price in sku.prices:
        key = (price.when, naive(price.valid_from))
        if key in seen:
            raise _refused(
                name, sku.sku, f"has two prices from {price.valid_from:%Y-%m-%dT%H:%M:%SZ} on under one condition"
            )
        seen.add(key)


def _check_schedules(merged: dict[str, CatalogFile]) -> None:
    """Refuse a price under a calendar that no file has; only the merged files can tell."""
    known = {schedule.id for content in merged.values() for schedule in content.schedules}
    for name, content in merged.items():
        for sku in content.models:
            for price in sku.prices:
                if price.when.schedule and price.when.schedule not in known:
                    raise _refused(
                        name, sku.sku, f"has a price under the schedule {price.when.schedule}, which is nowhere"
                    )


def _refused(name: str, sku: str, problem: str) -> InputError:
    return InputError(
        f"{printable(name)}: the catalog entry {printable(sku)} {problem}",
        next_step="Mend the entry; docs/pricing.md shows its shape.",
        slug="bad-catalog",
    )
