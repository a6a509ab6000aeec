"""Assumptions about another model: how many tokens it makes of the same text, how long it answers, how it reasons.

A value comes from the plan, else from the user's own shadow pairs, else from the user's own log, else from a table.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

import msgspec

from llmaudit.catalog import Catalog, Offer
from llmaudit.catalog.model import ContentClass, Tokenizer
from llmaudit.cells import PricedCell
from llmaudit.money import EXACT, ZERO, round_to, times, total
from llmaudit.plans.bands import ONE, RATIO_PLACES, UNKNOWN, Band
from llmaudit.plans.failures import LEAST_REQUESTS
from llmaudit.plans.logfacts import ModelFacts, facts_of
from llmaudit.plans.measured import Measured
from llmaudit.plans.model import Assume
from llmaudit.summaries.content import ContentRow
from llmaudit.summaries.links import LinkRow
from llmaudit.summaries.pairs import PairSums

LOW_OUTPUT, HIGH_OUTPUT = Decimal("0.5"), Decimal("1.7")
"""Band of the output length of another model: measured pairs of models range from 0.32 to 1.73 (docs/plans.md)."""

MOST_THOUGHT = Decimal(3)
"""High end of what another model thinks, in tokens per token thought or answered now: assumed, and meant to be wide."""

CODE_TASKS = {"code"}
KINDS: tuple[ContentClass, ...] = ("latin", "code", "cjk")
LIKELY: tuple[ContentClass, ...] = ("latin", "code")
"""What text of unknown kind may be; a log of Chinese or Japanese that has no prompt features needs a stated ratio."""

Mix = tuple[tuple[str | None, Decimal], ...]
"""Shares of the kinds of text, None for text of unknown kind; they add up to 1."""


class Known(NamedTuple):
    """What is assumed of a target for a cell, as far as the plan states nothing.

    Attributes:
        tokens: Its input tokens per token now.
        output: Its output tokens per output token now, beside its thoughts.
        thoughts: Its tokens of thought per token of thought now.
        thoughts_of_answer: Its tokens of thought per token of answer now.
        notes: What is not known, as sentences.
    """

    tokens: Band
    output: Band
    thoughts: Band
    thoughts_of_answer: Band
    notes: tuple[str, ...] = ()


class Ratios:
    """What is known of models beside their prices.

    Args:
        catalog: Tokenizer families and abilities.
        cells: The log, for failures and thoughts; nothing is taken from it where it is empty.
        pairs: Tokens of shadow pairs.
        content: Kinds of text by model and task.
        links: Cached tokens that follow a request of their session.
    """

    def __init__(
        self,
        catalog: Catalog,
        *,
        cells: Iterable[PricedCell] = (),
        pairs: Sequence[PairSums] = (),
        content: Sequence[ContentRow] = (),
        links: Sequence[LinkRow] = (),
    ) -> None:
        self._catalog = catalog
        self._measured = Measured(pairs, catalog)
        self._mixes = _mixes(content)
        self._tokens: dict[tuple[object, ...], Band] = {}
        self.facts: Mapping[str, ModelFacts] = facts_of(cells)
        self.links = links

    @classmethod
    def of(
        cls,
        catalog: Catalog,
        cells: Iterable[PricedCell],
        summaries: Mapping[type[msgspec.Struct], Sequence[msgspec.Struct]],
    ) -> Ratios:
        """Return what an evidence knows of models.

        Args:
            catalog: The prices.
            cells: The cells of the period.
            summaries: Rows of the summaries, by their type.
        """

        def rows(kind: type[msgspec.Struct]) -> Sequence[msgspec.Struct]:
            return summaries.get(kind, ())

        return cls(
            catalog,
            cells=cells,
            pairs=[row for row in rows(PairSums) if isinstance(row, PairSums)],
            content=[row for row in rows(ContentRow) if isinstance(row, ContentRow)],
            links=[row for row in rows(LinkRow) if isinstance(row, LinkRow)],
        )

    def known(self, priced: PricedCell, target: Offer) -> Known:
        """Return what is assumed of a target for a cell; that depends on its model, task, tier, and what it thought."""
        cell, after = priced.cell, target.sku.model
        tokens = self._measured.band("prompt", cell.model, after, cell.tier) or self._of_text(priced, target)
        answered = self._measured.band("output", cell.model, after, cell.tier)
        if answered is not None:  # the pairs' output has the target's thoughts in it
            return Known(tokens, answered, Band.at(ONE, "measured"), Band.at(ZERO, "measured"))
        thoughts, of_answer, notes = self._thoughts(priced, target)
        return Known(tokens, _by_table(tokens), thoughts, of_answer, notes)

    def stated(self, known: Known, assume: Assume) -> Known:
        """Return what is assumed, with what a plan states in its place."""
        tokens, output, thoughts, of_answer, notes = known
        if assume.token_ratio is not None:
            tokens = Band.at(assume.token_ratio)
            if output.basis != "measured":
                output = _by_table(tokens)
        if assume.output_ratio is not None:
            output = _around(assume.output_ratio)
            thoughts, of_answer, notes = Band.at(ONE), Band.at(ZERO), ()
        if assume.reasoning_ratio is not None:
            sentence = f"{assume.reasoning_ratio} reasoning tokens per answer token, as the plan states"
            thoughts, of_answer, notes = Band.at(ZERO), Band.at(assume.reasoning_ratio, "stated", sentence), ()
        return Known(tokens, output, thoughts, of_answer, notes)

    def _of_text(self, priced: PricedCell, target: Offer) -> Band:
        """Return the ratio by tokenizer family and kind of text."""
        here = priced.offer.sku.tokenizer if priced.offer else None
        key = (priced.cell.model, here, priced.cell.task, target.key)
        if key not in self._tokens:
            families = self._catalog.tokenizers
            before, after = families.get(here or ""), families.get(target.sku.tokenizer or "")
            self._tokens[key] = (
                self._unknown_family(priced.cell.model, target.sku.model, before, after)
                if before is None or after is None
                else _mixed(self._mix(priced), before, after, priced.cell.model, target.sku.model)
            )
        return self._tokens[key]

    def _mix(self, priced: PricedCell) -> Mix:
        told = self._mixes.get((priced.cell.model, priced.cell.task))
        return told or ((("code" if priced.cell.task in CODE_TASKS else None), ONE),)

    def _unknown_family(self, model: str, other: str, before: Tokenizer | None, after: Tokenizer | None) -> Band:
        """Return 1 for want of a family; between makers the families that are known say how far off that may be."""
        sentence = f"the tokenizer of {model} or {other} is unknown: token ratio 1x"
        if model.partition("/")[0] == other.partition("/")[0]:
            return Band.at(ONE, "assumed", sentence)
        every = [family.ratio_to_o200k["latin"] for family in self._catalog.tokenizers.values()]
        here = [before.ratio_to_o200k["latin"]] if before else every
        there = [after.ratio_to_o200k["latin"]] if after else every
        low, high = _divided(min(there), max(here)), _divided(max(there), min(here))
        sentence += f" ({low}x to {high}x, as tokenizer families differ)"
        return Band(ONE, min(low, ONE), max(high, ONE), "assumed", sentence)

    def _thoughts(self, priced: PricedCell, target: Offer) -> tuple[Band, Band, tuple[str, ...]]:
        """Return a target's thoughts, per token of thought and per token of answer now, and what is not known."""
        before, after = priced.cell.model, target.sku.model
        can = self._catalog.abilities(after).reasoning
        none, same = Band.at(ZERO, "table"), Band.at(ONE, "assumed")
        if can is False:
            sentence = (
                f"{after} does not reason, so the reasoning of {before} falls away"
                if priced.cell.reasoning_tokens
                else ""
            )
            return Band.at(ZERO, "table", sentence), none, ()
        notes = () if can else (f"{UNKNOWN}{after} reasons",)
        if priced.cell.reasoning_tokens:
            sentence = f"{after} reasons as much as {before} (not at all to {MOST_THOUGHT}x), assumed"
            return Band(ONE, ZERO, MOST_THOUGHT, "assumed", sentence), none, notes
        hidden = priced.cell.reasoning_tokens is None and self._catalog.abilities(before).reasoning is not False
        if not can or hidden:  # what is hidden in the output now has the length of the output then
            return same, none, notes
        return same, self._from_log(before, after), ()

    def _from_log(self, before: str, after: str) -> Band:
        """Return the thoughts of a model that can think in place of one that did not."""
        facts = self.facts.get(after)
        if facts and facts.thinking >= LEAST_REQUESTS and facts.answers:
            ratio = _divided(Decimal(facts.thoughts), Decimal(facts.answers))
            low, high = (round_to(times(ratio, factor), RATIO_PLACES) for factor in (LOW_OUTPUT, Decimal(2)))
            sentence = (
                f"{after} spends {ratio} reasoning tokens per answer token"
                f" ({low} to {high}, from {facts.thinking:,} of its requests in the log)"
            )
            return Band(ratio, low, high, "measured", sentence)
        sentence = (
            f"{before} does not reason and {after} can: none is expected, at most {MOST_THOUGHT} reasoning tokens per "
            "answer token, assumed"
        )
        return Band(ZERO, ZERO, MOST_THOUGHT, "assumed", sentence)


def _by_table(tokens: Band) -> Band:
    """Return an answer of the same length in another family's tokens, with the table's band."""
    low, high = times(tokens.low, LOW_OUTPUT), times(tokens.high, HIGH_OUTPUT)
    sentence = f"another model's answers are as long as now ({LOW_OUTPUT}x to {HIGH_OUTPUT}x), from a table"
    return Band(tokens.expected, low, high, "table", sentence)


def _around(ratio: Decimal) -> Band:
    """Return a stated output ratio with the table's band around it."""
    low, high = times(ratio, LOW_OUTPUT), times(ratio, HIGH_OUTPUT)
    sentence = f"another model's answers are {ratio}x as long as now, as the plan states ({low}x to {high}x)"
    return Band(ratio, low, high, "stated", sentence)


def _mixes(rows: Sequence[ContentRow]) -> dict[tuple[str, str | None], Mix]:
    """Return the shares of the kinds of text by model and task, to two decimals."""
    tokens: dict[tuple[str, str | None], dict[str | None, int]] = {}
    for row in rows:
        kinds = tokens.setdefault((row.model, row.task), {})
        kinds[row.content] = kinds.get(row.content, 0) + row.tokens
    found: dict[tuple[str, str | None], Mix] = {}
    for key, kinds in tokens.items():
        whole = Decimal(sum(kinds.values()))
        shares = {kind: round_to(EXACT.divide(Decimal(kinds.get(kind, 0)), whole), 2) for kind in ("code", "cjk", None)}
        latin = 1 - total(shares.values())
        found[key] = tuple((kind, share) for kind, share in {"latin": latin, **shares}.items() if share)
    return found


def _mixed(mix: Mix, before: Tokenizer, after: Tokenizer, model: str, other: str) -> Band:
    """Return the ratio of two families on a mix of texts; unknown ones are taken for prose, at an end for code."""
    both = {kind: (after.ratio_to_o200k[kind], before.ratio_to_o200k[kind]) for kind in KINDS}
    ratios: dict[str, Decimal] = {kind: _divided(*pair) for kind, pair in both.items()}
    likely = [ratios[kind] for kind in LIKELY]
    ends = {"expected": ratios["latin"], "low": min(likely), "high": max(likely)}
    expected, low, high = (
        round_to(total(times(ratios.get(kind or "", unknown), share) for kind, share in mix), RATIO_PLACES)
        for unknown in ends.values()
    )
    if low == expected == high == 1:
        return Band.at(ONE, "table")
    text = ", ".join(f"{times(share, 100).normalize():f}% {kind or 'of unknown kind'}" for kind, share in mix)
    sentence = f"{other} needs {expected}x the tokens of {model} for the same text ({text})"
    return Band(expected, low, high, "table", sentence)


def _divided(part: Decimal, whole: Decimal) -> Decimal:
    return round_to(EXACT.divide(part, whole), RATIO_PLACES)
