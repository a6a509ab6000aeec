"""What access logs of web servers have in common: which lines are model calls, and the attempts behind one line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from llmaudit.formats.filling import fill_status
from llmaudit.formats.values import utc
from llmaudit.request import Reject, Request

MODEL_PATH = re.compile(
    r"/(?:chat/completions|completions|responses|messages|embeddings|rerank|api/(?:chat|generate|embed)"
    r"|images/(?:generations|edits)|audio/(?:speech|transcriptions|translations)|moderations)(?:[/?]|$)"
    r"|/models/(?P<google>[^/:?]+):\w+|/model/(?P<bedrock>[^/?]+)/(?:converse|invoke)"
)
"""Paths of model calls: OpenAI's and what is compatible, Anthropic's, Ollama's, Google's and Bedrock's."""

DEPLOYMENT = re.compile(r"/openai/deployments/(?P<deployment>[^/?]+)/")
_LIST = re.compile(r"\s*,\s*|\s+:\s+")
_LOCAL = "%d/%b/%Y:%H:%M:%S %z"
_ESCAPED = re.compile(r"\\x(?P<code>[0-9A-Fa-f]{2})")


def model_in(path: str) -> tuple[bool, str | None]:
    """Return whether a path is that of a model call, and the model or deployment that it contains."""
    found = MODEL_PATH.search(path)
    if found is None:
        return False, None
    deployment = DEPLOYMENT.search(path)
    return True, found["google"] or found["bedrock"] or (deployment["deployment"] if deployment else None)


def without_query(path: str) -> str:
    """Return a path without its query, which can hold keys."""
    return path.partition("?")[0]


def local_time(text: str | None, field: str) -> datetime | None:
    """Return a time such as `21/Mar/2026:04:28:03 +0000` as naive UTC.

    Raises:
        Reject: It is no such time.
    """
    if not text:
        return None
    try:
        return utc(datetime.strptime(text, _LOCAL), field)  # noqa: DTZ007 -- _LOCAL ends in %z
    except ValueError:
        raise Reject("not-a-time", field) from None


def listed(text: str | None) -> list[str | None]:
    """Return the values of a list such as `502, 200` or `0.4 : 0.2`, one for each upstream; `-` is None."""
    if text is None or not text.strip():
        return []
    return [None if each in {"-", ""} else each for each in _LIST.split(text.strip())]


def unescaped(body: str) -> str:
    r"""Return a body whose quotes the server wrote as `\x22` (its escaping unless it is told `escape=json`)."""
    if "\\x22" not in body:
        return body
    data = _ESCAPED.sub(lambda found: chr(int(found["code"], 16)), body)
    try:
        return data.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return data


def tries_before(request: Request, statuses: Sequence[str | None], seconds: Sequence[float | None]) -> list[Request]:
    """Return a request for each upstream that was tried before the one that the line is about, in order.

    Args:
        request: The line's request; its id, start and names are those of the tries too.
        statuses: Status of each upstream, the last one included.
        seconds: How long each took, where that is known.
    """
    tries = []
    started = request.started_at
    for number, status in enumerate(statuses[:-1]):
        one = Request(
            request_id=None if request.request_id is None else f"{request.request_id}#{number}",
            call_id=request.request_id,
            attempt=number,
            started_at=started,
            gateway=request.gateway,
            model_raw=request.model_raw,
            model_requested=request.model_requested,
            endpoint=request.endpoint,
            user_id=request.user_id,
        )
        taken = seconds[number] if number < len(seconds) else None
        started = None if started is None or taken is None else started + timedelta(seconds=taken)
        one.ended_at = started
        code = int(status) if status is not None and status.isdecimal() and len(status) == len("502") else None
        fill_status(one, code, failed=True)
        tries.append(one)
    if tries:
        request.call_id, request.attempt = request.request_id, len(tries)
    return tries
