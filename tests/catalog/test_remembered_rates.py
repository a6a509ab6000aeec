"""Rates that are remembered for a stretch of time and sizes are those of every instant and size in it."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from llmaudit.catalog import Catalog, Conditions, rates_for
from llmaudit.catalog.rates import _rates_for

MOMENT = timedelta(microseconds=1)


def test_a_stretch_has_one_price(catalog: Catalog) -> None:
    """Asked in any order, at every instant at which a price changes, just before and just after it."""
    rng = random.Random(5)  # noqa: S311 -- seeded on purpose
    offers = rng.sample(list(catalog.offers()), 150)
    asked = []
    for offer in offers:
        spans = [span for every in catalog.spans(offer).values() for span in every]
        edges = {edge for span in spans for edge in (span.start, span.end)}
        edges |= {
            until.replace(tzinfo=None)
            for span in spans
            for rate in span.rates.values()
            if (until := rate.evidence.firm_until)
        }
        usable = [edge for edge in edges if datetime(2000, 1, 1) < edge < datetime(2100, 1, 1)]  # noqa: DTZ001 -- naive UTC
        sizes = sorted({when.prompt_from for when in catalog.spans(offer)})
        for edge in rng.sample(sorted(usable), min(4, len(usable))):
            for at in (edge - MOMENT, edge, edge + MOMENT):
                size = rng.choice(sizes) + rng.choice((0, 1))
                tier, region = rng.choice((None, "priority", "Flex")), rng.choice((None, "global", "us"))
                asked.append((offer, Conditions(at, size, tier, rng.choice((None, True)), region)))
    rng.shuffle(asked)
    assert len(asked) > 500
    for offer, conditions in asked:
        assert rates_for(catalog, offer, conditions) == _rates_for(catalog, offer, conditions)
