"""Features of a prompt are computed by shortcuts; they are what their definitions, written here as patterns, say."""

from __future__ import annotations

import re
from hashlib import blake2b

from hypothesis import example, given, settings
from hypothesis import strategies as st

from llmaudit.features import Turn, describe, language_class, template_hash
from llmaudit.request import Request

CODE = re.compile(
    r"```|^\s*(?:def |class |import |from \w+ import|#include|SELECT\b|function\b|const |public )", re.MULTILINE
)
QUOTED = re.compile(r"\"[^\"\n]{0,2000}\"|“[^”\n]{0,2000}”|«[^»\n]{0,2000}»|```.{0,8000}?```", re.DOTALL)

PIECES = (
    'say "it is 12" twice', "“zwölf 12”", "«12»", "```\nx = 1\n```", "```", '"', "\n", "  ", "0", "00", "1000000", "٣٤",
    "def f", "class ", "from a import", "from here", "import", "important", "#include <x>", "SELECT a", "SELECTED",
    "functional", "function(", "const x", "public good", "Straße", "İ", "the of and", "Order 12.5", "😀", "\ud800",
)  # fmt: skip
TEXTS = st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=8)), max_size=12).map("".join)


def described(text: str) -> Request:
    request = Request()
    describe(request, [Turn("user", text)], hash_key=b"k" * 32)
    return request


@settings(max_examples=400, deadline=None)
@given(text=TEXTS)
@example("\n\n  import os")
@example("from x import")
def test_code_is_told_by_the_pattern(text: str) -> None:
    assert described(text + ".").has_code == bool(CODE.search(text + "."))


@settings(max_examples=400, deadline=None)
@given(text=TEXTS)
def test_one_template_is_digits_and_quotes_masked(text: str) -> None:
    masked = " ".join(re.sub(r"\d+", "0", QUOTED.sub('""', text)).split()).lower()
    assert template_hash(text) == blake2b(masked.encode("utf-8", "replace"), digest_size=8).hexdigest()


@settings(max_examples=400, deadline=None)
@given(text=TEXTS)
def test_english_is_told_from_the_same_words_with_and_without_letters_beyond_ascii(text: str) -> None:
    """A dash, which is beyond ASCII and no letter, sends a text the long way round."""
    plain = text.encode("ascii", "ignore").decode()[:1900]
    assert language_class(plain + " 1") == language_class(plain + " \u2014") or len(re.findall("[A-Za-z]+", plain)) < 4
