"""How much of the usage counted by a seller is in the logs, in tokens and in dollars."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from llmaudit.billing.lines import ANY, kind_of, same_models
from llmaudit.billing.listed import Listed, summed
from llmaudit.cells import PricedCell
from llmaudit.findings.usage.model import Logged
from llmaudit.money import EXACT, PICO, ZERO, percent, times, total
from llmaudit.request import COUNTERS

Key = tuple[str, str | None]
"""A model, as it is compared, and a kind of token."""


class Traffic:
    """A seller's usage beside the logged requests of the same days, by the models that both have.

    Args:
        listed: All of the usage.
        cells: The requests.
    """

    def __init__(self, listed: list[Listed], cells: Iterable[PricedCell]) -> None:
        self._listed = listed
        self.cells = list(cells)
        self._names = {one.model.lower() for one in listed if one.model is not None}
        self._same = same_models(self._names, {priced.cell.model.lower() for priced in self.cells})
        self._by_model: dict[str, list[PricedCell]] = {}
        for priced in self.cells:
            self._by_model.setdefault(self._compared(priced.cell.model), []).append(priced)

    def _compared(self, model: str) -> str:
        return self._same.get(model.lower(), model.lower())

    def whole(self) -> Logged | None:
        """Return how much of the usage the logs have; None where no request is logged."""
        return self._covered(self._listed, self.cells) if self.cells else None

    def of_model(self, model: str | None, usage: list[Listed]) -> Logged | None:
        """Return how much of a model's usage the logs have; None where they do not tell it from another."""
        if not self.cells or model is None:
            return None
        key = self._compared(model)
        if sum(self._compared(name) == key for name in self._names) > 1:
            return None
        return self._covered(usage, self._by_model.get(key, []))

    def logged_only(self) -> list[str]:
        """Return the models in the logs that the usage does not have; none where it does not tell models apart."""
        if any(one.model is None for one in self._listed):
            return []
        known = {self._compared(name) for name in self._names}
        return sorted({one.cell.model for one in self.cells if self._compared(one.cell.model) not in known})

    def _covered(self, listed: list[Listed], cells: list[PricedCell]) -> Logged:
        """Return how much of some usage some requests have.

        Of a model and kind of token with Q tokens in the export for L dollars at list, and q in the logs, min(q, Q) are
        covered, which cost L x min(q, Q) / Q. More in the logs than in the export covers no other kind. Where the
        export does not tell models apart, kinds of all models are compared.
        """
        groups, seen = self._sides(listed, cells)
        tokens, both, dollars, parts = ZERO, ZERO, ZERO, []
        for key, group in groups.items():
            quantity = total(one.line.tokens or ZERO for one in group)
            share, usd = min(quantity, seen.get(key, ZERO)), summed(one.usd for one in group)
            tokens, both = tokens + quantity, both + share
            parts.append(usd)
            if usd is not None and quantity:
                dollars += EXACT.quantize(EXACT.divide(times(usd, share), quantity), PICO)
        whole = summed(parts) if parts else None
        return Logged(
            tokens=sum(sum(priced.cell.tokens) for priced in cells),
            covered_tokens=int(both),
            coverage_pct=_rounded(percent(both, tokens)),
            list_usd=total(priced.list_usd for priced in cells if priced.list_usd is not None),
            covered_usd=None if whole is None else dollars,
            coverage_usd_pct=None if whole is None else _rounded(percent(dollars, whole)),
            missing_usd=None if whole is None else whole - dollars,
        )

    def _sides(
        self, listed: list[Listed], cells: list[PricedCell]
    ) -> tuple[Mapping[Key, list[Listed]], Mapping[Key, Decimal]]:
        """Return usage, and tokens in the logs, by model and kind as they are compared."""
        used = [one for one in listed if one.line.tokens is not None]
        apart = all(one.model is not None for one in used)
        lumped = any(one.line.token_kind == "input_all" for one in used)  # noqa: S105 -- a kind of token, no secret
        groups: dict[Key, list[Listed]] = {}
        for one in used:
            key = (self._compared(one.model or ANY) if apart else ANY, kind_of(one.line.token_kind, lumped=lumped))
            groups.setdefault(key, []).append(one)
        seen: dict[Key, Decimal] = {}
        for priced in cells:
            model = self._compared(priced.cell.model) if apart else ANY
            for counter, count in zip(COUNTERS, priced.cell.tokens, strict=True):
                key = (model, kind_of(counter.removesuffix("_tokens"), lumped=lumped))
                seen[key] = seen.get(key, ZERO) + count
        return groups, seen


def _rounded(share: float | None) -> float | None:
    return None if share is None else round(share, 2)
