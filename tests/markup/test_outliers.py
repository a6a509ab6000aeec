"""What lies beside a rule: a few odd requests, noise, rounding, searches nobody counted, retries, answers for nothing.

Each month is planted here; nothing of it may be called a markup, or hide one, and the words have to be true.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import ROUND_FLOOR, ROUND_HALF_EVEN, Decimal

import msgspec
import pytest
from test_other_months import Call, judged, month, rate

from llmaudit.catalog import Catalog
from llmaudit.datasets.markup_study import cells_of
from llmaudit.markup.gateway import judge_gateway
from llmaudit.markup.model import GatewayRow
from llmaudit.markup.rounding_step import step_of
from llmaudit.markup.traffic import Traffic
from llmaudit.summaries.billed import BilledRequest
from llmaudit.summaries.payments import Payment

CENT = Decimal("0.01")


def some(share: float, then: Callable[[Call], Decimal], otherwise: str = "1") -> Callable[[Call], Decimal]:
    """Return a rule for a share of the requests, and a rate for the others."""
    return lambda call: then(call) if call.chance < share else call.listed * Decimal(otherwise)


def odd(call: Call) -> Decimal:
    """Return an amount that follows nothing: 1.5 to 5 times list."""
    return call.listed * (Decimal("1.5") + Decimal(repr(call.chance)) * 700)


OUTPUT = {"gpt-4.1": "8", "gpt-4.1-mini": "1.6", "claude-haiku-4-5": "5"}


def thoughtful(call: Call) -> Decimal:
    """Return list and 100 to 2,100 thought tokens, whole ones, at the price of output."""
    return call.listed + (100 + int(2000 * call.chance)) * Decimal(OUTPUT[call.model]) / 1_000_000


def dearer_sibling(call: Call) -> Decimal:
    """Return the price of GPT-4.1, five times that of its mini in every class, for a sixth of mini's requests."""
    return call.listed * (5 if call.model == "gpt-4.1-mini" and call.chance < 1 / 6 else 1)


def searched(call: Call) -> Decimal:
    """Return list and one to three searches at ten dollars a thousand, as OpenAI and Anthropic bill them."""
    return call.listed + CENT * (1 + int(call.chance * 1000) % 3)


CLEAR = {
    "a few odd requests": (month(some(0.003, odd)), "none", "fit no rule and no look-alike and differ by "),
    "noise of 2% on both sides": (month(rate("1"), noise=0.02), "none", "at most"),
    "noise of 5%, rounded to five places": (month(rate("1"), noise=0.05, places=5), "none", "at most"),
    "rounded down to a thirtieth of a request": (
        month(rate("1"), places=4, rounding=ROUND_FLOOR, scale=0.4), "none", "billed equals list",
    ),
    "searches that the log does not count": (month(some(0.1, searched)), "explained", "uncounted searches"),
    "thoughts that no log counts": (month(thoughtful), "explained", "output tokens per request that the log does"),
    "another model answered": (month(dearer_sibling), "explained", "of the requests cost what openai/gpt-4.1 does"),
    "retries billed with the answer": (
        month(some(0.04, lambda call: 3 * call.listed), models=3), "explained", "duplicates",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", CLEAR)
def test_what_is_no_rule_is_called_none(catalog: Catalog, what: str) -> None:
    rows, verdict, words = CLEAR[what]
    found = judged(catalog, rows)
    assert (found.verdict, found.overpaid_usd, found.found) == (verdict, 0, [])
    assert words in " ".join(found.evidence[:2])


def test_odd_requests_are_shown_with_what_they_come_to(catalog: Catalog) -> None:
    rows = month(some(0.003, odd))
    over = sum(row.billed_usd for row in rows) - sum(row.billed_usd for row in month(rate("1")))
    count = sum(row.billed_usd != plain.billed_usd for row, plain in zip(rows, month(rate("1")), strict=True))
    (told,) = judged(catalog, rows).notes
    assert told.startswith(f"{count} of 900 sampled requests ({100 * count / 900:.2g}%) fit no rule and no look-alike ")
    assert f"differ by +${over:.4f} in total: line " in told


def test_odd_requests_with_more_digits_leave_the_logs_rounding_as_it_is(catalog: Catalog) -> None:
    """Six places, and corrections with ten: taken for ten, the rounding of cheap requests would be noise."""
    rows = month(rate("1.1"), places=6, scale=0.3)
    fine = month(some(0.003, odd), places=10, scale=0.3)
    rows = [late if late.billed_usd > 2 * row.billed_usd else row for row, late in zip(rows, fine, strict=True)]
    assert step_of([row.billed_usd for row in rows]) == 1e-6
    found = judged(catalog, rows)
    (rule,) = found.found
    assert (found.verdict, found.kind, len(rule.models)) == ("markup", "token_rate", 3)
    assert (rule.low_pct or 0) <= 10 <= (rule.high_pct or 0)


@pytest.mark.parametrize(
    ("amounts", "step"),
    [
        (["0.1", "0.25", "0.3"], 0.05), (["0.002", "0.004", "0.01"], 0.002), (["0.5", "0.5"], 1e-12),
        (["0.01"] * 99 + ["0.02"] * 99 + ["0.0101"], 0.01), (["0.01"] * 90 + ["0.02"] * 7 + ["0.0101"] * 3, 1e-4),
    ],
)  # fmt: skip
def test_a_step_is_what_nearly_every_amount_is_a_multiple_of(amounts: list[str], step: float) -> None:
    assert step_of([Decimal(one) for one in amounts]) == pytest.approx(step)


def test_many_odd_requests_keep_the_verdict_open(catalog: Catalog) -> None:
    found = judged(
        catalog, month(lambda call: call.listed * (1 + Decimal(repr(call.chance))) if call.day < 3 else call.listed)
    )
    assert (found.verdict, found.overpaid_usd) == ("undecidable", None)


def test_a_cent_on_every_request_is_a_fee_and_no_search(catalog: Catalog) -> None:
    found = judged(catalog, month(lambda call: call.listed + CENT))
    assert (found.verdict, found.kind, found.fixed_usd) == ("markup", "per_request", CENT)


@pytest.mark.parametrize("places", [4, 5])
def test_thoughts_in_rough_amounts_are_no_fee(catalog: Catalog, places: int) -> None:
    """Rough amounts hide that tokens are whole; what is added still differs from request to request."""
    found = judged(catalog, month(thoughtful, places=places))
    assert (found.verdict, found.overpaid_usd, found.found) == ("undecidable", None, [])


@pytest.mark.parametrize("noise", [0.01, 0.03])
def test_a_fee_is_told_through_noise(catalog: Catalog, noise: float) -> None:
    found = judged(catalog, month(lambda call: call.listed + Decimal("0.002"), noise=noise))
    assert (found.verdict, found.kind) == ("markup", "per_request")
    assert float(found.fixed_usd or 0) == pytest.approx(0.002, rel=0.02)


def test_twice_list_on_everything_is_a_rate_and_no_retry(catalog: Catalog) -> None:
    found = judged(catalog, month(rate("2.2")))
    assert (found.verdict, found.kind, found.pct) == ("markup", "token_rate", pytest.approx(120, abs=0.01))


@pytest.mark.parametrize(("gateway", "verdict"), [("relay.example", "undecidable"), ("openrouter", "markup")])
def test_a_ratio_that_may_be_a_currency_is_a_markup_where_dollars_are_charged(
    catalog: Catalog, gateway: str, verdict: str
) -> None:
    """1.37 is what a US dollar costs in Canadian ones; OpenRouter's credits are US dollars."""
    rows = [msgspec.structs.replace(row, gateway=gateway) for row in month(rate("1.37"))]
    found = judge_gateway(Traffic(gateway, cells_of(rows, catalog), rows), catalog)
    assert found.verdict == verdict
    assert (found.kind, found.overpaid_usd is None) == (("token_rate", False) if verdict == "markup" else (None, True))
    assert verdict == "markup" or "CAD or AUD to the dollar" in found.evidence[0]


def test_a_rate_in_cents_takes_in_a_model_with_regional_prices(catalog: Catalog) -> None:
    """Cents leave the estimate open by more than a cent here and there; the round number makes every amount."""
    rows = month(rate("1.1"), places=2, rounding=ROUND_HALF_EVEN, scale=8, requests=1500)
    regional = [row for row in rows if row.sku == "gpt-4.1-mini"]
    rows = [row for row in rows if row.sku != "gpt-4.1-mini"]
    for row in regional:  # 2.5 and 15 dollars a million, as GPT-5.4 costs, and 10% more in a region
        fresh, read, output = row.tokens[0], row.tokens[1], row.tokens[-1]
        listed = (fresh * Decimal("2.5") + read * Decimal("0.25") + output * 15) / 1_000_000
        rows.append(
            msgspec.structs.replace(
                row, sku="gpt-5.4", model="openai/gpt-5.4", requested="gpt-5.4",
                billed_usd=(listed * Decimal("1.1")).quantize(CENT),
            )
        )  # fmt: skip
    found = judged(catalog, rows)
    assert "openai/gpt-5.4" in found.found[0].models
    assert float(found.overpaid_usd or 0) == pytest.approx(float(found.over_list_usd or 0), rel=0.05)  # rounding


@pytest.mark.parametrize(("noise", "scale"), [(0.005, 1.5), (0.01, 0.6), (0.01, 0.8), (0.01, 0.9)])
def test_an_interval_has_room_for_the_way_a_noisy_log_rounds(catalog: Catalog, noise: float, scale: float) -> None:
    """Noise hides that six places are rounded down; half a step is as much as the noise leaves of 1,200 requests."""
    rows = month(rate("1.1"), noise=noise, places=6, rounding=ROUND_FLOOR, scale=scale, models=2, requests=1200)
    (rule,) = judged(catalog, rows).found
    assert (rule.low_pct or 0) <= 10 <= (rule.high_pct or 0)
    assert (rule.high_pct or 0) - (rule.low_pct or 0) < 0.25


def free(rows: list[BilledRequest]) -> list[BilledRequest]:
    """Return the same month with every fourth request answered for nothing."""
    return [msgspec.structs.replace(row, billed_usd=Decimal(0)) if row.line % 4 == 0 else row for row in rows]


@pytest.mark.parametrize(("ratio", "verdict"), [("1", "none"), ("1.05", "markup")])
def test_answers_for_nothing_neither_thin_nor_hide_a_rate(catalog: Catalog, ratio: str, verdict: str) -> None:
    found = judged(catalog, free(month(rate(ratio))))
    assert (found.over_list_pct or 0) < -15  # as every fourth costs nothing
    assert found.verdict == verdict
    assert found.notes[-1].startswith("225 of 900 sampled requests (")
    if verdict == "markup":
        assert (found.kind, found.pct) == ("token_rate", pytest.approx(5, abs=0.001))
        charged = float(found.billed_usd or 0)
        assert float(found.overpaid_usd or 0) == pytest.approx(charged - charged / 1.05, rel=1e-5)


def test_the_rows_of_models_tell_what_was_taken_from_what_is_over(catalog: Catalog) -> None:
    """mini is 10% dearer, haiku 30% cheaper, gpt-4.1 at list."""

    def rule(call: Call) -> Decimal:
        return call.listed * Decimal({"gpt-4.1-mini": "1.1", "claude-haiku-4-5": "0.7"}.get(call.model, "1"))

    rows = {row.model: row for row in judged(catalog, month(rule, places=12)).by_model}
    mini, haiku, plain = (
        rows[name] for name in ("openai/gpt-4.1-mini", "anthropic/claude-haiku-4-5", "openai/gpt-4.1")
    )
    assert mini.overpaid_usd == mini.over_list_usd > 0
    assert haiku.overpaid_usd == 0 > haiku.over_list_usd
    assert (plain.overpaid_usd, round(plain.over_list_usd, 9)) == (0, 0)


def estimated(catalog: Catalog, rows: list[BilledRequest], payments: tuple[Payment, ...] = ()) -> GatewayRow:
    """Return the verdict on a gateway whose log has its own estimates instead of charges."""
    cells = cells_of(rows, catalog)
    cells = [replace(one, cell=msgspec.structs.replace(one.cell, billed_kind="list_estimate")) for one in cells]
    return judge_gateway(Traffic("relay.example", cells, rows, payments=payments), catalog)


@pytest.mark.parametrize(
    ("ratio", "words"),
    [("1", "its estimates equal list"), ("1.1", "its estimates differ from list (estimated at 1.1 times list (10.00%")],
)
def test_estimates_are_no_charge_and_are_told_from_list(catalog: Catalog, ratio: str, words: str) -> None:
    found = estimated(catalog, month(rate(ratio), places=12))
    assert (found.verdict, found.kind, found.overpaid_usd) == ("undisclosed", None, None)
    assert words in found.evidence[0]


def test_a_subscription_is_a_markup_beside_estimates(catalog: Catalog) -> None:
    rows = month(rate("1"))
    paid = Payment(
        gateway="relay.example",
        at=rows[0].at,
        category="Subscription",
        paid_usd=Decimal(49),
        credited_usd=None,
        key="1",
    )
    found = estimated(catalog, rows, (paid,))
    assert (found.verdict, found.kind, found.overpaid_usd) == ("markup", "subscription", 49)


def test_a_model_that_the_lookalike_cannot_touch_is_a_witness_however_little_it_costs(catalog: Catalog) -> None:
    """Half of the requests cost 10% more. Claude's regional price would explain its own; GPT-4.1 mini has none.

    Claude Sonnet 5 costs twice what Haiku 4.5 does in every class: $2, $0.20 and $10.
    """
    rows = month(some(0.5, lambda call: call.listed * Decimal("1.1")), requests=3000)
    sku = "claude-sonnet-5"
    claude = [
        msgspec.structs.replace(row, sku=sku, requested=sku, model=f"anthropic/{sku}", billed_usd=row.billed_usd * 2)
        for row in rows
        if row.sku == "claude-haiku-4-5"
    ]
    few = [row for row in rows if row.sku == "gpt-4.1-mini"][:60]  # 1% of the bill
    assert judged(catalog, claude).verdict == "explained"
    found = judged(catalog, [*claude, *few])
    assert (found.verdict, found.overpaid_usd) == ("undecidable", None)
    assert "over list on openai/gpt-4.1-mini follows no rule" in found.evidence[0]


def test_a_discount_on_some_days_is_named_though_most_of_the_month_is_at_list(catalog: Catalog) -> None:
    """A fifth off on five days of thirty: no markup, and not "no model is billed below list"."""
    found = judged(catalog, month(lambda call: call.listed * (Decimal("0.8") if 10 <= call.day < 15 else 1)))
    assert found.verdict == "none"
    (promotion,) = (one for one in found.ruled_out if one.name == "promotion")
    assert not promotion.ruled_out
    assert "billed below list" in promotion.why
    (region,) = (one for one in found.ruled_out if one.name == "region")
    assert "that it does not explain" in region.why
