"""What logs state besides tokens (logged.sql), so that a finding can distinguish "none" from "not known"."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from llmaudit.store import Store
from llmaudit.summaries.base import Summary
from llmaudit.summaries.slices import plain_rows


class Logged(msgspec.Struct, frozen=True):
    """Good answers of one gateway, and how many of them state a fact.

    Attributes:
        gateway: None where there is none.
        requests: How many.
        prompts: With a fingerprint of the whole prompt.
        sessions: With a session.
        beginnings: With a session, or a fingerprint of how the prompt begins.
        cache_reads: With a count of cached tokens.
        streamings: That say whether they were streamed.
        endings: That say why the answer ended.
        limits: With a limit of the answer's length.
        service_tiers: With a service tier.
        regions: With a region.
        reasonings: With a count of reasoning tokens.
    """

    gateway: str | None
    requests: int
    prompts: int
    sessions: int
    beginnings: int
    cache_reads: int
    streamings: int
    endings: int
    limits: int
    service_tiers: int
    regions: int
    reasonings: int


def build(store: Store) -> list[Logged]:
    """Return the counts, in a fixed order."""
    return [Logged(**row) for row in plain_rows(store, "logged.sql")]


def merge(rows: Sequence[Logged]) -> list[Logged]:
    """Return counts added up, in the order of `build`."""
    counted = Logged.__struct_fields__[1:]
    gateways = sorted({row.gateway for row in rows}, key=lambda gateway: (gateway is None, gateway))
    return [
        Logged(gateway, *(sum(getattr(row, name) for row in rows if row.gateway == gateway) for name in counted))
        for gateway in gateways
    ]


SUMMARY = Summary("logged", Logged, build, merge)
