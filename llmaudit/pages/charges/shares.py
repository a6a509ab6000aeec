"""Shares that need no word for a fee: of the list price, of what is paid in, beside a label: "own keys: 3%"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from functools import cache

from llmaudit.pages.charges.bases import bases_in
from llmaudit.pages.charges.clause import WITH_MINIMUM, Clause, clause_at
from llmaudit.pages.charges.kinds import DIRECT, kind_of
from llmaudit.pages.lexicon.files import Lexicon, everywhere
from llmaudit.pages.model import Kind
from llmaudit.pages.sentence.figures import Amount
from llmaudit.pages.sentence.sentence import FEE_NOUNS, JOINS, Sentence
from llmaudit.pages.sentence.terms import Term, find_terms
from llmaudit.pages.source.variables import CLOSE, OPEN

_OF_LIST = re.compile(
    r"\s?(?:of|des|du|del|der|vom)\s(?:the |what |each )?(?:\w+'s )?"
    r"(?:list|provider|vendor|upstream|official|inference|token|lab|maker)(?:'s|s')?\s?"
    r"(?:prices?|costs?|rates?|pricing|bills?|invoices?|charges?)"
    r"|\s?of what (?:\w+ ){1,5}(?:costs?|cost|charges?|charged?|pay|paid)(?!\w)"
    r"|\s?(?:dessen,? was|de ce que|de lo que)\s"
    r"|\s?(?:vom|des) Listenpreis\w*|\s?du prix (?:catalogue|public|fournisseur)"
    r"|\s?del precio (?:de lista|oficial|del proveedor)",
    re.IGNORECASE,
)


_LIST_BEFORE = re.compile(r"(?:(?:官方|厂商|供应商)(?:价格|定价|标价|价)的|(?:公式価格|定価)の)\s?$")
"""The list price before a share of it: 「官方价的 1%」."""


def bare_shares(sentence: Sentence) -> Iterator[Clause]:
    """Yield shares of the list price that need no word for a fee: `own keys: then 3% of list price`."""
    owned = {id(amount) for group in (*sentence.owned.values(), sentence.refuted) for amount in group}
    byok = sentence.lexicon.bases["byok"].search(f"{sentence.setting.heading} {sentence.text}")
    for amount in sentence.refuted:
        if amount.kind == "pct" and sentence.lexicon.bases["byok"].search(sentence.text, *sentence.span_of(amount.start)):
            clause = clause_at(sentence, Term(amount.start, amount.end, "charge"), amount.start, "byok_pct")
            yield replace(clause, negated=True)  # "with your own keys we do not apply the 4%"
    for amount in sentence.amounts:
        if amount.value is not None and amount.value >= WHOLE and is_level(sentence, amount):
            yield _of_level(sentence, amount, amount.value)
            continue
        if amount.kind not in {"pct", "variable"} or id(amount) in owned or amount.value == 0:
            continue
        if amount.role != "amount" or (amount.kind == "variable" and not amount.text.rstrip().endswith(("%", "％"))):
            continue
        joined = _joined_sum(sentence, amount)
        if joined is not None and joined.unit == "payment":
            continue  # "2.9% + $0.30 per transaction" is read as a price
        if waived := _waived(sentence, amount):
            yield replace(
                clause_at(sentence, Term(amount.start, amount.end, "charge"), amount.start, waived), negated=True
            )
            continue
        kind = _kind_of_share(sentence, amount, byok=bool(byok))
        if kind is None:
            continue
        clause = clause_at(sentence, Term(amount.start, amount.end, "charge"), amount.start, kind)
        template = None if amount.kind == "pct" else amount.text.rstrip(" %％").strip(OPEN + CLOSE) or "%"
        joined = joined if kind in WITH_MINIMUM else None
        usd, other = (
            (joined.value, None) if joined and joined.kind == "usd" else (None, joined.text if joined else None)
        )
        yield replace(clause, pct=amount.value, pct_from=amount.low, usd=usd, other_amount=other, template=template)


def _joined_sum(sentence: Sentence, share: Amount) -> Amount | None:
    """Return the amount of money that makes one fee with a share: "International cards: 4.4% + $0.30"."""
    after = (a for a in sentence.amounts if a.start >= share.end and a.kind in {"usd", "other"} and a.role == "amount")
    found = next(after, None)
    return found if found and JOINS.fullmatch(sentence.text[share.end : found.start]) else None


WHOLE = 100
"""Percent of the list price from which on a level of it is a claim of zero, or more than the price."""


def _of_level(sentence: Sentence, amount: Amount, level: Decimal) -> Clause:
    """Return what a level of the list price says: "billed at 115% of list" adds 15%, "at 100%" adds nothing."""
    term, zero = Term(amount.start, amount.end, "charge"), level == WHOLE
    clause = clause_at(sentence, term, amount.start, "none_on_tokens" if zero else "token_pct")
    return replace(clause, negated=True) if zero else replace(clause, pct=level - WHOLE, multiplier=level / WHOLE)


def _kind_of_share(sentence: Sentence, amount: Amount, *, byok: bool) -> Kind | None:
    """Return what kind of charge a share without a word for a fee is, or None where it is none."""
    label = _LABEL.match(sentence.text)
    if label and label.end() == amount.start and (labelled := _labelled(label[0], sentence)):
        return labelled
    if headed := _headed(sentence, amount):
        return headed
    if added := _added_to(sentence, amount) or _taken_of(sentence, amount):
        return added
    if not byok and _raises_price(sentence, amount):
        return "token_pct"
    if announced := _announced(sentence, amount) or _of_the_rest(sentence, amount) or _has_become(sentence, amount):
        return announced
    around = sentence.text[max(0, amount.start - 14) : amount.start], sentence.text[amount.end : amount.end + 24]
    beyond = byok and any(map(sentence.lexicon["beyond"].search, around))
    of_list = _OF_LIST.match(sentence.text, amount.end) and (byok or not is_level(sentence, amount))
    of_list = of_list or (byok and _LIST_BEFORE.search(sentence.text, 0, amount.start))
    return ("byok_pct" if byok else "token_pct") if beyond or of_list else None


@cache
def _raised(words: str, *, wide: bool) -> re.Pattern[str]:
    edge = "" if wide else r"(?<!\w)"
    return re.compile(rf"{edge}(?:{words})\s?[~≈约]?$", re.IGNORECASE)


ON_LIST_WITHIN = 40
"""Characters after "5% above" in which the list price is named."""

ADDED_WITHIN = 24
"""Characters after a share in which it is said to be added: "the 2% is added to the list price"."""


_PAYS = re.compile(
    r"\b(?:you(?:'ll| will)? pay|(?:zahlen|bezahlen) Sie|Sie (?:be)?zahlen|vous payez|pagas|paga)\s(?:about |just |only |etwa |un )?$",
    re.IGNORECASE,
)
_MORE = re.compile(r"\s(?:more|mehr|de plus|más)(?=[,.;:]|\s?$|\s(?:than|but|als|que))", re.IGNORECASE)


def costs_more(sentence: Sentence, amount: Amount) -> bool:
    """Say whether the reader is told to pay more by a share: "You pay 5% more, but …"."""
    start = sentence.span_of(amount.start)[0]
    return bool(_PAYS.search(sentence.text, start, amount.start) and _MORE.match(sentence.text, amount.end))


def _raises_price(sentence: Sentence, amount: Amount) -> bool:
    """Say whether a share is added to the provider's price: "the provider's price, plus 6%", "… kommen 5 %"."""
    lexicon, (start, end) = sentence.lexicon, sentence.span_of(amount.start)
    above = lexicon["above_list"].match(sentence.text, amount.end + 1 - lexicon.wide)
    if above and lexicon["list_price"].search(sentence.text, start, above.end() + ON_LIST_WITHIN):
        return True
    if costs_more(sentence, amount):
        return True
    before = _raised(lexicon.sources["raised"], wide=lexicon.wide).search(sentence.text, start, amount.start)
    if not (before or lexicon["added"].search(sentence.text, amount.end, amount.end + ADDED_WITHIN)):
        return False
    return bool(lexicon["list_price"].search(sentence.text, start, end))


_INTRO = re.compile(r"(.*)[:：][^:：.]{0,40}$", re.DOTALL)
"""What introduces a list, and the label of its entry."""

_ENTRY = re.compile(r"[^:：.!?%]{2,40}(?:[:：]|\s[—–-])\s?[~≈]?$")


def _announced(sentence: Sentence, amount: Amount) -> Kind | None:
    """Return what a share is that an entry of a list of fees gives: "a fee on payments:", then "Pro: 0.2%"."""
    intro, lexicon = _INTRO.match(sentence.setting.heading), sentence.lexicon
    heading = intro[1] if intro else ""
    if not heading or not _ENTRY.fullmatch(sentence.text, 0, amount.start):
        return None
    terms = [term for term in find_terms(heading, lexicon) if term.name in FEE_NOUNS]
    if not terms or not lexicon["asserts"].search(heading):
        return None
    if (name := terms[-1].name) in DIRECT:
        return DIRECT[name]
    if lexicon.units["payment"].search(heading) or lexicon.units["payment"].search(sentence.text):
        return "payment_processing"
    named = bases_in(sentence.text, (amount.end, len(sentence.text)), Term(amount.start, amount.end, name), lexicon)
    return next((_ON[base] for _, base in named if base in _ON), "platform_pct")


_LEVEL = re.compile(
    r"(?:\b(?:costs?|is|are|pay|paying|(?:priced|charged|billed|sold)(?: at)?|equals?|kostet|kosten|zahlen"
    r"|coûtent?|payez|cuestan?|pagas?)|=|≈)"
    r"\s(?:you |only |just |about |around |roughly |nur |etwa |rund |environ |seulement |solo |unos )*[~≈]?$",
    re.IGNORECASE,
)
"""What before a share of the list price says that this is the price: "a request costs about 21% of the list price"."""


def is_level(sentence: Sentence, amount: Amount) -> bool:
    """Say whether a share of the list price is the price itself: "charged at 40% of list price"."""
    return bool(_LEVEL.search(sentence.text, 0, amount.start) and _OF_LIST.match(sentence.text, amount.end))


_ON: dict[str, Kind] = {"byok": "byok_pct", "credits": "topup_pct", "payment": "payment_processing"}


def _added_to(sentence: Sentence, amount: Amount) -> Kind | None:
    """Return what a share is on that is said to be added, or taken out: "foreign cards: +1.5%", "zuzüglich 2 %"."""
    lexicon, (start, end) = sentence.lexicon, sentence.span_of(amount.start)
    part = sentence.text[start:end]
    before = sentence.text[start : amount.start]
    added = before.rstrip().endswith("+") or lexicon["added"].search(part)
    added = added or _raised(lexicon.sources["raised"], wide=lexicon.wide).search(before)
    if not (added or lexicon["inside"].search(part)) or lexicon["given"].search(sentence.text):
        return None
    near = bases_in(sentence.text, (start, end), Term(amount.start, amount.end, "charge"), lexicon)
    named = next((_ON[name] for _, name in near if name in _ON), None)
    after = everywhere("what_is_spent").search(sentence.text, amount.end, min(end, amount.end + SPENT_WITHIN))
    return named or ("platform_pct" if added and after else None)


def _waived(sentence: Sentence, amount: Amount) -> Kind | None:
    """Return what a share is on that its sentence takes back right after it: "with own keys the 5% is waived"."""
    if not sentence.lexicon["negators_after"].match(sentence.text, amount.end + (not sentence.lexicon.wide)):
        return None
    span = sentence.span_of(amount.start)
    near = bases_in(sentence.text, span, Term(amount.start, amount.end, "charge"), sentence.lexicon)
    return next((_ON[name] for _, name in near if name in _ON), None)


_BECOMES = re.compile(
    r"\s(?:becomes?|(?:drops|falls|goes down|comes down|shrinks) to|is (?:reduced|lowered|cut) to|wird zu|werden zu|sinkt auf|sinken auf"
    r"|passent? à|tombent? à|baja al?(?: un)?|pasa al?(?: un)?|se reduce al?(?: un)?)\s|\s?(?:降至|降为|降到|变为)\s?|が\s?",
    re.IGNORECASE,
)


def _has_become(sentence: Sentence, amount: Amount) -> Kind | None:
    """Return the kind of a share that another, told of before, becomes: "above $20,000 the 2% becomes 1%"."""
    before = [a for a in sentence.amounts if a.kind == "pct" and a.end <= amount.start]
    if not before or amount.kind != "pct" or not _BECOMES.fullmatch(sentence.text, before[-1].end, amount.start):
        return None
    return "platform_pct"


REST_WITHIN = 24
"""Characters around a share in which "everything else" stands."""


def _of_the_rest(sentence: Sentence, amount: Amount) -> Kind | None:
    """Return the kind of a fee that is denied for some and stated for the rest: "no fee on ACH; 3.4% otherwise"."""
    near = max(0, amount.start - REST_WITHIN), amount.end + REST_WITHIN
    if not everywhere("the_rest").search(sentence.text, *near):
        return None
    named = (t for t in sentence.terms if t.name in FEE_NOUNS and t.end <= amount.start and sentence.denied(t))
    return next((kind_of(sentence, term, None) for term in named), None)


LABEL_WORDS = 4

_OPENS = re.compile(
    r"\W{0,3}(?:(?:only|just|a|an|flat|then|nur|seulement|solo|un|ein|after that|afterwards)[:,]?\s){0,3}",
    re.IGNORECASE,
)


def _headed(sentence: Sentence, amount: Amount) -> Kind | None:
    """Return what a share is on that begins a text below the name of it: "Card top-ups", then "4% of the amount"."""
    above = sentence.setting.heading
    if (
        amount.kind != "pct"
        or amount.value is None
        or amount.value > MOST
        or not _OPENS.fullmatch(sentence.text, 0, amount.start)
    ):
        return None
    if not _OF_PAID.match(sentence.text, amount.end) or above.endswith(("?", "？")):
        return None
    label = " ".join(above.split()[-LABEL_WORDS:])
    return next((kind for base, kind in _ON.items() if sentence.lexicon.bases[base].search(label)), None)


_OF_PAID = re.compile(
    r"\s?(?:$|[.,;(]|(?:of|du|de la|del|de|der|des|vom)\s(?:the |each |every |your |jede[rsn] |chaque |cada )?(?:\w+ )?"
    r"(?:amount|payment|purchase|top-?up|deposit|value|total|transaction|Betrag\w*|Zahlung|montant|importe|monto|pago|recarga)\b"
    r"|after\b|above\b|beyond\b|per\b)",
    re.IGNORECASE,
)
"""How a share goes on that is of what is paid: "4% of the amount"."""

MOST = 30
"""Percent above which a share is no fee that no word calls one."""


def _taken_of(sentence: Sentence, amount: Amount) -> Kind | None:
    """Return what a share is on that a verb of taking or paying takes of it: "we put 4% on every card payment"."""
    lexicon, (start, end) = sentence.lexicon, sentence.span_of(amount.start)
    if sentence.text[start] in "(（":
        start = sentence.spans[max(0, sentence.spans.index((start, end)) - 1)][0]  # "loading $100 costs $105 (5%)"
    if amount.value is None or amount.value > MOST or lexicon["given"].search(sentence.text, start, end):
        return None
    if not lexicon["takes_share"].search(sentence.text, start, end) or _OF_LIST.match(sentence.text, amount.end):
        return None
    near = bases_in(sentence.text, (start, end), Term(amount.start, amount.end, "charge"), lexicon)
    named = next((_ON[name] for _, name in near if name in _ON), None)
    return named or ("platform_pct" if is_of_what_is_spent(sentence, amount) else None)


def is_of_what_is_spent(sentence: Sentence, amount: Amount) -> bool:
    """Say whether the page takes a share of what is spent with it: "we keep 3% of your monthly spend"."""
    start, end = sentence.span_of(amount.start)
    ours = everywhere("ours").search(sentence.text, start, end)
    near = max(start, amount.start - SPENT_WITHIN), min(end, amount.end + SPENT_WITHIN)
    return bool(ours) and bool(everywhere("what_is_spent").search(sentence.text, *near))


SPENT_WITHIN = 40
"""Characters around a share in which it is said to be one of what is spent."""


_LABEL = re.compile(r"[^:：.!?]{3,60}[:：]\s?")


def _labelled(label: str, sentence: Sentence) -> Kind | None:
    """Return what a share is on whose label is a way to pay or to use: "Crypto payments: 5%", "Own keys: 1%"."""
    if everywhere("paid_by").match(label) and sentence.lexicon.bases["credits"].search(sentence.setting.heading):
        return "topup_pct"  # "Card: 5%" below "Top-ups"
    return next((kind for base, kind in _ON.items() if sentence.lexicon.bases[base].search(label)), None)
