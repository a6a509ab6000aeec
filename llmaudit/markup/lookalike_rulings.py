"""Says for each look-alike, in order, whether it is ruled out and by which numbers, and what remains open."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from llmaudit.markup.decide import ENOUGH, Decision
from llmaudit.markup.doubts import MANY, exchanged
from llmaudit.markup.judge import Judgement
from llmaudit.markup.lookalike_fitting import SOME, currency_of
from llmaudit.markup.lookalikes import ORDER
from llmaudit.markup.model import TOLERANCE, LookAlike, ModelRow
from llmaudit.markup.outliers import are_outliers_negligible, outlier_mask, unexplained_share
from llmaudit.markup.rules import PER_NUMBER

ALWAYS = {
    "duplicates": "every request id counts once, and one that counted twice would add to both sides alike",
    "log coverage": "each request is compared with its own list cost: what is missing from the log is in neither sum",
}
NOT_PRICED = {
    "region": "no model here has a regional price, or the log names the region",
    "time of day": "no model here has more expensive hours",
    "service tier": "no model here has another tier, or the log names the tier that served",
    "batch": "no model here has a batch price",
    "long context": "no model here has a price for long prompts",
    "cache class": "no request has cached tokens whose class is open",
    "price change on a date": "no price of these models changed within 18 months",
    "alias": "every request was served by the model it asked for",
    "reasoning outside output": "no request states reasoning tokens",
    "uncounted searches": "no model here has a price for searches, or the log counts them",
}


def rulings(judgement: Judgement) -> list[LookAlike]:
    """Return every look-alike in the order in which they are tried."""
    return [_ruling(name, judgement) for name in ORDER]


def _ruling(name: str, judgement: Judgement) -> LookAlike:
    explained = [key for key, one in judgement.models.items() if one.explained and one.explained.name == name]
    if explained:
        look = judgement.models[explained[0]].explained
        label = look.label if look else name
        return LookAlike(name, ruled_out=False, why=f"explains {_named(explained)}: {label}")
    if name in ALWAYS:
        return LookAlike(name, ruled_out=True, why=ALWAYS[name])
    if name == "promotion":
        return _promotion(judgement)
    if name == "currency":
        return _currency(judgement)
    if all(one.outcome == "list" for one in judgement.models.values()):
        return LookAlike(name, ruled_out=True, why="the amounts are list as it is: there is nothing to explain")
    tested = [(_behind(one, name), one.tested[name]) for one in _asked(judgement) if name in one.tested]
    if not tested:
        return LookAlike(name, ruled_out=True, why=NOT_PRICED[name])
    behind, best = min(tested, key=lambda pair: pair[0])
    share = f"{best.label}: makes the amounts of {100 * best.fits:.0f}% of the requests"
    if behind > PER_NUMBER:
        return LookAlike(name, ruled_out=True, why=f"{share} only")
    return LookAlike(name, ruled_out=False, why=f"{share}, as any other reading does")


def _behind(one: Decision, name: str) -> float:
    """Return how much worse a look-alike fits than the explanation chosen for a model, rule or look-alike."""
    return one.tested[name].worse + one.rule.cost - one.cost


def _asked(judgement: Judgement) -> Iterator[Decision]:
    """Yield the decisions in which a look-alike has to be ruled out: groups under a rule, and unclear models."""
    yield from (group.decision for group in judgement.groups)
    yield from (one for one in judgement.models.values() if one.outcome in {"unclear", "look-alike"})


def _promotion(judgement: Judgement) -> LookAlike:
    below = [key for key, one in judgement.models.items() if one.outcome == "discount"]
    if below:
        over = judgement.models[below[0]].over
        return LookAlike(
            "promotion", ruled_out=False, why=f"explains {_named(below)}: billed {100 * over:+.1f}% of list"
        )
    return LookAlike("promotion", ruled_out=True, why="no model is billed below list")


def _currency(judgement: Judgement) -> LookAlike:
    other = [key for key, one in judgement.models.items() if one.outcome == "currency"]
    if other:
        rate = exchanged(judgement.models[other[0]].rule) or 1.0
        return LookAlike(
            "currency", ruled_out=False, why=f"explains {_named(other)}: {rate:.4g} is {currency_of(rate)} for a dollar"
        )
    return LookAlike("currency", ruled_out=True, why="amounts are in US dollars, and no ratio is an exchange rate")


def unsettled(judgement: Judgement) -> str | None:
    """Return what keeps the verdict open, and what would settle it; None if nothing does."""
    bare = [key for key, one in judgement.models.items() if _is_bare(one)]
    if bare and _is_one_ratio(judgement, bare) and not _at_list_for_sure(judgement, bare):
        one = judgement.models[bare[0]]
        look = one.explained
        what = f"{look.name} ({look.label})" if look else "a look-alike"
        return (
            f"billed is {100 * one.over:+.2f}% over list on {_named(bare)}, the very ratio of {what}, and no model "
            f"here has one price everywhere; {_settling(look.name if look else '')} would settle it"
        )
    if (foreign := _near_currency(judgement)) is not None:
        return foreign
    few = are_outliers_negligible(judgement)
    excess = {key: unexplained_share(one) for key, one in judgement.models.items() if not few or one.outcome != "list"}
    loose = [key for key, share in excess.items() if share > TOLERANCE]
    dollars = sum(share * float(judgement.models[key].bench.listed.sum()) for key, share in excess.items())
    share = dollars / float(judgement.panel.listed.sum())
    if loose and share > TOLERANCE:
        return (
            f"{100 * share:+.2f}% over list on {_named(loose)} follows no rule and no look-alike; the gateway's own "
            "bill by request, or the conditions its log leaves out (region, tier, cached tokens), would settle it"
        )
    return None


def _near_currency(judgement: Judgement) -> str | None:
    """Return the question whether a ratio is a markup or a currency, if some gateways charge such a ratio."""
    foreign = {key: exchanged(one.rule) for key, one in judgement.models.items() if one.outcome == "currency"}
    near = {key: rate for key, rate in foreign.items() if rate is not None and 1 < rate <= MANY}
    if not near:
        return None
    rate = next(iter(near.values()))
    return (
        f"billed is {rate:.4g} times list on {_named(list(near))}: a markup, or {currency_of(rate)} for a dollar; the "
        "currency of the amounts would settle it"
    )


def _settling(name: str) -> str:
    """Return what settles whether a look-alike is one, in words."""
    return {
        "price change on a date": "the price list that the gateway billed by",
        "alias": "the price list that the gateway billed by",
    }.get(name, f"the {name or 'condition'} of the requests")


def _is_bare(one: Decision) -> bool:
    look = one.explained
    return look is not None and look.is_everywhere and look.is_constant and one.over > TOLERANCE


def _is_one_ratio(judgement: Judgement, names: Sequence[str]) -> bool:
    overs = [judgement.models[name].over for name in names]
    return max(overs) - min(overs) <= TOLERANCE


def _at_list_for_sure(judgement: Judgement, bare: Sequence[str]) -> bool:
    """Say whether other models, which the look-alike does not touch, are at list: then it explains the rest."""
    look = judgement.models[bare[0]].explained
    return any(
        one.outcome == "list" and look is not None and (look.name != "region" or one.dearest <= 1 + TOLERANCE)
        for name, one in judgement.models.items()
        if name not in bare
    )


def explanation(judgement: Judgement) -> str:
    """Return what explains the amounts that are not list, grouping models with the same explanation."""
    parts: dict[str, list[str]] = {}
    for key, one in judgement.models.items():
        if (why := _explained(one)) is not None:
            parts.setdefault(why, []).append(key)
    told = (f"{_named(names)}: {why.replace(SOME, _share(judgement, names))}" for why, names in parts.items())
    return f"no markup: {'; '.join(told)}"


def _share(judgement: Judgement, names: Sequence[str]) -> str:
    """Return how many requests of some models their explanation covers, in words."""
    looks = (judgement.models[name].explained for name in names)
    shares = [100 * look.share for look in looks if look is not None and look.share is not None]
    if not shares:
        return SOME
    low, high = f"{min(shares):.0f}%", f"{max(shares):.0f}%"
    return f"on {low if low == high else f'{low} to {high}'} of the requests"


def _explained(one: Decision) -> str | None:
    if one.explained is not None:
        return f"{one.explained.name} ({one.explained.label})"
    if one.outcome == "discount":
        return f"billed below list ({100 * one.over:+.1f}%), a discount"
    if one.outcome == "currency":
        rate = exchanged(one.rule) or 1.0
        return f"{rate:.4g} times list is {currency_of(rate)} for a dollar"
    return None


def bound_pct(judgement: Judgement) -> float:
    """Return the largest markup, in percent, that would be compatible with the amounts of a gateway at list.

    A few odd requests are no part of it: they are shown apart.
    """
    rooms, few = [], are_outliers_negligible(judgement)
    for one in judgement.models.values():
        kept = ~outlier_mask(one) if few else np.ones(len(one.bench.panel), bool)
        residual = (one.bench.panel.billed - one.bench.listed)[kept]
        error = float(np.sqrt((residual**2).sum())) / float(one.bench.listed.sum())
        rooms.append(100 * (abs(float(residual.sum() / one.bench.listed.sum())) + 2 * error))
    return min(max(rooms, default=0.0), 100.0)


def by_sums(models: Sequence[ModelRow]) -> list[LookAlike]:
    """Return the look-alikes if only sums are known: the list price accounts for them as far as the log shows them."""
    certain = [row.model for row in models if row.decides]
    region = f"{', '.join(certain)} have no regional price" if certain else "every model compared has regional prices"
    told = {
        "time of day": "list is taken at each request's own minute",
        "service tier": "list is taken at the tier that served each request",
        "batch": "list is taken at batch prices for batch requests",
        "long context": "list is taken at each request's prompt size",
        "cache class": "reads and writes are priced apart, each at its own rate",
        "price change on a date": "list is taken at each request's own minute",
        **ALWAYS,
    }
    return [
        LookAlike(name, bool(certain), region)
        if name == "region"
        else LookAlike(name, name in told, told.get(name, "not tested: too few requests with amounts"))
        for name in ORDER
    ]


def _named(names: Sequence[str]) -> str:
    few = ", ".join(names[:3])
    return few if len(names) <= 3 else f"{few} and {len(names) - 3} more"  # noqa: PLR2004 -- as many as are named


__all__ = ["ENOUGH", "bound_pct", "by_sums", "explanation", "rulings", "unsettled"]
