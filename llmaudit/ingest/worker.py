"""A process that decodes blocks for another one: blocks on its standard input, batches on its standard output.

It is a program of its own (`python -m llmaudit.ingest.worker`) rather than a fork or a spawned copy of the caller: a
fork would inherit DuckDB's threads in an unknown state, and a spawn would run the user's main script again. When the
caller dies, its end of the pipe closes and the worker ends.
"""

from __future__ import annotations

import gc
import os
import pickle
import struct
import subprocess
import sys
from typing import IO

import pyarrow as pa

from llmaudit.errors import LlmauditError
from llmaudit.ingest.blocks import Block
from llmaudit.ingest.work import Decoded, Job, decode_block, decoder_of

_BLOCK = struct.Struct("<qq")
"""First line and size of a block; the size -1 stands for a line that was too long to hold."""

_ANSWER = struct.Struct("<qq")
"""Sizes of the pickled description, or of the error where the second is -1, and of the batches."""


PIPE_BYTES = 1 << 20

_THRIFTY = {
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    "MALLOC_MMAP_THRESHOLD_": str(32 << 20),
    "MALLOC_TOP_PAD_": str(64 << 20),
    "MALLOC_TRIM_THRESHOLD_": str(256 << 20),
    "OPENBLAS_NUM_THREADS": "1",
}
"""Memory that a block needed is kept for the next: to give it back and ask again took a tenth of the time."""


class Worker:
    """A worker process, as its caller sees it.

    Args:
        job: How the blocks are decoded.
    """

    def __init__(self, job: Job) -> None:
        # -P keeps the working directory off the import path: a folder of logs may hold anything, a `json.py` too.
        command = [sys.executable, "-P", "-m", __name__]
        path = os.pathsep.join(entry for entry in sys.path if entry)
        self._process = subprocess.Popen(  # noqa: S603 -- our own module
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **_THRIFTY, "PYTHONPATH": path},
            process_group=0,  # Ctrl-C is for the caller, which then closes the pipe
        )
        assert self._process.stdin is not None  # noqa: S101 -- for mypy: both were asked for
        assert self._process.stdout is not None  # noqa: S101
        self._to, self._from = self._process.stdin, self._process.stdout
        for pipe in (self._to, self._from):
            _widened(pipe)
        self._greeting = pickle.dumps(job)

    def decode(self, block: Block) -> Decoded:
        """Return what became of a block.

        Raises:
            LlmauditError: The worker's own error, or that it died.
        """
        try:
            self._to.write(self._greeting)
            self._greeting = b""
            self._to.write(_BLOCK.pack(block.first_line, -1 if block.data is None else len(block.data)))
            self._to.write(block.data or b"")
            self._to.flush()
            described, size = _ANSWER.unpack(_exactly(self._from, _ANSWER.size))
            told = pickle.loads(_exactly(self._from, described))  # noqa: S301 -- written by our own worker
            if size < 0:
                raise _raised(*told)
            tally, shapes, texts = told
            return Decoded(_unpacked(shapes, _exactly(self._from, size)), tally, texts)
        except (OSError, EOFError) as error:
            raise LlmauditError(
                f"a process that decodes the log ended unexpectedly (exit code {self._process.wait()})",
                next_step="Nothing of the file was read in. If memory is short, free some; then run again.",
                slug="worker-died",
            ) from error

    def close(self) -> None:
        """End the process. What it is doing is of no use any more."""
        self._process.kill()
        self._process.wait()
        self._from.close()
        try:
            self._to.close()
        except OSError:  # what was still buffered has no reader
            return


def _widened(pipe: IO[bytes]) -> None:
    """Make a pipe as wide as the system lets everyone: a block then takes a few turns and not a hundred."""
    try:
        import fcntl  # noqa: PLC0415 -- not on every system

        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    except (ImportError, AttributeError, OSError):
        return


def _raised(kind: type[LlmauditError], what: str, next_step: str, slug: str) -> LlmauditError:
    return kind(what, next_step=next_step, slug=slug)


def _unpacked(shapes: list[tuple[str, pa.Schema, int]], data: bytes) -> list[tuple[str, pa.RecordBatch]]:
    """Return an answer's batches, which lie one after the other in the data."""
    batches = []
    start = 0
    whole = pa.py_buffer(data)
    for name, schema, size in shapes:
        batches.append((name, pa.ipc.read_record_batch(whole.slice(start, size), schema)))
        start += size
    return batches


def _exactly(stream: IO[bytes], size: int) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise EOFError
    return data


def serve(source: IO[bytes], sink: IO[bytes]) -> None:
    """Answer blocks until there are no more."""
    job: Job = pickle.load(source)  # noqa: S301 -- written by our own parent
    decoder = decoder_of(job)
    while header := source.read(_BLOCK.size):
        first_line, size = _BLOCK.unpack(header)
        block = Block(first_line, None if size < 0 else source.read(size))
        try:
            done = decode_block(decoder, block, job.layout)
        except LlmauditError as error:
            told = pickle.dumps((type(error), error.what, error.next_step, error.slug))
            sink.write(_ANSWER.pack(len(told), -1) + told)
        else:
            packed = [(name, batch.schema, batch.serialize()) for name, batch in done.batches]
            shapes = [(name, schema, buffer.size) for name, schema, buffer in packed]
            told = pickle.dumps((done.tally, shapes, done.texts))
            sink.write(_ANSWER.pack(len(told), sum(size for *_, size in shapes)) + told)
            for *_, buffer in packed:
                sink.write(buffer)
        sink.flush()


def main() -> None:
    """Serve standard input. What anything prints goes to standard error: it would garble the answers."""
    answers = sys.stdout.buffer
    sys.stdout = sys.stderr
    gc.set_threshold(
        1_000_000
    )  # decoded rows hold no cycles, and walking them again and again took a fifth of the time
    serve(sys.stdin.buffer, answers)


if __name__ == "__main__":
    main()
