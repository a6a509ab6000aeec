"""The cost-regression check: a log against a baseline and a budget.

    a log ─▶ measure ─▶ model.Baseline ─┬─▶ file (`baseline save`)
                                        ├─▶ decompose ─▶ causes ─▶ sentences: why the cost differs
    baseline file ──────────────────────┼─▶ compare, mix, shares ────────┐
    budget file ─▶ budget ──────────────┴────────────────────────────────┴─▶ rules ─▶ check.Check ─▶ render

- `measure` folds a log (`fold`, `named_groups`, `leaves`, `latency`, `cases`, `pricing`) into what can be compared.
- `decompose` splits the difference to the cent; `noise` says how much of each part chance alone would move.
- `trend` looks at a series of baselines. `successors` recognizes an edited prompt as the one it replaced.
"""
