"""`llmaudit plan optimize`: the cheapest plan that outcomes allow, within limits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from llmaudit.cli.evals import pair_notes, pairs_document
from llmaudit.cli.options import command
from llmaudit.cli.output import answer, line, notice, percent, table, warn
from llmaudit.cli.work import catalog, open_store, with_requests
from llmaudit.errors import NotEnoughError, UsageError, printable
from llmaudit.money import parse_decimal, shown
from llmaudit.settings import Settings

if TYPE_CHECKING:
    from llmaudit.catalog import Catalog
    from llmaudit.cells import PricedCell
    from llmaudit.findings.savings import PlanRow
    from llmaudit.plans.optimize import Board, Chosen, Limits
    from llmaudit.plans.quality import Grain, Outcomes
    from llmaudit.plans.ratios import Ratios

Evals = Annotated[
    list[Path] | None,
    typer.Option("--evals", help="Use the outcomes of these files alone; else those in the database. Repeatable."),
]
Metric = Annotated[str | None, typer.Option("--metric", help="The metric; else the one with most pairs.")]
By = Annotated[
    str | None, typer.Option("--by", help="What makes a cohort: feature, tier, task, or several with commas.")
]
Margin = Annotated[float, typer.Option("--margin", help="Largest loss over all traffic, in the score's unit.")]
Floor = Annotated[float | None, typer.Option("--floor", help="Lowest score a cohort may move to, by its lower bound.")]
Latency = Annotated[
    float | None, typer.Option("--latency-p95", help="Largest 95th percentile in milliseconds, by the log's answers.")
]
Ceiling = Annotated[
    str | None, typer.Option("--cost-ceiling", help="Largest mean cost of a cohort's request, in US dollars.")
]
Providers = Annotated[str | None, typer.Option("--providers", help="Makers whose models may be used, with commas.")]
MaxModels = Annotated[int | None, typer.Option("--max-models", help="Largest number of models in use.")]
Models = Annotated[str | None, typer.Option("--models", help="Models that may be moved to, with commas.")]
KeepTier = Annotated[
    list[int] | None, typer.Option("--keep-tier", help="A tier that stays where it is; repeatable.", min=0, max=3)
]
Unproven = Annotated[
    bool, typer.Option("--allow-unproven", help="Let cohorts move of which no outcome speaks; marked unproven.")
]


def optimize(
    settings: Settings,
    evals: Evals = None,
    margin: Margin = 0.01,
    floor: Floor = None,
    latency_p95: Latency = None,
    cost_ceiling: Ceiling = None,
    providers: Providers = None,
    max_models: MaxModels = None,
    models: Models = None,
    keep_tier: KeepTier = None,
    allow_unproven: Unproven = False,
    by: By = None,
    metric: Metric = None,
    name: Annotated[str, typer.Option("--name", help="The plan's name.")] = "optimized",
    out: Annotated[Path | None, typer.Option("--out", help="Where to write the plan (.yaml).")] = None,
) -> None:
    """Pick a model for every cohort: the cheapest plan whose loss is bounded by paired outcomes.

    Cohorts of which no outcome speaks stay where they are. Ends with 4 where no plan keeps every limit, and names
    the limit that binds.
    """
    from llmaudit.findings.savings import plan_row
    from llmaudit.plans import evaluate
    from llmaudit.plans.optimize import choose
    from llmaudit.plans.optimize.write import plan_of, plan_text
    from llmaudit.report.write import write

    prices = catalog(settings)
    limits = limits_of(
        prices, margin=margin, floor=floor, latency_p95=latency_p95, cost_ceiling=cost_ceiling, providers=providers,
        max_models=max_models, models=models, keep_tier=keep_tier, allow_unproven=allow_unproven,
    )  # fmt: skip
    with board(settings, prices, limits, evals, metric, by) as (made, cells, outcomes, ratios):
        chosen = choose(made)
    plan = plan_of(chosen, name, limits)
    row = plan_row(evaluate(plan, cells, prices, chosen.certified, ratios))
    if out:
        write(out, plan_text(plan))
        notice(settings, f"plan written to {out}")
    warnings = warnings_of(made, chosen, outcomes)
    document = {
        "schema": "llmaudit/plan-optimize/1",
        "catalog_version": prices.version,
        "timezone": settings.timezone,
        "cohorts_by": list(chosen.grain.labels),
        "outcomes": None if outcomes is None else pairs_document(outcomes),
        "promise": chosen.promise,
        "moves": chosen.moves,
        "stays": chosen.stays,
        "plan": row,
        "text": plan_text(plan),
        "file": None if out is None else str(out),
        "warnings": warnings,
    }
    answer(settings, document, lambda: _show(settings, chosen, row, None if out else plan_text(plan)))
    if not settings.json:
        warn(settings, warnings)


def warnings_of(made: Board, chosen: Chosen, outcomes: Outcomes | None) -> list[str]:
    """Return what a reader has to know before quoting the plan."""
    found = [f"{printable(name)} {why}" for name, why in made.left_out.items()]
    if outcomes is not None:
        found += pair_notes(outcomes)
    if chosen.promise.unproven_share:
        found.append(f"{chosen.promise.unproven_share:.1%} of the requests move unproven: nothing is promised of them")
    return found


@contextmanager
def board(
    settings: Settings,
    prices: Catalog,
    limits: Limits,
    evals: list[Path] | None,
    metric: str | None,
    by: str | None,
) -> Iterator[tuple[Board, Sequence[PricedCell], Outcomes | None, Ratios]]:
    """Read the database once: yield what a plan is chosen from, the cells, the outcomes, and what is known of models.

    Raises:
        NotEnoughError: There is no request, or no pair of outcomes, and unproven moves are not let in.
    """
    from llmaudit.audit import gather
    from llmaudit.evals.keep import SEEN, only
    from llmaudit.evals.match import paired_outcomes
    from llmaudit.plans import Ratios
    from llmaudit.plans.latencies import p95_ms
    from llmaudit.plans.optimize import board_of
    from llmaudit.rollup import keyed_requests
    from llmaudit.summaries.latency import LatencyBucket

    grain = grain_of(by)
    with open_store(settings, read_only=True) as store:
        evidence = with_requests(gather(store, prices, (), settings.period))
        outcomes = evidence.outcomes
        if evals:
            with keyed_requests(store, prices, settings.period), only(store, prices, evals) as files:
                outcomes = paired_outcomes(store, prices, metric, SEEN)
            for one in files:
                _notice_problems(settings, one)
        elif metric is not None:
            with keyed_requests(store, prices, settings.period):
                outcomes = paired_outcomes(store, prices, metric)
    if outcomes is None and not limits.allow_unproven:
        what = f"no pair of outcomes of the metric {printable(metric)}" if metric else "no pair of outcomes"
        raise NotEnoughError(
            f"there is {what}: no other model's answer is known to hold",
            next_step="Add scores of two models on the same cases (`llmaudit evals add`, docs/evals.md), analyse a "
            "shadow test, or let unproven moves in with --allow-unproven.",
            slug="no-paired-outcomes",
        )
    ratios = Ratios.of(prices, evidence.cells, evidence.summaries)
    latency = p95_ms(evidence.rows(LatencyBucket))
    yield board_of(evidence.cells, prices, outcomes, latency, limits, grain, ratios), evidence.cells, outcomes, ratios


def _notice_problems(settings: Settings, file: Any) -> None:
    left = file.rejected + file.conflicts
    if left:
        notice(settings, f"{printable(file.path)}: {left:,} of {file.records:,} records are not used")
        for problem in file.problems:
            notice(settings, f"  {problem}")


def grain_of(by: str | None) -> Grain | None:
    """Return the grain a user names; None where it is left to the outcomes."""
    from llmaudit.plans.quality import LABELS, Grain

    if by is None:
        return None
    wanted = {part.strip() for part in by.split(",") if part.strip()}
    if not wanted or wanted - set(LABELS):
        raise UsageError(
            f"--by {printable(by)} is not made of {', '.join(LABELS)}",
            next_step="Write --by feature, or --by feature,tier.",
            slug="not-a-label",
        )
    return Grain(tuple(label for label in LABELS if label in wanted))


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
        raise UsageError(
            f"{flag} {value:g} is not at least {least:g}", next_step="Name a larger one.", slug="bad-number"
        )


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
            f"--providers: no model in the catalog is made by {printable(name)}",
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
            f"--cost-ceiling {printable(text)} is no amount above 0",
            next_step="Write US dollars per request, such as 0.02.",
            slug="bad-number",
        )
    return amount


MOST_SHOWN = 40


def _show(settings: Settings, chosen: Chosen, row: PlanRow, text: str | None) -> None:
    from llmaudit.plans.optimize.write import promise_text

    cells = [
        [
            move.cohort,
            move.model_before,
            move.model,
            f"{move.requests:,}",
            f"{move.pairs:,}",
            *(None if value is None else f"{value:+.4f}" for value in (move.loss_seen, move.loss, move.loss_at_worst)),
            "certified" if move.certified else "unproven",
        ]
        for move in chosen.moves[:MOST_SHOWN]
    ]
    heads = ["cohort", "from", "to", "requests", "pairs", "loss seen", "expected", "at worst", ""]
    table(settings, f"{len(chosen.moves):,} cohorts move", heads, cells, left=(0, 1, 2, 8))
    for reason, count in chosen.stays.items():
        line(f"  {count:,} stay: {reason}")
    line(promise_text(chosen.promise))
    if chosen.promise.cross_fitted is not None:
        line(
            f"Plans made on one half of the pairs lose {chosen.promise.cross_fitted:.4f} on the other half"
            f" (standard error {chosen.promise.cross_fitted_se:.4f})."
        )
    line(
        f"Saves {shown(row.savings_usd)} ({percent(row.savings_pct)}) of {shown(row.cost_usd + row.savings_usd)}"
        f" = certified {shown(row.certified_usd)} + unproven {shown(row.unproven_usd)}"
        f" + without another answer {shown(row.no_risk_usd)} - verification {shown(row.verification_usd)};"
        f" {shown(row.savings_low_usd)} if every price assumption goes wrong."
    )
    if text:
        line()
        line(text.rstrip("\n"))


def register(app: typer.Typer) -> None:
    """Add the command."""
    command(app, optimize, "optimize", "llmaudit plan optimize --evals evals.jsonl --margin 0.01 --out plan.yaml")
