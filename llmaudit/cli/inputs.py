"""What commands start from: the catalog, the database, and the evidence of a period."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from llmaudit.errors import NotEnoughError
from llmaudit.settings import Settings

if TYPE_CHECKING:
    from llmaudit.catalog import Catalog
    from llmaudit.deployments import Deployment
    from llmaudit.evidence import Evidence
    from llmaudit.period import Period
    from llmaudit.store import Store


def catalog(settings: Settings) -> Catalog:
    """Return the packaged catalog with the user's overlays."""
    from llmaudit.catalog import load_catalog

    found = load_catalog(settings.catalogs, known_at=settings.known_at)
    return found.knowing(deployments(settings)) if settings.deployments else found


def deployments(settings: Settings) -> Mapping[str, Deployment]:
    """Return the models behind deployment names, as the user's file states them; empty without a file."""
    from llmaudit.deployments import read_deployments

    return read_deployments(settings.deployments) if settings.deployments else {}


def open_store(
    settings: Settings,
    *,
    temporary: bool = False,
    read_only: bool = False,
    existing: bool = False,
    lock_timeout: float = 0,
) -> Store:
    """Open the database that the settings name, or a temporary one.

    Args:
        settings: Name the database.
        temporary: Open an empty one that is deleted when it is closed.
        read_only: Only read; commands that do so can run side by side.
        existing: Refuse to create a database.
        lock_timeout: Seconds to wait for another writer.

    Raises:
        LlmauditError: It is missing, in use, damaged, or from a newer version.
    """
    from llmaudit.store import Store

    path = None if temporary else settings.db
    return Store(path, read_only=read_only, existing=existing, lock_timeout=lock_timeout)


def gathered(settings: Settings, prices: Catalog, plans: Sequence[str]) -> Evidence:
    """Return the evidence of the settings' period, from the database.

    Raises:
        NotEnoughError: No request lies in the period.
    """
    from llmaudit.audit import gather

    with open_store(settings, read_only=True) as store:
        return with_requests(gather(store, prices, plans, settings.period))


def with_requests(evidence: Evidence) -> Evidence:
    """Return the evidence unchanged if it has requests.

    An empty table with exit code 0 would pass for a finding in a job that nobody reads.

    Raises:
        NotEnoughError: No request lies in the period.
    """
    if empty := nothing_in(evidence):
        raise empty
    return evidence


def nothing_in(evidence: Evidence, *, or_bills: bool = False) -> NotEnoughError | None:
    """Return the error with which a command ends if its period is empty, else None.

    Args:
        evidence: The evidence.
        or_bills: Whether bills or shadow tests alone are enough for this command.
    """
    if evidence.cells or (or_bills and (evidence.bills or evidence.shadow)):
        return None
    return nothing_lies_in(evidence.period, or_bills=or_bills)


def nothing_lies_in(period: Period, *, or_bills: bool = False) -> NotEnoughError:
    """Return the error for an empty period; see `nothing_in`."""
    since, until = (moment and bound_text(moment) for moment in (period.since, period.until))
    span = f" from {since} to {until}" if since and until else f" since {since}" if since else f" before {until}"
    return NotEnoughError(
        f"there is no request{' and no bill' * or_bills}{span * period.is_bounded}: nothing can be analysed",
        next_step="Check --since, --until and --month, or ingest a log; `llmaudit status` says what is there.",
        slug="nothing-in-period",
    )


def bound_text(moment: datetime | None) -> str:
    """Return the bound of a period, for people; None is open."""
    return f"{moment:%Y-%m-%dT%H:%MZ}" if moment else "the beginning or end of its logs"
