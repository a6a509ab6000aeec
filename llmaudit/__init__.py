"""llmaudit: an offline cost audit of LLM request logs.

This is the small public API for notebooks and other programs: `audit_paths` reads logs, `open_database` opens an
existing database. Both return a `Session`, which produces the `Audit`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = ["Session", "__version__", "audit_paths", "open_database"]

if TYPE_CHECKING:
    from llmaudit.api import Session, audit_paths, open_database


def __getattr__(name: str) -> Any:
    """Import the API at its first use: `llmaudit --help` must not wait for DuckDB."""
    if name in __all__:
        from llmaudit import api  # noqa: PLC0415 -- see above

        return getattr(api, name)
    raise AttributeError(f"module 'llmaudit' has no attribute {name!r}")
