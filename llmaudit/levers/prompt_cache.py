"""Beginnings of prompts that were sent again at full price: the missed discount of a prompt cache."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from llmaudit.catalog import Rates
from llmaudit.catalog.model import CacheLifetime, PromptCache
from llmaudit.evidence import Evidence
from llmaudit.levers.base import Lever, LeverResult
from llmaudit.levers.worth import Gain, Group, Worth, few, gap, rate
from llmaudit.money import ZERO, percent, times, total
from llmaudit.phrases import counted
from llmaudit.summaries.prefixes import Prefix

SURE, LIKELY, POSSIBLE = ("turn",), ("turn", "grown"), ("turn", "grown", "session")
"""Claims on a session that the log proves, that are expected, and that are possible (prefixes.sql)."""

ASSUMPTIONS = [
    (
        "a prefix can be read from the cache if it was last sent within the seller's cache lifetime and is at least "
        "as long as the seller's smallest cacheable prompt; nothing is claimed for models whose caching rules are not "
        "in the catalog"
    ),
    (
        "everything that is cached but not read pays for the write, one-off requests included; a group whose writes "
        "would cost more than its reads save is left out"
    ),
    "each group gets the better of two choices: cache whole conversations, or cache the system message alone",
    (
        "expected: a prompt that grew by at least the previous answer of its session begins with the previous prompt; "
        "a system message has the same share of the tokens as of the characters"
    ),
    (
        "low: only conversations whose turns and system message are in the log; high: two prompts of a session, or "
        "with the same system message, share the whole of the shorter one"
    ),
]


@dataclass(frozen=True)
class _Rated:
    """Tokens of one kind with what one of them costs at list: sent in full, read, and written for each lifetime."""

    row: Prefix
    plain: Decimal
    read: Decimal
    write: dict[int, Decimal]


@dataclass(frozen=True)
class _Saving:
    """What caching saves under one choice, as paid, and the requests that would have read."""

    usd: Decimal
    requests: int


NOTHING = _Saving(ZERO, 0)


def find(evidence: Evidence) -> LeverResult:
    """Return what cached reads would have saved on beginnings of prompts that were paid in full again."""
    worth = Worth(evidence)
    groups, without = _rated(evidence, worth)
    rows_to_mark = [row for rule, rows in groups if not rule.automatic for row in rows]
    gains = [_gain(worth, rule, rows) for rule, rows in groups]
    return LeverResult(
        rows=worth.rows(gains),
        evidence=[
            *_sentences(evidence, [row for _, rows in groups for row in rows], without),
            *_to_ask(rows_to_mark),
        ],
        assumptions=ASSUMPTIONS,
        missing=_missing(evidence),
    )


def _rated(evidence: Evidence, worth: Worth) -> tuple[list[tuple[PromptCache, list[_Rated]]], list[Prefix]]:
    """Return the rows by group and caching rule, with their rates, and the rows for which there is no rule or rate."""
    groups: dict[tuple[Group, int], tuple[PromptCache, list[_Rated]]] = {}
    without = []
    known: dict[tuple[Any, ...], Rates | None] = {}  # a key has a row for each claim, size and time
    for row in evidence.rows(Prefix):
        key = row.key
        if key not in known:
            known[key] = worth.rates(row.as_cell())
        offer, rates = worth.offer(row), known[key]
        rule = evidence.catalog.prompt_cache(offer) if offer else None
        if rule is None or rates is None:
            without.append(row)
            continue
        writes = {life.minutes: rate(rates, f"{life.write}_tokens") for life in rule.lifetimes}
        one = _Rated(row, rate(rates, "input_tokens"), rate(rates, "cache_read_tokens"), writes)
        group = ((row.gateway, row.model, row.tier, row.feature), id(rule))
        groups.setdefault(group, (rule, []))[1].append(one)
    return list(groups.values()), without


def _gain(worth: Worth, rule: PromptCache, rows: list[_Rated]) -> Gain:
    usable = [one for one in rows if one.row.prefix_from >= rule.min_tokens]
    expected = [_session(worth, usable, life, LIKELY) for life in rule.lifetimes]
    expected += [_system(worth, usable, life) for life in rule.lifetimes]
    best = max([*expected, NOTHING], key=lambda saving: saving.usd)
    low = max([ZERO, *(_session(worth, usable, life, SURE).usd for life in rule.lifetimes)])
    longest = max(rule.lifetimes, key=lambda life: life.minutes)
    high = max(_reads(worth, usable, longest, claims).usd for claims in (POSSIBLE, ("opening",)))
    return Gain(rows[0].row, best.usd, min(low, best.usd), max(high, best.usd), best.requests)


def _session(worth: Worth, rows: list[_Rated], life: CacheLifetime, claims: tuple[str, ...]) -> _Saving:
    """Caching whole prompts of sessions: what is read costs less, and everything else is written."""
    reads = _reads(worth, rows, life, claims)
    read = _premium(worth, _within(rows, life, claims), life)
    written = _premium(worth, (one for one in rows if one.row.claim == "written"), life)
    return _Saving(reads.usd - (written - read), reads.requests)


def _system(worth: Worth, rows: list[_Rated], life: CacheLifetime) -> _Saving:
    """Caching system messages alone: each is written whenever it was not sent within the lifetime before."""
    reads = _reads(worth, rows, life, ("system",))
    read = {id(one) for one in _within(rows, life, ("system",))}
    written = (one for one in rows if one.row.claim in {"system", "alone"} and id(one) not in read)
    return _Saving(reads.usd - _premium(worth, written, life), reads.requests)


def _within(rows: list[_Rated], life: CacheLifetime, claims: tuple[str, ...]) -> Iterator[_Rated]:
    for one in rows:
        minutes = one.row.minutes
        if one.row.claim in claims and minutes is not None and minutes <= life.minutes:
            yield one


def _reads(worth: Worth, rows: list[_Rated], life: CacheLifetime, claims: tuple[str, ...]) -> _Saving:
    """What reading instead of sending in full saves, whatever the writes cost."""
    found = list(_within(rows, life, claims))
    usd = total(worth.paid(one.row, times(max(one.plain - one.read, ZERO), one.row.amount)) for one in found)
    return _Saving(usd, sum(one.row.requests for one in found))


def _premium(worth: Worth, rows: Iterable[_Rated], life: CacheLifetime) -> Decimal:
    """What writing costs above sending."""
    return total(worth.paid(one.row, times(one.write[life.minutes] - one.plain, one.row.amount)) for one in rows)


def _missing(evidence: Evidence) -> str | None:
    reasons = (
        gap(evidence, "beginnings", "a session or a prompt"),
        gap(evidence, "cache_reads", "a count of cached tokens"),
    )
    return "; ".join(reason for reason in reasons if reason) or None


def _sentences(evidence: Evidence, rated: list[_Rated], without: list[Prefix]) -> Iterator[str]:
    prompt = sum(priced.cell.prompt_tokens for priced in evidence.cells)
    read = sum(priced.cell.tokens[1] for priced in evidence.cells)
    share = percent(Decimal(read), Decimal(prompt))
    if share is not None:
        yield f"{read:,} of {prompt:,} prompt tokens ({share:.1f}%) were read from a cache"
    for claims, what in (
        (LIKELY, "repeat the previous prompt of their session"),
        (("system",), "repeat a system message"),
    ):
        rows = [one.row for one in rated if one.row.claim in claims]
        if rows:
            requests, tokens = sum(row.requests for row in rows), sum(row.amount for row in rows)
            soon = sum(row.amount for row in rows if row.minutes is not None and row.minutes <= 5)  # noqa: PLR2004 -- the usual lifetime
            yield (
                f"{counted(requests, 'request')} {what}: {tokens:,} tokens paid in full, {soon:,} of them within "
                "5 minutes"
            )
    unknown = [row for row in without if row.claim in {*POSSIBLE, "system"}]
    if unknown:
        models = sorted({row.model for row in unknown})
        tokens = sum(row.amount for row in unknown)
        yield (
            f"{tokens:,} more tokens at models whose caching rules are not in the catalog ({few(models)}): not claimed"
        )


def _to_ask(rated: list[_Rated]) -> Iterator[str]:
    rows = [one.row for one in rated if one.row.claim in LIKELY]
    tokens = sum(row.amount for row in rows)
    if tokens:
        models = sorted({row.model for row in rows})
        yield f"{tokens:,} of the tokens in sessions are at models that cache only on request ({few(models)})"


LEVER = Lever(
    "prompt_cache",
    "Repeated prompt prefixes paid in full",
    50,
    find,
    "Put what never changes first (tools, system message, examples) and what changes last. Keep dates and ids out of "
    "the prefix, set cache breakpoints where the seller needs them, and keep each conversation on one model.",
)
