"""Write the generated parts of the manual again, or with --check say which of them are out of date.

A generated part stands between `<!-- generated: NAME -->` and `<!-- /generated -->`. What it holds is taken from the
program itself, so that the manual cannot say one thing and the program do another.
"""

# ruff: noqa: INP001 -- a script beside the pages it writes, not a package

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from importlib.resources import files
from pathlib import Path

import typer
from typer.testing import CliRunner

from llmaudit.cli import app
from llmaudit.formats.base import Format
from llmaudit.ingest.registry import known
from llmaudit.sql import migrations
from llmaudit.tiers import effort, stakes
from llmaudit.tiers.rules import RULES, TIER_OF_TASK, TRUST
from llmaudit.tiers.vocabulary.names import STAKES_WORDS, TASK_WORDS

FOLDER = Path(__file__).resolve().parent
PART = re.compile(r"(<!-- generated: (?P<name>[^>]+?) -->\n).*?(<!-- /generated -->)", re.DOTALL)
WIDTH = "100"
READS = {
    "json": "JSON",
    "table": "CSV, TSV, COPY, Parquet",
    "sqlite": "SQLite",
    "sse": "event stream",
    "text": "lines of text",
}
REPEATS = {
    "once": "the first record counts; different content is a conflict",
    "first": "the first record counts",
    "largest": "the record with most output counts",
    "last": "the last record counts",
}


def help_text(path: str) -> str:
    """Return what `llmaudit PATH --help` prints."""
    result = CliRunner().invoke(app, [*path.split(), "--help"], prog_name="llmaudit", env={"COLUMNS": WIDTH})
    if result.exit_code:
        raise SystemExit(f"llmaudit {path} --help ended with {result.exit_code}: {result.output}")
    lines = (line.rstrip() for line in result.output.strip().splitlines())
    return _fenced("text", "\n".join(lines))


def commands() -> Iterator[str]:
    """Yield every command by its full name, groups as `group command`."""
    yield from _commands(typer.main.get_command(app), ())


def _commands(command: object, path: Sequence[str]) -> Iterator[str]:
    inner = getattr(command, "commands", None)
    if inner is None:
        yield " ".join(path)
        return
    if getattr(command, "invoke_without_command", False) and path:
        yield " ".join(path)
    for name, one in inner.items():
        yield from _commands(one, (*path, name))


def formats_table() -> str:
    """Return every format and bill with how it is read and how far it is verified."""
    rows = [
        [f"`{form.name}`", form.title, form.kind, ", ".join(READS[each] for each in form.reads), form.verified or ""]
        for form in known()
    ]
    return _table(["name", "written by", "kind", "read from", "verified"], rows)


def format_sections() -> str:
    """Return a section for every format and bill: what its own file says of it."""
    return "\n\n".join(_section(form) for form in known())


def _section(form: Format) -> str:
    marks = (
        ", ".join(f"`{key}`" for key in form.marks) or f"lines like `{form.pattern.pattern if form.pattern else ''}`"
    )
    needs = f" Always has: {', '.join(f'`{key}`' for key in form.needs)}." if form.needs else ""
    lacks = f" Never has: {', '.join(f'`{key}`' for key in form.lacks)}." if form.lacks else ""
    known_by = f"Recognised by: {marks}.{needs}{lacks}"
    parts = [
        f"## {form.name}",
        form.about,
        known_by,
        f"{'Amounts' if form.kind == 'bill' else 'Token counts'}: {form.semantics}",
        f"If an id is repeated: {REPEATS[form.repeats]}.",
    ]
    if form.traps:
        parts.append(_table(["trap", "what is done"], [list(trap) for trap in form.traps]))
    return "\n\n".join(part for part in parts if part)


def tier_rules() -> str:
    """Return the built-in tier rules in order, each with its own sentence."""
    rows = [
        [str(number), f"`{rule.__name__}`", (inspect.getdoc(rule) or "").splitlines()[0]]
        for number, rule in enumerate(RULES, start=1)
    ]
    return _table(["", "rule", "what it trusts"], rows)


def text_rules() -> str:
    """Return the rules on a prompt's words in order, with how far each is trusted."""
    rows = [
        [str(number), f"`{rule.__name__.replace('_', '-')}`", inspect.getdoc(rule) or "", f"{TRUST[name]:g}"]
        for number, rule in enumerate(effort.EFFORT_RULES, start=1)
        if (name := rule.__name__.replace("_", "-"))
    ]
    return _table(["", "rule", "what it takes", "trust"], rows)


def text_stakes() -> str:
    """Return the rules on what a prompt's words put at stake, in order."""
    rows = [[f"`{rule.__name__.replace('_', '-')}`", inspect.getdoc(rule) or ""] for rule in stakes.STAKES_RULES]
    return _table(["rule", "what it takes"], rows)


def task_words() -> str:
    """Return the words in a feature's name that tell its task and so its tier."""
    rows = [[str(TIER_OF_TASK[task]), task, words] for task, words in TASK_WORDS]
    return _table(["tier", "task", "words"], rows)


def stakes_words() -> str:
    """Return the words in a feature's or endpoint's name that tell high stakes."""
    return _table(["stakes", "words"], [list(row) for row in STAKES_WORDS])


def preset(name: str) -> str:
    """Return a plan that ships with llmaudit, as its file has it."""
    return _fenced("yaml", (files("llmaudit.plans") / "presets" / f"{name}.yaml").read_text(encoding="utf-8").rstrip())


def schema() -> str:
    """Return the SQL of every migration."""
    return _fenced("sql", "\n\n".join(sql.rstrip() for _, sql in migrations()))


def _fenced(language: str, text: str) -> str:
    return f"```{language}\n{text}\n```"


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def parts() -> dict[str, Callable[[], str]]:
    """Return every generated part by name."""
    return {
        **{f"help {path}": (lambda path=path: help_text(path)) for path in commands()},
        **{f"preset {name}": (lambda name=name: preset(name)) for name in _presets()},
        "payback assumptions": payback_assumptions,
        "formats": formats_table,
        "format sections": format_sections,
        "tier rules": tier_rules,
        "text rules": text_rules,
        "text stakes": text_stakes,
        "task words": task_words,
        "stakes words": stakes_words,
        "schema": schema,
    }


def payback_assumptions() -> str:
    """Return the file of assumptions of `plan payback`."""
    return _fenced("yaml", (files("llmaudit.plans") / "payback.yaml").read_text(encoding="utf-8").rstrip())


def _presets() -> list[str]:
    folder = files("llmaudit.plans") / "presets"
    return sorted(entry.name.removesuffix(".yaml") for entry in folder.iterdir() if entry.name.endswith(".yaml"))


def renewed(text: str, known: dict[str, Callable[[], str]]) -> tuple[str, set[str]]:
    """Return a page with its generated parts made anew, and their names."""
    seen: set[str] = set()

    def make(match: re.Match[str]) -> str:
        name = match["name"]
        seen.add(name)
        if name not in known:
            raise SystemExit(f"there is no generated part {name!r}; there are: {', '.join(known)}")
        return f"{match[1]}{known[name]()}\n{match[3]}"

    return PART.sub(make, text), seen


def main() -> None:
    """Write or check every page; a part that stands on no page is an error too."""
    known = parts()
    stale: list[str] = []
    placed: set[str] = set()
    for page in sorted(FOLDER.glob("*.md")):
        before = page.read_text(encoding="utf-8")
        after, seen = renewed(before, known)
        placed |= seen
        if after == before:
            continue
        stale.append(page.name)
        if "--check" not in sys.argv:
            page.write_text(after, encoding="utf-8", newline="\n")
    missing = sorted(set(known) - placed)
    if missing:
        raise SystemExit(f"no page has the generated part: {', '.join(missing)}")
    if stale and "--check" in sys.argv:
        raise SystemExit(f"out of date: {', '.join(stale)}; run `python docs/generate.py`")


if __name__ == "__main__":
    main()
