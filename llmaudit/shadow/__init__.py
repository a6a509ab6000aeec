"""Shadow tests: design, sample, read and decide. The same request goes to two models; only one answer reaches the user.

    pairs files ─▶ read ─┐                            ┌─▶ storage (the database)
                         ├─▶ prepare, costs ─▶ pivot ─┴─▶ pair_arrays ─▶ analysis ─▶ certify: evals for a plan's legs
    two logs ─▶ traffic ─┘                                                  ▲
                                     health, quality, metrics, guardrails ──┘

- `read` checks a file value by value (`record`), or reads it at once if nothing in it is odd (`fast_read`).
- `quality` is the verdict on scores over the days (`looks`, `sequential`); `metrics` are costs, times and errors
  (`estimates`, `clusters`); `missing_shadows` reads missing answers four ways.
- `design` plans a test and `sample` chooses its requests; `offpolicy` reads a randomised router's log instead of pairs.

What `analysis` calls is arithmetic on arrays: numpy and scipy only.
"""
