"""The generator's own bookkeeping: what each line of each file is, and what the requests in it truly were."""

import gzip
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from .prices import Model, Usage
from .story import Feature

ACCEPTED, DUPLICATE, IGNORED, REJECTED = "accepted", "duplicates", "ignored", "rejected"
SUCCESS, FAILURE, CANCELLED = "success", "failure", "cancelled"


@dataclass(frozen=True)
class Request:
    """One upstream request that the logs show.

    `usage` and `billed` are what the log says (None: it does not say); `hidden` are true tokens that the log leaves
    out: of a stream without usage, or of a timed-out attempt that the provider billed but LiteLLM logged as nothing.
    """

    gateway: str
    model: Model
    feature: Feature
    at: int
    call: str
    attempt: int
    status: str
    fault: str | None = None
    usage: Usage | None = None
    billed: Decimal | None = None
    hidden: Usage | None = None
    pii: tuple[str, ...] = ()

    @property
    def list_usd(self) -> Decimal | None:
        """List cost of the logged usage; None without usage or without a price."""
        return None if self.usage is None else self.model.cost(self.usage, self.at)

    @property
    def hidden_usd(self) -> Decimal:
        """List cost of the tokens the log leaves out."""
        return (self.hidden and self.model.cost(self.hidden, self.at)) or Decimal()


@dataclass(frozen=True)
class Line:
    """One line of a log and what an auditor has to make of it."""

    text: str
    verdict: str
    request: Request | None = None
    why: str = ""


@dataclass
class LogFile:
    """A log in the making; `header` is a CSV's first line, which is not a record."""

    name: str
    header: str | None = None
    lines: list[Line] = field(default_factory=list)

    def accept(self, text: str, request: Request) -> None:
        """A request seen for the first time."""
        self.lines.append(Line(text, ACCEPTED, request))

    def duplicate(self, text: str, why: str) -> None:
        """A request seen before."""
        self.lines.append(Line(text, DUPLICATE, why=why))

    def ignore(self, text: str, why: str) -> None:
        """A sound line that is not a request."""
        self.lines.append(Line(text, IGNORED, why=why))

    def reject(self, text: str, why: str, position: int | None = None) -> None:
        """A damaged line, at the end or before the line at a position."""
        self.lines.insert(len(self.lines) if position is None else position, Line(text, REJECTED, why=why))

    def requests(self) -> Iterator[Request]:
        """The accepted requests in file order."""
        return (line.request for line in self.lines if line.request)

    def numbered(self) -> Iterator[tuple[int, Line]]:
        """Lines with their number in the file, as an editor shows it."""
        return enumerate(self.lines, start=1 if self.header is None else 2)

    def content(self) -> bytes:
        """The file's bytes; the gzip header carries no time and no name."""
        header = [] if self.header is None else [self.header]
        plain = "".join(f"{text}\n" for text in (*header, *(line.text for line in self.lines))).encode()
        if not self.name.endswith(".gz"):
            return plain
        packed = io.BytesIO()
        with gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=packed, mtime=0) as target:
            target.write(plain)
        return packed.getvalue()


def truncated(text: str) -> str:
    """The first part of a line, as a full disk or a killed process leaves it."""
    return text[: len(text) * 3 // 5]


def plain(amount: Decimal) -> Decimal:
    """The same amount without trailing zeros and without an exponent."""
    return Decimal(f"{amount.normalize():f}")
