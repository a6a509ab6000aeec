"""Text to a sentence: its words for charges, its figures with their roles, and every figure given to its word."""

from __future__ import annotations

from llmaudit.pages.lexicon.files import Lexicon
from llmaudit.pages.sentence.amounts import amounts
from llmaudit.pages.sentence.belonging import assign_figures
from llmaudit.pages.sentence.examples import without_examples
from llmaudit.pages.sentence.parts import parts
from llmaudit.pages.sentence.sentence import Sentence
from llmaudit.pages.sentence.setting import Setting
from llmaudit.pages.sentence.terms import find_terms, find_zero
from llmaudit.pages.sentence.untaken import untaken


def parse(text: str, lexicon: Lexicon, setting: Setting) -> Sentence | None:
    """Return a sentence with its figures given to its words; None where it has nothing to do with money."""
    terms = find_terms(text, lexicon)
    figures = amounts(text, lexicon, [(term.start, term.end) for term in terms if term.name != "charge"])
    figures = without_examples(text, figures, lexicon, example=setting.example)
    zero = find_zero(text, lexicon, terms)
    free = [match.span() for match in lexicon["free"].finditer(text)]
    denied = list(untaken(text, lexicon))
    bare = (lexicon[name] for name in ("uncharged", "credits_units"))
    if not (terms or zero or figures or free or denied or any(words.search(text) for words in bare)):
        return None
    sentence = Sentence(text, lexicon, setting, terms, zero, figures, parts(text, lexicon), free, denied)
    assign_figures(sentence)
    return sentence


def sets_aside(text: str, lexicon: Lexicon) -> bool:
    """Say whether a language knows a figure of a sentence as a discount, a tax, a gift: another must not state it."""
    terms = find_terms(text, lexicon)
    figures = amounts(text, lexicon, [(term.start, term.end) for term in terms if term.name != "charge"])
    return any(amount.role == "ignored" for amount in figures)
