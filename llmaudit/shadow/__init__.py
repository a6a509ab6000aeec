"""Shadow tests: design, sample, read and decide. The same request goes to two models; only one answer reaches the user.

    pairs files ─▶ read ─▶ prepare ─▶ pivot ─▶ keep (database, arrays) ─▶ analysis ─▶ evals that certify a plan's legs
    two logs ────▶ traffic (shadow.sql) ─┘                                   ▲
                                            health, estimates, looks ────────┘

Everything below `analysis` is arithmetic on arrays: numpy and scipy only.
"""
