"""Decodes a file block by block, in worker processes if it is large; results are returned in file order."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import chain, islice
from queue import SimpleQueue
from typing import Protocol

import pyarrow as pa

from llmaudit.catalog import load_catalog
from llmaudit.formats import mapped
from llmaudit.formats.base import Context, FileFacts, Format
from llmaudit.ingest import registry
from llmaudit.ingest.blocks import Block, blocks
from llmaudit.ingest.decode import Decoder
from llmaudit.ingest.delimited import CopyReader, CsvReader
from llmaudit.ingest.detect import Detection
from llmaudit.ingest.documents import json_documents
from llmaudit.ingest.layout import Layout
from llmaudit.ingest.mixed import Mixed
from llmaudit.ingest.read import Content, file_name
from llmaudit.ingest.records import Numbered, Tally, event_lines, matched_lines, text_lines
from llmaudit.ingest.setup import Setup
from llmaudit.ingest.tables import parquet_rows, sqlite_rows
from llmaudit.tokens import Counter as TokenCounter

PARALLEL_FROM_BLOCKS = 4
"""A file of fewer blocks is decoded here: starting worker processes would cost more than it saves."""

MAX_WORKERS = 4
"""Inserting keeps one core busy while four decode; more would only take memory."""

PART_OF_CALL = "part of a call that is in other records"


@dataclass(frozen=True)
class Job:
    """How the records of one file are decoded (picklable).

    Attributes:
        names: Its formats; more than one where records of several are in it.
        layout: How they lie.
        facts: Facts about the file, by format.
        setup: What decoding needs besides.
    """

    names: tuple[str, ...]
    layout: Layout
    facts: dict[str, FileFacts]
    setup: Setup

    @property
    def forms(self) -> tuple[Format, ...]:
        """The formats themselves."""
        if self.setup.column_map is not None:
            return (mapped.format_of(self.setup.column_map),)
        return tuple(registry.known_named(name) for name in self.names)


def job_of(found: Detection, setup: Setup) -> Job:
    """Return the job for a file in a known format."""
    forms = [form for form in (found.form, *found.others) if form is not None]
    return Job(tuple(form.name for form in forms), found.layout, dict(found.facts), setup)


@dataclass
class Decoded:
    """What became of some records: rows by format, the tally of the others, and texts that are to be kept."""

    batches: list[tuple[str, pa.RecordBatch]]
    tally: Tally = field(default_factory=Tally)
    texts: list[pa.Table] = field(default_factory=list)


def decoder_of(job: Job) -> Mixed:
    """Return the decoder of a job; the catalog is read at the first count of tokens."""
    return Mixed(
        [
            Decoder(form, context_of(form, job), job.setup.period, job.layout, keep_users=job.setup.keep_users)
            for form in job.forms
        ]
    )


def context_of(form: Format, job: Job) -> Context:
    """Return what a format may use besides the records of a file."""
    return Context(
        hash_key=job.setup.hash_key,
        counter=TokenCounter(lambda: load_catalog(job.setup.overlays)),
        file=job.facts.get(form.name) or FileFacts(),
        state=form.state() if form.state else None,
        texts=[] if job.setup.keep_text else None,
    )


def decode_block(decoder: Mixed, block: Block, layout: Layout) -> Decoded:
    """Return what became of a block of lines."""
    tally = Tally()
    whole = decoder.whole_block(block, tally)
    if whole is not None:
        return Decoded(whole, tally, decoder.texts())
    batches = decoder.batches(_lines_of(block, layout, decoder.decoders[0].form, tally), tally)
    return Decoded(batches, tally, decoder.texts())


def _lines_of(block: Block, layout: Layout, form: Format, tally: Tally) -> Numbered:
    """Return the records of a block of lines."""
    if layout.container == "sse":
        return event_lines(block, tally)
    if layout.container == "text" and form.pattern is not None:
        return matched_lines(block, tally, form.pattern)
    return text_lines(block, tally)


def records_in_turn(content: Content, job: Job) -> Iterator[tuple[Numbered, Tally]]:
    """Yield the records of a file of one format in batches, each with the tally to fill."""
    streams = _streams(content, job)
    if streams is not None:
        yield from streams
        return
    for block in blocks(content):
        tally = Tally()
        yield _lines_of(block, job.layout, job.forms[0], tally), tally


def decoded(content: Content, job: Job) -> Generator[Decoded, None, None]:
    """Yield what became of a file's records, in file order.

    Only lines of formats without state go to worker processes: other containers cannot be cut before they are read.

    Args:
        content: The file's bytes.
        job: How they are decoded.

    Raises:
        InputError: A damaged archive, a JSON document that is too large or not JSON, or a CSV without a plain header.
        LlmauditError: A worker process died.
    """
    decoder = decoder_of(job)
    held = 0
    for part in _parts(content, job, decoder):
        held += part.tally.held
        yield part
    tally = Tally(held=held)
    batches = decoder.finish(tally)
    if tally.held:
        tally.ignored[PART_OF_CALL] += tally.held
    if batches or tally.held or tally.records:
        yield Decoded(batches, tally, decoder.texts())


def _parts(content: Content, job: Job, decoder: Mixed) -> Iterator[Decoded]:
    streams = _streams(content, job)
    if streams is not None:
        for records, tally in streams:
            batches = decoder.batches(records, tally)
            yield Decoded(batches, tally, decoder.texts())
        return
    source = blocks(content)
    first = list(islice(source, PARALLEL_FROM_BLOCKS))
    if len(first) < PARALLEL_FROM_BLOCKS or any(form.state for form in job.forms):
        yield from (decode_block(decoder, block, job.layout) for block in chain(first, source))
        return
    rest = chain(first, source)
    if decoder.cuts:
        yield decode_block(decoder, next(rest), job.layout)
    if decoder.cuts:
        yield from _in_threads(rest, job)
    if (block := next(rest, None)) is not None:
        yield from _in_processes(chain([block], rest), job)


def _streams(content: Content, job: Job) -> Iterator[tuple[Numbered, Tally]] | None:
    """Return the records of containers that are read in one piece, batch by batch; None for lines."""
    layout, form = job.layout, job.forms[0]
    match layout.container:
        case "csv":
            return CsvReader(blocks(content), file_name(content.path), layout).batches()
        case "copy":
            return CopyReader(blocks(content), form.needs or form.marks).batches()
        case "document":
            return json_documents(content, layout)
        case "parquet":
            return parquet_rows(content)
        case "sqlite":
            return sqlite_rows(content, form.tables)
    return None


class _Hand(Protocol):
    """What decodes one block at a time: a worker process, or a decoder of this one."""

    def decode(self, block: Block) -> Decoded:
        """Return what became of a block."""


class _Here:
    """Decodes in this process.

    Args:
        job: How the blocks are decoded.
    """

    def __init__(self, job: Job) -> None:
        self.decoder = decoder_of(job)
        self._layout = job.layout

    def decode(self, block: Block) -> Decoded:
        """Return what became of a block."""
        return decode_block(self.decoder, block, self._layout)


def _in_threads(source: Iterator[Block], job: Job) -> Generator[Decoded, None, None]:
    """Spread blocks over threads as long as their lines are cut in columns, which needs little of the interpreter."""
    hands = [_Here(job) for _ in range(_cores())]

    def cut() -> Iterator[Block]:
        while all(hand.decoder.cuts for hand in hands) and (block := next(source, None)) is not None:
            yield block

    yield from _spread(cut(), hands)


def _in_processes(source: Iterable[Block], job: Job) -> Generator[Decoded, None, None]:
    """Spread blocks over worker processes."""
    from llmaudit.ingest.worker import Worker  # noqa: PLC0415 -- the worker imports this module

    with ExitStack() as stack:
        workers = []
        for _ in range(min(_cores(), MAX_WORKERS)):
            workers.append(Worker(job))
            stack.callback(workers[-1].close)
        yield from _spread(source, workers)


def _spread(source: Iterable[Block], hands: Sequence[_Hand]) -> Generator[Decoded, None, None]:
    """Yield what became of blocks, in order; at most two blocks a hand are in flight, so memory stays bounded."""
    idle: SimpleQueue[_Hand] = SimpleQueue()
    for hand in hands:
        idle.put(hand)

    def decode(block: Block) -> Decoded:
        hand = idle.get()
        try:
            return hand.decode(block)
        finally:
            idle.put(hand)

    with ExitStack() as stack:
        threads = stack.enter_context(ThreadPoolExecutor(len(hands), thread_name_prefix="llmaudit-decode"))
        waiting: deque[Future[Decoded]] = deque()
        stack.callback(lambda: [future.cancel() for future in waiting])
        for block in source:
            waiting.append(threads.submit(decode, block))
            if len(waiting) > 2 * len(hands):
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _cores() -> int:
    """Return the cores this process may use (a container may have fewer than the machine)."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
