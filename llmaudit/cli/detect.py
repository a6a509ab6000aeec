"""`llmaudit detect` and `llmaudit formats`: what a file is, and what can be read."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from llmaudit.cli.options import Ended, command
from llmaudit.cli.output import answer, table
from llmaudit.settings import Settings


def detect(settings: Settings, paths: Annotated[list[str], typer.Argument(help="Files and folders.")]) -> None:
    """Say which format each file is in, how surely, and on which evidence."""
    from llmaudit.errors import Exit, InputError
    from llmaudit.ingest import detect as detect_file
    from llmaudit.ingest import walk

    files: list[dict[str, Any]] = []
    for found in walk(paths):
        try:
            seen = detect_file(found.path)
        except InputError as error:
            files.append({"path": str(found.path), "format": None, "confidence": 0.0, "evidence": [error.what]})
            continue
        files.append(
            {
                "path": str(found.path),
                "format": seen.form.name if seen.form else None,
                "confidence": seen.confidence,
                "evidence": list(seen.evidence),
            }
        )
    columns = ["file", "format", "confidence", "evidence"]
    rows = [[f["path"], f["format"], f["confidence"], "; ".join(f["evidence"])] for f in files]
    answer(
        settings,
        {"schema": "llmaudit/detect/1", "files": files},
        lambda: table(settings, "Detected", columns, rows, left=(0, 1, 3)),
    )
    if not any(f["format"] for f in files):
        raise Ended(Exit.BAD_INPUT)


def formats(settings: Settings) -> None:
    """List the formats that can be read."""
    from llmaudit.ingest import known

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
