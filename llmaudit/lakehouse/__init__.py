"""Requests that lie in a lakehouse: rolled up by its own engine, and audited here.

Where the requests of many databases are tables of a data platform (`llmaudit export`), they need not come back to one
machine. The engine there runs the portable SQL files (docs/architecture.md); only cells come back. This takes three
steps, since nothing here connects to anything: llmaudit writes SQL, the user runs it where the tables are.

- `words`: what engines have no common word for, by engine.
- `job`: the folder that goes back and forth, and the SQL in it.
- `names`: what the engine found out beforehand: names, files, days.
- `collect`: the cells that came back, checked and made into facts.
"""
