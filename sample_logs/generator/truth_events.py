"""The events of the month: the 429 storm, the price changes, the export window that is in two files."""

from collections.abc import Iterable, Sequence

from .clock import iso_z
from .jsontext import Json
from .ledger import DUPLICATE, LogFile, Request
from .litellm import HOLE_START, RERUN_START
from .prices import MISTRAL, Rate
from .story import BRIGHTRELAY, DIRECT, LITELLM, OPENROUTER, STORM_END, STORM_PROVIDER, STORM_START


def by_gateway(requests: Iterable[Request]) -> dict[str, list[Request]]:
    """The requests of each gateway; Claude Code talks to Anthropic directly."""
    groups: dict[str, list[Request]] = {name: [] for name in (DIRECT, LITELLM, OPENROUTER, BRIGHTRELAY)}
    for request in requests:
        groups[request.gateway].append(request)
    return groups


def storm(requests: Sequence[Request]) -> Json:
    """The provider's requests inside the window, by gateway, and how many were refused."""
    hit = [request for request in requests if STORM_START <= request.at < STORM_END]
    hit = [request for request in hit if request.model.provider == STORM_PROVIDER]
    window: dict[str, Json] = {"provider": STORM_PROVIDER, "from": iso_z(STORM_START), "to": iso_z(STORM_END)}
    return window | {
        name: {"requests": len(group), "rate_limited": sum(request.fault == "rate_limited" for request in group)}
        for name, group in by_gateway(hit).items()
        if group
    }


def price_changes(requests: Sequence[Request]) -> Json:
    """Requests with usage in the stretch before and the stretch after each change of the month."""
    starts = [request.at for request in requests if request.model is MISTRAL and request.usage]
    edges = [rate.since for rate in MISTRAL.rates] + [max(starts) + 1]

    def prices(rate: Rate) -> Json:
        return {"input": str(rate.input), "cache_read": str(rate.read), "output": str(rate.output)}

    def between(number: int) -> int:
        return sum(edges[number] <= start < edges[number + 1] for start in starts)

    return [
        {
            "model": MISTRAL.name,
            "at": iso_z(after.since),
            "before": prices(before),
            "after": prices(after),
            "requests_before": between(number),
            "requests_after": between(number + 1),
        }
        for number, (before, after) in enumerate(zip(MISTRAL.rates, MISTRAL.rates[1:], strict=False))
    ]


def duplicated_window(files: Sequence[LogFile]) -> Json:
    """The rows of the re-run that the first export already had."""
    rerun = next(log for log in files if log.name.startswith("litellm_overlap"))
    return {
        "file": rerun.name,
        "also_in": "litellm.jsonl.gz",
        "from": iso_z(RERUN_START),
        "to": iso_z(HOLE_START),
        "rows": sum(line.verdict == DUPLICATE for line in rerun.lines),
    }
