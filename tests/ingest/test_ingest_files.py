"""Which file is read, by which name, and what happens where it cannot be."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from logs import lines, write

from llmaudit.errors import InputError
from llmaudit.ingest.load import Loader
from llmaudit.ingest.run import Run
from llmaudit.ingest.setup import Setup
from llmaudit.ingest.walk import walk

NAMES = [
    "log[1].jsonl",
    "log*.jsonl",
    "spend=999/x.jsonl",
    "new\nline.jsonl",
    "\x1b[31mred.jsonl",
    "'; DROP TABLE requests; --.jsonl",
    "日本 ünï.jsonl",
    os.fsdecode(b"not-utf8-\xff.jsonl"),
]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_means_that_file_and_nothing_else(name: str, tmp_path: Path, load, store) -> None:
    write(tmp_path / "log1.jsonl", lines([7]))
    result = load(write(tmp_path / name, lines([1, 2])))
    assert (result.failures, result.totals.accepted) == ([], 2)
    assert store.rows("SELECT request_id, billed_amount::VARCHAR FROM requests ORDER BY line") == [
        ("r-1", "0.001000000000"),
        ("r-2", "0.002000000000"),
    ]
    assert Path(store.one("SELECT path FROM sources")[0]).name.encode()  # valid text, whatever the name was


REFUSED = {
    "empty": (b"", "empty-file"),
    "white space": (b" \n\t\n\r\n", "empty-file"),
    "UTF-16 that is cut off": (b"\xff\xfe" + lines([1]).decode().encode("utf-16-le")[:-1], "damaged-archive"),
    "plain text": (b"hello\nworld\n", "unknown-format"),
    "binary": (bytes(range(256)) * 10, "unknown-format"),
    "another JSON": (b'{"a":1,"b":2,"c":3}\n' * 3, "unknown-format"),
    "another CSV": (b"a,b,c\n1,2,3\n", "unknown-format"),
    "an array that is cut off": (b"[" + lines([1, 2]).replace(b"\n", b",\n"), "malformed-document"),
    "every line bad": (lines([1]).replace(b'"prompt_tokens":10', b'"prompt_tokens":-1'), "nothing-accepted"),
}


QUESTION = (
    b'{"parentUuid":null,"sessionId":"s","uuid":"u","isSidechain":false,"type":"user","cwd":"/w","version":"2",'
    b'"timestamp":"2026-10-01T09:00:00Z","message":{"role":"user","content":"x","usage":{"input_tokens":1}}}\n'
)


@pytest.mark.parametrize("name", REFUSED)
def test_a_file_that_is_no_log_is_refused_by_its_cause(name: str, tmp_path: Path, load, contents) -> None:
    data, slug = REFUSED[name]
    before = contents()
    result = load(write(tmp_path / "file", data))
    assert [failure.slug for failure in result.failures] == [slug]
    assert contents() == before


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path, load) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert [failure.slug for failure in load(tmp_path / "pipe").failures] == ["file-unreadable"]


def test_a_folder_in_place_of_a_file_is_refused(tmp_path: Path, store) -> None:
    loader = Loader(Run(store, Setup(b"k" * 32)))
    loader.add(tmp_path)
    assert "ordinary file" in str(loader.failures[0])


def test_a_file_without_permission_is_named_and_the_others_are_read(
    tmp_path: Path, load, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret, other = write(tmp_path / "a.jsonl", lines([1])), write(tmp_path / "b.jsonl", lines([2]))
    really_open = os.open

    def guarded(path, *rest):
        if Path(path) == secret:
            raise PermissionError(13, "Permission denied")
        return really_open(path, *rest)

    monkeypatch.setattr(os, "open", guarded)
    result = load(secret, other)
    assert [str(failure).splitlines()[0] for failure in result.failures] == [
        f"{secret} cannot be read: Permission denied"
    ]
    assert result.totals.accepted == 1


def test_a_link_to_nothing_is_unreadable(tmp_path: Path, load) -> None:
    (tmp_path / "link.jsonl").symlink_to(tmp_path / "nowhere")
    assert [failure.slug for failure in load(tmp_path / "link.jsonl").failures] == ["file-unreadable"]


@pytest.mark.parametrize(
    ("path", "slug"), [("https://example.org/log.jsonl", "path-is-url"), ("nowhere", "no-such-file")]
)
def test_a_path_that_is_no_file_stops_before_anything_is_read(
    path: str, slug: str, tmp_path: Path, load, contents
) -> None:
    before = contents()
    with pytest.raises(InputError) as caught:
        load(write(tmp_path / "good.jsonl", lines([1])), path)
    assert caught.value.slug == slug
    assert contents() == before


def test_a_folder_is_walked_in_name_order_past_what_is_no_log(tmp_path: Path) -> None:
    names = ("b.jsonl", "a/2.jsonl", "a/1.jsonl", "notes.md", "c.csv.gz")
    hidden = (".hidden.jsonl", ".git/1", ".git/2", "__pycache__/a")
    for name in (*names, *hidden):
        write(tmp_path / name, b"x")
    os.mkfifo(tmp_path / "a" / "pipe")
    found = [(str(entry.path.relative_to(tmp_path)), entry.left) for entry in walk([str(tmp_path)])]
    assert found == [
        (".git", "hidden"),
        (".hidden.jsonl", "hidden"),
        ("__pycache__", "hidden"),
        ("a/1.jsonl", None),
        ("a/2.jsonl", None),
        ("a/pipe", "no regular file"),
        ("b.jsonl", None),
        ("c.csv.gz", None),
        ("notes.md", ".md"),
    ]


def test_a_log_named_txt_is_read_from_a_folder_and_what_is_left_is_accounted_for(tmp_path: Path, load) -> None:
    write(tmp_path / "logs" / "october.txt", lines([1, 2]))
    write(tmp_path / "logs" / "notes.md", b"# notes")
    write(tmp_path / "logs" / ".october.jsonl", lines([3]))
    result = load(tmp_path / "logs")
    assert [(Path(file.path).name, file.accepted, file.skipped) for file in result.files] == [
        (".october.jsonl", 0, "not looked at: hidden"),
        ("notes.md", 0, "not looked at: .md"),
        ("october.txt", 2, None),
    ]


def test_links_that_lead_to_themselves_and_pipes_are_passed_over(tmp_path: Path, load) -> None:
    """A link in a circle ended the whole run with an internal error."""
    write(tmp_path / "logs" / "a.jsonl", lines([1]))
    (tmp_path / "logs" / "circle").symlink_to("circle")
    (tmp_path / "logs" / "inside").symlink_to("../logs")
    (tmp_path / "logs" / "nowhere").symlink_to("missing")
    os.mkfifo(tmp_path / "logs" / "pipe")
    result = load(tmp_path / "logs")
    left = {Path(file.path).name for file in result.files if file.skipped == "not looked at: no regular file"}
    assert (left, result.totals.accepted, result.failures) == ({"circle", "inside", "nowhere", "pipe"}, 1, [])


def test_a_folder_without_logs_says_so(tmp_path: Path, load) -> None:
    write(tmp_path / "logs" / "notes.json", b'{"a":1}')
    with pytest.raises(InputError) as caught:
        load(tmp_path / "logs")
    assert caught.value.slug == "no-logs"


def test_a_stranger_among_the_logs_of_a_folder_is_skipped_and_named(tmp_path: Path, load) -> None:
    write(tmp_path / "logs" / "a.jsonl", lines([1]))
    write(tmp_path / "logs" / "package.json", b'{"a":1}')
    result = load(tmp_path / "logs")
    assert [(Path(file.path).name, file.skipped) for file in result.files] == [
        ("a.jsonl", None),
        ("package.json", "unknown format"),
    ]
    assert result.failures == []


def test_a_folders_session_without_a_call_is_passed_over_and_a_named_one_is_not(tmp_path: Path, load) -> None:
    """Agents leave such files wherever a session ends before its first answer; a rejected record is no such."""
    write(tmp_path / "logs" / "a.jsonl", lines([1]))
    asked = write(tmp_path / "logs" / "b.jsonl", QUESTION)
    result = load(tmp_path / "logs")
    assert not result.failures
    assert [file.skipped for file in result.files] == [None, "no request in it"]
    assert result.totals.accepted == 1
    assert [failure.slug for failure in load(asked).failures] == ["nothing-accepted"]
    write(tmp_path / "logs" / "b.jsonl", QUESTION + QUESTION.replace(b"user", b"assistant"))
    assert [failure.slug for failure in load(tmp_path / "logs").failures] == ["nothing-accepted"]


def test_a_folder_of_nothing_but_sessions_without_a_call_says_so(tmp_path: Path, load) -> None:
    write(tmp_path / "logs" / "b.jsonl", QUESTION)
    with pytest.raises(InputError, match="no request was found") as told:
        load(tmp_path / "logs")
    assert told.value.slug == "nothing-accepted"


def test_a_file_deleted_while_it_is_read_is_read_to_its_end(tmp_path: Path, load) -> None:
    path = write(tmp_path / "log.jsonl", lines(range(1, 50)))
    result = load(path, progress=lambda *_: path.unlink(missing_ok=True))
    assert not path.exists()
    assert (result.failures, result.totals.accepted) == ([], 49)


@pytest.mark.parametrize(("name", "data"), [("claude_code", b"a,b\n1,2\n"), ("openrouter", lines([1]))])
def test_a_format_named_for_the_wrong_container_is_refused(name: str, data: bytes, tmp_path: Path, load) -> None:
    result = load(write(tmp_path / "file", data), format_name=name)
    assert [failure.slug for failure in result.failures] == ["wrong-container"]


def test_a_named_format_is_taken_at_its_word(tmp_path: Path, load) -> None:
    result = load(
        write(tmp_path / "file", b'{"model":"m","id":"x","usage":{"prompt_tokens":1,"completion_tokens":2}}'),
        format_name="openai_compatible",
    )
    assert result.totals.accepted == 1
