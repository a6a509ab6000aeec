"""The keys of a line told from its text are those of its value, as far as any format looks for them."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmaudit.ingest import registry
from llmaudit.ingest.keys import keys_of
from llmaudit.ingest.layout import envelope_of, wrapper_of
from llmaudit.ingest.shapes import MAX_KINDS, Shapes, shapes

LOOKED_FOR = {key for form in registry.known() for key in (*form.marks, *form.needs, *form.lacks)}
NAMES = sorted({part for key in LOOKED_FOR for part in key.split(".")})
"""Keys of real formats, so that random objects show many of them."""

scalars = st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=4)
names = st.sampled_from(NAMES) | st.sampled_from(["usage", "message", "payload", "data", "log", "response", "other"])
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(names, inner, max_size=5), max_leaves=20
)


@settings(max_examples=400, deadline=None)
@given(st.dictionaries(names, values, max_size=14), st.sampled_from([(",", ":"), (", ", ": ")]))
def test_keys_told_from_the_text_are_those_of_the_value(record: dict, separators: tuple[str, str]) -> None:
    text = json.dumps(record, separators=separators).encode()
    keys, around = shapes().of(text)
    assert keys == keys_of(record) & LOOKED_FOR
    assert around or (envelope_of(record) == () and wrapper_of(record) is None)


@pytest.mark.parametrize("text", [b"5", b'"a"', b"[1]", b"", b"{", b'{"a":1}}', b'{"a" 1}', b'{"\xff":1}'])
def test_what_is_no_object_is_an_error(text: bytes) -> None:
    with pytest.raises((msgspec.DecodeError, UnicodeDecodeError)):
        shapes().of(text)


def test_lines_whose_keys_hold_ids_are_not_remembered_without_end() -> None:
    told = Shapes({"usage", "usage.tokens"})
    for number in range(MAX_KINDS + 10):
        assert told.of(b'{"id%d":1,"usage":{"tokens":2}}' % number)[0] == {"usage", "usage.tokens"}
    assert len(told._kinds) <= MAX_KINDS
