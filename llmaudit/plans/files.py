"""Loads plans: the presets that ship with llmaudit, and the user's own files."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from llmaudit.catalog import Catalog
from llmaudit.errors import UsageError, printable
from llmaudit.plans.checking import check
from llmaudit.plans.model import Plan
from llmaudit.yamlfile import parse_yaml, read_bytes, said_name


def preset_names() -> list[str]:
    """Return the names of the plans that ship with llmaudit."""
    folder = files("llmaudit.plans") / "presets"
    return sorted(entry.name.removesuffix(".yaml") for entry in folder.iterdir() if entry.name.endswith(".yaml"))


def load_plan(name_or_file: str, catalog: Catalog) -> Plan:
    """Return a preset by name, or the plan in a file.

    Args:
        name_or_file: A preset's name, or a path; a path has a suffix or a separator in it. `-` is standard input.
        catalog: Every model and gateway that the plan names must be in it.

    Raises:
        UsageError: No preset of that name.
        InputError: The file is missing or malformed (with line and column), or names what the catalog lacks.
    """
    if name_or_file in preset_names():
        name, data = f"{name_or_file}.yaml", (files("llmaudit.plans") / "presets" / f"{name_or_file}.yaml").read_bytes()
    elif name_or_file == "-" or "/" in name_or_file or "." in name_or_file or Path(name_or_file).exists():
        name, data = said_name(Path(name_or_file)), read_bytes(Path(name_or_file), what="plan")
    else:
        raise UsageError(
            f"--plan {printable(name_or_file)}: neither a preset nor a file",
            next_step=f"Presets: {', '.join(preset_names())}.",
            slug="no-such-plan",
        )
    plan = parse_yaml(data, Plan, name=name, what="plan")
    check(plan, catalog, data=data, name=name)
    return plan
