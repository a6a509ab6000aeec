"""Failures that the log shows without tokens: what providers may have charged for them anyway."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal

import msgspec

from llmaudit.catalog.quote import cost
from llmaudit.cells import PricedCell
from llmaudit.evidence import grouped, requests
from llmaudit.money import EXACT, ZERO, round_to, times, total

PICO_PLACES = 12


class HiddenRow(msgspec.Struct, frozen=True, kw_only=True):
    """Failures that a gateway logs without a token: providers may have charged for what they had read and written.

    Attributes:
        gateway: None where there is none.
        model: Canonical name.
        attempts: Timeouts and cut answers with neither tokens nor an amount. Refusals and server errors are seldom
            charged and not counted.
        prompt_usd: What their prompts would come to at the mean list cost of a good answer's prompt on the same model
            (in the same feature where there are any). An estimate and no bound: what times out is often longer.
        answer_usd: The same with the answers.
    """

    gateway: str | None
    model: str
    attempts: int
    prompt_usd: Decimal | None
    answer_usd: Decimal | None


def hidden(cells: Sequence[PricedCell]) -> list[HiddenRow]:
    """Return timeouts and cut answers without tokens, with what they may have cost by the good answers beside them."""
    silent = [one for one in cells if _is_silent(one)]
    good = [one for one in cells if one.cell.status == "ok" and one.list_usd is not None and one.rates is not None]
    by_feature = dict(grouped(good, lambda one: (one.cell.model, one.cell.feature)))
    by_model = dict(grouped(good, lambda one: one.cell.model))
    found = []
    for (gateway, model), group in grouped(silent, lambda one: (one.cell.gateway, one.cell.model)):
        like = [by_feature.get((model, one.cell.feature)) or by_model.get(model, []) for one in group]
        known = all(like)
        found.append(
            HiddenRow(
                gateway=gateway,
                model=model,
                attempts=requests(group),
                prompt_usd=_like(group, like, _prompt_usd) if known else None,
                answer_usd=_like(group, like, _list_usd) if known else None,
            )
        )
    return sorted(found, key=lambda row: (-row.attempts, row.gateway or "", row.model))


def _is_silent(priced: PricedCell) -> bool:
    cell = priced.cell
    return (
        cell.status == "error"
        and (cell.error_class or "other") in {"timeout", "other"}
        and cell.usage_status == "missing"
        and not cell.billed_usd
    )


def _like(
    group: list[PricedCell], like: list[list[PricedCell]], cost_of: Callable[[list[PricedCell]], Decimal]
) -> Decimal:
    """Return what attempts would have cost at the mean of the good answers beside each, to the picodollar."""
    return total(
        round_to(EXACT.divide(times(cost_of(answers), one.cell.requests), Decimal(requests(answers))), PICO_PLACES)
        for one, answers in zip(group, like, strict=True)
    )


def _prompt_usd(cells: list[PricedCell]) -> Decimal:
    """Return the list cost of what was read."""
    return total(
        cost((*one.cell.tokens[:-1],), one.rates.expected[: len(one.cell.tokens) - 1]) for one in cells if one.rates
    )


def _list_usd(cells: list[PricedCell]) -> Decimal:
    return total(one.list_usd or ZERO for one in cells)
