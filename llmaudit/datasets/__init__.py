"""Simulated data with a known truth, for tests, benchmarks, and trying a method before one's own data are in.

- `markup`, `regressions`, `shadow`, `cohorts` simulate; `markup_logs` writes such data as log files.
- The `…_study` modules measure how often llmaudit's verdicts on them are right.
"""
