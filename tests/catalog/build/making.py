"""What the tests of the compiler make by hand: a wheel of LiteLLM, a source that states a few facts."""

from __future__ import annotations

import json
import zipfile
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from llmaudit.catalog.build.fact import Fact, Origin, Stated
from llmaudit.catalog.build.litellm_json import NEWS, PRICES

NEWS_DAY = "2026-11-02"


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def litellm_wheel(folder: Path, prices: dict[str, Any] | str, *, version: str = "9.9.9") -> Path:
    """Write a wheel that holds LiteLLM's price file; a text is written as it stands."""
    path = folder / f"litellm-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(PRICES, prices if isinstance(prices, str) else json.dumps(prices))
        archive.writestr(NEWS, json.dumps([{"date": NEWS_DAY}]))
    return path


def fact(source: str, usd: str, **other: Any) -> Fact:
    """Return a fact of a source: OpenAI's gpt-x, ordinary input, unless said otherwise."""
    known: dict[str, Any] = {"seller": "openai", "sku": "gpt-x", "unit": "input", "when": ""}
    known |= other
    for name in ("valid_from", "valid_to"):
        if isinstance(known.get(name), str):
            known[name] = moment(known[name])
    return Fact(usd=Decimal(usd), origin=Origin(f"{source}@1"), **known)


def stated(name: str, snapshot: str, *facts: Fact) -> Stated:
    """Return a source that states facts."""
    source = Stated(name, "1", "", moment(snapshot))
    source.facts.extend(facts)
    return source


TODAY = date(2026, 11, 26)
