"""Counts that a gateway passes on from a provider: read by the provider's rule, or by the rule that the file proves."""

from __future__ import annotations

from llmaudit.request import Request
from llmaudit.usage.rules import CACHE_APART, INSIDE, Reading, Rule
from llmaudit.usage.study import by_study


def excludes_cache(provider: str | None, model: str | None = None) -> bool:
    """Say whether a provider's own input count leaves cached tokens out: Anthropic's does, wherever it is hosted.

    Bedrock's Converse API does so for every model. All others, OpenAI and Google among them, include them.
    """
    names = f"{provider or ''} {model or ''}".lower()
    return "anthropic" in names or "claude" in names or "bedrock" in names


def usual_rule(provider: str | None, model: str | None = None) -> Rule:
    """Return the rule of a provider's own counts, if a gateway passes them on under names of its own."""
    return CACHE_APART if excludes_cache(provider, model) else INSIDE


def rule_name(provider: str | None, model: str | None) -> str:
    """Return the name under which the records of a provider and model are studied."""
    return f"{provider or 'unknown'} {model or 'unknown'}"


def passed_through(
    request: Request, reading: Reading, *, provider: str | None, model: str | None = None, study: object = None
) -> None:
    """Fill the counters where a gateway hands on what the provider counted, in place.

    So do Portkey, Kong, APISIX, TensorZero and Cloudflare. The rule is the one that the file proves for this provider
    and model, else the provider's own. A cached count that the source does not have stays unknown: it is not zero, and
    the prompt may hold it.

    Args:
        request: Filled in place.
        reading: The counts as the gateway names them.
        provider: As the gateway names it.
        model: As the gateway names it.
        study: What `studied` found in the file, by `rule_name`.

    Raises:
        Reject: A counter is not a whole number of tokens.
    """
    by_study(request, reading, study, rule_name(provider, model), usual_rule(provider, model))
    if reading.read is None:
        request.cache_read_tokens = None
    if reading.written is None and not reading.written_5m and not reading.written_1h:
        request.cache_write_5m_tokens = request.cache_write_1h_tokens = request.cache_write_other_tokens = None
