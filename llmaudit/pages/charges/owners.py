"""Whose fee it is: the gateway's, its customer's own margin, the provider's, the bank's, a rival's."""

from __future__ import annotations

import re

from llmaudit.pages.lexicon.files import Lexicon, everywhere
from llmaudit.pages.model import Who
from llmaudit.pages.sentence.terms import Setting, Term

_QUESTION = re.compile(r"[^.!?。？]*[?？]")

_IMPERATIVE = re.compile(r"(?:add|apply|set|configure|define|choose|specify)\b", re.IGNORECASE)


def has_own_voice(text: str) -> bool:
    """Say whether a text speaks of its writer: "we", "our"."""
    return bool(everywhere("ours").search(text))


_WE_CHARGE = re.compile(r"\bwe (?:charge|add|take|keep)\b", re.IGNORECASE)


_PROCESSOR_TAKES = re.compile(
    r"\b(?:stripe|paypal|paddle|adyen|visa|mastercard|lemon ?squeezy|razorpay|coinbase|alipay|wechat pay)(?:'s)?,?\s"
    r"(?:(?:itself|also|then|selbst|lui-même) )?(?:charges?|takes?|keeps?|deducts?|collects?|bills?"
    r"|berechnet|erhebt|nimmt|verlangt|behält"
    r"|prélève|facture|prend|cobra|retiene|aplica)(?!\w)"
    r"|(?:支付宝|微信支付|stripe|paypal)\s?(?:会|将|另)?(?:收取|扣除|收)|(?:stripe|paypal)\s?(?:が|は|に).{0,16}(?:徴収|請求|手数料)",
    re.IGNORECASE,
)
"""A processor that takes something for itself: "Stripe takes 2.9% + $0.30 of every payment"."""

_PROCESSORS = (
    r"(?:stripe|paypal|paddle|adyen|visa|mastercard|lemon ?squeezy|razorpay|coinbase|alipay|wechat pay|支付宝|微信支付)"
)

_PROCESSOR_FEE = re.compile(
    rf"(?<!\w){_PROCESSORS}(?:'s)?(?:[\s-](?:\w+[\s-]){{0,2}}?(?:fees?|\w*gebühr\w*)|\s?の?(?:手数料|手续费))"
    rf"|(?<!\w)(?:frais|comisi\w+|tarifas?) (?:de |d')?{_PROCESSORS}",
    re.IGNORECASE,
)
_WITH_PROCESSOR = re.compile(rf"^\W*(?:with|bei|mit|avec|chez|con) {_PROCESSORS}\b", re.IGNORECASE)
"""A fee with a processor's name, or told of one: "Stripe fees (2.9%)", "With PayPal, a fee of 3% applies"."""


_PROCESSOR_FIGURE = re.compile(
    rf"(?<!\w){_PROCESSORS}(?:'s (?:\w+ ){{0,3}}|(?:'s)? (?:standard|regular|usual|own|normal) (?:\w+ ){{0,2}})$",
    re.IGNORECASE,
)


def is_processor_figure(sentence: str, at: int) -> bool:
    """Say whether the figure at a place is told as a processor's: "on top of Stripe's standard 2.9%"."""
    return bool(_PROCESSOR_FIGURE.search(sentence, max(0, at - 60), at))


def _of_processor(part: str, before: str) -> bool:
    return bool(_PROCESSOR_FEE.search(part) or _WITH_PROCESSOR.search(before))


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


def of_bank(sentence: str) -> bool:
    """Say whether a sentence is about what the customer's own bank or card issuer charges."""
    return bool(everywhere("bank").search(sentence))


def who_of(
    sentence: str,
    term: Term,
    span: tuple[int, int],
    setting: Setting,
    lexicon: Lexicon,
    *,
    payment: bool,
    at: int,
    denied: bool = False,
) -> Who:
    """Return whose fee it is; what is denied in the imperative ("does not add any markup to …") is no setting.

    A card fee with a number that the page passes on is paid to the gateway, whoever keeps it; one of the customer's
    own bank is not.
    """
    part, before = sentence[span[0] : span[1]], sentence[: term.start]
    if payment and (
        of_bank(part if denied else sentence)
        or (at == term.start and lexicon["processor"].search(part if denied else sentence))
    ):
        return "payment_processor"
    if (
        payment
        and (_PROCESSOR_TAKES.search(part) or _of_processor(part, before[span[0] :]))
        and not (everywhere("passed_on").search(sentence) or everywhere("ours").search(part))
    ):
        return "payment_processor"
    if setting.others and _is_relative(setting.others, sentence[span[0] : at]):
        return "other"
    said_we = everywhere("ours").search(part)
    ours = said_we or (setting.own and setting.own.search(part))
    if _is_headed_other(setting) and not ours:
        return "other"
    if _about_others(_without_comparison(sentence, term), part, setting, lexicon, ours=bool(ours)):
        return "other"
    cue = lexicon["customer"].search(sentence)
    if cue and not ((ours or denied) and _IMPERATIVE.match(cue[0])) and not _WE_CHARGE.search(before):
        return "customer"
    if not said_we and _is_set_by_reader(term, setting, lexicon, denied=denied):
        return "customer"
    provider = list(lexicon["provider"].finditer(before[span[0] :]))
    if provider and not ours and not re.search(r"[,，、]|\bplus\b", before[span[0] + provider[-1].end() :]):
        return "provider"
    doubtful = setting.several or lexicon["defines"].search(setting.heading)
    return "unknown" if doubtful and not ours and not _is_named_above(part, setting) else "gateway"


def _is_set_by_reader(term: Term, setting: Setting, lexicon: Lexicon, *, denied: bool) -> bool:
    """Say whether what surrounds a sentence makes its factor or margin one that the reader sets."""
    if lexicon["customer"].search(_QUESTION.sub("", setting.heading)):  # "Do you add a markup?" asks about the gateway
        return True
    return (setting.reader_sets or setting.settings_page) and not denied and _on_what_is_set(term, setting, lexicon)


def _is_headed_other(setting: Setting) -> bool:
    """Say whether what heads a section, a row or a column names another gateway than the page's own."""
    if not (setting.subject and setting.others and setting.others.search(setting.subject)):
        return False
    return not (everywhere("ours").search(setting.subject) or (setting.own and setting.own.search(setting.subject)))


def _on_what_is_set(term: Term, setting: Setting, lexicon: Lexicon) -> bool:
    """Say whether a clause is about a factor or a margin, and no fee of another name."""
    if term.name in {"markup", "multiplier", "plus"}:
        return True
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


_BESIDE = re.compile(r"[(（][^()（）]*\d[^()（）]*[)）]")
"""A figure in brackets, which may be a rival's: "10% (competitors charge 20%)"."""


def _without_comparison(sentence: str, term: Term) -> str:
    """Return a sentence without a comparison that has ended before the term, or that stands in brackets beside it."""
    if not any(match.start() < term.start < match.end() for match in _BESIDE.finditer(sentence)):
        sentence = sentence[: term.end] + _BESIDE.sub("", sentence[term.end :])
    match = _COMPARISON.search(sentence)
    return sentence[match.end() :] if match and match.end() <= term.start else sentence


def _until_part_ends(sentence: str, part: str) -> str:
    """Return a sentence up to the end of a part: what it says of others afterwards is another matter."""
    at = sentence.find(part)
    return sentence if at < 0 else sentence[: at + len(part)]


def _about_others(sentence: str, part: str, setting: Setting, lexicon: Lexicon, *, ours: bool) -> bool:
    def names_others(text: str) -> bool:
        return bool(lexicon["others"].search(text) or (setting.others and setting.others.search(text)))

    sentence = _until_part_ends(sentence, part)
    own = setting.own.search(sentence) if setting.own else None
    other = setting.others.search(sentence) if setting.others else None
    if own and other and own.start() < other.start() and not lexicon["others"].search(sentence):
        return False
    return names_others(sentence) and not (ours and not names_others(part))
