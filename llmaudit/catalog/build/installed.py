"""Finds the data files of installed packages without importing the packages."""

from __future__ import annotations

from hashlib import sha256
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from llmaudit.errors import InputError


def package(name: str) -> Distribution:
    """Return an installed distribution.

    Raises:
        InputError: It is not installed.
    """
    try:
        return distribution(name)
    except PackageNotFoundError:
        raise InputError(
            f"the price source {name} is not installed",
            next_step="Install the sources: pip install 'llmaudit[catalog]'",
            slug="no-price-source",
        ) from None


def data_file(name: str, path: str) -> bytes:
    """Return the content of a file of an installed distribution.

    Raises:
        InputError: The package or the file is not there.
    """
    where = Path(str(package(name).locate_file(path)))
    try:
        return where.read_bytes()
    except OSError as error:
        raise InputError(
            f"the price source {name} has no readable {path}: {error.strerror}",
            next_step="Reinstall it: pip install --force-reinstall " + name,
            slug="no-price-source",
        ) from None


def data_files(name: str, folder: str, suffix: str) -> dict[str, bytes]:
    """Return the content of every file of a folder in an installed distribution, by file name, in name order."""
    where = Path(str(package(name).locate_file(folder)))
    return {path.name: path.read_bytes() for path in sorted(where.glob(f"*{suffix}"))}


def digest(*contents: bytes) -> str:
    """Return the SHA-256 of contents in order, in hex."""
    total = sha256()
    for content in contents:
        total.update(content)
    return total.hexdigest()
