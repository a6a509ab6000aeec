"""The DuckDB file of an audit, and the file of kept texts beside it. The only package that imports duckdb."""

from llmaudit.store.database import Store
from llmaudit.store.texts import TextStore, text_path

__all__ = ["Store", "TextStore", "text_path"]
