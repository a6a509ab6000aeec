"""One sentence to its clauses: which charge, how much, on what, denied or not, whose."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from llmaudit.pages.amounts import Amount, amounts, number
from llmaudit.pages.model import Base, Kind, Who
from llmaudit.pages.sentences import parts
from llmaudit.pages.terms import (
    Setting,
    Term,
    base_of,
    find_terms,
    find_zero,
    is_asserted,
    is_bare_denial,
    is_denied,
    is_repeated,
    who_of,
)
from llmaudit.pages.variables import CLOSE, OPEN
from llmaudit.pages.words import Lexicon

UNIT_KINDS: dict[str, Kind] = {
    "request": "per_request",
    "log": "per_log",
    "tool": "tool_per_request",
    "period": "subscription",
    "payment": "payment_processing",
}
UNIT_BASES: dict[str, Base] = {
    "request": "request",
    "log": "log",
    "tool": "tool",
    "period": "subscription",
    "payment": "payment",
}
FEE_WORDS = {"fee", "platform", "topup", "payment", "orchestration", "byok", "markup", "overage"}
"""Classes that name a charge by themselves; the others need a number or a verb."""

_FEE = re.compile(r"fee|charge|gebühr|frais|cuota|tarifa|cargo|[费費料]", re.IGNORECASE)
OWN_DISTANCE = 70
"""Characters over which a figure can belong to a word of the same part of a sentence."""


@dataclass(frozen=True)
class Clause:
    """A statement about one charge, before it becomes a `Finding`; `at` is where in the sentence it stands."""

    at: int
    kind: Kind
    pct: Decimal | None = None
    usd: Decimal | None = None
    base: Base | None = None
    negated: bool = False
    who: Who = "gateway"
    per: int | None = None
    minimum: Decimal | None = None
    threshold: str | None = None
    hedges: tuple[str, ...] = ()
    condition: str | None = None
    template: str | None = None
    multiplier: Decimal | None = None
    taken: str | None = None
    other_amount: str | None = None
    language: str = "en"


@dataclass
class _Sentence:
    """A sentence with everything found in it."""

    text: str
    lexicon: Lexicon
    setting: Setting
    terms: list[Term]
    zero: list[Term]
    amounts: list[Amount]
    spans: list[tuple[int, int]]
    owned: dict[int, list[Amount]] = field(default_factory=dict)

    def span_of(self, at: int) -> tuple[int, int]:
        return next((span for span in self.spans if span[0] <= at < span[1]), (0, len(self.text)))

    def denied(self, term: Term) -> bool:
        return is_denied(self.text, term, self.span_of(term.start), self.amounts, self.lexicon)


def clauses(text: str, lexicon: Lexicon, setting: Setting, *, heading: bool = False) -> list[Clause]:
    """Return the clauses of a sentence.

    Args:
        text: The sentence, template variables marked.
        lexicon: The language to read it in.
        setting: What surrounds it.
        heading: It is a heading: what it denies is a claim, but a fee it merely names is none.
    """
    terms = find_terms(text, lexicon)
    figures = amounts(text, lexicon, [(term.start, term.end) for term in terms if term.name != "charge"])
    zero = find_zero(text, lexicon, terms)
    if not terms and not zero and not figures:
        return []
    sentence = _Sentence(text, lexicon, setting, terms, zero, figures, parts(text, lexicon))
    _assign(sentence)
    found = [*_conversions(sentence), *_of_terms(sentence, heading=heading), *_bare(sentence), *_bare_factors(sentence), *_claims(sentence)]
    kept = [clause for clause in found if not _is_skipped(sentence, clause)]
    return _without_echoes(sorted(kept, key=lambda clause: clause.at))


def _assign(sentence: _Sentence) -> None:
    """Give every figure to the word it belongs to: in its own part of the sentence, else in the part beside it.

    A figure too far from any word goes with the one before it: "4% up to $10,000, 2.5% beyond, 1% above $100,000".
    """
    last: tuple[int, int] | None = None
    for amount in sentence.amounts:
        if amount.role != "amount" or amount.unit == "tokens":
            continue
        index = last[0] if last and _is_second_half(sentence, amount, last[1]) else _owner(sentence, amount)
        if index is None and last and amount.kind == "pct" and 0 < amount.start - last[1] <= OWN_DISTANCE:
            index = last[0] if sentence.span_of(last[1] - 1) == sentence.span_of(amount.start) else None
        if index is not None and amount.kind == "pct":
            last = (index, amount.end)
        if index is not None:
            sentence.owned.setdefault(index, []).append(amount)


def _is_second_half(sentence: _Sentence, amount: Amount, end: int) -> bool:
    """Say whether an amount of money makes one fee with the percentage that ends before it: "5% and $0.30"."""
    return amount.kind in {"usd", "other"} and bool(_JOINS.fullmatch(sentence.text[end : amount.start]))


def _owner(sentence: _Sentence, amount: Amount) -> int | None:
    here = sentence.spans.index(sentence.span_of(amount.start))
    for place in (here, here - 1, here + 1, here - 2):
        if not 0 <= place < len(sentence.spans):
            continue
        if place > here and not _is_bare_part(sentence, here):
            continue
        if place == here - 2 and not _is_bare_part(sentence, here - 1):
            continue
        start, end = sentence.spans[place]
        near = [
            (distance, index)
            for index, term in enumerate(sentence.terms)
            if start <= term.start < end
            and (distance := _distance(sentence, term, amount)) <= OWN_DISTANCE * (1 if place == here else 2)
            and _may_own(sentence, term, amount)
        ]
        if near:
            return min(near)[1]
        if place == here and any(start <= term.start < end and term.name != "charge" for term in sentence.terms):
            return None
    return None


def _is_bare_part(sentence: _Sentence, place: int) -> bool:
    start, end = sentence.spans[place]
    return not any(start <= term.start < end for term in sentence.terms)


def _distance(sentence: _Sentence, term: Term, amount: Amount) -> int:
    if amount.end <= term.start:
        gap = sentence.text[amount.end : term.start]
        return len(gap) if len(gap) < 30 and not re.search(r"[,;]|\band\b|\bund\b|\bet\b|\by\b", gap) else len(gap) * 2 + 20  # noqa: PLR2004 -- "5% flat platform fee"
    gap = sentence.text[term.end : amount.start]
    weight = 1.4 if term.name == "charge" else 1.0
    return int((len(gap) + (15 if re.search(r"[,;]", gap) else 0)) * weight) + 2


def _may_own(sentence: _Sentence, term: Term, amount: Amount) -> bool:
    if term.name == "hidden" or (amount.kind in {"usd", "other"} and not amount.unit and not _is_beside(sentence, term, amount)):
        return False
    if amount.kind == "times":
        return term.name == "multiplier"
    if term.name == "multiplier":
        return amount.kind in {"times", "pct"}
    if amount.unit == "period" and term.name in {"markup", "plus", "topup", "orchestration", "multiplier"}:
        return False
    if term.name == "markup" and amount.kind in {"usd", "other"}:
        return False
    if amount.kind == "variable" and not _is_money_like(sentence, amount):
        return term.name != "charge" or bool(re.search(r"[%％]", amount.text) or sentence.text[amount.end :].startswith(" of "))
    return amount.value == 0 or not sentence.denied(term)


def _is_beside(sentence: _Sentence, term: Term, amount: Amount) -> bool:
    """Say whether an amount without a unit stands right at a word: "a fee of $2", "5% + $0.30"; else it is an example."""
    before = next((a for a in reversed(sentence.amounts) if a.end <= amount.start and a.role == "amount"), None)
    if before is not None and _JOINS.fullmatch(sentence.text[before.end : amount.start]):
        return True
    if amount.end <= term.start:
        return bool(re.fullmatch(r"\s?(?:[\w-]+ ){0,2}", sentence.text[amount.end : term.start]))
    return bool(_LEADS.fullmatch(sentence.text[term.end : amount.start]))


_JOINS = re.compile(
    r"\s*(?:\+|plus|and|und|et|y|más|および|＋|，|,|\()?\s*(?:an additional |a fixed |zzgl\. |a flat )?", re.IGNORECASE
)
_LEADS = re.compile(
    r"\W{0,3}(?:of|is|at|costs?|von|beträgt|de|es de|est de|为|為|は|が|a|an|about|only|just|nur|flat|fixed|equal to|amounts? to|\s){0,4}\W{0,3}",
    re.IGNORECASE,
)


def _is_money_like(sentence: _Sentence, amount: Amount) -> bool:
    return bool(re.search(r"[$€£¥]\s?$", sentence.text[: amount.start]))


def _of_terms(sentence: _Sentence, *, heading: bool) -> Iterator[Clause]:
    for index, term in enumerate(sentence.terms):
        owned = sentence.owned.get(index, [])
        positive = [amount for amount in owned if amount.value is None or amount.value]
        if positive:
            for group in _groups(sentence, positive):
                yield from _with_numbers(sentence, term, group)
        elif term.name == "multiplier":
            yield from _factor(sentence, term)
        elif owned or sentence.denied(term):
            if term.name not in {"charge", "plus", "overage"} and not is_repeated(sentence.text, term):
                yield _denial(sentence, term, owned[0] if owned else None)
        elif not heading and _stands_alone(sentence, term):
            yield _clause(sentence, term, term.start, _kind(sentence, term, None))


def _groups(sentence: _Sentence, owned: list[Amount]) -> Iterator[list[Amount]]:
    """Yield figures that make one fee: `4.4% + $0.30`; every other one is a fee of its own."""
    group: list[Amount] = []
    for amount in owned:
        joined = group and _JOINS.fullmatch(sentence.text[group[-1].end : amount.start])
        if group and not (joined and {group[-1].kind, amount.kind} in ({"pct", "usd"}, {"pct", "other"})):
            yield group
            group = []
        group.append(amount)
    yield group


def _with_numbers(sentence: _Sentence, term: Term, group: list[Amount]) -> Iterator[Clause]:
    first = group[0]
    kind = "payment_processing" if any(a.unit == "payment" for a in group) else _kind(sentence, term, first)
    if term.name == "charge" and first.kind not in {"pct", "variable"} and first.unit is None:
        return
    if term.name == "charge" and first.kind == "pct" and kind == "platform_pct" and base_of(
        sentence.text, term, sentence.span_of(term.start), sentence.setting.heading, sentence.lexicon
    ) in {None, "subscription"}:
        return
    clause = _clause(sentence, term, first.start, kind)
    for amount in group:
        if amount.kind == "pct":
            clause = replace(clause, pct=amount.value)
        elif amount.kind == "usd":
            clause = replace(clause, usd=amount.value, per=amount.per)
        elif amount.kind == "other":
            clause = replace(clause, other_amount=amount.text, per=amount.per)
        elif amount.kind == "times" and amount.value is not None:
            clause = replace(clause, multiplier=amount.value, pct=_over_list(sentence, term, amount.value))
        elif amount.kind == "variable":
            clause = replace(clause, template=amount.text.rstrip(" %％").strip(OPEN + CLOSE) or "%")
    unit = next((amount.unit for amount in group if amount.unit in UNIT_BASES), None)
    yield replace(clause, base=UNIT_BASES[unit]) if unit and clause.pct is None else clause


def _factor(sentence: _Sentence, term: Term) -> Iterator[Clause]:
    """Yield a factor written as a plain number: `倍率为 1.2`, `multiplier of 1.3`."""
    after = sentence.text[term.end : term.end + 24]
    match = re.match(r"\s?(?:is|of|are|set to|为|為|是|は|[:：=]|ist|beträgt|von|est|es|de|\s){0,3}\s?(\d{1,2}(?:[.,]\d{1,4})?)(?![\d%％.,]*\d|\s?[%％])", after)
    value = number(match[1], sentence.lexicon.language, percent=True) if match else None
    if value is not None:
        clause = _clause(sentence, term, term.start, "credit_conversion")
        yield replace(clause, multiplier=value, pct=_over_list(sentence, term, value), negated=value == 1)
    elif is_asserted(sentence.text, term, sentence.span_of(term.start), sentence.lexicon):
        yield _clause(sentence, term, term.start, "credit_conversion")


_OF_PRICE = re.compile(r"分组|群组|price|pricing|rate|cost|group|Preis|prix|precio|価格|料金|价格", re.IGNORECASE)
_LIST_PRICE = re.compile(
    r"官方|原价|上游|list price|provider price|official price|Listenpreis|prix catalogue|precio de lista|定価|公式", re.IGNORECASE
)


def _over_list(sentence: _Sentence, term: Term, factor: Decimal) -> Decimal | None:
    """Return a factor as a percentage over list where it is on the price; a model's weight in credits is on nothing."""
    on_price = _OF_PRICE.search(sentence.text[term.start : term.end]) or _LIST_PRICE.search(sentence.text)
    return (factor - 1) * 100 if on_price else None


def _denial(sentence: _Sentence, term: Term, zero: Amount | None) -> Clause:
    kind = _kind(sentence, term, zero)
    if term.name == "fee" and zero is None and kind in {"token_pct", "platform_pct"} and not is_bare_denial(sentence.text, term, sentence.lexicon):
        kind = "other_fees"
    if kind == "token_pct":
        kind = "none_on_tokens"
    clause = _clause(sentence, term, term.start, kind)
    return replace(clause, negated=True, minimum=None)


def _stands_alone(sentence: _Sentence, term: Term) -> bool:
    """Say whether a word without a number states a charge: it must name one, and be said to be charged."""
    if term.name not in FEE_WORDS and not (term.name == "subscription" and _FEE.search(sentence.text, term.start, term.end)):
        return False
    if sentence.text.rstrip().endswith(("?", "？")) or is_repeated(sentence.text, term):
        return False
    return is_asserted(sentence.text, term, sentence.span_of(term.start), sentence.lexicon)


def _bare(sentence: _Sentence) -> Iterator[Clause]:
    """Yield prices that need no word for a fee: `$49/month`, `$8 per 100,000 requests`."""
    owned = {id(amount) for group in sentence.owned.values() for amount in group}
    for amount in sentence.amounts:
        if id(amount) in owned or amount.role != "amount" or amount.unit not in UNIT_KINDS:
            continue
        if amount.kind == "variable" and not _is_money_like(sentence, amount):
            continue
        if amount.value == 0 or not _is_price(sentence, amount):
            continue
        term = Term(amount.start, amount.end, "charge")
        clause = replace(_clause(sentence, term, amount.start, UNIT_KINDS[amount.unit]), base=UNIT_BASES[amount.unit], per=amount.per)
        if amount.unit == "payment":
            pct = _joined_pct(sentence, amount)
            if pct is None or id(pct) in owned:
                continue
            clause = replace(clause, pct=pct.value, at=pct.start)
        if amount.kind == "usd":
            yield replace(clause, usd=amount.value)
        elif amount.kind == "other":
            yield replace(clause, other_amount=amount.text)
        else:
            yield replace(clause, template=amount.text.strip(OPEN + CLOSE))


def _bare_factors(sentence: _Sentence) -> Iterator[Clause]:
    """Yield factors on the list price that need no word for a fee: `billed at 1.15x the provider's list price`."""
    owned = {id(amount) for group in sentence.owned.values() for amount in group}
    for amount in sentence.amounts:
        if amount.kind != "times" or id(amount) in owned or amount.value is None or not _LIST_PRICE.search(sentence.text):
            continue
        if re.match(r"\s?(?:as\b|cheaper|faster|less|lower|more|günstiger|moins|menos|安|速|便宜)", sentence.text[amount.end :]):
            continue
        term = Term(amount.start, amount.end, "multiplier")
        clause = _clause(sentence, term, amount.start, "credit_conversion")
        yield replace(clause, multiplier=amount.value, pct=(amount.value - 1) * 100, negated=amount.value == 1)


def _joined_pct(sentence: _Sentence, amount: Amount) -> Amount | None:
    """Return the percentage that makes one fee with an amount: `4.4% + $0.30 per transaction`."""
    before = [a for a in sentence.amounts if a.kind == "pct" and a.end <= amount.start and a.role == "amount"]
    return before[-1] if before and _JOINS.fullmatch(sentence.text[before[-1].end : amount.start]) else None


def _is_price(sentence: _Sentence, amount: Amount) -> bool:
    lexicon = sentence.lexicon
    before = re.split(r"[;,:.—]\s", sentence.text[max(0, amount.start - 40) : amount.start])[-1]
    after = sentence.text[amount.end : amount.end + 40]
    near = before[-8:] if lexicon.wide else " ".join(before.split()[-3:])
    if lexicon["not_a_price"].search(near):
        return False
    if re.match(r"\s?(?:of|in|worth|für|de|en)\s(?:\w+\s){0,2}(?:credits?|usage|spend|Guthaben|crédits?|créditos?)", after, re.IGNORECASE):
        return False
    return not lexicon["ignored"].match(after.lstrip())


def _claims(sentence: _Sentence) -> Iterator[Clause]:
    """Yield the phrases that say the provider's own price is charged."""
    for zero in sentence.zero:
        clause = _clause(sentence, zero, zero.start, "none_on_tokens")
        yield replace(clause, negated=True, base="byok" if clause.base == "byok" else "tokens")


def _conversions(sentence: _Sentence) -> Iterator[Clause]:
    """Yield what a credit is worth: `1 credit = $0.01`, `$1 = 500,000 quota`."""
    units = sentence.lexicon.sources["credits_units"]
    figure = r"(?P<n>\d[\d,.]*\s?(?:k|K|M|million|万)?)"
    equals = r"\s?(?:=|＝|equals?|is worth|are worth|is equal to|corresponds? to|entspr\w+|équiva\w+|equivale\w* a|等于|相当于|折合|兑换|に?相当)\s?"
    money = r"(?:(?:US)?[$€£¥￥]\s?(?P<m>\d[\d,.]*)|(?P<m2>\d[\d,.]*)\s?(?P<unit>¢|cents?|美元|元|USD|dollars?|euros?|€))"
    shapes = (
        rf"{figure}\s?(?:{units}){equals}{money}",
        rf"{money}{equals}{figure}\s?(?:{units})",
        rf"{money}\s?(?:per|a|an|each|/|pro|par|por)\s?{figure}?\s?(?:{units})(?!\w)",
    )
    for shape in shapes:
        for match in re.finditer(shape, sentence.text, re.IGNORECASE):
            count = number(re.sub(r"[^\d.,]", "", match["n"] or "1"), sentence.lexicon.language)
            value = number(match["m"] or match["m2"], sentence.lexicon.language)
            if count and value is not None:
                yield _conversion(sentence, match, count, value)


def _conversion(sentence: _Sentence, match: re.Match[str], count: Decimal, value: Decimal) -> Clause:
    written = match["n"] or ""
    scale = 1_000_000 if re.search(r"M|million", written) else 1_000 if re.search(r"k|K", written) else 1
    unit = (match["unit"] or "").lower()
    dollars = "$" in match[0] or unit in {"美元", "usd", "dollar", "dollars"}
    clause = _clause(sentence, Term(match.start(), match.end(), "multiplier"), match.start(), "credit_conversion")
    if unit in {"¢", "cent", "cents"}:
        return replace(clause, usd=value / 100, per=int(count * scale), base="credits")
    usd = value if dollars else None
    other = None if dollars else match[0]
    return replace(clause, usd=usd, per=int(count * scale), base="credits", other_amount=other)


def _kind(sentence: _Sentence, term: Term, amount: Amount | None) -> Kind:
    """Return what kind of charge a word and its figure make; docs/markup-page.md has the table."""
    unit = amount.unit if amount else None
    span = sentence.span_of(term.start)
    term = _label(sentence, term, span)
    base = base_of(sentence.text, term, span, sentence.setting.heading, sentence.lexicon)
    direct: dict[str, Kind] = {
        "payment": "payment_processing",
        "orchestration": "orchestration_pct",
        "hidden": "hidden_fees",
        "multiplier": "credit_conversion",
        "subscription": "subscription",
        "byok": "byok_pct",
        "topup": "topup_pct",
        "zero": "none_on_tokens",
    }
    if unit == "period" or (unit in UNIT_KINDS and unit != "payment" and amount and amount.kind != "pct"):
        return UNIT_KINDS[str(unit)]
    if term.name in direct:
        return direct[term.name]
    if base == "byok":
        return "byok_pct"
    on_payment = base == "credits" and amount is not None and amount.kind == "pct"
    if term.name in {"plus", "markup"}:
        return "topup_pct" if on_payment and term.name == "markup" else "token_pct"
    if amount is not None and _on_list_price(sentence, span, amount):
        return "token_pct"
    if unit == "payment" or base == "payment":
        return "payment_processing"
    if base == "subscription" and (amount is None or amount.kind != "pct"):
        return "subscription"
    return _kind_by_base(term, base, amount)


LABEL = 50
"""Characters of a label before a dash: "International card fee — an additional 1.5% fee applies …"."""


def _label(sentence: _Sentence, term: Term, span: tuple[int, int]) -> Term:
    """Return the word that a label before a dash gives the charge, where the sentence then only says "fee"."""
    first = sentence.spans[0]
    if term.name not in {"fee", "charge"} or span == first or first[1] > LABEL:
        return term
    if not re.match(r"\s?[—–:-]", sentence.text[first[1] :]):
        return term
    return next((t for t in sentence.terms if t.end <= first[1] and t.name not in {"fee", "charge"}), term)


def _on_list_price(sentence: _Sentence, span: tuple[int, int], amount: Amount) -> bool:
    """Say whether a figure follows "list price plus" or "vendor cost plus": then it is on the tokens, whatever it is called."""
    return any(
        term.name == "plus" and span[0] <= term.start < span[1] and abs(amount.start - term.start) <= OWN_DISTANCE
        for term in sentence.terms
    )


def _kind_by_base(term: Term, base: Base | None, amount: Amount | None) -> Kind:
    numbered = amount is not None and amount.kind in {"pct", "variable"}
    if term.name == "overage":
        return {"log": "per_log"}.get(str(base), "per_request")  # type: ignore[return-value] -- two literals of Kind
    if base == "credits":
        return "topup_pct"
    if base in {"request", "log", "tool"} and not numbered and term.name != "platform":
        return UNIT_KINDS[base]
    if base in {"log", "tool"}:
        return UNIT_KINDS[base]
    if base == "tokens" and term.name in {"fee", "charge"}:
        return "token_pct"
    if base == "request" and term.name in {"fee", "charge"}:
        return "token_pct"
    return "platform_pct"


def _clause(sentence: _Sentence, term: Term, at: int, kind: Kind) -> Clause:
    span = sentence.span_of(term.start)
    part = sentence.text[span[0] : span[1]]
    lexicon = sentence.lexicon
    base = base_of(sentence.text, term, span, sentence.setting.heading, lexicon)
    condition = lexicon["conditions"].search(part) or lexicon["conditions"].search(sentence.text)
    minimum = next((a.value for a in sentence.amounts if a.role == "minimum" and a.kind == "usd"), None)
    return Clause(
        at=at,
        kind=kind,
        base=_FIXED_BASES.get(kind, base),
        who=who_of(
            sentence.text,
            term,
            span,
            sentence.setting,
            lexicon,
            payment=kind == "payment_processing",
            numbered=at != term.start,
        ),
        minimum=minimum if kind in {"topup_pct", "platform_pct", "payment_processing", "token_pct", "byok_pct"} else None,
        threshold=_threshold(sentence, at),
        hedges=tuple(dict.fromkeys(match[0].lower() for match in lexicon["hedges"].finditer(part))),
        condition=condition[0] if condition else None,
        taken="inside" if lexicon["inside"].search(part) else "added" if lexicon["added"].search(part) else None,
        language=lexicon.language,
    )


_FIXED_BASES: dict[Kind, Base] = {
    "topup_pct": "credits",
    "byok_pct": "byok",
    "subscription": "subscription",
    "payment_processing": "payment",
    "per_log": "log",
    "tool_per_request": "tool",
    "per_request": "request",
    "token_pct": "tokens",
    "none_on_tokens": "tokens",
}


def _threshold(sentence: _Sentence, at: int) -> str | None:
    """Return from or up to where a fee holds, in the page's words; the nearest where a sentence has several."""
    spots = [
        (abs(a.start - at), _with_word_before(sentence.text, a)) for a in sentence.amounts if a.role == "threshold"
    ]
    words, units = sentence.lexicon.sources["threshold"], "|".join(p.pattern for p in sentence.lexicon.units.values())
    shape = rf"(?:{words})\s?(?:the |your |les |los |las |die |de |des )?(?:first )?\d[\d.,]*\s?(?:k|K|M|million|万|百万|Mio\.?)?\s?(?:\w+ ){{0,2}}?(?:{units})"
    for match in re.finditer(shape, sentence.text, re.IGNORECASE):
        spots.append((abs(match.start() - at), match[0].strip()))
    return min(spots)[1].replace(OPEN, "").replace(CLOSE, "") if spots else None


def _with_word_before(text: str, amount: Amount) -> str:
    start = text.rfind(" ", 0, max(0, amount.start - 1)) + 1
    after = re.match(r"\s(?:or more|and (?:above|up|over)|in \w+(?: \w+)?)", text[amount.end :])
    return (text[start : amount.end] + (after[0] if after else "")).strip()


def _is_skipped(sentence: _Sentence, clause: Clause) -> bool:
    start, end = sentence.span_of(clause.at)
    return bool(sentence.lexicon["skipped"].search(sentence.text[start:end]))


def _without_echoes(found: Sequence[Clause]) -> list[Clause]:
    """Leave out what a sentence says twice, and a fee without a number where the same sentence gives it."""
    numbered = any(_has_number(clause) and not clause.negated and clause.kind != "subscription" for clause in found)
    kept: list[Clause] = []
    for clause in found:
        bare = not _has_number(clause)
        if bare and not clause.negated and numbered and clause.kind not in {"payment_processing", "subscription"}:
            continue
        if any(_same(clause, other) for other in kept):
            continue
        kept.append(clause)
    return kept


def _has_number(clause: Clause) -> bool:
    return any(value is not None for value in (clause.pct, clause.usd, clause.template, clause.multiplier, clause.other_amount))


def _same(one: Clause, other: Clause) -> bool:
    names = ("kind", "pct", "usd", "negated", "who", "template", "multiplier", "other_amount")
    return all(getattr(one, name) == getattr(other, name) for name in names)
