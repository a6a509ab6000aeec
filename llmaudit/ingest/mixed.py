"""Files that hold records of several formats: each record is read as what it is."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from llmaudit.ingest.blocks import Block
from llmaudit.ingest.decode import Decoder
from llmaudit.ingest.detect import weighed
from llmaudit.ingest.keys import keys_of
from llmaudit.ingest.layout import value_of
from llmaudit.ingest.records import Numbered, Tally
from llmaudit.ingest.sample import Seen


class Mixed:
    """The decoders of a file's formats; mostly there is one.

    Args:
        decoders: The first is for records that no format is recognised in.
    """

    def __init__(self, decoders: Sequence[Decoder]) -> None:
        self.decoders = decoders
        self._forms = [decoder.form for decoder in decoders]
        self._names = tuple(form.name for form in self._forms)

    @property
    def cuts(self) -> bool:
        """Whether columns are cut out of lines that are alike (`Decoder.cuts`)."""
        return len(self.decoders) == 1 and self.decoders[0].cuts

    def batches(self, records: Numbered, tally: Tally) -> list[tuple[str, pa.RecordBatch]]:
        """Return the requests among the records as rows, by format; what is not one is noted in the tally."""
        if len(self.decoders) == 1:
            batch = self.decoders[0].batch(records, tally)
            return [(self._forms[0].name, batch)] if batch.num_rows else []
        sorted_out: list[list[tuple[int, object]]] = [[] for _ in self.decoders]
        for line, raw in records:
            sorted_out[self._which(raw)].append((line, raw))
        found = [
            (decoder.form.name, decoder.batch(iter(part), tally))
            for decoder, part in zip(self.decoders, sorted_out, strict=True)
        ]
        return [(name, batch) for name, batch in found if batch.num_rows]

    def _which(self, raw: object) -> int:
        value = raw if isinstance(raw, dict) else value_of(bytes(memoryview(raw)))  # type: ignore[arg-type]
        weights = weighed(Seen(keys_of(value), value), self._forms, self._names)
        if not weights:
            return 0
        best = max(weights, key=lambda name: weights[name])
        return next(number for number, form in enumerate(self._forms) if form.name == best)

    def whole_block(self, block: Block, tally: Tally) -> list[tuple[str, pa.RecordBatch]] | None:
        """Return the rows of a block of lines in one go; None where the lines have to be looked at one by one."""
        batch = self.decoders[0].whole_block(block, tally) if len(self.decoders) == 1 else None
        if batch is None:
            return None
        return [(self._forms[0].name, batch)] if batch.num_rows else []

    def texts(self) -> list[pa.Table]:
        """Return the texts that are to be kept of the requests made since the last call."""
        found = (decoder.texts() for decoder in self.decoders)
        return [texts for texts in found if texts is not None]

    def finish(self, tally: Tally) -> list[tuple[str, pa.RecordBatch]]:
        """Return what the formats' states hold when the file has ended."""
        found = [(decoder.form.name, decoder.finish(tally)) for decoder in self.decoders if decoder.form.finish]
        return [(name, batch) for name, batch in found if batch.num_rows]
