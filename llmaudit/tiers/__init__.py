"""Complexity tiers: 0 trivial, 1 standard, 2 complex, 3 high stakes, or unknown.

What a prompt's words tell is in `text`, what a request's signals tell in `rules`, tagging a database in `tag`. Nothing
is imported here: decoding a log needs the words only, and not a database.
"""
