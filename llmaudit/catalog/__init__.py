"""Dated prices by seller, sku and condition: load pricing/, find what a model name means, quote a usage exactly."""

from __future__ import annotations

from llmaudit.catalog.catalog import Catalog
from llmaudit.catalog.directory import Match
from llmaudit.catalog.load import load_catalog
from llmaudit.catalog.quote import Quote, quote
from llmaudit.catalog.rates import Conditions, NoRates, Rates, rates_for
from llmaudit.catalog.stock import Offer

__all__ = ["Catalog", "Conditions", "Match", "NoRates", "Offer", "Quote", "Rates", "load_catalog", "quote", "rates_for"]
