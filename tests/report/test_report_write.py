"""Writing a report: whole or not at all, readable by others, nothing left behind."""

from __future__ import annotations

import errno
import os
import stat

import pytest

from llmaudit.errors import StorageFailedError
from llmaudit.report import write


def test_it_replaces_a_file_and_leaves_nothing_else(tmp_path):
    path = tmp_path / "report.html"
    path.write_text("old")
    write(path, "new\n\u20ac")
    assert path.read_bytes() == "new\n\u20ac".encode()
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert list(tmp_path.iterdir()) == [path]


def test_a_failure_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "report.html"
    path.write_text("old")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(StorageFailedError, match="nowhere") as caught:
        write(tmp_path / "nowhere" / "report.html", "x")
    assert caught.value.slug == "cannot-write"
