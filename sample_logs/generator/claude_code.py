"""Claude Code session files: one response is several lines, a resumed session repeats another's lines."""

import random
from dataclasses import dataclass

from .claude_session import Session
from .claude_texts import BRANCHES, DEVELOPERS
from .clock import HOUR, MINUTE, at
from .ids import uuid4
from .ledger import ACCEPTED, DUPLICATE, LogFile, truncated
from .shapes import weekday

RESPONSES = (190, 160, 135, 115, 100, 90, 80, 72, 66, 60, 54, 50, 46, 42, 38, 34, 30, 27, 24, 20, 17, 14, 11, 8)
"""Responses of each session, the longest first."""
PACKED_FROM = 60
"""Sessions with at least so many responses are gzipped, to keep the folder small."""
HOUR_CACHE = (3, 9, 16)
"""Sessions whose client asks for one-hour cache entries."""
LIMIT_REACHED = (1, 4, 11)
"""Sessions that run into the subscription's limit: a `<synthetic>` line each time."""
RESUMED = 12
"""This session is continued in another file, which starts with a copy of its first lines."""
RESUMED_RESPONSES = 30
CUT_OFF, BAD_TIME = 7, 14
"""Sessions with a broken line."""


@dataclass(frozen=True)
class Slot:
    """When and by whom a session is held."""

    start: int
    developer: str
    branch: str


def build() -> list[LogFile]:
    """All session files, in name order."""
    rng = random.Random("fernleaf claude code 2026-10")
    slots = _slots(rng, len(RESPONSES))
    identifiers = [uuid4(rng) for _ in RESPONSES]
    original, continuation = sorted((identifiers[RESUMED], uuid4(rng)))  # the original is read first
    identifiers[RESUMED] = original
    sessions = []
    for number, (slot, responses, identifier) in enumerate(zip(slots, RESPONSES, identifiers, strict=True)):
        suffix = ".jsonl.gz" if responses >= PACKED_FROM else ".jsonl"
        log = LogFile(f"claude_code/{identifier}{suffix}")
        session = Session(rng, log, identifier, slot.developer, slot.branch, slot.start, number in HOUR_CACHE)
        session.hold(responses, reach_limit=number in LIMIT_REACHED)
        sessions.append(session)
    _damage(rng, sessions)
    sessions.append(_resume(rng, sessions[RESUMED], continuation))
    return sorted((session.log for session in sessions), key=lambda log: log.name)


def _slots(rng: random.Random, sessions: int) -> list[Slot]:
    """Weekday mornings and early afternoons, spread over the month."""
    days = [day for day in range(1, 31) if weekday(at(day)) < 5]
    return [
        Slot(
            at(days[number * len(days) // sessions], 8) + rng.randrange(5 * HOUR),
            rng.choice(DEVELOPERS),
            rng.choice(BRANCHES),
        )
        for number in rng.sample(range(sessions), sessions)
    ]


def _resume(rng: random.Random, source: Session, identifier: str) -> Session:
    """`--resume`: the history is copied under the new session id with the old message ids, then it goes on."""
    log = LogFile(f"claude_code/{identifier}.jsonl")
    copied = source.log.lines[: len(source.log.lines) * 7 // 10]
    for line in copied:
        text = line.text.replace(source.identifier, identifier)
        if line.verdict in (ACCEPTED, DUPLICATE):
            log.duplicate(text, "copied from the resumed session")
        else:
            log.ignore(text, line.why)
    start = source.now + 50 * MINUTE
    session = Session(rng, log, identifier, source.developer, source.branch, start, hour_cache=False)
    session.context = source.context * 7 // 10
    session.hold(RESUMED_RESPONSES, reach_limit=False)
    return session


def _damage(rng: random.Random, sessions: list[Session]) -> None:
    """One line cut off by a killed process, one with an impossible time; both of responses seen nowhere else."""
    cut, late = sessions[CUT_OFF], sessions[BAD_TIME]
    cut.log.reject(truncated(cut.stray_line(rng)), "JSON cut off in mid-line")
    late.log.reject(
        late.stray_line(rng, "2026-10-99T12:00:00.000Z"), "timestamp 2026-10-99T12:00:00.000Z is no time", 25
    )
