"""`llmaudit detect` and `llmaudit formats`: what a file is, and what can be read."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from llmaudit.cli.options import Ended, command
from llmaudit.cli.output import MOST_NAMED, answer, line, notice, table
from llmaudit.errors import Exit, InputError, LlmauditError, printable
from llmaudit.settings import Settings

if TYPE_CHECKING:
    from llmaudit.formats.base import Format
    from llmaudit.ingest.propose import Proposal
    from llmaudit.ingest.walk import Found


def detect(
    settings: Settings,
    paths: Annotated[list[str], typer.Argument(help="Files and folders; `-` for standard input.")],
    map: Annotated[  # noqa: A002 -- the flag is named so
        Path | None, typer.Option("--map", help="Try this column map (YAML) on every file.")
    ] = None,
    propose: Annotated[
        Path | None, typer.Option("--propose", help="Write a column map for the first unknown file here.")
    ] = None,
) -> None:
    """Show each file's format, how certain it is, and why.

    For a file in an unknown format it proposes a column map: edit the map, then read the file with `--map`.
    """
    from llmaudit.formats.mapped import format_of, load_map
    from llmaudit.ingest import inputs

    form = None if map is None else format_of(load_map(map))
    with ExitStack() as stack:
        looked = [_look(found, form) for found in inputs(paths, stack)]
    files = [file for file, _ in looked]
    maps = [(str(file["path"]), proposal) for file, proposal in looked if proposal is not None]
    if propose is not None:
        _write(settings, propose, maps)

    def people() -> None:
        named = files if len(files) <= MOST_NAMED else [f for f in files if f["format"] is None]
        if named is not files:
            rows = [[name, f"{len(found):,}", min(found)] for name, found in sorted(_by_format(files).items())]
            table(settings, "Detected", ["format", "files", "lowest confidence"], rows)
        rows = [[f["path"], f["format"], f["confidence"], "; ".join(f["evidence"])] for f in named[:MOST_NAMED]]
        if rows:
            title = "Detected" if named is files else "In no known format"
            table(settings, title, ["file", "format", "confidence", "evidence"], rows, left=(0, 1, 3))
        if len(named) > MOST_NAMED:
            line(f"  and {len(named) - MOST_NAMED:,} more; --json names every file")
        for path, proposal in maps if propose is None else ():
            line(f"A column map for {path} (--propose FILE writes it):")
            for text in proposal.text.splitlines():
                line(f"  {text}")

    answer(settings, {"schema": "llmaudit/detect/1", "files": files}, people)
    if not any(f["format"] for f in files):
        raise Ended(Exit.BAD_INPUT)


def _by_format(files: Sequence[dict[str, Any]]) -> dict[str, list[float]]:
    """Return the confidences of the files in each format."""
    found: dict[str, list[float]] = {}
    for file in files:
        if file["format"] is not None:
            found.setdefault(file["format"], []).append(file["confidence"])
    return found


def _look(found: Found, form: Format | None) -> tuple[dict[str, Any], Proposal | None]:
    """Return what is known of a file, as the command's JSON has it, and a column map where its format is not."""
    from llmaudit.ingest.detect import detect as detect_file
    from llmaudit.ingest.known import NOT_LOOKED_AT
    from llmaudit.ingest.propose import propose as proposed

    file: dict[str, Any] = {
        "path": "-" if found.is_input else str(found.path),
        "format": None,
        "confidence": 0.0,
        "evidence": [],
        "proposed_map": None,
    }
    if found.left is not None:
        return file | {"evidence": [f"{NOT_LOOKED_AT}: {found.left}"]}, None
    try:
        seen = detect_file(found.path, form)
        proposal = None if seen.form else proposed(found.path)
    except InputError as error:
        return file | {"evidence": [error.what]}, None
    file["format"] = seen.form.name if seen.form else None
    file["confidence"], file["evidence"] = seen.confidence, list(seen.evidence)
    file["proposed_map"] = proposal.text if proposal else None
    return file, proposal


def _write(settings: Settings, path: Path, maps: list[tuple[str, Proposal]]) -> None:
    """Write the first proposal; never over a file that is there.

    Raises:
        LlmauditError: There is none, or the file cannot be written.
    """
    if not maps:
        raise InputError(
            "no column map can be proposed: no file in an unknown format has columns for a model and tokens",
            next_step="Write one by hand; docs/files.md shows how.",
            slug="nothing-to-propose",
        )
    try:
        with path.open("x", encoding="utf-8") as sink:
            sink.write(maps[0][1].text)
    except OSError as error:
        raise LlmauditError(
            f"{printable(str(path))} cannot be written: {error.strerror}",
            next_step="Name another file; existing files are not overwritten.",
            slug="cannot-write",
        ) from None
    notice(settings, f"column map for {maps[0][0]} written to {path}")


def formats(settings: Settings) -> None:
    """List the formats that can be read."""
    from llmaudit.ingest.registry import known

    document = {
        "schema": "llmaudit/formats/1",
        "formats": [
            {"name": form.name, "title": form.title, "kind": form.kind, "semantics": form.semantics} for form in known()
        ],
    }
    rows = [[form.name, form.kind, form.title] for form in known()]
    answer(settings, document, lambda: table(settings, "Formats", ["name", "kind", "written by"], rows, left=(0, 1, 2)))


def register(app: typer.Typer) -> None:
    """Add the commands."""
    command(app, detect, "detect", "llmaudit detect logs/")
    command(app, formats, "formats", "llmaudit formats --json")
