"""Decode a file block by block, in worker processes where it is large; results come back in file order."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from queue import SimpleQueue

import pyarrow as pa

from llmaudit.catalog import load_catalog
from llmaudit.formats.base import Context, Format
from llmaudit.ingest.decode import Decoder
from llmaudit.ingest.detect import Container
from llmaudit.ingest.read import Block, Content, blocks, file_name
from llmaudit.ingest.records import CsvReader, Tally, json_elements, json_lines
from llmaudit.period import ALL, Period
from llmaudit.tokens import Counter as TokenCounter

PARALLEL_FROM_BLOCKS = 8
"""A file of fewer blocks is decoded here: starting worker processes would cost more than it saves."""

MAX_WORKERS = 4
"""Inserting keeps one core busy while four decode; more would only take memory."""

ELEMENTS_PER_BATCH = 20_000


@dataclass(frozen=True)
class Setup:
    """What decoding needs besides the records (picklable).

    Attributes:
        hash_key: Key of the database for hashes of prompts and personal ids.
        overlays: The user's catalog files, for tokenizer families.
        period: The span of time asked for.
    """

    hash_key: bytes
    overlays: tuple[Path, ...] = ()
    period: Period = ALL


@dataclass
class Decoded:
    """What became of some records: the requests among them as a batch, and the tally of the others."""

    batch: pa.RecordBatch
    tally: Tally


def decoder_of(form: Format, setup: Setup) -> Decoder:
    """Return the decoder of a format; the catalog is read at the first count of tokens."""
    counter = TokenCounter(lambda: load_catalog(setup.overlays))
    return Decoder(form, Context(hash_key=setup.hash_key, counter=counter), setup.period)


def decode_block(decoder: Decoder, block: Block) -> Decoded:
    """Return what became of a block of JSON lines."""
    tally = Tally()
    return Decoded(decoder.batch(json_lines(block, tally), tally), tally)


def decoded(content: Content, form: Format, container: Container, setup: Setup) -> Generator[Decoded, None, None]:
    """Yield what became of a file's records, in file order.

    Only JSON lines go to worker processes: the other containers cannot be cut before they are read.

    Args:
        content: The file's bytes.
        form: Its format.
        container: How its records lie.
        setup: What decoding needs besides.

    Raises:
        InputError: A damaged archive, a JSON document that is too large or not JSON, or a CSV without a plain header.
        LlmauditError: A worker process died.
    """
    decoder = decoder_of(form, setup)
    if container == "csv":
        for rows, tally in CsvReader(blocks(content), file_name(content.path)).batches():
            yield Decoded(decoder.batch(rows, tally), tally)
    elif container == "json":
        elements = json_elements(content)
        for start in range(0, len(elements), ELEMENTS_PER_BATCH):
            part = elements[start : start + ELEMENTS_PER_BATCH]
            tally = Tally(records=len(part))
            yield Decoded(decoder.batch(enumerate(part, start=start + 1), tally), tally)
    else:
        source = blocks(content)
        first = list(islice(source, PARALLEL_FROM_BLOCKS))
        if len(first) < PARALLEL_FROM_BLOCKS:
            yield from (decode_block(decoder, block) for block in first)
        else:
            yield from _in_processes(chain(first, source), form, setup)


def _in_processes(source: Iterable[Block], form: Format, setup: Setup) -> Generator[Decoded, None, None]:
    """Spread blocks over worker processes; at most two blocks a worker are in flight, so memory stays bounded."""
    from llmaudit.ingest.worker import Worker  # noqa: PLC0415 -- the worker imports this module

    count = min(_cores(), MAX_WORKERS)
    idle: SimpleQueue[Worker] = SimpleQueue()

    def decode(block: Block) -> Decoded:
        worker = idle.get()
        try:
            return worker.decode(block)
        finally:
            idle.put(worker)

    with ExitStack() as stack:
        threads = stack.enter_context(ThreadPoolExecutor(count, thread_name_prefix="llmaudit-decode"))
        for _ in range(count):
            worker = Worker(form, setup)
            stack.callback(worker.close)
            idle.put(worker)
        waiting: deque[Future[Decoded]] = deque()
        stack.callback(lambda: [future.cancel() for future in waiting])
        for block in source:
            waiting.append(threads.submit(decode, block))
            if len(waiting) > 2 * count:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _cores() -> int:
    """Return the cores this process may use (a container may have fewer than the machine)."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
