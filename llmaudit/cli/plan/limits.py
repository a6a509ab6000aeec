"""The flags by which `plan optimize` and `plan frontier` limit a plan, and their conversion to `Limits`."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import typer

from llmaudit.errors import UsageError, printable
from llmaudit.money import parse_decimal

if TYPE_CHECKING:
    from llmaudit.catalog import Catalog
    from llmaudit.plans.optimize import Limits

Margin = Annotated[float, typer.Option("--margin", help="Largest loss over all traffic, in the score's unit.")]
Floor = Annotated[float | None, typer.Option("--floor", help="Lowest score a cohort may move to, by its lower bound.")]
Latency = Annotated[
    float | None, typer.Option("--latency-p95", help="Largest 95th percentile in milliseconds, by the log's answers.")
]
Ceiling = Annotated[
    str | None, typer.Option("--cost-ceiling", help="Largest mean cost of a cohort's request, in US dollars.")
]
Providers = Annotated[
    str | None, typer.Option("--providers", help="Providers whose models may be used, separated by commas.")
]
MaxModels = Annotated[int | None, typer.Option("--max-models", help="Largest number of models in use.")]
Models = Annotated[str | None, typer.Option("--models", help="Models that may be moved to, separated by commas.")]
KeepTier = Annotated[
    list[int] | None, typer.Option("--keep-tier", help="A tier that stays where it is; repeatable.", min=0, max=3)
]
Unproven = Annotated[
    bool, typer.Option("--allow-unproven", help="Also move cohorts without outcomes; marked unproven.")
]


def limits_of(
    prices: Catalog,
    *,
    margin: float,
    floor: float | None,
    latency_p95: float | None,
    cost_ceiling: str | None,
    providers: str | None,
    max_models: int | None,
    models: str | None,
    keep_tier: list[int] | None,
    allow_unproven: bool,
) -> Limits:
    """Return the limits of the flags.

    Raises:
        UsageError: A number that cannot be meant, or a model or maker the catalog lacks.
    """
    from llmaudit.plans.optimize import Limits

    _check("--margin", margin, 0.0)
    _check("--floor", floor, -1e9)
    _check("--latency-p95", latency_p95, 1e-9)
    if max_models is not None and max_models < 1:
        raise UsageError(f"--max-models {max_models} is below 1", next_step="Leave it out for any.", slug="bad-number")
    return Limits(
        margin=margin,
        floor=floor,
        latency_p95_ms=latency_p95,
        cost_ceiling_usd=_usd(cost_ceiling),
        providers=None if providers is None else tuple(_maker(prices, name) for name in _parts(providers)),
        most_models=max_models,
        models=None if models is None else tuple(_model(prices, name) for name in _parts(models)),
        keep_tiers=frozenset(keep_tier or ()),
        allow_unproven=allow_unproven,
    )


def _check(flag: str, value: float | None, least: float) -> None:
    if value is not None and not least <= value <= 1e9:  # noqa: PLR2004 -- nan and infinity are no limits
        raise UsageError(f"{flag} {value:g} is below {least:g}", next_step="Use a larger one.", slug="bad-number")


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _model(prices: Catalog, name: str) -> str:
    offer = prices.canonical(name)
    if offer is None:
        raise UsageError(
            f"--models: {printable(name)} is not in the catalog",
            next_step=_nearest(prices.nearest(name)),
            slug="no-such-model",
        )
    return offer.sku.model


def _maker(prices: Catalog, name: str) -> str:
    found = prices.maker_id(name)
    if found is None:
        raise UsageError(
            f"--providers: the catalog has no models by {printable(name)}",
            next_step=_nearest(prices.nearest_makers(name)),
            slug="no-such-maker",
        )
    return found


def _nearest(names: Sequence[str]) -> str:
    if not names:
        return "`llmaudit pricing list` has the names."
    return f"The nearest name{'s are' if len(names) > 1 else ' is'} {', '.join(names)}."


def _usd(text: str | None) -> Decimal | None:
    if text is None:
        return None
    try:
        amount = parse_decimal(text)
    except ValueError:
        amount = Decimal(-1)
    if amount <= 0:
        raise UsageError(
            f"--cost-ceiling {printable(text)} is not an amount above 0",
            next_step="Write US dollars per request, such as 0.02.",
            slug="bad-number",
        )
    return amount
