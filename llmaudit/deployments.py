"""Names that hide a model (Azure deployments, Bedrock application profiles, gateway aliases) and what is behind them.

A log that has only such a name cannot be priced, and only the user knows which model it stands for. The user says so in
a small YAML file. It is read when requests are priced, not when they are ingested, so later additions take effect.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from llmaudit.yamlfile import read_yaml

HIDDEN = "deployment:"
"""What a model's name begins with where a log has the name of a deployment only."""

_HIDDEN_ARNS = ("application-inference-profile/", "provisioned-model/", "imported-model/", "custom-model/")


class Deployment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is behind a name.

    Attributes:
        model: The model, as its seller names it.
        seller: Who sells it, where that is another than the log says.
    """

    model: str
    seller: str | None = None


class DeploymentsFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file."""

    deployments: dict[str, Deployment | str]


def read_deployments(path: Path) -> dict[str, Deployment]:
    """Return the mapping of a file, names in lower case.

    Raises:
        InputError: Missing, not YAML, or not of the shape; the message has line and column.
    """
    file = read_yaml(path, DeploymentsFile, what="deployments")
    return {
        name.lower(): each if isinstance(each, Deployment) else Deployment(each)
        for name, each in file.deployments.items()
    }


def hidden(name: str) -> str:
    """Return the model's name for a log that has only a deployment's."""
    return HIDDEN + name


def is_hidden(model: str) -> bool:
    """Say whether a logged model's name is one that hides the model."""
    return model.lower().startswith(HIDDEN) or (
        model.startswith("arn:") and any(part in model for part in _HIDDEN_ARNS)
    )


def behind(model: str, known: Mapping[str, Deployment]) -> Deployment | None:
    """Return what is behind a logged name: the whole name, a deployment's without its mark, or the end of an ARN."""
    name = model.lower()
    for written in (name, name.removeprefix(HIDDEN), name.rpartition("/")[2] if is_hidden(model) else name):
        if written in known:
            return known[written]
    return None


def unresolved(named: Iterable[tuple[str, int]], known: Mapping[str, Deployment]) -> list[tuple[str, int]]:
    """Return the names that hide a model and are not in the mapping, with their requests, most first.

    Args:
        named: Logged names with their requests.
        known: The mapping.
    """
    found = [(name, count) for name, count in named if is_hidden(name) and behind(name, known) is None]
    return sorted(found, key=lambda each: (-each[1], each[0]))


def line_for(model: str) -> str:
    """Return the line of the file that would resolve a name, but for the model."""
    name = model.removeprefix(HIDDEN).rpartition("/")[2]
    return f"  {name}: MODEL"
