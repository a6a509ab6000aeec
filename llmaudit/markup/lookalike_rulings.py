"""Says for each look-alike, in order, whether it is ruled out and by which numbers, and what remains open."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from llmaudit.markup.decide import ENOUGH, Decision
from llmaudit.markup.doubts import MANY, exchange_rate_of
from llmaudit.markup.judge import Judgement
from llmaudit.markup.lookalike_fitting import ON_SOME_REQUESTS, currency_of
from llmaudit.markup.lookalikes import ORDER
from llmaudit.markup.model import TOLERANCE, LookAlike, ModelRow
from llmaudit.markup.outliers import are_outliers_negligible, outlier_mask, unexplained_share
from llmaudit.markup.regression import MIN_ROWS
from llmaudit.markup.rules import PER_NUMBER
from llmaudit.phrases import counted

ALWAYS = {
    "duplicates": "every request id counts once; one counted twice would add the same to both sides",
    "log coverage": "each request is compared with its own list cost; what the log lacks is in neither sum",
}
NOT_PRICED = {
    "region": "no model with amounts off list has a regional price, or the log names the region",
    "time of day": "no model with amounts off list costs more at some hours",
    "service tier": "no model with amounts off list has another tier, or the log names the tier that served it",
    "batch": "no model with amounts off list has a batch price",
    "long context": "no model with amounts off list has a price for long prompts",
    "cache class": "no request with an amount off list has cached tokens of an unknown class",
    "price change on a date": "no price of a model with amounts off list changed within 18 months",
    "alias": "every request was served by the model it asked for",
    "reasoning outside output": "no request reports reasoning tokens",
    "uncounted searches": "no model with amounts off list has a price for searches, or the log counts them",
}


def rulings(judgement: Judgement) -> list[LookAlike]:
    """Return every look-alike in the order in which they are tried."""
    return [_ruling(name, judgement) for name in ORDER]


def _ruling(name: str, judgement: Judgement) -> LookAlike:
    explained_models = [
        key for key, decision in judgement.models.items() if decision.lookalike and decision.lookalike.name == name
    ]
    if explained_models:
        lookalike = judgement.models[explained_models[0]].lookalike
        label = lookalike.label if lookalike else name
        return LookAlike(name, ruled_out=False, why=f"explains {_named(explained_models)}: {label}")
    if name in ALWAYS:
        return LookAlike(name, ruled_out=True, why=ALWAYS[name])
    if name == "promotion":
        return _promotion(judgement)
    if name == "currency":
        return _currency(judgement)
    if all(decision.outcome == "list" for decision in judgement.models.values()):
        odd = sum(int(outlier_mask(decision).sum()) for decision in judgement.models.values())
        but = f", except {counted(odd, 'sampled request')} that it does not explain" if odd else ""
        return LookAlike(name, ruled_out=True, why=f"the amounts equal list, so there is nothing to explain{but}")
    scores = [
        (_behind(decision, name), decision.lookalike_scores[name])
        for decision in _asked(judgement)
        if name in decision.lookalike_scores
    ]
    if not scores:
        return LookAlike(name, ruled_out=True, why=NOT_PRICED[name])
    cost_behind, best = min(scores, key=lambda pair: pair[0])
    share = f"{100 * best.fits:.0f}% of the requests"
    if cost_behind > PER_NUMBER:
        return LookAlike(name, ruled_out=True, why=f"{best.label}: explains only {share}")
    return LookAlike(name, ruled_out=False, why=f"{best.label}: explains {share}, as well as any other explanation")


def _behind(decision: Decision, name: str) -> float:
    """Return how much worse a look-alike fits than the explanation chosen for a model, rule or look-alike."""
    return decision.lookalike_scores[name].excess_cost + decision.rule.cost - decision.cost


def _asked(judgement: Judgement) -> Iterator[Decision]:
    """Yield the decisions in which a look-alike has to be ruled out: groups under a rule, and unclear models."""
    yield from (group.decision for group in judgement.groups)
    yield from (decision for decision in judgement.models.values() if decision.outcome in {"unclear", "look-alike"})


def _promotion(judgement: Judgement) -> LookAlike:
    below = [key for key, decision in judgement.models.items() if decision.outcome == "discount"]
    if below:
        added_share = judgement.models[below[0]].added_share
        return LookAlike(
            "promotion", ruled_out=False, why=f"explains {_named(below)}: billed {100 * added_share:+.1f}% against list"
        )
    at_list = [decision for decision in judgement.models.values() if decision.outcome == "list"]
    odd = [(decision.bench.panel.billed - decision.bench.listed)[outlier_mask(decision)] for decision in at_list]
    cheap = np.concatenate([residual[residual < 0] for residual in odd]) if odd else np.empty(0)
    if -cheap.sum() > TOLERANCE * float(judgement.panel.listed.sum()):
        why = f"{counted(len(cheap), 'sampled request')} billed below list, together -${-cheap.sum():.4f}"
        return LookAlike("promotion", ruled_out=False, why=why)
    return LookAlike("promotion", ruled_out=True, why="no model is billed below list")


def _currency(judgement: Judgement) -> LookAlike:
    in_currency = [key for key, decision in judgement.models.items() if decision.outcome == "currency"]
    if in_currency:
        rate = exchange_rate_of(judgement.models[in_currency[0]].rule) or 1.0
        return LookAlike(
            "currency",
            ruled_out=False,
            why=f"explains {_named(in_currency)}: {rate:.4g} is the rate of {currency_of(rate)} to the dollar",
        )
    return LookAlike("currency", ruled_out=True, why="the amounts are in US dollars, and no ratio is an exchange rate")


def unsettled(judgement: Judgement) -> str | None:
    """Return what keeps the verdict open, and what would settle it; None if nothing does."""
    one_ratio_models = [key for key, decision in judgement.models.items() if _is_bare(decision)]
    if (
        one_ratio_models
        and _is_one_ratio(judgement, one_ratio_models)
        and not _at_list_for_sure(judgement, one_ratio_models)
    ):
        decision = judgement.models[one_ratio_models[0]]
        lookalike = decision.lookalike
        reading = f"{lookalike.name} ({lookalike.label})" if lookalike else "a look-alike"
        return (
            f"billed is {100 * decision.added_share:+.2f}% over list on {_named(one_ratio_models)}, exactly the ratio "
            f"of {reading}, and no model here has the same price everywhere; "
            f"{_settling(lookalike.name if lookalike else '')} would settle it"
        )
    if (currency_question := _near_currency(judgement)) is not None:
        return currency_question
    if (denied := _denied(judgement)) is not None:
        return denied
    is_negligible = are_outliers_negligible(judgement)
    excess = {
        key: unexplained_share(decision)
        for key, decision in judgement.models.items()
        if not is_negligible or decision.outcome != "list"
    }
    unexplained = [key for key, share in excess.items() if share > TOLERANCE]
    excess_usd = sum(share * float(judgement.models[key].bench.listed.sum()) for key, share in excess.items())
    share = excess_usd / float(judgement.panel.listed.sum())
    if unexplained and share > TOLERANCE:
        return (
            f"{100 * share:+.2f}% over list on {_named(unexplained)} fits no rule and no look-alike; the gateway's own "
            "bill by request, or the conditions missing from its log (region, tier, cached tokens), would settle it"
        )
    return None


def _over_list(decision: Decision) -> float:
    """Return what was billed beyond list, as a share of list."""
    bench = decision.bench
    return float((bench.panel.billed - bench.listed).sum() / bench.listed.sum())


def _denied(judgement: Judgement) -> str | None:
    """Return what contradicts a look-alike: a model that it cannot touch is as far over list as those it explains.

    How little that model costs is no matter: it is the witness, as one at list would be for the gateway.
    """
    touched = {
        key: (decision.lookalike.name, over)
        for key, decision in judgement.models.items()
        if decision.lookalike and (over := _over_list(decision)) > TOLERANCE
    }
    for key, decision in judgement.models.items():
        share = unexplained_share(decision) if decision.outcome == "unclear" else 0.0
        if share <= TOLERANCE or len(decision.bench.panel) < MIN_ROWS:
            continue
        for name, over in touched.values():
            if name not in decision.lookalike_scores and share >= over / 2:
                return (
                    f"{100 * share:+.2f}% over list on {key} follows no rule and no look-alike; {name}, which would "
                    "explain the others, does not apply to it; the gateway's own bill by request would settle it"
                )
    return None


def _near_currency(judgement: Judgement) -> str | None:
    """Return the question whether a ratio is a markup or a currency, if some gateways charge such a ratio."""
    exchange_rates = {
        key: exchange_rate_of(decision.rule)
        for key, decision in judgement.models.items()
        if decision.outcome == "currency"
    }
    plausible = {key: rate for key, rate in exchange_rates.items() if rate is not None and 1 < rate <= MANY}
    if not plausible:
        return None
    rate = next(iter(plausible.values()))
    return (
        f"billed is {rate:.4g} times list on {_named(list(plausible))}: either a markup, or the rate of "
        f"{currency_of(rate)} to the dollar; the currency of the amounts would settle it"
    )


def _settling(name: str) -> str:
    """Return what settles whether a look-alike is one, in words."""
    return {
        "price change on a date": "the price list the gateway used",
        "alias": "the price list the gateway used",
    }.get(name, f"the {name or 'condition'} of the requests")


def _is_bare(decision: Decision) -> bool:
    lookalike = decision.lookalike
    return (
        lookalike is not None and lookalike.is_everywhere and lookalike.is_constant and decision.added_share > TOLERANCE
    )


def _is_one_ratio(judgement: Judgement, names: Sequence[str]) -> bool:
    overs = [judgement.models[name].added_share for name in names]
    return max(overs) - min(overs) <= TOLERANCE


def _at_list_for_sure(judgement: Judgement, one_ratio_models: Sequence[str]) -> bool:
    """Say whether other models, which the look-alike does not touch, are at list: then it explains the rest."""
    lookalike = judgement.models[one_ratio_models[0]].lookalike
    return any(
        decision.outcome == "list"
        and lookalike is not None
        and (lookalike.name != "region" or decision.highest_regional_ratio <= 1 + TOLERANCE)
        for name, decision in judgement.models.items()
        if name not in one_ratio_models
    )


def explanation(judgement: Judgement) -> str:
    """Return what explains the amounts that are not list, grouping models with the same explanation."""
    models_by_reason: dict[str, list[str]] = {}
    for key, decision in judgement.models.items():
        if (why := _explained(decision)) is not None:
            models_by_reason.setdefault(why, []).append(key)
    sentences = (
        f"{_named(names)}: {why.replace(ON_SOME_REQUESTS, _share(judgement, names))}"
        for why, names in models_by_reason.items()
    )
    return f"no markup: {'; '.join(sentences)}"


def _share(judgement: Judgement, names: Sequence[str]) -> str:
    """Return how many requests of some models their explanation covers, in words."""
    lookalikes = (judgement.models[name].lookalike for name in names)
    shares = [
        100 * lookalike.share for lookalike in lookalikes if lookalike is not None and lookalike.share is not None
    ]
    if not shares:
        return ON_SOME_REQUESTS
    low, high = f"{min(shares):.0f}%", f"{max(shares):.0f}%"
    return f"on {low if low == high else f'{low} to {high}'} of the requests"


def _explained(decision: Decision) -> str | None:
    if decision.lookalike is not None:
        return f"{decision.lookalike.name} ({decision.lookalike.label})"
    if decision.outcome == "discount":
        return f"billed below list ({100 * decision.added_share:+.1f}%), a discount"
    if decision.outcome == "currency":
        rate = exchange_rate_of(decision.rule) or 1.0
        return f"{rate:.4g} times list is the rate of {currency_of(rate)} to the dollar"
    return None


def bound_pct(judgement: Judgement) -> float:
    """Return the largest markup, in percent, that would be compatible with the amounts of a gateway at list.

    A few odd requests are no part of it: they are shown apart.
    """
    bounds_pct, is_negligible = [], are_outliers_negligible(judgement)
    for decision in judgement.models.values():
        is_counted = ~outlier_mask(decision) if is_negligible else np.ones(len(decision.bench.panel), bool)
        residual = (decision.bench.panel.billed - decision.bench.listed)[is_counted]
        error = float(np.sqrt((residual**2).sum())) / float(decision.bench.listed.sum())
        bounds_pct.append(100 * (abs(float(residual.sum() / decision.bench.listed.sum())) + 2 * error))
    return min(max(bounds_pct, default=0.0), 100.0)


def by_sums(models: Sequence[ModelRow]) -> list[LookAlike]:
    """Return the look-alikes if only sums are known: the list price accounts for them as far as the log shows them."""
    certain = [row.model for row in models if row.decides]
    region = f"{', '.join(certain)} have no regional price" if certain else "every model compared has regional prices"
    reasons = {
        "time of day": "list is the price at each request's own minute",
        "service tier": "list is the price of the tier that served each request",
        "batch": "list is the batch price for batch requests",
        "long context": "list is the price for each request's prompt size",
        "cache class": "reads and writes are each priced at their own rate",
        "price change on a date": "list is the price at each request's own minute",
        **ALWAYS,
    }
    return [
        LookAlike(name, bool(certain), region)
        if name == "region"
        else LookAlike(name, name in reasons, reasons.get(name, "not tested: too few requests with amounts"))
        for name in ORDER
    ]


def _named(names: Sequence[str]) -> str:
    few = ", ".join(names[:3])
    return few if len(names) <= 3 else f"{few} and {len(names) - 3} more"  # noqa: PLR2004 -- as many as are named


__all__ = ["ENOUGH", "bound_pct", "by_sums", "explanation", "rulings", "unsettled"]
