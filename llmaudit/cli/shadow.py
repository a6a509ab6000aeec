"""`llmaudit shadow`: plan a shadow test, choose its requests, read its result, or read a randomised log."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from llmaudit.cli.options import Ended, command
from llmaudit.cli.output import answer, line, notice, table, warn
from llmaudit.cli.work import catalog, open_store
from llmaudit.errors import Exit, NotEnoughError, UsageError, printable
from llmaudit.settings import Settings

if TYPE_CHECKING:
    from llmaudit.shadow.design import Design
    from llmaudit.shadow.model import Analysis, Metric, Plan

Margin = Annotated[
    float, typer.Option("--margin", help="Largest acceptable loss, in the score's unit (0.02: 2 points).")
]
Alpha = Annotated[float, typer.Option("--alpha", help="Level of the one-sided tests.")]
Power = Annotated[float, typer.Option("--power", help="Power that sizes aim at.")]
Looks = Annotated[Literal["daily", "once"], typer.Option("--looks", help="How often one looks: daily or once.")]
Name = Annotated[str, typer.Option("--name", help="Name of the test.")]
Unit = Annotated[
    Literal["auto", "session", "user", "request"], typer.Option("--unit", help="What is assigned as a whole.")
]


def design(
    settings: Settings,
    margin: Margin = 0.02,
    alpha: Alpha = 0.05,
    power: Power = 0.8,
    share: Annotated[float, typer.Option("--share", help="Share of traffic that gets a shadow.")] = 0.1,
    days: Annotated[int, typer.Option("--days", help="Days the test is to run.")] = 7,
    looks: Looks = "daily",
    disagree: Annotated[
        float | None, typer.Option("--disagree", help="Share of pairs whose outcomes differ; assumed 0.2.")
    ] = None,
    correlation: Annotated[float, typer.Option("--correlation", help="Of outcomes within a user.")] = 0.05,
    saving: Annotated[float, typer.Option("--saving", help="Saving whose certainty is asked about.")] = 0.3,
    unit: Unit = "auto",
) -> None:
    """Plan a shadow test from your own traffic: pairs, days and judging budget by tier, looks, power by day."""
    from llmaudit.shadow.design import enough_units, plan_test
    from llmaudit.shadow.traffic import best_unit, tier_traffic

    _check(margin=margin, alpha=alpha, power=power, share=share, days=days, disagree=disagree, correlation=correlation)
    _check(saving=saving)
    with open_store(settings, read_only=True) as store:
        chosen = best_unit(store) if unit == "auto" else unit
        traffic = tier_traffic(store, catalog(settings), settings.period, chosen)
        seen = _seen_disagreement(store) if disagree is None else {one.tier: disagree for one in traffic}
    if not traffic:
        raise NotEnoughError(
            "no good request lies in the period: there is no traffic to plan from",
            next_step="Ingest a month of logs first, or widen --since and --until.",
            slug="no-traffic",
        )
    found = plan_test(
        traffic,
        margin=margin,
        alpha=alpha,
        power=power,
        share=share,
        days=days,
        disagreement=seen,
        correlation=correlation,
        saving=saving,
        daily=looks == "daily",
    )
    warnings = enough_units(found)
    document = {"schema": "llmaudit/shadow-design/1", "timezone": settings.timezone, "unit": chosen, **_plain(found)}
    answer(settings, document | {"warnings": warnings}, lambda: _show_design(settings, found))
    if not settings.json:
        warn(settings, warnings)


def _seen_disagreement(store: Any) -> dict[int | None, float]:
    """Return how often outcomes differed by tier in earlier tests of this database, where that is known."""
    rows = store.rows(
        "SELECT tier, avg(CASE WHEN primary_score <> shadow_score THEN 1.0 ELSE 0.0 END) FROM shadow_pairs "
        "WHERE primary_score IN (0, 1) AND shadow_score IN (0, 1) GROUP BY tier HAVING count(*) >= 100"
    )
    return {tier: max(float(share), 0.01) for tier, share in rows}


def _show_design(settings: Settings, found: Design) -> None:
    rows = [
        [
            _tier(row.tier),
            f"{row.requests_per_day:,.0f}",
            f"{row.pairs_per_day:,.0f}",
            f"{row.disagreement:.0%}",
            f"{row.design_effect:.2f}",
            f"{row.judged_pairs:,}",
            row.days,
            f"{row.power_after_5_days:.0%}",
            f"{row.power:.0%}",
            row.cost_days,
        ]
        for row in found.tiers
    ]
    heads = ["tier", "requests/day", "pairs/day", "differ", "design effect", "pairs to judge", "days"]
    table(
        settings,
        "What each tier needs",
        [*heads, "power, day 5", f"power, day {found.planned_days}", "days for cost"],
        rows,
    )
    days = ("1", "3", "7", "14", "28", "56")
    curve = [[_tier(row.tier), *(f"{row.curve[day]:.0%}" for day in days)] for row in found.tiers]
    table(settings, "Power by day, every pair judged", ["tier", *(f"day {day}" for day in days)], curve)
    line(
        f"Margin {found.margin * 100:g} points, level {found.alpha:g}, {found.share:.0%} sampled, {found.looks} looks."
    )
    line(f"Boundaries (z): {', '.join(f'{b:.3f}' for b in found.boundaries)}")
    line(f"Requests answered twice: {found.requests:,}. Pairs to judge in all: {found.judging_budget:,}.")
    line(f"Within five days: {found.five_day_claim}.")
    for text in found.assumed:
        line(f"Assumed: {text}.")


def sample(
    settings: Settings,
    share: Annotated[float, typer.Option("--share", help="Share of traffic that gets a shadow.")] = 0.1,
    tier_share: Annotated[
        str | None, typer.Option("--tier-share", help="Shares by tier, such as 0=0.05,3=1; others take --share.")
    ] = None,
    cap: Annotated[int | None, typer.Option("--template-cap", help="Most requests of one template.")] = None,
    key: Annotated[str, typer.Option("--key", help="Key of the hash; another gives another sample.")] = "shadow",
    unit: Unit = "auto",
    out: Annotated[Path | None, typer.Option("--out", help="Where to write the requests (.csv or .jsonl).")] = None,
) -> None:
    """Choose the requests that get a shadow, by a keyed hash of the session or user that a gateway can compute, too."""
    from llmaudit.shadow.sample import RULE, choose, test_vectors
    from llmaudit.shadow.traffic import best_unit, candidates

    _check(share=share)
    if cap is not None and cap < 1:
        raise UsageError(f"--template-cap {cap} is below 1", next_step="Leave it out for no cap.", slug="bad-number")
    if out and out.suffix not in {".csv", ".jsonl"}:
        raise UsageError(
            f"--out {out}: the sample is CSV or JSON lines",
            next_step="End it in .csv or .jsonl.",
            slug="bad-sample-file",
        )
    with open_store(settings, read_only=True) as store:
        chosen_unit = best_unit(store) if unit == "auto" else unit
        traffic = candidates(store, catalog(settings), settings.period, chosen_unit)
    shares = _shares({one.tier for one in traffic}, share, tier_share)
    chosen = choose(traffic, shares, key, cap)
    if not chosen:
        raise NotEnoughError(
            f"none of {len(traffic):,} requests is in the sample",
            next_step="Ingest more traffic or raise --share.",
            slug="empty-sample",
        )
    if out:
        _write_sample(out, chosen)
        notice(settings, f"{len(chosen):,} requests written to {out}")
    by_tier: list[dict[str, Any]] = [
        {"tier": tier, "requests": sum(one.tier == tier for one in traffic), "share": shares[tier]}
        | {"sampled": sum(one.request.tier == tier for one in chosen)}
        for tier in sorted(shares, key=lambda tier: (tier is None, tier))
    ]
    rule = {
        "text": RULE,
        "key": key,
        "unit": chosen_unit,
        "shares": {_tier(tier): part for tier, part in shares.items()},
    }
    warnings = []
    if chosen_unit == "request":
        warnings.append("single requests are sampled: conversations and prompt caches are torn apart")
    document: dict[str, Any] = {
        "schema": "llmaudit/shadow-sample/1",
        "requests": len(traffic),
        "sampled": len(chosen),
        "units": len({one.request.unit for one in chosen}),
        "template_cap": cap,
        "rule": rule | {"test_vectors": test_vectors(key)},
        "by_tier": by_tier,
        "file": None if out is None else str(out),
        "warnings": warnings,
    }

    def people() -> None:
        rows = [
            [_tier(row["tier"]), f"{row['requests']:,}", f"{row['share']:.2%}", f"{row['sampled']:,}"]
            for row in by_tier
        ]
        table(settings, f"{len(chosen):,} requests sampled", ["tier", "requests", "share", "sampled"], rows)
        line(f"They lie in {document['units']:,} units ({chosen_unit}). Rule: {RULE}")
        line(f"KEY is {key!r}, UNIT is the {chosen_unit} id. To check an implementation:")
        for vector in test_vectors(key):
            line(f"  {vector['unit']}: {vector['position']:.12f}")

    answer(settings, document, people)
    if not settings.json:
        warn(settings, warnings)


def _shares(tiers: set[int | None], share: float, by_tier: str | None) -> dict[int | None, float]:
    from llmaudit.shadow.columns import BadValue
    from llmaudit.shadow.traffic import tiers_text

    shares: dict[int | None, float] = dict.fromkeys(tiers, share)
    if by_tier:
        try:
            named = tiers_text(by_tier)
        except BadValue as error:
            raise UsageError(
                f"--tier-share {printable(by_tier)} {error}", next_step="Write 0=0.05,3=1.", slug="bad-mix"
            ) from None
        for name, part in named.items():
            _check(share=part)
            shares[None if name == "unknown" else int(name)] = part
    return shares


def _write_sample(out: Path, chosen: list[Any]) -> None:
    import csv
    from io import StringIO

    import msgspec

    from llmaudit.parquetfile import whole

    rows = [
        {"request_id": one.request.request_id, "unit": one.request.unit, "tier": one.request.tier}
        | {"inclusion_probability": round(one.probability, 9), "weight": round(1 / one.probability, 6)}
        for one in chosen
    ]
    if out.suffix == ".jsonl":
        with whole(out) as part:
            part.write_bytes(b"".join(msgspec.json.encode(row) + b"\n" for row in rows))
        return
    text = StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    with whole(out) as part:
        part.write_text(text.getvalue(), encoding="utf-8")


def analyze(
    settings: Settings,
    pairs: Annotated[list[Path] | None, typer.Argument(help="Pairs files: JSON lines, CSV or Parquet.")] = None,
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
    _check(margin=margin, error_margin=error_margin, alpha=alpha, power=power, share=share, days=days)
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
    with open_store(settings) as store, _uncollected():
        request = Request(pairs or [], logs, plan, primary, share, settings.period)
        if settings.catalogs or settings.deployments:
            catalog(settings)  # a file of one's own is checked, whether it is needed or not
        found, certified = run(store, lambda: catalog(settings), request)
    document = {
        "schema": "llmaudit/shadow-analyze/1",
        "timezone": settings.timezone,
        **_plain(found),
        "certified": certified,
    }
    answer(settings, document, lambda: _show(settings, found, certified))
    if not settings.json:
        warn(settings, found.warnings)
    code = {"inconclusive": Exit.NOT_ENOUGH_DATA, "blocked": Exit.BAD_INPUT}.get(found.decision, Exit.DONE)
    if code is not Exit.DONE:
        raise Ended(code)


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
    from llmaudit.shadow.traffic import tiers_text

    shares = None
    if mix:
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
        ["", "primary", "shadow", "difference", "95% interval", "p", "clear after"],
        rows,
    )
    if found.by_tier:
        tiers = [
            [
                _tier(one.tier),
                one.verdict,
                f"{one.judged_pairs:,}",
                _points(one.delta),
                _points(one.bound),
                _p(one.p_holm),
                "yes" if one.may_move else "no",
                one.more_pairs,
                one.more_days,
            ]
            for one in found.by_tier
        ]
        heads = [
            "tier",
            "verdict",
            "judged pairs",
            "loss (-)",
            "at worst",
            "p (Holm)",
            "may move",
            "more pairs",
            "more days",
        ]
        table(settings, f"Quality by tier, margin {found.margin * 100:g} points", heads, tiers, left=(0, 1))
    checks = [[one.check, one.status, one.detail] for one in found.health.checks]
    table(settings, "Health", ["check", "", "seen"], checks, left=(0, 1, 2))
    rails = [[one.name, one.status, one.detail] for one in found.guardrails]
    table(settings, "Guardrails", ["", "", "seen"], rails, left=(0, 1, 2))
    missing = found.health.missing
    if missing and missing.missing:
        line(f"Missing answers: {missing.missing:,} ({missing.share:.1%}). Complete pairs {_points(missing.complete)}, "
             f"post-stratified {_points(missing.post_stratified)}, missing as failure {_points(missing.as_failure)}, "
             f"between {_points(missing.worst)} and {_points(missing.best)} at the extremes.")  # fmt: skip
    line(f"{certified} plan leg(s) certified." if certified else "No plan leg is certified.")


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
    return [one.metric, side(one.arm_a), side(one.arm_b), difference, between, _p(one.p), clear]


def _unit(value: float, unit: str) -> str:
    return {"ms": f"{value:,.0f} ms", "share": f"{value:.2%}", "ratio": f"{value:.3f}x"}.get(unit, f"{value:.4f}")


def _points(value: float | None) -> str | None:
    return None if value is None else f"{value * 100:+.2f}"


def _p(value: float | None) -> str | None:
    return None if value is None else "<0.0001" if value < 1e-4 else f"{value:.4f}"  # noqa: PLR2004


def _tier(tier: int | None) -> str:
    return "unknown" if tier is None else str(tier)


def off_policy(
    settings: Settings,
    log: Annotated[Path, typer.Argument(help="Log of a randomised router (JSON lines, CSV or Parquet).")],
    target: Annotated[str | None, typer.Option("--target", help="Model that the policy would always choose.")] = None,
) -> None:
    """Read another policy's quality from a log with propensities: doubly robust, refusing without overlap.

    Columns: model, propensity, score; where known cohort or tier, user_id, and target (what the policy would choose).
    """
    from llmaudit.shadow.offpolicy import evaluate
    from llmaudit.shadow.randomised import arrays

    found = evaluate(**arrays(log, target))
    document = {"schema": "llmaudit/shadow-off-policy/1", **_plain(found)}

    def people() -> None:
        rows = [
            ["doubly robust", f"{found.value:.4f}", f"{found.low:.4f} to {found.high:.4f}"],
            ["inverse propensity", f"{found.ips:.4f}", ""],
            ["cohort means", f"{found.direct:.4f}", ""],
            ["the log as it was", f"{found.logged:.4f}", ""],
        ]
        table(settings, f"Quality of {printable(found.target)}", ["", "score", "95% interval"], rows)
        line(f"{found.matching:,} of {found.requests:,} requests match, worth {found.effective:,.0f}.")

    answer(settings, document, people)


def _check(**given: float | None) -> None:
    """Refuse numbers that cannot be meant."""
    bounds = {"days": (1, 3650), "margin": (1e-9, 1e9), "error_margin": (1e-9, 1), "correlation": (0, 1)}
    for name, value in given.items():
        low, high = bounds.get(name, (1e-9, 1 if name in {"share", "disagree"} else 0.999999))
        if value is not None and not low <= value <= high:
            raise UsageError(
                f"--{name.replace('_', '-')} {value} is not between {low:g} and {high:g}",
                next_step="Shares, levels and margins are fractions: 0.02 is two points.",
                slug="bad-number",
            )


def _plain(value: Any) -> Mapping[str, Any]:
    return {name: getattr(value, name) for name in value.__struct_fields__}


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(help="Shadow tests.", no_args_is_help=True, rich_markup_mode=None)
    command(group, design, "design", "llmaudit shadow design --margin 0.02 --share 0.1")
    command(group, sample, "sample", "llmaudit shadow sample --share 0.1 --out sample.csv")
    command(group, analyze, "analyze", "llmaudit shadow analyze pairs.jsonl --margin 0.02 --days 7")
    command(group, off_policy, "off-policy", "llmaudit shadow off-policy log.jsonl --target openai/gpt-5.6-luna")
    app.add_typer(group, name="shadow")
