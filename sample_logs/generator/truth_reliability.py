"""The reliability part of the truth: failed attempts, retries, fallbacks, abandoned calls, and what they cost."""

from collections import Counter
from collections.abc import Iterable, Sequence
from decimal import Decimal
from itertools import pairwise

from .jsontext import Json
from .ledger import FAILURE, Request, plain
from .prices import Usage
from .story import LITELLM


def faults_by_class(requests: Iterable[Request]) -> dict[str, Json]:
    """Failed attempts by class."""
    return dict(sorted(Counter(request.fault for request in requests if request.fault).items()))


def reliability(requests: Sequence[Request]) -> dict[str, Json]:
    """Overall and by gateway; a call is identified by its id within its gateway."""
    gateways = sorted({request.gateway for request in requests})
    by_gateway = {name: _summary([request for request in requests if request.gateway == name]) for name in gateways}
    return _summary(requests) | {"by_gateway": dict(by_gateway), "not_in_the_logs": _unlogged(requests)}


def _summary(requests: Sequence[Request]) -> dict[str, Json]:
    calls: dict[tuple[str, str], list[Request]] = {}
    for request in requests:
        calls.setdefault((request.gateway, request.call), []).append(request)
    chains = [sorted(chain, key=lambda request: request.attempt) for chain in calls.values()]
    steps = [(before, after) for chain in chains for before, after in pairwise(chain)]
    failed = [request for request in requests if request.status == FAILURE]
    return {
        "calls": len(chains),
        "calls_with_several_attempts": sum(len(chain) > 1 for chain in chains),
        "calls_recovered": sum(len(chain) > 1 and chain[-1].status != FAILURE for chain in chains),
        "calls_abandoned": sum(chain[-1].status == FAILURE for chain in chains),
        "failed_attempts": len(failed),
        "failed_attempts_by_class": faults_by_class(requests),
        "failed_attempts_billed": _cost([request for request in failed if request.billed]),
        "repeated_attempts_after_a_failure": _cost([after for _, after in steps]),
        "same_provider_retries": sum(before.model.provider == after.model.provider for before, after in steps),
        "fallbacks": sum(before.model.provider != after.model.provider for before, after in steps),
    }


def _cost(requests: Sequence[Request]) -> dict[str, Json]:
    billed = sum((request.billed or Decimal() for request in requests), Decimal())
    listed = sum((request.list_usd or Decimal() for request in requests), Decimal())
    return {"attempts": len(requests), "billed_usd": f"{plain(billed):f}", "list_usd": f"{plain(listed):f}"}


def _unlogged(requests: Sequence[Request]) -> dict[str, Json]:
    """LiteLLM logs a timed-out attempt with no tokens and no spend, yet the provider read and billed the prompt."""
    group = [request for request in requests if request.hidden and request.gateway == LITELLM]
    hidden = sum((request.hidden for request in group if request.hidden), Usage())
    listed = sum((request.hidden_usd for request in group), Decimal())
    timeouts: dict[str, Json] = {
        "attempts": len(group),
        "input_tokens": hidden.prompt,
        "list_usd": f"{plain(listed):f}",
    }
    return {"litellm_timeouts_billed_by_the_provider": timeouts}
