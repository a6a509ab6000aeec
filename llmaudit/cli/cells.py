"""Cells files among the paths that a command names."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from llmaudit.cli.inputs import bound_text
from llmaudit.cli.output import notice
from llmaudit.errors import UsageError, printable
from llmaudit.settings import Settings

if TYPE_CHECKING:
    from llmaudit.catalog import Catalog
    from llmaudit.facts import Facts


def cells_and_logs(paths: list[str]) -> tuple[list[Path], list[str]]:
    """Return the paths that are cells files, and the other ones."""
    from llmaudit.cellsfile import is_cells

    cells = [path for path in paths if is_cells(Path(path))]
    return [Path(path) for path in cells], [path for path in paths if path not in cells]


def read_cells(settings: Settings, prices: Catalog, paths: list[Path]) -> list[Facts]:
    """Return the facts of cells files, priced by a catalog.

    Raises:
        UsageError: Another period or zone was asked for than the one they were rolled up for.
    """
    from llmaudit.cellsfile import load

    parts = [load(path, prices) for path in paths]
    zone_is_asked = settings.sources.get("timezone", "default") != "default"
    for path, part in zip(paths, parts, strict=True):
        asked, held = settings.period, part.period
        other_bounds = asked.is_bounded and (asked.since, asked.until) != (held.since, held.until)
        if other_bounds or (zone_is_asked and asked.timezone != held.timezone):
            span = f"{bound_text(held.since)} to {bound_text(held.until)}, days in {held.timezone}"
            raise UsageError(
                f"{printable(path.name)} was rolled up for {span}; cells cannot be split again",
                next_step="Leave --since, --until, --month and --timezone out, or give them to `llmaudit rollup`.",
                slug="cells-of-another-period",
            )
    if len(parts) > 1:
        notice(settings, f"{len(parts)} cells files are added up; a request that is in the logs of two counts twice")
    return parts
