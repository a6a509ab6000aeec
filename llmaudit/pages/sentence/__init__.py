"""A sentence taken apart: words for charges, figures with unit and role, and which figure belongs to which word.

`setting` is what surrounds it. `terms` finds the words and the claims of zero, `figures` the numbers, `units` what they
are per; `roles` tells which of them are no fee, `refuted` which are only denied, `examples` which are worked cases
(`amounts` runs these in order). `denial` tells a charge that is denied from one that is made, `parts` how far a word
reaches, `belonging` gives the figures to the words. `parse` does all of it and returns a `sentence.Sentence`.
"""
