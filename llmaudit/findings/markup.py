"""Billed against list, by gateway and model: what a gateway adds to the provider's price (`llmaudit.markup`)."""

from __future__ import annotations

from llmaudit.evidence import Evidence
from llmaudit.markup.all_gateways import markup_of
from llmaudit.markup.model import Channel, GatewayRow, LookAlike, Markup, ModelRow

__all__ = ["Channel", "GatewayRow", "LookAlike", "Markup", "ModelRow", "find"]


def find(evidence: Evidence) -> Markup:
    """Return the verdict on every gateway, the one with most spend first."""
    return markup_of(evidence)
