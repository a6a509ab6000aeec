"""Settings from flags, `LLMAUDIT_*` variables, `llmaudit.toml` and defaults, in that order; each knows its source."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from llmaudit.errors import InputError, UsageError, printable
from llmaudit.period import Period

CONFIG_FILE = "llmaudit.toml"
DEFAULTS: dict[str, Any] = {
    "db": "./llmaudit.duckdb",
    "catalog": [],
    "deployments": None,
    "known_at": None,
    "since": None,
    "until": None,
    "month": None,
    "timezone": "UTC",
    "json": False,
    "quiet": False,
    "no_color": False,
    "debug": False,
}
"""Every common setting with its default; the names are those of the flags, the variables and the file."""

_FLAGS = {"json", "quiet", "no_color", "debug"}
_YES, _NO = {"1", "true", "yes", "on"}, {"0", "false", "no", "off"}
_FIRST_YEAR, _LAST_YEAR = 2020, 2100
_LAYERS = ("flag", "environment", CONFIG_FILE, "default")
_MONTH = re.compile(r"^(\d{4})-(0[1-9]|1[0-2])$")


@dataclass(frozen=True)
class Settings:
    """The common settings of one run.

    Attributes:
        values: By name, as given.
        sources: By name, where each came from: flag, environment, llmaudit.toml or default.
    """

    values: Mapping[str, Any]
    sources: Mapping[str, str] = field(default_factory=dict)

    @property
    def db(self) -> Path:
        """The database file."""
        return Path(self.values["db"])

    @property
    def db_is_set(self) -> bool:
        """Whether someone named a database; else `audit` works in a temporary one."""
        return self.sources.get("db") != "default"

    @property
    def catalogs(self) -> tuple[Path, ...]:
        """The user's catalog files and folders."""
        return tuple(Path(name) for name in self.values["catalog"])

    @property
    def deployments(self) -> Path | None:
        """The file that says what is behind names which hide a model."""
        return Path(self.values["deployments"]) if self.values.get("deployments") else None

    @property
    def known_at(self) -> date | None:
        """The day whose knowledge of prices counts; None is all there is.

        Raises:
            UsageError: It is no date.
        """
        text = self.values["known_at"]
        if text is None:
            return None
        try:
            return date.fromisoformat(str(text))
        except ValueError:
            raise UsageError(
                f"--known-at {printable(str(text))} is not a day", next_step="Write 2026-10-31.", slug="not-a-time"
            ) from None

    @property
    def json(self) -> bool:
        """Whether the answer is one JSON document."""
        return bool(self.values["json"])

    @property
    def quiet(self) -> bool:
        """Whether progress and warnings are left out."""
        return bool(self.values["quiet"])

    @property
    def timezone(self) -> str:
        """The zone of days, and of dates without one."""
        return str(self.values["timezone"])

    def assumed_time(self, text: str) -> datetime:
        """Return the time that a flag says to assume for what has none.

        Raises:
            UsageError: It is no time, or one before prices by the token or in the next century.
        """
        found = moment_of("--assume-time", text, _zone(self.timezone))
        if found is None or not _FIRST_YEAR <= found.year < _LAST_YEAR:
            raise UsageError(
                f"--assume-time {printable(text)} is outside {_FIRST_YEAR} to {_LAST_YEAR}",
                next_step="Write 2026-10-01, 2026-10-01T08:00:00Z, `file` for each file's own date, or `none`.",
                slug="not-a-time",
            )
        return found

    @property
    def period(self) -> Period:
        """The span of time asked for.

        Raises:
            UsageError: Not a date, a time or a month; a zone that is not known; or the period is empty.
        """
        zone = _zone(self.timezone)
        since = moment_of("--since", self.values["since"], zone)
        until = moment_of("--until", self.values["until"], zone)
        if self.values["month"]:
            if since or until:
                raise UsageError("--month and --since/--until cannot be used together", slug="two-periods")
            since, until = _month(self.values["month"], zone)
        if since and until and since >= until:
            raise UsageError(
                f"the period from {since:%Y-%m-%dT%H:%MZ} to {until:%Y-%m-%dT%H:%MZ} is empty",
                next_step="--since is inclusive, --until exclusive.",
                slug="empty-period",
            )
        return Period(since, until, self.timezone)


def load_settings(flags: Mapping[str, Any]) -> Settings:
    """Return the settings of a run, from the process's own environment; an empty variable is not given.

    Args:
        flags: Flags that were given; None, False and no entry mean not given.

    Raises:
        InputError: llmaudit.toml is not TOML, or a value in it is of the wrong kind.
        UsageError: It has a key that is no setting, a flag is empty, or a variable is neither true nor false.
    """
    _refuse_empty(flags)
    file = _config_file()
    values: dict[str, Any] = {}
    sources: dict[str, str] = {}
    for name, default in DEFAULTS.items():
        variable = f"LLMAUDIT_{name.upper()}"
        if flags.get(name):
            values[name], sources[name] = flags[name], "flag"
        elif os.environ.get(variable):
            values[name], sources[name] = _from_text(name, os.environ[variable]), "environment"
        elif name in file:
            values[name], sources[name] = file[name], CONFIG_FILE
        else:
            values[name], sources[name] = default, "default"
    if os.environ.get("NO_COLOR") and not values["no_color"]:
        values["no_color"], sources["no_color"] = True, "environment"
    _keep_one_period(values, sources)
    return Settings(values, sources)


def _refuse_empty(flags: Mapping[str, Any]) -> None:
    """Refuse `--month "$UNSET"`: if it were ignored, the answer would be for all time instead of a month."""
    for name, value in flags.items():
        if value == "" or (isinstance(value, list) and "" in value):
            flag = name.replace("_", "-")
            raise UsageError(
                f"--{flag} is empty",
                next_step="Give it a value, or leave it out; perhaps a shell variable is unset.",
                slug="empty-option",
            )


def _keep_one_period(values: dict[str, Any], sources: dict[str, str]) -> None:
    """Let a period from a higher layer cover one of the other kind from a lower: --since covers LLMAUDIT_MONTH.

    Both kinds from one layer are left, for `Settings.period` to refuse.
    """
    month, span = _LAYERS.index(sources["month"]), min(_LAYERS.index(sources[name]) for name in ("since", "until"))
    for name in ("month",) if span < month else ("since", "until") if month < span else ():
        values[name], sources[name] = DEFAULTS[name], "default"


def _config_file() -> dict[str, Any]:
    path = Path(CONFIG_FILE)
    if not path.is_file():
        return {}
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(
            f"{CONFIG_FILE} is not TOML: {error}", next_step="Fix or remove it.", slug="bad-config"
        ) from None
    unknown = sorted(set(content) - set(DEFAULTS))
    if unknown:
        raise UsageError(
            f"{CONFIG_FILE} has {printable(unknown[0])!r}, which is not a setting",
            next_step=f"Settings: {', '.join(DEFAULTS)}.",
            slug="bad-config",
        )
    return {name: _of_kind(name, value) for name, value in content.items()}


def _of_kind(name: str, value: Any) -> Any:
    """Return a value of the file as the kind its setting has; TOML's own dates and times are taken as their text."""
    if isinstance(value, date):  # a datetime is one, too
        value = value.isoformat()
    wanted = "true or false" if name in _FLAGS else "a list of text" if name == "catalog" else "text"
    fits = {
        "true or false": isinstance(value, bool),
        "a list of text": isinstance(value, list) and all(isinstance(item, str) for item in value),
        "text": isinstance(value, str),
    }
    if not fits[wanted]:
        raise InputError(
            f"{CONFIG_FILE}: {name} is {printable(repr(value))}; it must be {wanted}",
            next_step="Correct the file; `llmaudit config` prints the current settings.",
            slug="bad-config",
        )
    return value


def _from_text(name: str, text: str) -> Any:
    if name in _FLAGS:
        said = text.strip().lower()
        if said not in _YES | _NO:
            raise UsageError(
                f"LLMAUDIT_{name.upper()}={printable(text)} is neither true nor false",
                next_step="Write 1 or 0, true or false, yes or no, on or off.",
                slug="bad-variable",
            )
        return said in _YES
    return text.split(os.pathsep) if name == "catalog" else text


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise UsageError(
            f"--timezone {printable(name)} is not a known zone",
            next_step="Use an IANA name such as UTC or Europe/Berlin.",
            slug="unknown-timezone",
        ) from None


def moment_of(flag: str, text: str | None, zone: ZoneInfo) -> datetime | None:
    """Return a date or a time as naive UTC; without a zone it is in the run's own.

    Raises:
        UsageError: It is neither.
    """
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(
            f"{flag} {printable(text)} is not a date or time",
            next_step="Write 2026-10-01 or 2026-10-01T08:00:00Z.",
            slug="not-a-time",
        ) from None
    return _utc(moment if moment.tzinfo else moment.replace(tzinfo=zone))


def _month(text: str, zone: ZoneInfo) -> tuple[datetime, datetime]:
    match = _MONTH.match(text)
    if not match:
        raise UsageError(f"--month {printable(text)} is not a month", next_step="Write 2026-10.", slug="not-a-month")
    year, month = int(match[1]), int(match[2])
    following = (year + 1, 1) if month == 12 else (year, month + 1)  # noqa: PLR2004 -- December
    return _utc(datetime(year, month, 1, tzinfo=zone)), _utc(datetime(*following, 1, tzinfo=zone))


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None)
