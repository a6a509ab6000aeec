"""Brings what several packages state about one sku under one id, and drops what is not a price."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace
from decimal import Decimal

from llmaudit.catalog.build.fact import Fact, Stated, cleaned
from llmaudit.catalog.build.names import MAKERS

FREE = re.compile(r"(?:[:/-])free$")
PLACEHOLDER_SOURCES = frozenset({"litellm", "genai-prices"})
"""Lists in which 0 often stands for "not known"; the other two copy a 0 from the seller's page."""

REGIONAL = "regional."
_GEO = re.compile(r"^(?:global|us|eu|apac|au|jp|in|ca|us-gov)\.(?=[a-z0-9-]+\.)")
_REVISION_1 = re.compile(r"(?:-v1)?(?::\d+(?::\w+)?)$|-v1$")
_CLAUDE_DAY = re.compile(r"-20\d{6}")
_LONG_DAY = re.compile(r"-20\d\d-?(\d\d)-?(\d\d)$")
_VERTEX = re.compile(r"@[\w-]+$|-maas$")
_INSTRUCT = re.compile(r"-(?:instruct|chat)$")


def without_names(sources: Iterable[Stated], names: AbstractSet[tuple[str, str]]) -> None:
    """Take out skus that the overlay knows as further names of another sku, unless they have a record of their own.

    Such a name would be found as a sku first, and have no price before the day on which a package without dates was
    read.

    Args:
        sources: The packages; changed in place.
        names: Seller and name, in small letters.
    """
    listed = list(sources)
    recorded = {key for source in listed if source.name == "model-prices" for key in _skus(source)}
    for source in listed:
        kept = [
            fact
            for fact in source.facts
            if (fact.seller, fact.sku) in recorded or (fact.seller, fact.sku.lower()) not in names
        ]
        source.left_out["a further name of another sku (overlay)"] += len(source.facts) - len(kept)
        source.facts = kept


def align(sources: Iterable[Stated]) -> list[Stated]:
    """Return the sources with one spelling of each sku per seller, and without rates that are no price.

    Ids that differ in case only are one sku, spelt as the first source spells it. The clouds' price lists name offers
    (`anthropic.claude-opus-4-6`, `gpt-4o-0513`) where a log has the cloud's model ids; an offer is said of every id
    that fits it.
    """
    listed = list(sources)
    spelt: dict[tuple[str, str], str] = {}
    ids: dict[str, set[str]] = defaultdict(set)
    for source in listed:
        for fact in source.facts:
            spelt.setdefault((fact.seller, fact.sku.lower()), fact.sku)
            if source.name != "openai-cost-calculator" and not fact.sku.startswith(REGIONAL):
                ids[fact.seller].add(fact.sku)
    for source in listed:
        if source.matches:
            _regional(source, ids["bedrock"])
    offers = {seller: _ids_by_form(ids[seller]) for seller in ("azure", "bedrock", "vertex")}
    for source in listed:
        _respell(source, spelt, offers if source.name == "openai-cost-calculator" else {})
    for source in listed:
        _repeat_under_names(source, {key for other in listed if other is not source for key in _skus(other)})
    stated = _with_a_price(listed)
    for source in listed:
        _clean(source, stated)
    _by_modality(listed)
    return listed


def _ids_by_form(skus: Iterable[str]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for sku in skus:
        found[offer_form(sku)].add(sku)
    return found


def offer_form(sku: str) -> str:
    """Return the form in which an offer of a cloud and the cloud's ids of that model are alike.

    The region prefix stays, for it is part of what is sold; the maker, the day, the first revision and `-instruct` go.
    """
    low = _VERTEX.sub("", sku.lower().rpartition("/")[2])
    prefix = _GEO.match(low)
    bare = _REVISION_1.sub("", low[prefix.end() :] if prefix else low)
    bare = _CLAUDE_DAY.sub("", bare) if "claude" in bare else _LONG_DAY.sub(r"-\1\2", bare)
    head, dot, rest = bare.partition(".")
    bare = rest if dot and head in MAKERS else bare
    return (prefix[0] if prefix else "") + _INSTRUCT.sub("", bare.replace(".", "-"))


def _respell(source: Stated, spelt: dict[tuple[str, str], str], offers: dict[str, dict[str, set[str]]]) -> None:
    """Give every fact and note of a source the ids of its sku; an offer that fits several ids is stated for each."""

    def ids_of(seller: str, sku: str) -> list[str]:
        if seller in offers:
            return sorted(offers[seller].get(offer_form(sku), {sku}))
        return [spelt.get((seller, sku.lower()), sku)]

    source.facts = [replace(fact, sku=sku) for fact in source.facts for sku in ids_of(fact.seller, fact.sku)]
    source.skus = [replace(note, sku=sku) for note in source.skus for sku in ids_of(note.seller, note.sku)]
    source.names = [replace(note, sku=sku) for note in source.names for sku in ids_of(note.seller, note.sku)]
    source.models = [replace(note, sku=sku) for note in source.models for sku in ids_of(note.seller, note.sku)]


def _regional(source: Stated, ids: Iterable[str]) -> None:
    """Say what genai-prices states of `regional.<id>` of each id that Bedrock has for it.

    That prefix is the package's own; its matching rule says which ids are meant. The rule alone is too loose (it takes
    prefixes), so the forms must agree, too.
    """
    by_form: dict[str, list[str]] = defaultdict(list)
    for sku in ids:
        prefix = _GEO.match(sku.lower())
        if not prefix or prefix[0] not in {"global.", "us-gov."}:
            by_form[offer_form(sku[prefix.end() :] if prefix else sku)].append(sku)
    kept: list[Fact] = []
    for fact in source.facts:
        if fact.seller != "bedrock" or not fact.sku.startswith(REGIONAL):
            kept.append(fact)
            continue
        if fact.sku.startswith(f"{REGIONAL}amazon."):
            source.left_out["one price for regions that have different ones (Amazon's own models)"] += 1
            continue
        bare = fact.sku.removeprefix(REGIONAL)
        meant = [sku for sku in by_form[offer_form(bare)] if source.matches[("bedrock", fact.sku)](sku)]
        kept += [replace(fact, sku=sku) for sku in sorted({bare, *meant})]
    source.facts = kept


def _skus(source: Stated) -> set[tuple[str, str]]:
    return {(fact.seller, fact.sku) for fact in source.facts}


def _repeat_under_names(source: Stated, elsewhere: set[tuple[str, str]]) -> None:
    """Repeat a sku's facts under each of its further names that another package has as a sku of its own.

    Without that the same model under two ids would be two models with one opinion each.
    """
    own = _skus(source)
    facts: dict[tuple[str, str], list[Fact]] = defaultdict(list)
    for fact in source.facts:
        facts[(fact.seller, fact.sku)].append(fact)
    for note in source.names:
        named = (note.seller, note.name)
        if named in elsewhere and named not in own and source.name != "model-prices":
            own.add(named)
            source.facts += [replace(fact, sku=note.name) for fact in facts[(note.seller, note.sku)]]


def _with_a_price(sources: list[Stated]) -> set[tuple[str, str]]:
    return {(fact.seller, fact.sku) for source in sources for fact in source.facts if fact.usd}


def _clean(source: Stated, priced: set[tuple[str, str]]) -> None:
    """Take out repeated facts, empty prices and reasoning rates that are the output rate."""
    outputs = {(f.seller, f.sku, f.when, f.valid_from): f.usd for f in source.facts if f.unit == "output"}
    own = {(fact.seller, fact.sku) for fact in source.facts if fact.usd}
    kept: dict[tuple[object, ...], Fact] = {}
    for fact in (replace(stated, usd=cleaned(stated.usd)) for stated in source.facts):
        identity = (fact.seller, fact.sku, fact.unit, fact.when, fact.valid_from)
        if fact.usd < 0:
            source.left_out["negative price (the seller routes to another model)"] += 1
        elif fact.unit == "reasoning" and outputs.get((fact.seller, fact.sku, fact.when, fact.valid_from)) == fact.usd:
            source.left_out["reasoning at the output price"] += 1
        elif (fact.seller, fact.sku) not in own and _is_placeholder(source, fact, priced):
            source.left_out["all rates 0 and not said to be free"] += 1
        elif identity in kept:
            kept[identity] = _one_of(source, kept[identity], fact)
        else:
            kept[identity] = fact
    source.facts = list(kept.values())


def _one_of(source: Stated, first: Fact, second: Fact) -> Fact:
    """Return the one that is taken of two facts about the same rate; two different figures are a conflict to show."""
    if first.usd == second.usd:
        source.left_out["stated twice"] += 1
        return first
    source.left_out["stated twice, differently (see conflicts.csv)"] += 1
    used, other = (first, second) if first.usd else (second, first)
    source.contradictions.append((used, other))
    return used


def _by_modality(sources: list[Stated]) -> None:
    """Give the one output price of a model that makes images or videos its right unit.

    model-prices has one rate per direction: of a model that makes images it is the price of image tokens, which is ten
    times that of text. Where another package states both, the figures say which of them it is.
    """
    stated: dict[tuple[str, str], dict[str, set[Decimal]]] = defaultdict(lambda: defaultdict(set))
    for fact in (fact for source in sources if source.name != "model-prices" for fact in source.facts):
        if not fact.when:
            stated[(fact.seller, fact.sku)][fact.unit].add(fact.usd)
    for source in (source for source in sources if source.name == "model-prices"):
        units = {
            (fact.seller, fact.sku): unit
            for fact in source.facts
            if fact.unit == "output" and not fact.when
            for unit in ("output_image", "output_video")
            if _is_only_in(fact.usd, unit, stated.get((fact.seller, fact.sku), {}))
        }
        source.facts = [
            replace(fact, unit=units.get((fact.seller, fact.sku), "output")) if fact.unit == "output" else fact
            for fact in source.facts
        ]


def _is_only_in(usd: Decimal, unit: str, stated: Mapping[str, set[Decimal]]) -> bool:
    texts = stated.get("output", set())
    return usd in stated.get(unit, set()) and bool(texts) and usd not in texts


def _is_placeholder(source: Stated, fact: Fact, priced: set[tuple[str, str]]) -> bool:
    if FREE.search(fact.sku.lower()):
        return False
    return source.name in PLACEHOLDER_SOURCES or (fact.seller, fact.sku) in priced
