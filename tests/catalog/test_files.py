"""The files of pricing/ as data, and the YAML that people write."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from builders import catalog_of, catalog_text, sku_text

from llmaudit.catalog import Catalog, load_catalog
from llmaudit.catalog.load import check, packaged_folder, told_apart, yaml_files
from llmaudit.catalog.model import CatalogFile
from llmaudit.errors import InputError
from llmaudit.yamlfile import parse_yaml, read_yaml

FILES = sorted((packaged_folder() / "overlay").glob("*.yaml"))


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_packaged_file(path: Path) -> None:
    content = read_yaml(path, CatalogFile, what="catalog")
    check(told_apart(content), path.name)
    assert content.seller in {path.stem, None}
    for sku in content.models:
        for price in sku.prices:
            assert price.source.strip(), sku.sku
            assert price.checked_on, sku.sku
            assert price.valid_from.tzinfo, sku.sku
            assert price.basis != "assumed" or price.note, f"{sku.sku}: an assumption without its reason"
            if "output" in price.usd_per_million and sku.model_class:
                assert price.usd_per_million["output"] >= price.usd_per_million["input"], sku.sku
                assert price.usd_per_million.get("cache_read", Decimal(0)) <= price.usd_per_million["input"], sku.sku
    assert all(fee.source.strip() for fee in content.fees)


@pytest.mark.parametrize("text", ["", "# prices to come\n", "{}"])
def test_a_catalog_file_that_says_nothing_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError, match="is empty"):
        catalog_of(tmp_path, text)


def test_every_yaml_file_of_a_folder_is_read(tmp_path: Path) -> None:
    for name in ("b.yml", "a.yaml"):
        (tmp_path / name).write_text(f"seller: {name[0]}\n")
    (tmp_path / "notes.txt").write_text("no catalog")
    (tmp_path / "c.yaml").mkdir()
    assert [path.name for path in yaml_files(tmp_path)] == ["a.yaml", "b.yml"]


def test_folder_is_whole(catalog: Catalog) -> None:
    assert len(FILES) > 25
    assert {"openai", "anthropic", "google", "mistral", "deepseek", "minimax", "example"} <= set(catalog.sellers)


WRONG = [
    ("seller: me\nkind: hostel", "a.yaml:2:7: the catalog does not fit: invalid enum value 'hostel'"),
    ("seller: me\nmodels: some", "a.yaml:2:9: the catalog does not fit: expected `array`, got `str`: some"),
    (
        "seller: me\ndiscounts:\n  - {pct: 5, source: s, valid_from: 2026-10-01}",
        "a.yaml:3:37: the catalog does not fit: not an instant such as 2026-10-01T00:00:00Z: 2026-10-01",
    ),
    (
        "seller: me\ndiscounts:\n  - {pct: 0x5, source: s}",
        "a.yaml:3:11: the catalog does not fit: not a number in plain digits: 0x5",
    ),
]


@pytest.mark.parametrize(("text", "said"), WRONG, ids=[said[-12:] for _, said in WRONG])
def test_an_error_says_what_is_written_and_what_was_meant(text: str, said: str) -> None:
    with pytest.raises(InputError) as refused:
        parse_yaml(text.encode(), CatalogFile, name="a.yaml", what="catalog")
    assert refused.value.what == said


class Amounts(msgspec.Struct, forbid_unknown_fields=True):
    price: Decimal | None = None
    count: int | None = None
    clock: str | None = None
    text: str | None = None
    flag: bool | None = None


PLAIN = [
    ("price: 1e-7", "price", Decimal("1e-7")),
    ("price: 0.1", "price", Decimal("0.1")),
    ("price: 3", "price", Decimal(3)),
    ("price: 010", "price", Decimal(10)),
    ("count: 1e3", "count", 1000),
    ("clock: 1:30", "clock", "1:30"),
    ('text: "1_000"', "text", "1_000"),
    ("text: yes", "text", "yes"),
    ("text: 2026-10-01", "text", "2026-10-01"),
    ("text: 0x10", "text", "0x10"),
    ("text: null", "text", None),
    ("flag: true", "flag", True),
]


@pytest.mark.parametrize(("text", "name", "value"), PLAIN)
def test_scalars_mean_what_is_written(text: str, name: str, value: object) -> None:
    assert getattr(parse_yaml(text.encode(), Amounts, name="a.yaml", what="thing"), name) == value


REFUSED = [
    ("price: 1_000", "a.yaml:1:8"),
    ("price: 1:30", "a.yaml:1:8"),
    ("price: ٣", "a.yaml:1:8"),
    ("count: 1_000", "a.yaml:1:8"),
    ("count: 1.5", "a.yaml:1:8"),
    ("count: 010", "a.yaml:1:8"),
    ("text: 1_000", "a.yaml:1:7"),
    ("text: a\ntext: b", "a.yaml:2:1"),
    ("text: &x a\nclock: *x", "a.yaml:1:7"),
    ("prise: 1", "a.yaml:1:1"),
    ("text: [a\n", "a.yaml:"),
    ("text: {a: b}", "a.yaml:1:7"),
    ("text: 'a", "a.yaml:1:"),
    ("text: a\n---\ntext: b", "a.yaml:2:1"),
    ("- a", "a.yaml:1:1"),
    ("text: \xff", "UTF-8"),
    ("text: !!python/object/apply:os.system [id]", "a.yaml:1:7"),
]


@pytest.mark.parametrize(("text", "place"), REFUSED, ids=[text for text, _ in REFUSED])
def test_hazards_are_refused_with_their_place(text: str, place: str) -> None:
    data = text.encode("latin-1") if "\xff" in text else text.encode()
    with pytest.raises(InputError) as refused:
        parse_yaml(data, Amounts, name="a.yaml", what="thing")
    assert place in str(refused.value)
    assert len(str(refused.value).splitlines()) <= 3


def test_a_file_named_twice_is_read_once(tmp_path: Path) -> None:
    """As a file and in a folder, or by another way to write its path: a discount of 50% stays one."""
    text = catalog_text("own", sku_text("m", ["usd_per_million: {input: 8}"])) + "discounts: [{pct: 50, source: s}]\n"
    path = tmp_path / "own.yaml"
    path.write_text(text)
    again = load_catalog([path, tmp_path / ".." / tmp_path.name / "own.yaml", tmp_path])
    assert [rate.usd for rate in again.rates(("own", "m"))] == [4]
    assert again.version == load_catalog([path]).version
