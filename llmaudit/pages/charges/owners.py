"""Whose fee it is: the gateway's, its customer's own margin, the provider's, the bank's, a rival's."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from llmaudit.pages.charges.processors import of_bank, takes_for_itself
from llmaudit.pages.lexicon.files import Lexicon, everywhere
from llmaudit.pages.model import Who
from llmaudit.pages.sentence.setting import Setting
from llmaudit.pages.sentence.terms import Term

_NOT = re.compile(r"(?:\b(?:not|never)|n't)\s$", re.IGNORECASE)
"""What makes no instruction of a verb: "and does not add a margin"."""

_QUESTION = re.compile(r"[^.!?。？]*[?？]")

_IMPERATIVE = re.compile(r"(?:add|apply|set|configure|define|choose|specify)\b", re.IGNORECASE)


def has_own_voice(text: str) -> bool:
    """Say whether a text speaks of its writer: "we", "our"."""
    return bool(everywhere("ours").search(text))


_WE_CHARGE = re.compile(r"\bwe (?:charge|add|take|keep)\b", re.IGNORECASE)

_RELATIVE = re.compile(
    r"(?:'s? \w+)?\s?,?\s(?:which|who|that|where|das|die|der|welche[rs]?|wo|qui|que|dont|donde)(?!\w)[^.;]{0,60}$",
    re.IGNORECASE,
)


def _is_relative(others: re.Pattern[str], before: str) -> bool:
    """Say whether a charge is told of a rival in passing: "unlike Rivalgate, which takes 6%, we …"."""
    named = list(others.finditer(before))
    return (
        bool(named)
        and bool(_RELATIVE.fullmatch(before, named[-1].end()))
        and not everywhere("ours").search(before, named[-1].end())
    )


@dataclass(frozen=True)
class Told:
    """A fee as its sentence tells of it.

    Attributes:
        sentence: The text.
        term: The word for the fee.
        span: The part of the sentence in which the word stands.
        setting: What surrounds the sentence.
        lexicon: The language it is read in.
        payment: It is a fee on payments.
        at: Where its figure stands, or the word itself.
        denied: The sentence says that it is not charged.
    """

    sentence: str
    term: Term
    span: tuple[int, int]
    setting: Setting
    lexicon: Lexicon
    payment: bool
    at: int
    denied: bool

    @cached_property
    def part(self) -> str:
        """The part of the sentence that tells of the fee."""
        return self.sentence[self.span[0] : self.span[1]]

    @property
    def before(self) -> str:
        """The part up to the fee."""
        return self.sentence[self.span[0] : self.term.start]

    @cached_property
    def says_we(self) -> bool:
        """Whether the part speaks for the page's own company: "we", "our"."""
        return bool(everywhere("ours").search(self.part))

    @property
    def ours(self) -> bool:
        """Whether the part speaks for the page's own company or names it."""
        return self.says_we or bool(self.setting.own and self.setting.own.search(self.part))


def who_of(told: Told) -> Who:
    """Return whose fee it is: what the first rule that knows says, else the gateway's."""
    return next((who for rule in RULES if (who := rule(told))), "gateway")


def _of_processor(told: Told) -> Who | None:
    """A card fee with a number that the page passes on is paid to the gateway, whoever keeps it; a bank's is not."""
    if not told.payment:
        return None
    said = told.part if told.denied else told.sentence
    if of_bank(said) or (told.at == told.term.start and told.lexicon["processor"].search(said)):
        return "payment_processor"
    numbered = told.at != told.term.start
    passed_on = told.says_we or (numbered and everywhere("passed_on").search(told.sentence))
    return "payment_processor" if not passed_on and takes_for_itself(told.part, told.before) else None


def _of_rival(told: Told) -> Who | None:
    """A fee is a rival's that its relative clause, its heading or its sentence is about."""
    others = told.setting.others
    if others and _is_relative(others, told.sentence[told.span[0] : told.at]):
        return "other"
    if (_is_headed_other(told.setting, told.lexicon) and not told.ours) or _about_others(told):
        return "other"
    return None


def _of_customer(told: Told) -> Who | None:
    """What is denied in the imperative ("does not add any markup to …") is nothing that the reader sets."""
    cues = told.lexicon["customer"].finditer(told.sentence)
    cue = next((found for found in cues if not _NOT.search(told.sentence, 0, found.start())), None)
    imperative = cue and (told.ours or told.denied) and _IMPERATIVE.match(cue[0])
    if cue and not imperative and not _WE_CHARGE.search(told.sentence[: told.term.start]):
        return "customer"
    return "customer" if not told.says_we and _is_set_by_reader(told) else None


def _of_provider(told: Told) -> Who | None:
    """A fee is the model maker's where the part names the maker and nothing between parts the two."""
    until = told.term.start if told.term.name == "zero" else told.term.end
    before = told.sentence[told.span[0] : max(told.at, until)]
    prices = [match.span() for match in told.lexicon["list_price"].finditer(before)]  # "what the lab charges"
    named = [
        match
        for match in told.lexicon["provider"].finditer(before)
        if not any(start < match.start() < end for start, end in prices)
    ]
    if not named or told.ours or _GOES_ON.search(before, named[-1].end()):
        return None
    if _PARTY.match(named[-1][0]) and _OTHER_PARTY.search(told.sentence):
        return None
    return "provider"


_PARTY = re.compile(r"(?:Provider|Supplier|Vendor) ")

_OTHER_PARTY = re.compile(r"(?<!\w)(?:Customer|Client|Licensee|Subscriber)(?!\w)")
"""The parties of a contract, which calls its own side the provider: "Customer supplies keys, Provider charges 2%"."""

_GOES_ON = re.compile(r"[,，、]|\b(?:plus|and|und|et|y|zuzüglich|más)\b", re.IGNORECASE)
"""What parts a fee from the maker named before it: "what OpenAI charges plus 5%"."""


def _of_nobody_named(told: Told) -> Who | None:
    """Where a page is about several gateways, or explains a word, a fee without an owner is nobody's we know."""
    defined = told.term.name != "multiplier" and told.lexicon["defines"].search(told.setting.heading)
    doubtful = told.setting.several or defined  # what a credit is worth is the page's own, wherever it is explained
    return "unknown" if doubtful and not told.ours and not _is_named_above(told.part, told.setting) else None


RULES: tuple[Callable[[Told], Who | None], ...] = (
    _of_processor,
    _of_rival,
    _of_customer,
    _of_provider,
    _of_nobody_named,
)
"""Who may own a fee, in the order in which they are asked."""


_MONEY = re.compile(r"[$€£¥￥¢元円]")


def _is_set_by_reader(told: Told) -> bool:
    """Say whether what surrounds a sentence makes its factor or margin one that the reader sets."""
    setting = told.setting
    # "Do you add a markup?" asks about the gateway
    if told.lexicon["customer"].search(_QUESTION.sub("", setting.heading)):
        return True
    set_here = (setting.reader_sets or setting.settings_page) and not told.denied
    is_worth = bool(_MONEY.search(told.sentence, told.term.start, told.term.end))
    return set_here and _on_what_is_set(told.term, setting, told.lexicon, is_worth=is_worth)


def _is_headed_other(setting: Setting, lexicon: Lexicon) -> bool:
    """Say whether what heads a section, a row or a column names another gateway than the page's own."""
    subject = setting.subject
    if not subject:
        return False
    if not ((setting.others and setting.others.search(subject)) or lexicon["others"].search(subject)):
        return False
    return not (everywhere("ours").search(subject) or (setting.own and setting.own.search(subject)))


def _on_what_is_set(term: Term, setting: Setting, lexicon: Lexicon, *, is_worth: bool) -> bool:
    """Say whether a clause is about a factor or a margin, and no fee of another name nor what a credit is worth."""
    if term.name in {"markup", "multiplier", "plus"}:
        return not is_worth
    return term.name == "charge" and bool(lexicon.terms["multiplier"].search(setting.heading))


def _is_named_above(part: str, setting: Setting) -> bool:
    """Say whether a heading or the title's own word tells whose fee it is, where the sentence does not."""
    if setting.own and setting.own.search(setting.heading):
        return True
    return bool(setting.titled and setting.titled.search(part))


_COMPARISON = re.compile(
    r"(?:unlike|compared (?:to|with)|in contrast to|where|while|im gegensatz zu|anders als|contrairement (?:à|aux)"
    r"|a diferencia de"
    r"|不同于|与其他|和其他|相比)[^,，、]{1,90}[,，、]|[^、。]{1,30}(?:と違い|と異なり|とは違い|とは異なり)、",
    re.IGNORECASE,
)

_LIKE = re.compile(
    r"[—–(,]\s?(?:just |genau |tout )?(?:like|as with|wie(?: bei)?|comme(?: chez)?|como(?: en)?) [\w. ]{2,30}[—–),]",
    re.IGNORECASE,
)
"""Whom something is like, told in passing: "zero markup — like Rivalgate — plus a flat 5%"."""

_BESIDE = re.compile(r"[(（][^()（）]*\d[^()（）]*[)）]")
"""A figure in brackets, which may be a rival's: "10% (competitors charge 20%)"."""


def _without_comparison(sentence: str, term: Term) -> str:
    """Return a sentence without a comparison that has ended before the term, or that stands in brackets beside it."""
    if not any(match.start() < term.start < match.end() for match in _BESIDE.finditer(sentence)):
        sentence = sentence[: term.end] + _BESIDE.sub("", sentence[term.end :])
    sentence = _LIKE.sub("", sentence)
    match = _COMPARISON.search(sentence)
    return sentence[match.end() :] if match and match.end() <= term.start else sentence


def _until_part_ends(sentence: str, part: str) -> str:
    """Return a sentence up to the end of a part: what it says of others afterwards is another matter."""
    at = sentence.find(part)
    return sentence if at < 0 else sentence[: at + len(part)]


def _about_others(told: Told) -> bool:
    """Say whether a sentence is about a rival, up to the end of the part; what it says of others later is no matter."""
    own, others, lexicon = told.setting.own, told.setting.others, told.lexicon

    def names_others(text: str) -> bool:
        return bool(lexicon["others"].search(text) or (others and others.search(text)))

    sentence = _until_part_ends(_without_comparison(told.sentence, told.term), told.part)
    first_own = own.search(sentence) if own else None
    first_other = others.search(sentence) if others else None
    own_first = first_own and first_other and first_own.start() < first_other.start()
    if own_first and not lexicon["others"].search(sentence):
        return False
    return names_others(sentence) and not (told.ours and not names_others(told.part))
