"""`llmaudit shadow analyze`: what a shadow test shows, and which tiers may move."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from llmaudit.cli.inputs import catalog, open_store
from llmaudit.cli.options import Ended, command
from llmaudit.cli.output import answer, line, table, warn
from llmaudit.cli.shadow.common import Alpha, Looks, Margin, Name, Power, check_numbers, plain, tier_name
from llmaudit.errors import Exit, UsageError, printable
from llmaudit.phrases import counted
from llmaudit.settings import Settings

if TYPE_CHECKING:
    from llmaudit.shadow.model import Analysis, Metric, Plan, TierResult


def analyze(
    settings: Settings,
    pairs: Annotated[
        list[Path] | None, typer.Argument(help="Pairs files: JSON lines, CSV or Parquet; `-` for standard input.")
    ] = None,
    margin: Margin = 0.02,
    error_margin: Annotated[
        float, typer.Option("--error-margin", help="Largest acceptable rise of the error rate.")
    ] = 0.01,
    alpha: Alpha = 0.05,
    power: Power = 0.8,
    days: Annotated[
        int | None, typer.Option("--days", help="Days the test was to run, decided before it began.")
    ] = None,
    looks: Looks = "daily",
    score: Annotated[
        str | None, typer.Option("--score", help="The score that decides, where there are several.")
    ] = None,
    cluster: Annotated[
        Literal["auto", "user", "session", "template", "day", "pair"],
        typer.Option("--cluster", help="What answers are alike within."),
    ] = "auto",
    mix: Annotated[
        str | None, typer.Option("--mix", help="Production share by tier, such as 0=0.5,1=0.3,2=0.2.")
    ] = None,
    budget: Annotated[
        list[str] | None, typer.Option("--budget", help="Largest shadow latency, such as latency_p95=2000; repeatable.")
    ] = None,
    max_cost_ratio: Annotated[
        float | None, typer.Option("--max-cost-ratio", help="Largest cost per success, over the primary's.")
    ] = None,
    share: Annotated[
        float | None, typer.Option("--share", help="Sampling share, to check the sample against ingested traffic.")
    ] = None,
    primary: Annotated[str | None, typer.Option("--primary", help="Name of the arm that users saw.")] = None,
    primary_log: Annotated[
        str | None, typer.Option("--primary-log", help="Instead of PAIRS: the primary's ingested log.")
    ] = None,
    shadow_log: Annotated[str | None, typer.Option("--shadow-log", help="The shadow's ingested log.")] = None,
    join: Annotated[Literal["id", "trace", "prompt"], typer.Option("--join", help="What ties the two logs.")] = "id",
    scores: Annotated[Path | None, typer.Option("--scores", help="Scores of joined logs: request_id, score.")] = None,
    name: Name = "shadow",
) -> None:
    """Read a shadow test: health, quality, cost, latency, errors, and which tiers may move; certifies plan legs.

    Ends with 0 where something was decided, 4 where the data do not decide yet, 5 where health blocks a verdict.
    """
    check_numbers(margin=margin, error_margin=error_margin, alpha=alpha, power=power, share=share, days=days)
    with _uncollected():
        from llmaudit.shadow.run import Logs, Request, run
    logs = None
    if primary_log or shadow_log:
        if not (primary_log and shadow_log) or pairs:
            raise UsageError(
                "--primary-log and --shadow-log belong together, without PAIRS",
                next_step="Name two ingested logs, or pairs files.",
                slug="pairs-or-logs",
            )
        logs = Logs(primary_log, shadow_log, join, scores)
    elif not pairs:
        raise UsageError(
            "no pairs file was named", next_step="llmaudit shadow analyze pairs.jsonl", slug="pairs-or-logs"
        )
    plan = _plan(
        name=name, margin=margin, error_margin=error_margin, alpha=alpha, power=power, days=days, looks=looks,
        score=score, cluster=cluster, mix=mix, budget=budget, max_cost_ratio=max_cost_ratio,
    )  # fmt: skip
    with ExitStack() as stack, open_store(settings) as store, _uncollected():
        request = Request(_files(pairs or [], stack), logs, plan, primary, share, settings.period)
        if settings.catalogs or settings.deployments:
            catalog(settings)  # a file of one's own is checked, whether it is needed or not
        found, certified = run(store, lambda: catalog(settings), request)
    document = {
        "schema": "llmaudit/shadow-analyze/1",
        "timezone": settings.timezone,
        **plain(found),
        "certified": certified,
    }
    answer(settings, document, lambda: _show(settings, found, certified))
    if not settings.json:
        warn(settings, found.warnings)
    code = {"inconclusive": Exit.NOT_ENOUGH_DATA, "blocked": Exit.BAD_INPUT}.get(found.decision, Exit.DONE)
    if code is not Exit.DONE:
        raise Ended(code)


def _files(pairs: list[Path], stack: ExitStack) -> list[Path]:
    """Return files to read, a copy of standard input in the place of `-`."""
    from llmaudit.ingest import standard_input

    return [standard_input(stack) if path == Path("-") else path for path in pairs]


@contextmanager
def _uncollected() -> Iterator[None]:
    """Leave out Python's search for cycles: it walks all modules again and again, and arrays are in no cycle."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _plan(*, mix: str | None, budget: list[str] | None, **rest: Any) -> Plan:
    from llmaudit.shadow.columns import BadValue
    from llmaudit.shadow.model import Plan

    shares = None
    if mix:
        from llmaudit.shadow.traffic import tiers_text  # with it comes scipy, which is else imported beside the reading

        try:
            shares = tiers_text(mix)
        except BadValue as error:
            raise UsageError(
                f"--mix {printable(mix)} {error}", next_step="Write 0=0.5,1=0.3,2=0.2.", slug="bad-mix"
            ) from None
    return Plan(mix=shares, budgets=_budgets(budget or []), declared=rest["days"] is not None, **rest)


def _budgets(texts: list[str]) -> dict[str, float]:
    from llmaudit.shadow.model import QUANTILES

    known = [f"{measure}_{label}" for measure in ("latency", "ttft") for label in QUANTILES]
    found = {}
    for text in texts:
        metric, _, value = text.partition("=")
        try:
            limit = float(value)
        except ValueError:
            limit = 0.0
        if metric not in known or not limit > 0:
            raise UsageError(
                f"--budget {printable(text)} is no latency budget",
                next_step=f"Write one of {', '.join(known)} with milliseconds, such as latency_p95=2000.",
                slug="bad-budget",
            )
        found[metric] = limit
    return found


def _show(settings: Settings, found: Analysis, certified: int) -> None:
    line(found.sentence)
    line()
    rows = [_figure(one) for one in found.metrics if one.tier is None]
    table(
        settings,
        f"{found.name}: {found.primary or 'primary'} and its shadow {found.shadow or ''}",
        ["figure", "primary", "shadow", "difference", "95% interval", "p", "clear after"],
        rows,
    )
    if found.by_tier:
        tiers = [
            [
                tier_name(one.tier),
                one.verdict,
                f"{one.judged_pairs:,}",
                _points(one.delta),
                _points(one.bound),
                _p(one.p_holm),
                "yes" if one.may_move else "no",
                _more(one, one.more_pairs),
                _more(one, one.more_days),
            ]
            for one in found.by_tier
        ]
        heads = [
            "tier",
            "verdict",
            "judged pairs",
            "shadow - primary",
            "at worst",
            "p (Holm)",
            "may move",
            "more pairs",
            "more days",
        ]
        table(settings, f"Quality by tier, margin {found.margin * 100:g} points", heads, tiers, left=(0, 1))
    checks = [[one.check, one.status, one.detail] for one in found.health.checks]
    table(settings, "Health", ["check", "result", "seen"], checks, left=(0, 1, 2))
    rails = [[one.name, one.status, one.detail] for one in found.guardrails]
    table(settings, "Guardrails", ["guardrail", "result", "seen"], rails, left=(0, 1, 2))
    missing = found.health.missing
    if missing and missing.missing:
        line(f"Missing answers: {missing.missing:,} ({missing.share:.1%}). Complete pairs {_points(missing.complete)}, "
             f"post-stratified {_points(missing.post_stratified)}, missing as failure {_points(missing.as_failure)}, "
             f"between {_points(missing.worst)} and {_points(missing.best)} at the extremes.")  # fmt: skip
    line(f"{counted(certified, 'plan leg')} certified." if certified else "No plan leg is certified.")


def _more(one: TierResult, value: int | None) -> str:
    """Return how much more an open tier needs; one that is decided needs nothing."""
    if one.verdict != "inconclusive":
        return "none"
    return "no number would do" if value is None else f"{value:,}"


def _figure(one: Metric) -> list[Any]:
    from llmaudit.money import shown

    def side(value: Any) -> str:
        if value is None:
            return "unknown"
        return shown(value, 6) if one.unit == "ratio" else _unit(float(value), one.unit)

    between = (
        None if one.low is None or one.high is None else f"{_unit(one.low, one.unit)} to {_unit(one.high, one.unit)}"
    )
    difference = None if one.delta is None else _unit(one.delta, one.unit)
    clear = "not yet" if one.days_to_clear is None else f"{one.days_to_clear} d"
    return [one.title, side(one.arm_a), side(one.arm_b), difference, between, _p(one.p), clear]


def _unit(value: float, unit: str) -> str:
    return {"ms": f"{value:,.0f} ms", "share": f"{value:.2%}", "ratio": f"{value:.3f}x"}.get(unit, f"{value:.4f}")


def _points(value: float | None) -> str | None:
    return None if value is None else f"{value * 100:+.2f}"


def _p(value: float | None) -> str | None:
    return None if value is None else "<0.0001" if value < 1e-4 else f"{value:.4f}"  # noqa: PLR2004


def register(group: typer.Typer) -> None:
    """Add the command."""
    command(group, analyze, "analyze", "llmaudit shadow analyze pairs.jsonl --margin 0.02 --days 7")
