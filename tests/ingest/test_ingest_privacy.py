"""What may not reach the database: live keys, addresses of people, text; and what is kept where asked for."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any
from unittest import mock

import duckdb
import msgspec
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from logs import row, write
from running import run_here

from llmaudit import pii
from llmaudit.features import language_class
from llmaudit.ingest.arrays import SCHEMA
from llmaudit.ingest.clean import cleaned
from llmaudit.pii import classes_of
from llmaudit.privacy import pseudonym, without_addresses

KEYS = {
    "OpenAI": "sk-proj-" + "aB3" * 12,
    "Anthropic": "sk-ant-api03-" + "x" * 40,
    "AWS": "AKIAIOSFODNN7EXAMPLE",
    "Google": "AIza" + "SyA" * 11 + "xx",
    "GitHub": "ghp_" + "a1B2" * 9,
    "Slack": "xoxb-123456789012-abcdefghij",
    "a web token": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P",
    "Groq": "gsk_" + "Z9" * 20,
}
PLACES = ("user", "end_user", "session_id", "litellm_call_id", "model_group", "api_key", "team_id", "request_id")
EVERYTHING = "SELECT string_agg(t::VARCHAR, ' ') FROM {} t"


def stored(folder: Path) -> str:
    """Return all text of all tables."""
    with duckdb.connect(str(folder / "llmaudit.duckdb"), read_only=True) as database:
        tables = [name for (name,) in database.execute("SELECT table_name FROM duckdb_tables()").fetchall()]
        return " ".join(str(database.execute(EVERYTHING.format(name)).fetchall()[0][0]) for name in tables)


@pytest.mark.parametrize("name", KEYS)
def test_a_live_key_reaches_no_table_wherever_it_stood(name: str, tmp_path: Path) -> None:
    key = KEYS[name]
    rows = [row(n, **{place: f"{key}" if place != "request_id" else f"r-{key}"}) for n, place in enumerate(PLACES, 1)]
    rows.append(row(50, request_tags=[f"feature:{key}"], metadata={"user_api_key_alias": key}))
    done = run_here(
        tmp_path, "ingest", write(tmp_path / "log.jsonl", b"\n".join(map(msgspec.json.encode, rows))), "--json"
    )
    assert done.json["totals"]["accepted"] == len(PLACES) + 1
    assert key not in stored(tmp_path)
    assert key[:12] not in stored(tmp_path)
    masked = run_here(tmp_path, "status", "--privacy", "--json").json["masked"]
    assert masked >= len(PLACES)
    assert done.json["files"][0]["masked"] == masked


PEOPLE = ["bob@example.org", "+49 170 123 4567", "203.0.113.7", "2001:db8:85a3::8a2e:370:7334"]


@pytest.mark.parametrize("person", PEOPLE)
def test_addresses_of_people_are_hashed_unless_asked_for(person: str, tmp_path: Path) -> None:
    rows = [row(1, end_user=person), row(2, end_user=person), row(3, end_user="opaque-17")]
    log = write(tmp_path / "log.jsonl", b"\n".join(map(msgspec.json.encode, rows)))
    for folder, flags in ((tmp_path / "a", ()), (tmp_path / "b", ("--keep-users",))):
        folder.mkdir()
        assert run_here(folder, "ingest", log, *flags).code == 0
        assert (person in stored(folder)) == bool(flags)
        users = [each["user_id"] for each in run_here(folder, "requests", "--json").json["rows"]]
        assert users[0] == users[1] != users[2] == "opaque-17"


def exchange(number: int, text: str) -> dict[str, Any]:
    answer = {
        "id": f"chatcmpl-{number:012}",
        "object": "chat.completion",
        "created": 1790000000 + number,
        "model": "gpt-4o",
    }
    choice = {"message": {"content": f"answer {number} zebra"}, "finish_reason": "stop"}
    usage = {"prompt_tokens": 5, "completion_tokens": 2}
    asked = {"model": "gpt-4o", "messages": [{"role": "user", "content": text}]}
    return {"request": asked, "response": {**answer, "choices": [choice], "usage": usage}}


def test_text_is_kept_only_where_asked_for_and_only_beside_the_database(tmp_path: Path) -> None:
    texts = ["please summarise giraffe", f"my key is {KEYS['OpenAI']} giraffe"]
    log = write(tmp_path / "log.jsonl", b"\n".join(msgspec.json.encode(exchange(n, t)) for n, t in enumerate(texts)))
    plain, kept = tmp_path / "plain", tmp_path / "kept"
    for folder, flags in ((plain, ()), (kept, ("--keep-text",))):
        folder.mkdir()
        assert run_here(folder, "ingest", log, *flags).code == 0
        assert "giraffe" not in stored(folder)
        assert "zebra" not in stored(folder)
    assert [path.name for path in plain.iterdir()] == ["llmaudit.duckdb"]
    beside = kept / "llmaudit.duckdb.text"
    assert oct(beside.stat().st_mode & 0o777) == "0o600"
    with duckdb.connect(str(beside), read_only=True) as database:
        found = database.execute("SELECT prompt, answer FROM texts ORDER BY line").fetchall()
    assert ("giraffe" in found[0][0], found[0][1]) == (True, "answer 0 zebra")
    assert ("giraffe" in found[1][0], KEYS["OpenAI"] in found[1][0]) == (True, False)
    assert run_here(kept, "status", "--privacy", "--json").json["texts"] == 2
    assert run_here(kept, "forget", log).code == 0
    with duckdb.connect(str(beside), read_only=True) as database:
        assert database.execute("SELECT count(*) FROM texts").fetchall() == [(0,)]


# Truth: the issuers' published examples, and check digits worked out by hand.
PERSONAL = {
    "write to bob@example.org": ("email",),
    "call +1-555-010-0199 now": ("phone",),
    "card 4111 1111 1111 1111": ("card",),
    "card 4111-1111-1111-1112": (),
    "5500005555555559": ("card",),
    "order 1234567890123456": (),
    "IBAN DE89 3704 0044 0532 0130 00": ("national-id",),
    "IBAN DE89 3704 0044 0532 0130 01": (),
    "ssn 078-05-1120": ("national-id",),
    "ssn 000-05-1120": (),
    "CPF 529.982.247-25": ("national-id",),
    "CPF 529.982.247-26": (),
    "DNI 12345678Z": ("national-id",),
    "DNI 12345678A": (),
    "NINO AB 12 34 56 C": ("national-id",),
    "the meeting is on 2026-10-01 at 10:30, room 12": (),
    "version 1.2.3, 17 items, $1,234.56": (),
}


@pytest.mark.parametrize("text", PERSONAL)
def test_personal_data_is_told_by_shape_and_check_digits(text: str) -> None:
    assert classes_of(text) == PERSONAL[text]


PIECES = st.one_of(st.sampled_from(sorted(PERSONAL)), st.text("0123456789٣ -.()+ABDEZaz\n", max_size=90))


@settings(max_examples=400, deadline=None)
@given(pieces=st.lists(PIECES, max_size=6), between=st.sampled_from(["", " ", "\n", " and so on " * 9]))
def test_the_quick_look_at_a_prompt_misses_no_number(pieces: list[str], between: str) -> None:
    """Only what is near digits is searched for numbers; all that is in the whole text has to be found there."""
    text = between.join(pieces)
    with mock.patch.object(pii, "_numbers_in", str):  # the whole text
        everything = classes_of(text)
    assert classes_of(text) == everything


def test_random_digits_are_seldom_taken_for_personal_numbers() -> None:
    """Of 16 random digits one in ten has Luhn's check digit, and of those about one in five begins like a card."""
    dice = random.Random(3)  # noqa: S311 -- a sample
    taken = sum("card" in classes_of("ref " + str(dice.randrange(10**15, 10**16))) for _ in range(2000))
    assert taken / 2000 < 0.05


LANGUAGES = {
    "Please summarise this text for me in two sentences": "en",
    "Bitte fasse den folgenden Text kurz zusammen, danke": "latin",
    "Resume este texto en dos frases por favor": "latin",
    "请总结这段文字": "cjk",
    "この文章を要約してください": "cjk",
    "Пожалуйста, кратко перескажи этот текст": "cyrillic",
    "لخص هذا النص من فضلك": "arabic",
    "12 34": None,
}


@pytest.mark.parametrize("text", LANGUAGES)
def test_the_class_of_a_language(text: str) -> None:
    assert language_class(text) == LANGUAGES[text]


@settings(max_examples=200, deadline=None)
@given(text=st.text("0123456789af:.@ ()+-x", max_size=24))
@example("::1")
@example("fe80::1%x")
@example("version 10.0.0.1")
@example("a@b.c")
@example("+49 170 123 4567")
def test_the_quick_look_at_a_column_misses_no_address(text: str) -> None:
    """A column is searched for signs of an address first: what has none must not hold one."""
    places = {"user_id": pseudonym, "session_id": pseudonym, "team": without_addresses, "tags": without_addresses}
    batch = pa.RecordBatch.from_pylist([dict.fromkeys(places, text) | {"line": 1}], schema=SCHEMA)
    (kept,) = cleaned(batch, b"k" * 32, keep_users=False)[0].to_pylist()
    for name, hide in places.items():
        if name != "session_id" or "hashed" in kept[name]:  # no phone number is looked for in an id of a session
            assert kept[name] == hide(text, b"k" * 32)
