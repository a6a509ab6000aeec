"""The cases of contract.yaml."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from yaml_cases import read_cases


@dataclass(frozen=True)
class Case:
    """One command.

    Attributes:
        args: Its arguments, with names of files in braces (`line_of` in conftest.py).
        schema: The name in the schema of its document.
        paths: Keys that must be there, such as `files[].path` (`[]` is each element).
    """

    args: str
    schema: str
    paths: list[str]


def _case(name: str, entry: dict[str, object]) -> Case:
    keys = entry["keys"]
    assert isinstance(keys, dict)
    paths = [f"{holder}.{key}".lstrip(".") for holder, names in keys.items() for key in names.split()]
    return Case(str(entry["args"]), str(entry.get("schema", name.replace(" ", "-"))), paths)


CASES = {name: _case(name, entry) for name, entry in read_cases(Path(__file__).with_name("contract.yaml")).items()}


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every value of a document that holds no other, with its path, such as `.files[].path`."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from leaves(inner, f"{path}.{name}")
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner, f"{path}[]")
    else:
        yield path, value
