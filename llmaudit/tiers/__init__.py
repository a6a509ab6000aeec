"""Complexity tiers: 0 trivial, 1 standard, 2 complex, 3 high stakes, or unknown.

    a prompt ─▶ text (vocabulary, opening, effort, stakes) ─▶ hint ─┐
    a request's metadata ───────────────────────────────────────────┴─▶ rules (user_rules, classifier) ─▶ tag

- `text` reads the words of a prompt while they are in memory, by the rules of `effort` and `stakes` on what it found
  (`text_evidence`); `rules` judges the `signals` of a request; `tag` tags all requests of a database, `tag_lines` tags
  requests that come one per line.
- `labels`, `label_matching`, `evaluate`, `confusion`, `sample`: people's labels, and how good the tags are measured
  on them.
- `train` fits the optional classifier, `classifier` applies it.

Nothing is imported here: decoding a log needs the words only, and no database.
"""
