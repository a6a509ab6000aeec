"""Personal data in text, found by pattern and check digit: a hint about what a prompt contains, not a guarantee.

Where a kind of number has check digits, they must be right. Chance alone passes one random number in ten as a card and
one in a hundred as a tax number, so the format is checked as well. docs/privacy.md has the measured error rates.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from ipaddress import ip_address

EMAIL = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,4}")
PHONE = re.compile(
    r"(?<![\w.])(?:\+?\d{1,3}[ .-]?\(?\d{2,4}\)?[ .-]\d{3,4}[ .-]\d{3,4}|\+\d{1,3}[ .-]\d{3}[ .-]\d{4})(?!\w|\.\d)"
)
_IP = re.compile(r"(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7})(?![\w:]|\.\d)")
_CARD = re.compile(r"(?<![\d.+-])(?:\d[ -]?){12,18}\d(?![\d.-])")
_CARD_STARTS = re.compile(r"(?:4|5[1-5]|2[2-7]|3[47]|6(?:011|5))")
_CARD_LENGTHS = {13, 15, 16, 19}
_SSN = re.compile(r"(?<![\d-])(?!000|666|9\d\d)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\d-])")
_NINO = re.compile(r"\b(?!BG|GB|NK|KN|TN|NT|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D]\b")
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?\b")
_CPF = re.compile(r"(?<!\d)\d{3}\.\d{3}\.\d{3}-\d{2}(?!\d)")
_DNI = re.compile(r"\b\d{8}-?[A-HJ-NP-TV-Z]\b")
_NIR = re.compile(r"(?<!\d)[12] ?\d{2} ?(?:0[1-9]|1[0-2]) ?\d{2} ?\d{3} ?\d{3} ?\d{2}(?!\d)")
_AADHAAR = re.compile(r"(?<!\d)[2-9]\d{3}[ -]\d{4}[ -]\d{4}(?!\d)")

_DIGITS_OF_ONE = re.compile(r"\d(?:\d{2,3}[ .-]\d{3,4}|\d\d-\d\d-\d{4}|(?:[ -]?\d){12}|\d{7}-?[A-Z])")
_LETTERS_OF_ONE = re.compile(r"[A-Z]{2}(?:\d{2}(?: ?[A-Z0-9]{4}){2}| ?\d{2} ?\d{2} ?\d{2} ?[A-D])")
"""Every number of the patterns above contains one of these two, and few other texts do. There are two, because each
starts at a digit or at a capital letter only: one pattern for both would take longer."""

_KINDS = bytes(
    ord("0" if chr(byte).isdigit() else "A" if chr(byte).isupper() else " " if chr(byte) in " .-" else "x")
    for byte in range(128)
).ljust(256, b"x")
_DIGITS_WITH_GAPS = (b"000 000", b"000 00 0000")
_DIGITS_WITHOUT = (b"0" * 13, b"00000000A")
_LETTERS_WITH_GAPS = b"AA00"
_LETTERS_WITHOUT = b"AA000000A"
"""What the two contain, written as kinds of characters, with the gaps and without: searched fifty times as fast."""

_OTHER_DIGITS = re.compile(r"[^\D0-9]")

_AROUND = 50
"""Characters: more than the longest number written with spaces, an IBAN of 34, and its neighbours."""

_DNI_LETTERS = "TRWAGMYFPDXBNJZSQVHLCKE"
_PERMUTATION = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)
"""The permutation of Verhoeff's check digit scheme (1969), applied once more for each place."""


def _dihedral(first: int, second: int) -> int:
    """Return the product of two elements of the dihedral group of ten, in which Verhoeff's check digit multiplies."""
    rotation, is_reflection = first % 5, first >= 5  # noqa: PLR2004 -- five rotations, five reflections
    other, other_is_reflection = second % 5, second >= 5  # noqa: PLR2004 -- the same
    turned = (rotation - other if is_reflection else rotation + other) % 5
    return turned + (5 if is_reflection != other_is_reflection else 0)


def classes_of(text: str) -> tuple[str, ...]:
    """Return the kinds of personal data that a text seems to hold: `email`, `phone`, `card`, `national-id`."""
    found = []
    if "@" in text and EMAIL.search(text):
        found.append("email")
    text = _numbers_in(text)
    if not text:
        return tuple(found)
    if PHONE.search(_OTHER_NUMBERS.sub(" x ", text)):
        found.append("phone")
    if any(is_card(match[0]) for match in _CARD.finditer(text)):
        found.append("card")
    if has_national_id(text):
        found.append("national-id")
    return tuple(found)


def _numbers_in(text: str) -> str:
    """Return the parts of a text that may contain a number of a known kind, each with its surroundings.

    A quick look for what they have in common: the dozen of patterns take ten times as long, and most prompts hold no
    such number. A line end between the parts keeps what was apart from being read as one number.
    """
    signs = [match.span() for pattern in _worth_a_search(text) for match in pattern.finditer(text)]
    parts: list[str] = []
    start = end = 0
    for first, behind in sorted(signs):
        if first - _AROUND > end:
            parts.append(text[start:end])
            start = first - _AROUND
        end = max(end, behind + _AROUND)
    return "\n".join([*parts, text[start:end]]).lstrip("\n")


def _worth_a_search(text: str) -> Iterator[re.Pattern[str]]:
    """Yield which of the two patterns may be found in a text; most texts hold neither."""
    kinds = text.encode("ascii", "replace").translate(_KINDS)
    packed = kinds.replace(b" ", b"")
    digits = any(sign in kinds for sign in _DIGITS_WITH_GAPS) or any(sign in packed for sign in _DIGITS_WITHOUT)
    other_digits = not text.isascii() and _OTHER_DIGITS.search(text) is not None
    if digits or other_digits:
        yield _DIGITS_OF_ONE
    if _LETTERS_WITH_GAPS in kinds or _LETTERS_WITHOUT in packed or other_digits:
        yield _LETTERS_OF_ONE


def ips_in(text: str) -> list[str]:
    """Return the IP addresses in a text, of both versions."""
    return [match[0] for match in _IP.finditer(text) if _is_ip(match[0])]


def _is_ip(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def is_card(text: str) -> bool:
    """Say whether digits are a payment card's: a network's beginning and length, and Luhn's check digit."""
    digits = _digits(text)
    if len(digits) not in _CARD_LENGTHS or not _CARD_STARTS.match(digits) or len(set(digits)) == 1:
        return False
    doubled = (int(digit) * 2 for digit in digits[-2::-2])
    return (sum(map(int, digits[-1::-2])) + sum(two // 10 + two % 10 for two in doubled)) % 10 == 0


def has_national_id(text: str) -> bool:
    """Say whether a text holds a number that a state or bank gives a person, by shape and check digits."""
    return any(test(match[0]) for pattern, test in _NATIONAL for match in pattern.finditer(text))


def _is_iban(text: str) -> bool:
    packed = text.replace(" ", "")
    rotated = packed[4:] + packed[:4]
    number = int("".join(str(int(character, 36)) for character in rotated))
    return 15 <= len(packed) <= 34 and number % 97 == 1  # noqa: PLR2004 -- ISO 13616


def _is_cpf(text: str) -> bool:
    digits = [int(digit) for digit in _digits(text)]
    if len(set(digits)) == 1:
        return False
    return all(_cpf_check(digits[:size]) == digits[size] for size in (9, 10))


def _cpf_check(digits: list[int]) -> int:
    """Return the digit that follows: weights fall to 2, modulo 11, and 10 is written as 0."""
    weighted = sum(digit * weight for digit, weight in zip(digits, range(len(digits) + 1, 1, -1), strict=True))
    return weighted * 10 % 11 % 10


def _is_dni(text: str) -> bool:
    return _DNI_LETTERS[int(_digits(text)) % 23] == text[-1]


def _is_nir(text: str) -> bool:
    digits = _digits(text)
    return 97 - int(digits[:13]) % 97 == int(digits[13:])


def _is_aadhaar(text: str) -> bool:
    check = 0
    for place, digit in enumerate(reversed(_digits(text))):
        value = int(digit)
        for _ in range(place % 8):
            value = _PERMUTATION[value]
        check = _dihedral(check, value)
    return check == 0


def _digits(text: str) -> str:
    return "".join(character for character in text if character.isdigit())


def _by_shape(_: str) -> bool:
    """Accept any text of the right shape: these numbers have no check digit."""
    return True


_NATIONAL: tuple[tuple[re.Pattern[str], Callable[[str], bool]], ...] = (
    (_SSN, _by_shape),  # United States
    (_NINO, _by_shape),  # United Kingdom
    (_IBAN, _is_iban),  # bank accounts, ISO 13616
    (_CPF, _is_cpf),  # Brazil
    (_DNI, _is_dni),  # Spain
    (_NIR, _is_nir),  # France
    (_AADHAAR, _is_aadhaar),  # India
)

_OTHER_NUMBERS = re.compile("|".join(pattern.pattern for pattern in (_CARD, *(shape for shape, _ in _NATIONAL))))
"""Shapes that are removed before phone numbers are searched, whose pattern is the loosest of all."""
