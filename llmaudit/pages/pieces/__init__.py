"""A page to pieces: the sentences to read, each with what it needs of its surroundings to be understood.

`split` cuts text into sentences; `answers` gives an answer its question, `cells` a cell its labels; `examples` marks
what only works a case out; `pieces` puts them in the order of the page.
"""
