"""Small logs for the cost check, with every figure that a test expects made by hand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from builders import litellm_row, write_jsonl


def rows(
    name: str,
    *,
    calls: int = 60,
    prompt: int = 1000,
    completion: int = 100,
    model: str = "gpt-4.1",
    features: tuple[str, ...] = ("chat", "extract"),
    grown: dict[str, int] | None = None,
    day: str = "2026-10-01",
    case: bool = True,
    **rest: Any,
) -> Iterator[dict[str, Any]]:
    """Yield rows of LiteLLM's log: features in turn, prompts that differ a little by case, one case a request."""
    for i in range(calls):
        feature = features[i % len(features)]
        tags = [f"feature:{feature}", *([f"case:{feature}-{i}"] if case else [])]
        size = (grown or {}).get(feature, prompt) + 10 * (i % 7)
        at = f"{day}T{10 + i // 60:02}:{i % 60:02}:00"
        yield litellm_row(f"{name}-{i}", at, model=model, prompt=size, completion=completion, tags=tags, **rest)


def log(folder: Path, name: str, **wanted: Any) -> Path:
    """Write a log."""
    return write_jsonl(folder / f"{name}.jsonl", rows(name, **wanted))
