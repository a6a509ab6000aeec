"""A sentence to clauses: which charge, how much, on what, denied or not, whose.

`clauses` lists the rules. `named` reads charges that a word names; `unnamed`, `shares`, `free` and `conversions` those
that need no word. All of them ask `kinds` what kind of charge it is, `bases` what it is on, `owners` whose it is, and
build it with `clause`.
"""
