"""Dated prices by seller, sku and condition: load pricing/, resolve model names, and quote a usage exactly.

- `load` reads pricing/ and the user's overlays into a `Catalog` (`catalog`), whose parts are `directory` (what names
  mean), `stock` (sellers, skus, models), `compiled` and `timeline` (prices as atomic, dated rates).
- `rates` finds the rates that apply to a request, with bounds; `quote` prices one usage and explains it.
- `model` has the shapes of the YAML files, `units` the quantities that are priced, `schedule` the price calendars.
- `verify` checks a whole catalog; `build` compiles pricing/compiled/ from its sources.
"""

from __future__ import annotations

from llmaudit.catalog.catalog import Catalog
from llmaudit.catalog.directory import Match
from llmaudit.catalog.load import load_catalog
from llmaudit.catalog.quote import Quote, quote
from llmaudit.catalog.rates import Conditions, NoRates, Rates, rates_for
from llmaudit.catalog.stock import Offer

__all__ = ["Catalog", "Conditions", "Match", "NoRates", "Offer", "Quote", "Rates", "load_catalog", "quote", "rates_for"]
