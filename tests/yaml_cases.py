"""The cases that stand beside the tests as YAML, read by libyaml where it is there: it is ten times as fast."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
TEXT_LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
"""Makes nothing but text: a price of 0.10 stays `0.10`."""


def read_cases(path: Path) -> Any:
    """Return what a file holds."""
    return yaml.load(path.read_text(encoding="utf-8"), Loader=LOADER)  # noqa: S506 -- the safe loader, in C


def read_text_cases(path: Path) -> Any:
    """Return what a file holds, every scalar as text."""
    return yaml.load(path.read_text(encoding="utf-8"), Loader=TEXT_LOADER)  # noqa: S506 -- makes nothing but text
