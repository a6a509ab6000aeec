"""truth.json: what the logs truly hold, added up from the generator's own bookkeeping in exact decimals."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal

from .clock import iso_z
from .jsontext import Json
from .ledger import ACCEPTED, DUPLICATE, IGNORED, REJECTED, LogFile, Request, plain
from .prices import COUNTERS, FLAGSHIP, Usage
from .story import BRIGHTRELAY, LITELLM, OPENROUTER, TIERS
from .truth_events import by_gateway, duplicated_window, price_changes, storm
from .truth_reliability import faults_by_class, reliability

NONE = "(none)"
RULES: dict[str, Json] = {
    "line": "every non-empty text line; a CSV's header is not a record; line numbers are the file's own, from 1",
    "accepted": "a distinct request seen for the first time, files read in name order; failed attempts are requests",
    "duplicates": "a line about a request already seen: a copied row, a further block line of a Claude Code response",
    "ignored": "a sound line that is no request: user, system, summary, snapshot, <synthetic> lines of Claude Code",
    "rejected": "a line that cannot be used; lines = accepted + duplicates + ignored + rejected",
    "tokens": "disjoint counters over accepted requests whose log line has usage; reasoning is a part of output",
    "billed_usd": "cost figures exactly as written, over accepted requests",
    "list_usd": "dated list price of the logged usage of accepted requests, models without a price left out",
    "spend_usd": "the billed figure where the log has one, else the list cost of the logged usage",
}


def usd(amount: Decimal) -> str:
    """Exact dollars."""
    return f"{plain(amount):f}"


def percent(part: Decimal | int, whole: Decimal | int) -> str:
    """A percentage with four decimals."""
    return f"{100 * Decimal(part) / Decimal(whole):.4f}"


def total(amounts: Iterable[Decimal | None]) -> Decimal:
    """Sum of what is known."""
    return sum((amount for amount in amounts if amount is not None), Decimal())


def build(files: Sequence[LogFile]) -> dict[str, Json]:
    """The whole truth; `files` in the order in which they are read."""
    requests = [request for log in files for request in log.requests()]
    by_file = {log.name: _file(log) for log in files}
    return {
        "schema": "fernleaf-truth/1",
        "rules": RULES,
        "files": dict(by_file),
        "totals": {key: sum(len(_lines(log, key)) for log in files) for key in ("lines", *VERDICTS)},
        "time": _time(requests),
        "requests": _requests(requests),
        "tokens": _tokens(requests),
        "spend": _spend(requests),
        "streamed_without_usage": _unmetered(requests),
        "unpriced": _unpriced(requests),
        "tiers": _tiers(requests),
        "markup": {gateway: _markup(requests, gateway) for gateway in (LITELLM, OPENROUTER, BRIGHTRELAY)},
        "topup": _topup(requests),
        "reliability": reliability(requests),
        "rate_limit_storm": storm(requests),
        "price_changes": price_changes(requests),
        "duplicated_window": duplicated_window(files),
        "text_with_personal_data": _pii(requests),
    }


VERDICTS = (ACCEPTED, DUPLICATE, IGNORED, REJECTED)


def _lines(log: LogFile, verdict: str) -> list[str]:
    return [line.why for line in log.lines if verdict in ("lines", line.verdict)]


def _file(log: LogFile) -> Json:
    counts: dict[str, Json] = {key: len(_lines(log, key)) for key in ("lines", *VERDICTS)}
    rejects: list[Json] = [
        {"line": number, "why": line.why} for number, line in log.numbered() if line.verdict == REJECTED
    ]
    reasons = {f"{key}_by_reason": dict(sorted(Counter(_lines(log, key)).items())) for key in (DUPLICATE, IGNORED)}
    return counts | {"rejects": rejects} | {key: value for key, value in reasons.items() if value}


def _time(requests: Sequence[Request]) -> Json:
    def span(group: Sequence[Request]) -> Json:
        starts = [request.at for request in group]
        return {"first": iso_z(min(starts)), "last": iso_z(max(starts))}

    return {"all": span(requests)} | {gateway: span(group) for gateway, group in by_gateway(requests).items()}


def _team(request: Request) -> str | None:
    """Return the team a log names. OpenRouter's export names none: its key name is the name of a key."""
    return None if request.gateway == OPENROUTER else request.feature.team


def _requests(requests: Sequence[Request]) -> Json:
    def count(key: Callable[[Request], str | None]) -> Json:
        return dict(sorted(Counter(key(request) or NONE for request in requests).items()))

    return {
        "by_gateway": count(lambda request: request.gateway),
        "by_model": count(lambda request: request.model.name),
        "by_feature": count(lambda request: request.feature.name),
        "by_team": count(_team),
        "by_status": count(lambda request: request.status),
        "failed_by_class": faults_by_class(requests),
    }


def _tokens(requests: Sequence[Request]) -> Json:
    def counters(group: Iterable[Request]) -> Json:
        usage = sum((request.usage for request in group if request.usage), Usage())
        return {name: getattr(usage, name) for name in COUNTERS}

    return {"all": counters(requests)} | {name: counters(group) for name, group in by_gateway(requests).items()}


def _spent(request: Request) -> Decimal | None:
    return request.list_usd if request.billed is None else request.billed


def _spend(requests: Sequence[Request]) -> Json:
    def grouped(amount: Callable[[Request], Decimal | None], key: Callable[[Request], str | None]) -> Json:
        sums: dict[str, Decimal] = {}
        for request in requests:
            name = key(request) or NONE
            sums[name] = sums.get(name, Decimal()) + (amount(request) or Decimal())
        return {name: usd(sums[name]) for name in sorted(sums)} | {"total": usd(sum(sums.values(), Decimal()))}

    return {
        "billed_usd_by_gateway": grouped(lambda request: request.billed, lambda request: request.gateway),
        "list_usd_by_gateway": grouped(lambda request: request.list_usd, lambda request: request.gateway),
        "list_usd_by_model": grouped(lambda request: request.list_usd, lambda request: request.model.name),
        "spend_usd_by_gateway": grouped(_spent, lambda request: request.gateway),
        "spend_usd_by_feature": grouped(_spent, lambda request: request.feature.name),
        "spend_usd_by_team": grouped(_spent, _team),
    }


def _unmetered(requests: Sequence[Request]) -> Json:
    """Streams whose client did not ask for usage: the text is there, the counts are not."""
    group = [request for request in requests if request.hidden and request.gateway == BRIGHTRELAY]

    def sums(part: Sequence[Request]) -> dict[str, Json]:
        hidden = sum((request.hidden for request in part if request.hidden), Usage())
        return {
            "requests": len(part),
            "input_tokens": hidden.prompt,
            "output_tokens": hidden.output,
            "list_usd": usd(total(request.hidden_usd for request in part)),
        }

    models = sorted({request.model.name for request in group})
    by_model = {name: sums([request for request in group if request.model.name == name]) for name in models}
    return sums(group) | {"by_model": dict(by_model)}


def _unpriced(requests: Sequence[Request]) -> Json:
    group = [request for request in requests if not request.model.rates]
    usage = sum((request.usage for request in group if request.usage), Usage())
    return {
        "model": group[0].model.name,
        "requests": len(group),
        "requests_with_usage": sum(request.usage is not None for request in group),
        "tokens": {"input": usage.prompt, "output": usage.output},
    }


def _tiers(requests: Sequence[Request]) -> Json:
    """True tiers; shares are of all accepted requests, failed attempts included."""
    by_tier = Counter(request.feature.tier for request in requests)
    known = len(requests) - by_tier[None]
    low = [request for request in requests if request.feature.tier in (0, 1)]
    flagship = [request for request in low if request.model.grade == FLAGSHIP]
    return {
        "by_feature": {name or NONE: tier for name, tier in TIERS.items()},
        "requests": {NONE if tier is None else str(tier): by_tier[tier] for tier in (0, 1, 2, 3, None)},
        "share_of_known_pct": {str(tier): percent(by_tier[tier], known) for tier in range(4)},
        "known_requests": known,
        "tier01_on_flagship": {
            "tier01_requests": len(low),
            "on_flagship": len(flagship),
            "share_pct": percent(len(flagship), len(low)),
            "share_of_known_pct": percent(len(flagship), known),
            "spend_usd": usd(total(_spent(request) for request in flagship)),
        },
        "flagship_models": sorted({request.model.name for request in flagship}),
    }


def _markup(requests: Sequence[Request], gateway: str) -> Json:
    """Billed against list over the requests that have both."""
    pairs = [
        (request.billed, request.list_usd)
        for request in requests
        if request.gateway == gateway and request.billed is not None and request.list_usd is not None
    ]
    billed, listed = total(billed for billed, _ in pairs), total(listed for _, listed in pairs)
    return {
        "pct": percent(billed - listed, listed),
        "billed_usd": usd(billed),
        "list_usd": usd(listed),
        "overpaid_usd": usd(billed - listed),
        "requests": len(pairs),
    }


def _topup(requests: Sequence[Request]) -> Json:
    credits_used = total(request.billed for request in requests if request.gateway == OPENROUTER)
    fee = credits_used * Decimal("0.055")
    return {OPENROUTER: {"pct": "5.5", "credits_used_usd": usd(credits_used), "fee_usd": usd(fee), "in_the_logs": "no"}}


def _pii(requests: Sequence[Request]) -> Json:
    found = Counter(kind for request in requests for kind in request.pii)
    return {"requests": sum(bool(request.pii) for request in requests)} | dict(sorted(found.items()))
