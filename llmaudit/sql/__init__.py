"""SQL files of the package: migrations and the portable rollup."""

from __future__ import annotations

from importlib.resources import files


def read_sql(name: str) -> str:
    """Return the text of a SQL file of this package, such as `rollup.sql`."""
    return (files(__name__) / name).read_text(encoding="utf-8")


def migrations() -> list[tuple[int, str]]:
    """Return the numbered migrations in order, as (number, SQL)."""
    folder = files(__name__) / "migrations"
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".sql"))
    return [(int(name[:4]), (folder / name).read_text(encoding="utf-8")) for name in names]
