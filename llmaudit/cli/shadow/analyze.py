"""`llmaudit shadow analyze`: what a shadow test shows, and which tiers may move."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from decimal import Decimal
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
    from llmaudit.shadow.model import Analysis, Metric, Missing, Plan, TierResult
    from llmaudit.shadow.run import Logs


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
        int | None, typer.Option("--days", help="Planned days of the test, decided before it began.")
    ] = None,
    looks: Looks = "daily",
    score: Annotated[str | None, typer.Option("--score", help="The score that decides, if there are several.")] = None,
    cluster: Annotated[
        Literal["auto", "user", "session", "template", "day", "pair"],
        typer.Option("--cluster", help="What groups answers that are similar."),
    ] = "auto",
    mix: Annotated[
        str | None, typer.Option("--mix", help="Production share by tier, such as 0=0.5,1=0.3,2=0.2.")
    ] = None,
    budget: Annotated[
        list[str] | None, typer.Option("--budget", help="Largest shadow latency, such as latency_p95=2000; repeatable.")
    ] = None,
    max_cost_ratio: Annotated[
        float | None, typer.Option("--max-cost-ratio", help="Largest cost per success, as a ratio to the primary's.")
    ] = None,
    share: Annotated[
        float | None, typer.Option("--share", help="Sampling share, to check the sample against ingested traffic.")
    ] = None,
    primary: Annotated[str | None, typer.Option("--primary", help="Name of the arm that users saw.")] = None,
    primary_log: Annotated[
        str | None, typer.Option("--primary-log", help="Instead of PAIRS: the ingested log of the primary.")
    ] = None,
    shadow_log: Annotated[str | None, typer.Option("--shadow-log", help="The ingested log of the shadow.")] = None,
    join: Annotated[Literal["id", "trace", "prompt"], typer.Option("--join", help="What joins the two logs.")] = "id",
    scores: Annotated[Path | None, typer.Option("--scores", help="Scores of joined logs: request_id, score.")] = None,
    name: Name = "shadow",
) -> None:
    """Read a shadow test: which tiers may move.

    Shows health, quality, cost, latency and errors, and certifies the plan legs that hold up.

    Ends with 0 if something was decided, 4 if the data do not decide yet, 5 if a health check blocks the verdict.
    """
    check_numbers(margin=margin, error_margin=error_margin, alpha=alpha, power=power, share=share, days=days)
    with _uncollected():
        from llmaudit.shadow.run import Request, run
    logs = _logs(pairs, primary_log, shadow_log, join, scores)
    plan = _plan(
        name=name, margin=margin, error_margin=error_margin, alpha=alpha, power=power, days=days, looks=looks,
        score=score, cluster=cluster, mix=mix, budget=budget, max_cost_ratio=max_cost_ratio,
    )  # fmt: skip
    with ExitStack() as stack, open_store(settings) as store, _uncollected():
        request = Request(_files(pairs or [], stack), logs, plan, primary, share, settings.period)
        if settings.catalogs or settings.deployments:
            catalog(settings)  # the user's own file is checked even if it is not needed
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


def _logs(
    pairs: list[Path] | None, primary: str | None, shadow: str | None, join: str, scores: Path | None
) -> Logs | None:
    """Return the two logs to join; None if pairs files are read instead."""
    from llmaudit.shadow.run import Logs

    if not primary and not shadow:
        if not pairs:
            raise UsageError(
                "no pairs file was given", next_step="llmaudit shadow analyze pairs.jsonl", slug="pairs-or-logs"
            )
        return None
    if not (primary and shadow) or pairs:
        raise UsageError(
            "--primary-log and --shadow-log go together, and without PAIRS",
            next_step="Give two ingested logs, or pairs files.",
            slug="pairs-or-logs",
        )
    return Logs(primary, shadow, join, scores)


def _files(pairs: list[Path], stack: ExitStack) -> list[Path]:
    """Return the files to read; `-` is replaced by a copy of standard input."""
    from llmaudit.ingest import standard_input

    return [standard_input(stack) if path == Path("-") else path for path in pairs]


@contextmanager
def _uncollected() -> Iterator[None]:
    """Turn off Python's search for cycles: it walks all modules again and again, and arrays are in no cycle."""
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
        from llmaudit.shadow.traffic import (
            tiers_text,
        )  # it imports scipy, which otherwise loads while the files are read

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
                f"--budget {printable(text)} is not a latency budget",
                next_step=f"Write one of {', '.join(known)} with milliseconds, such as latency_p95=2000.",
                slug="bad-budget",
            )
        found[metric] = limit
    return found


def _show(settings: Settings, found: Analysis, certified: int) -> None:
    line(found.sentence)
    line()
    title = f"{found.name}: {found.primary or 'primary'} and its shadow {found.shadow or ''}"
    columns = ["figure", "primary", "shadow", "difference", "95% interval", "p", "clear after"]
    table(settings, title, columns, [_figure_row(figure) for figure in found.metrics if figure.tier is None])
    if found.by_tier:
        columns = ["tier", "verdict", "judged pairs", "shadow - primary", "at worst", "p (Holm)", "may move"]
        columns += ["more pairs", "more days"]
        rows = [_tier_row(result) for result in found.by_tier]
        table(settings, f"Quality by tier, margin {found.margin * 100:g} points", columns, rows, left=(0, 1))
    checks = [[check.check, check.status, check.detail] for check in found.health.checks]
    table(settings, "Health", ["check", "result", "seen"], checks, left=(0, 1, 2))
    rails = [[rail.name, rail.status, rail.detail] for rail in found.guardrails]
    table(settings, "Guardrails", ["guardrail", "result", "seen"], rails, left=(0, 1, 2))
    if found.health.missing and found.health.missing.missing:
        line(_missing_text(found.health.missing))
    line(f"{counted(certified, 'plan leg')} certified." if certified else "No plan leg is certified.")


def _missing_text(missing: Missing) -> str:
    return (
        f"Missing answers: {missing.missing:,} ({missing.share:.1%}). Complete pairs {_points(missing.complete)}, "
        f"post-stratified {_points(missing.post_stratified)}, missing as failure {_points(missing.as_failure)}, "
        f"between {_points(missing.worst)} and {_points(missing.best)} at the extremes."
    )


def _tier_row(result: TierResult) -> list[Any]:
    return [
        tier_name(result.tier),
        result.verdict,
        f"{result.judged_pairs:,}",
        _points(result.delta),
        _points(result.bound),
        _p_value(result.p_holm),
        "yes" if result.may_move else "no",
        _more(result, result.more_pairs),
        _more(result, result.more_days),
    ]


def _more(result: TierResult, value: int | None) -> str:
    """Return how much more an open tier needs; a tier that is decided needs nothing."""
    if result.verdict != "inconclusive":
        return "none"
    return "no number would do" if value is None else f"{value:,}"


def _figure_row(figure: Metric) -> list[Any]:
    def in_unit(value: float | None) -> str | None:
        return None if value is None else _unit(value, figure.unit)

    low, high = in_unit(figure.low), in_unit(figure.high)
    return [
        figure.title,
        _arm(figure.arm_a, figure.unit),
        _arm(figure.arm_b, figure.unit),
        in_unit(figure.delta),
        None if low is None or high is None else f"{low} to {high}",
        _p_value(figure.p),
        "not yet" if figure.days_to_clear is None else f"{figure.days_to_clear} d",
    ]


def _arm(value: float | Decimal | None, unit: str) -> str:
    """Return an arm's own figure; of a ratio the arms have amounts of money."""
    from llmaudit.money import shown

    if value is None:
        return "unknown"
    return shown(value, 6) if isinstance(value, Decimal) else _unit(value, unit)


def _unit(value: float, unit: str) -> str:
    shown = {"ms": f"{value:z,.0f} ms", "share": f"{value:z.2%}", "ratio": f"{value:.3f}x"}
    return shown.get(unit, f"{value:z.4f}")  # z: a difference of -0.3 ms is shown as 0 ms, not as -0 ms


def _points(value: float | None) -> str | None:
    return None if value is None else f"{value * 100:+.2f}"


def _p_value(value: float | None) -> str | None:
    return None if value is None else "<0.0001" if value < 1e-4 else f"{value:.4f}"  # noqa: PLR2004


def register(group: typer.Typer) -> None:
    """Add the command."""
    command(group, analyze, "analyze", "llmaudit shadow analyze pairs.jsonl --margin 0.02 --days 7")
