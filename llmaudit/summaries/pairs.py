"""Token counts of both answers of shadow pairs, as the sums needed for a ratio of totals and its interval.

Answers of one user, session or template resemble each other, so sums are taken by such clusters first (`COALESCE` below
takes the widest known). What is kept are the sums of the clusters' squares and products. A pair that was analysed in
several tests counts in the first of them; one without a time cannot be recognised in another test.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec

from llmaudit.store import Store
from llmaudit.summaries.base import Summary

MEASURES = {"prompt": "prompt_tokens", "output": "output_tokens"}


class PairSums(msgspec.Struct, frozen=True, kw_only=True):
    """Pairs of one shadow test, tier and pair of models with both answers good and both counts known.

    Attributes:
        test: The shadow test.
        model_before: The primary's model, as the pairs name it.
        model_after: The shadow's.
        tier: None is unknown.
        measure: prompt or output: which tokens.
        pairs: How many.
        clusters: Groups of like pairs.
        before: Tokens of the primary.
        after: Tokens of the shadow.
        before_squared: Sum over clusters of the primary's tokens squared.
        after_squared: Sum over clusters of the shadow's tokens squared.
        product: Sum over clusters of the product of both.
    """

    test: str
    model_before: str
    model_after: str
    tier: int | None
    measure: str
    pairs: int
    clusters: int
    before: int
    after: int
    before_squared: Decimal
    after_squared: Decimal
    product: Decimal


_SQL = """
    SELECT c.test AS test, c.model_before AS model_before, c.model_after AS model_after, c.tier AS tier,
        CAST(SUM(c.pairs) AS BIGINT) AS pairs, COUNT(*) AS clusters,
        CAST(SUM(c.a) AS BIGINT) AS before, CAST(SUM(c.b) AS BIGINT) AS after,
        SUM(c.a * c.a) AS before_squared, SUM(c.b * c.b) AS after_squared, SUM(c.a * c.b) AS product
    FROM (
        SELECT test, primary_model AS model_before, shadow_model AS model_after, tier,
            COALESCE(user_id, session_id, template_hash, pair_id) AS cluster,
            COUNT(*) AS pairs,
            CAST(SUM(primary_{column}) AS DECIMAL(19, 0)) AS a, CAST(SUM(shadow_{column}) AS DECIMAL(19, 0)) AS b
        FROM (
            SELECT * FROM shadow_pairs
            WHERE primary_ok AND shadow_ok AND primary_model IS NOT NULL AND shadow_model IS NOT NULL
                AND primary_{column} > 0 AND shadow_{column} IS NOT NULL
            QUALIFY primary_at IS NULL OR ROW_NUMBER() OVER (
                PARTITION BY pair_id, primary_at, primary_model, shadow_model ORDER BY test
            ) = 1
        )
        GROUP BY test, primary_model, shadow_model, tier, COALESCE(user_id, session_id, template_hash, pair_id)
    ) c
    GROUP BY c.test, c.model_before, c.model_after, c.tier
    ORDER BY ALL
"""


def build(store: Store) -> list[PairSums]:
    """Return the sums of every shadow test in the database, in a fixed order; they belong to no period."""
    return [
        PairSums(measure=measure, **row)
        for measure, column in MEASURES.items()
        for row in store.dicts(_SQL.format(column=column))
    ]


def merge(rows: Sequence[PairSums]) -> list[PairSums]:
    """Return the sums of several cells files: those of one test, tier and pair of models are added.

    The clusters of different files count as different ones.
    """
    sums: dict[tuple[Any, ...], PairSums] = {}
    for row in rows:
        key = (row.measure, row.test, row.model_before, row.model_after, row.tier)
        sums[key] = added([sums[key], row]) if key in sums else row
    return [sums[key] for key in sorted(sums, key=lambda key: [(part is None, str(part)) for part in key])]


def added(rows: Sequence[PairSums]) -> PairSums:
    """Return the sum of some rows, named by the first of them."""
    names = ("pairs", "clusters", "before", "after", "before_squared", "after_squared", "product")
    return msgspec.structs.replace(rows[0], **{name: sum(getattr(row, name) for row in rows) for name in names})


SUMMARY = Summary("pairs", PairSums, build, merge)
