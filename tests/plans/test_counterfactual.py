"""Another model's cost with the arithmetic written out: thoughts, lost caches, failures, batches, choices."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from builders import catalog_of, catalog_text, cell, plan_of, priced, sku_text

from llmaudit.catalog import Catalog
from llmaudit.cells import Cell
from llmaudit.findings.savings import plan_row
from llmaudit.levers.routing import of_plan
from llmaudit.plans import PlanCost, Ratios, evaluate
from llmaudit.plans.constraints import judge, percentile_ms
from llmaudit.plans.failures import failed_attempts, unanswered
from llmaudit.plans.payback import MONTH_DAYS, savings_of
from llmaudit.summaries.content import ContentRow
from llmaudit.summaries.latency import LatencyBucket
from llmaudit.summaries.links import LinkRow

COSTS = """
  - model: maker/thinker
    reasoning: true
    tools: true
    images: false
    tokenizer: o200k_base
  - model: maker/plain
    reasoning: false
    tools: false
    images: true
    tokenizer: o200k_base
  - model: maker/open
    tokenizer: claude-3
    open_weights: true
"""
"""What the made-up models can do; `open` says nothing of itself but its weights."""


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """Three models of one maker, in dollars per million: input 10 and output 40, 1 and 4, 2 and 2."""
    models = "".join(
        sku_text(
            name,
            [f"usd_per_million: {{{rates}}}", f"when: {{batch: true}}, usd_per_million: {{{half}}}"],
            model_class=kind,
        )
        for name, kind, rates, half in (
            ("thinker", "flagship", "input: 10, cache_read: 1, output: 40", "input: 5, cache_read: 0.5, output: 20"),
            ("plain", "budget", "input: 1, cache_read: 0.1, output: 4", "input: 0.5, cache_read: 0.05, output: 2"),
            ("open", "budget", "input: 2, cache_read: 2, cache_write_5m: 2.5, output: 2", "input: 1, output: 1"),
        )
    )
    text = catalog_text("maker", models) + f"facts: {COSTS}"
    return catalog_of(tmp_path_factory.mktemp("own"), text)


def under(own: Catalog, rules: str, *given: Cell, top: str = "", **known: Any) -> PlanCost:
    plan = plan_of(f"name: p\n{top}\nrules: [{rules}]")
    found = priced(own, *given)
    return evaluate(plan, found, own, ratios=Ratios(own, **known) if known else None)


def asked(model: str = "maker/thinker", **keys: Any) -> Cell:
    """A million tokens in, 100,000 cached, 300,000 out of which 200,000 are thoughts."""
    plain: dict[str, Any] = {"counters": (900_000, 100_000, 0, 0, 0, 300_000), "reasoning_tokens": 200_000}
    return cell(model=model, **(plain | keys))


KEPT = "assume: {cache: kept}"


def test_thoughts_fall_away_where_the_target_does_not_think(own: Catalog) -> None:
    """900,000 x 1 + 100,000 x 0.1 + the answer's 100,000 x 4, by the million."""
    found = under(own, f"{{use: maker/plain, {KEPT}}}", asked())
    assert found.actual_usd == Decimal(9) + Decimal("0.1") + 12
    assert found.cost_usd == Decimal("0.9") + Decimal("0.01") + Decimal("0.4")
    assert found.low_usd == Decimal("0.91") + Decimal("0.2")  # half as long
    assert found.high_usd == Decimal("0.91") + Decimal("0.68")  # 1.7 times


@pytest.mark.parametrize(("ratio", "written"), [("0", 100_000), ("2", 300_000), ("0.5", 150_000)])
def test_stated_thoughts(own: Catalog, ratio: str, written: int) -> None:
    """An answer of 100,000 tokens, and so many thoughts a token of it, at $2 the million; prompts by claude-3."""
    given = f"{{use: maker/open, assume: {{cache: kept, token_ratio: 1, output_ratio: 1, reasoning_ratio: {ratio}}}}}"
    assert under(own, given, asked()).cost_usd == 2 + Decimal(2 * written) / 1_000_000


def test_thoughts_of_a_model_that_may_think_have_a_wide_band(own: Catalog) -> None:
    """Its 200,000 thoughts may be none or three times as many; the answer's 100,000 stay as expected."""
    found = under(own, "{use: maker/open, assume: {cache: kept, token_ratio: 1}}", asked())
    (thoughts,) = [row for row in found.tornado if row.name == "reasoning"]
    assert found.cost_usd == 2 + Decimal("0.6")
    assert (thoughts.low_usd, thoughts.high_usd) == (2 + Decimal("0.2"), 2 + Decimal("1.4"))
    assert any("unknown whether maker/open reasons" in said for said in found.assumptions)


def test_thoughts_without_a_counterpart_come_from_the_log_or_have_a_band(own: Catalog) -> None:
    """`plain` thinks nothing. `thinker` may: three tokens a token of answer at most, or what it does in the log."""
    answers = asked("maker/plain", reasoning_tokens=0, counters=(0, 0, 0, 0, 0, 100_000))
    found = under(own, f"{{use: maker/thinker, {KEPT}}}", answers)
    (row,) = [row for row in found.tornado if row.name == "added reasoning"]
    assert (row.low_usd, found.cost_usd, row.high_usd) == (4, 4, 16)
    log = [asked(requests=30, counters=(0, 0, 0, 0, 0, 500), reasoning_tokens=200)]
    found = under(
        own, f"{{when: {{model: maker/plain}}, use: maker/thinker, {KEPT}}}", answers, cells=priced(own, *log)
    )
    assert found.cost_usd == 4 * (1 + Decimal("0.6667"))  # 200 thoughts on 300 of answer


def test_lost_caches_are_read_anew(own: Catalog) -> None:
    """100,000 cached tokens: at $0.1 where kept, at $1 where lost; who charges for writes has them written anew."""
    base = Decimal("0.9") + Decimal("0.4")
    costs = {"kept": "0.01", "lost": "0.1", "0.75": "0.0325"}  # 0.75 x 0.01 + 0.25 x 0.1
    for cache, usd in costs.items():
        assert under(own, f"{{use: maker/plain, assume: {{cache: {cache}}}}}", asked()).cost_usd == base + Decimal(usd)
    lost = under(own, "{use: maker/open, assume: {cache: lost, token_ratio: 1, reasoning_ratio: 0}}", asked())
    assert lost.cost_usd == Decimal("1.8") + Decimal("0.25") + Decimal("0.2")
    open_end = under(own, "{use: maker/plain}", asked())
    (row,) = [row for row in open_end.tornado if row.name == "cache"]
    assert (row.low_usd, open_end.cost_usd, row.high_usd) == tuple(
        base + Decimal(usd) for usd in ("0.01", "0.0136", "0.1")
    )


def link(tier: int, before: int, tokens: int) -> LinkRow:
    plain = {"prompt_band": 0, "is_batch": False, "needs_tools": False, "needs_json": False, "needs_images": False}
    now: dict[str, Any] = {"gateway": None, "model": "maker/thinker", "task": None, **plain, "has_pii": False}
    earlier: Any = (None, "maker/thinker", before, None, 0, False, False, False, False, False, None, None)
    return LinkRow(tier=tier, feature=None, team=None, before=earlier, cached_tokens=tokens, **now)


def test_sessions_say_what_a_split_loses(own: Catalog) -> None:
    """Of 100,000 cached tokens of tier 0, 60,000 follow tier 0 and 30,000 follow tier 2, which stays: those are lost.

    The other 10,000 follow nothing: 4% of them are taken for lost, or none, or all. And 20,000 of the 100,000 that tier
    2 reads followed tier 0, so what stays reads them anew, at $10 instead of $1 a million.
    """
    links = [link(0, 0, 60_000), link(0, 2, 30_000), link(2, 2, 80_000), link(2, 0, 20_000)]
    found = under(own, "{when: {tier: 0}, use: maker/plain}", asked(tier=0), asked(tier=2), links=links)
    moved = Decimal("0.9") + Decimal("0.4")
    for lost, usd in (("0.304", found.cost_usd), ("0.3", None), ("0.4", None)):
        cached = Decimal("0.01") * (1 - Decimal(lost)) + Decimal("0.1") * Decimal(lost)
        if usd is not None:
            assert usd == moved + cached + Decimal("21.1") + Decimal("0.02") * 9
    assert sum(one.cost_usd for one in found.outcomes if one.leg.kind == "cache") == Decimal("0.18")
    left_out = savings_of(found, 30, certified_only=True)
    assert {one.saving_usd for one in left_out.values()} == {0}, "what does not move loses no cache, and saves nothing"
    together = under(own, "{use: maker/plain}", asked(tier=0), asked(tier=2), links=links)
    assert not [one for one in together.outcomes if one.leg.kind == "cache"], "nothing stays behind"
    as_is = under(own, "{keep: true}", asked(tier=0), asked(tier=2), links=links)
    assert as_is.cost_usd == as_is.actual_usd


def test_what_staying_requests_lose_is_no_unproven_loss_if_every_move_is_certified(own: Catalog) -> None:
    """Two cells cost 21.10 each. One moves, and the other, which stays, loses 0.18 of cache (the test above)."""
    links = [link(0, 0, 60_000), link(0, 2, 30_000), link(2, 2, 80_000), link(2, 0, 20_000)]
    cells = asked(tier=0, requests=3), asked(tier=2, requests=5)
    found = under(own, "{when: {tier: 0}, use: maker/plain}", *cells, links=links)
    certain = replace(found, certified=frozenset({(0, "maker/thinker", "maker/plain")}))
    saved = Decimal("21.1") - (Decimal("1.3") + Decimal("0.01") * Decimal("0.696") + Decimal("0.1") * Decimal("0.304"))
    assert (found.unproven_usd, found.certified_usd) == (saved - Decimal("0.18"), 0)
    assert (certain.unproven_usd, certain.certified_usd) == (0, saved - Decimal("0.18"))
    month = savings_of(certain, 30, certified_only=True)["expected"]
    assert month.saving_usd == pytest.approx((saved - Decimal("0.18")) * MONTH_DAYS / 30, abs=Decimal("1e-9"))
    (step,) = of_plan(certain)
    assert (step.kind, step.requests) == ("certified", 3), "those that stay are not moved"
    assert sum(step.saved["expected"].values()) == saved - Decimal("0.18")


def test_kinds_of_text_decide_the_tokens(own: Catalog) -> None:
    """claude-3 makes 1.18 tokens of prose, 1.23 of code and 1.32 of Chinese for one of o200k."""
    mixes = {"latin": "1.18", "code": "1.23", "cjk": "1.32"}
    one = asked(counters=(1_000_000, 0, 0, 0, 0, 0), reasoning_tokens=0)
    for kind, ratio in mixes.items():
        rows = [ContentRow(model="maker/thinker", task=None, content=kind, tokens=5)]
        assert under(own, "{use: maker/open}", one, content=rows).cost_usd == 2 * Decimal(ratio)
    half = [ContentRow(model="maker/thinker", task=None, content=kind, tokens=5) for kind in ("latin", "code")]
    assert under(own, "{use: maker/open}", one, content=half).cost_usd == 2 * Decimal("1.205")
    unknown = under(own, "{use: maker/open}", one)
    assert (unknown.low_usd, unknown.cost_usd, unknown.high_usd) == tuple(
        2 * Decimal(r) for r in ("1.18", "1.18", "1.23")
    )


def test_failures_of_the_target_are_priced(own: Catalog) -> None:
    """Half of the attempts fail, and one retry: 0.5 (1 - 0.25) / 0.5 = 0.75 fail, each at an answer's price."""
    rule = "use: maker/plain, assume: {cache: kept, retry_rate: 0.5, retries: 1}"
    plain = under(own, f"{{{rule}}}", asked())
    assert plain.cost_usd == Decimal("1.31") * Decimal("1.75")
    assert plain.answered == Decimal("0.75")  # one in four calls gets no answer
    row = plan_row(plain)
    assert row.cost_per_call_usd is not None
    assert round(row.cost_per_call_usd * 3, 12) == plain.cost_usd * 4  # three of four calls get an answer
    assert row.cost_per_request_usd == plain.cost_usd
    chained = under(own, f"{{{rule}, fallback: [maker/thinker]}}", asked())
    (fallback,) = [one for one in chained.outcomes if one.leg.kind == "fallback"]
    assert chained.cost_usd == plain.cost_usd + fallback.cost_usd
    assert fallback.cost_usd == Decimal("0.25") * (
        Decimal(21) + Decimal("0.1") + Decimal("0.036")
    )  # 4% of its cache lost
    assert chained.answered == 1


def test_failure_rates_come_from_the_log(own: Catalog) -> None:
    """`plain` failed in 10 of 40 attempts; a failed one cost $0.01 and an answer $0.04, a quarter."""
    log = [
        cell(model="maker/plain", requests=30, counters=(1_200_000, 0, 0, 0, 0, 0), reasoning_tokens=0),
        cell(model="maker/plain", requests=10, counters=(100_000, 0, 0, 0, 0, 0), status="error"),
    ]
    failed = asked(status="error", requests=7)
    found = under(
        own, f"{{when: {{model: maker/thinker}}, use: maker/plain, {KEPT}}}", asked(), failed, cells=priced(own, *log)
    )
    attempts = Decimal("0.25") * (1 - Decimal("0.25") ** 3) / Decimal("0.75")
    billed = round(attempts, 6) * Decimal("0.25")
    assert found.cost_usd == Decimal("1.31") * (1 + round(billed, 6))
    assert [one.replaced for one in found.placed] == [False, True], "the failed attempts of now are not made"
    assert found.moved_requests == 1
    few = under(
        own, f"{{when: {{model: maker/thinker}}, use: maker/plain, {KEPT}}}", asked(), failed, cells=priced(own, log[1])
    )
    assert few.cost_usd == Decimal("1.31") + Decimal("21.1"), "ten attempts say nothing: the failed ones stay"
    assert any("the failure rate of maker/plain is unknown" in said for said in few.assumptions)


@pytest.mark.parametrize(
    ("rate", "retries", "failed", "left"),
    [("0.5", 1, "0.75", "0.25"), ("0.1", 2, "0.111", "0.001"), ("0", 3, "0", "0"), ("1", 2, "3", "1")],
)
def test_expected_attempts(rate: str, retries: int, failed: str, left: str) -> None:
    assert failed_attempts(Decimal(rate), retries) == Decimal(failed)
    assert unanswered(Decimal(rate), retries) == Decimal(left)


def test_batches_of_the_same_and_of_another_model(own: Catalog) -> None:
    billed = asked(billed="42.20", gateway="openrouter")
    assert under(own, "{keep: true, batch: true}", asked()).cost_usd == Decimal("10.55")
    assert under(own, "{keep: true, batch: true}", billed).cost_usd == Decimal("21.10"), (
        "what is billed halves with list"
    )
    assert under(own, f"{{use: maker/plain, batch: true, {KEPT}}}", asked()).cost_usd == Decimal("0.655")
    stays = under(own, "{keep: true, batch: true}", asked(model="example/flagship-7"))
    assert stays.cost_usd == stays.actual_usd
    assert [row.reason for row in stays.refusals] == ["no-price"]


SERVED = [
    ("maker/plain", {"needs_tools": True}, "tools"),
    ("maker/thinker", {"needs_images": True, "model": "maker/plain"}, "images"),
    ("maker/open", {"needs_tools": True}, None),
]


@pytest.mark.parametrize(("target", "keys", "reason"), SERVED)
def test_a_model_that_cannot_is_refused_and_one_nobody_knows_is_said(
    own: Catalog, target: str, keys: dict[str, Any], reason: str | None
) -> None:
    found = under(own, f"{{use: {target}}}", asked(requests=3, **keys), asked(requests=7, model="example/flagship-7"))
    told = found.refusals if reason else found.doubts
    (row,) = [one for one in told if "reasons" not in one.sentence]
    assert (row.reason, row.requests) == (reason or "unknown", 3)
    shares = plan_row(found)
    (shown,) = [one for one in (shares.refusals if reason else shares.doubts) if "reasons" not in one.sentence]
    assert shown.requests_pct == 30


def test_a_region_without_a_price_is_in_doubt(own: Catalog) -> None:
    found = under(own, "{use: maker/plain}", asked(region_class="eu", requests=2), asked(region_class="global"))
    (row,) = [one for one in found.doubts if "region" in one.sentence]
    assert (row.sentence, row.requests) == ("it is unknown whether maker/plain is served in region eu", 2)


def test_personal_data_moves_only_to_what_one_hosts(tmp_path: Path) -> None:
    hosting = (
        "  - sku: home\n    model: maker/home\n    hosting: {usd_per_hour: 2, input_tokens_per_hour: 4000000,"
        " output_tokens_per_hour: 1000000, source: test, valid_from: 2020-01-01T00:00:00Z}\n"
    )
    own = catalog_of(
        tmp_path, catalog_text("maker", hosting + sku_text("away", ["usd_per_million: {input: 1, output: 1}"]))
    )
    private = cell(tokens=1_000_000, has_pii=True)
    for target, moved in (("maker/home", 1), ("maker/away", 0)):
        found = under(own, f"{{use: {target}}}", private, top="constraints: {pii_self_hosted: true}")
        assert found.moved_requests == moved
        (judged,) = judge(found, own, [])
        assert judged.verdict == ("pass" if moved else "fail")
    assert [row.reason for row in found.refusals] == ["pii"]


def chosen(found: PlanCost) -> list[str | None]:
    return [one.legs[0].model if one.moved else None for one in found.placed]


def test_cheapest_is_chosen_for_each_cell(own: Catalog) -> None:
    """`plain` at 1 and 4 wins where little is written, `open` at 2 and 2 where much is."""
    assumed = "assume: {token_ratio: 1, reasoning_ratio: 0, cache: kept}"
    rule = f"{{use: cheapest, among: {{models: [maker/plain, maker/open]}}, {assumed}}}"
    reads, writes = (
        asked(counters=(a, 0, 0, 0, 0, b), reasoning_tokens=0) for a, b in ((9_000, 1_000), (1_000, 9_000))
    )
    found = under(own, rule, reads, writes, asked(needs_tools=True))
    assert chosen(found) == ["maker/plain", "maker/open", "maker/open"], "plain calls no tools"
    assert found.placed[0].legs[0].expected.of(found.placed[0].priced) == Decimal("0.013")
    assert found.placed[1].legs[0].expected.of(found.placed[1].priced) == Decimal("0.020")


AMONG: list[tuple[str, Callable[[str | None], bool]]] = [
    ("{model_class: budget, provider: maker}", lambda model: model == "maker/plain"),
    ("{open_weights: true, provider: maker}", lambda model: model == "maker/open"),
    ("{model_class: same, provider: maker}", lambda model: model is None),
    ("{provider: main}", lambda model: model is not None and model.startswith("maker/")),
]


@pytest.mark.parametrize(("among", "holds"), AMONG)
def test_what_cheapest_chooses_from(own: Catalog, among: str, holds: Callable[[str | None], bool]) -> None:
    """The present model is the maker's only flagship, so that `same` leaves it where it is."""
    (model,) = chosen(under(own, f"{{use: cheapest, among: {among}}}", asked()))
    assert holds(model), model


def test_nothing_to_choose_from_leaves_all_in_place(own: Catalog) -> None:
    found = under(own, "{use: cheapest, among: {provider: maker, model_class: mid}}", asked())
    assert found.cost_usd == found.actual_usd
    assert [row.reason for row in found.refusals] == ["no-candidate"]


def test_constraints_are_judged(own: Catalog) -> None:
    limits = "latency_p95_ms: 1000, cost_per_request_usd: 1, max_models: 1, providers: [maker], quality_floor: 0.9"
    top = f"constraints: {{{limits}}}"
    slow = [LatencyBucket(None, "maker/plain", 0, "latency", bucket, 100) for bucket in (100, 140)]
    found = under(own, f"{{when: {{tier: 0}}, use: maker/plain, {KEPT}}}", asked(tier=0), asked(tier=1), top=top)
    verdicts = {(one.name, one.subject): (one.verdict, one.value) for one in judge(found, own, slow)}
    assert verdicts["latency_p95_ms", "maker/plain"] == ("fail", "1153")  # e^(141/20) = 1152.9 ms
    assert verdicts["latency_p95_ms", "maker/thinker"] == ("unknown", None)
    assert verdicts["cost_per_request_usd", "maker/plain"] == ("fail", "1.310000")
    assert verdicts["cost_per_request_usd", "maker/thinker"] == ("fail", "21.100000")
    assert verdicts["max_models", "plan"] == ("fail", "2")
    assert verdicts["providers", "plan"] == ("pass", "0")
    assert verdicts["quality_floor", "plan"] == ("unknown", None)


def test_percentiles_of_a_histogram() -> None:
    """95 answers in bucket 0 (1 to 1.05 ms) and 5 in bucket 60 (20.1 to 21.1 ms)."""
    assert [percentile_ms({0: 95, 60: 5}, share) for share in (0.5, 0.95, 0.96)] == [2, 2, 22]


def test_the_judge_reads_the_answer_that_would_be_given(own: Catalog) -> None:
    """Prompt 1,000,000 and a third as many answer tokens (300,000, no thoughts), a verdict of 1,000, at 1 and 4."""
    given = asked(counters=(1_000_000, 0, 0, 0, 0, 300_000), reasoning_tokens=0)
    for rule, read in (
        ("keep: true", 1_300_000),
        ("use: maker/plain, assume: {output_ratio: 0.5}", 1_150_000),
    ):
        verify = "verify: {use: maker/plain, output_tokens: 1000, instruction_tokens: 500}"
        found = under(own, f"{{{rule}, {verify}}}", given)
        assert found.verification_usd == Decimal(read + 500 + 4000) / 1_000_000
    answer = under(own, "{keep: true, verify: {use: maker/plain, output_tokens: 0, input: answer}}", asked())
    assert answer.verification_usd == Decimal("0.1"), "thoughts are not read"


def test_every_assumption_alone_lies_between_the_ends(own: Catalog) -> None:
    found = under(own, "{use: maker/open}", asked(), asked("maker/plain", reasoning_tokens=0))
    assert len(found.tornado) >= 4
    assert [row.high_usd - row.low_usd for row in found.tornado] == sorted(
        (r.high_usd - r.low_usd for r in found.tornado), reverse=True
    )
    for row in found.tornado:
        assert found.low_usd <= row.low_usd <= found.cost_usd <= row.high_usd <= found.high_usd
        assert row.details
