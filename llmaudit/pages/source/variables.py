"""Template variables where a number should be, constants that give them a value, and the date a page bears."""

from __future__ import annotations

import re

OPEN, CLOSE = "\u2045", "\u2046"
"""Brackets no page uses, around a variable."""

_VARIABLE = re.compile(
    r"""
    \{\{\{?[^{}\n]{1,80}\}?\}\}          # {{ fee }}
    | \{%-?\s?[^{}%\n]{1,120}%\}        # {% data variables.fee %}
    | \$\{[^{}\n]{1,80}\}                # ${fee}
    | <%=[^%\n]{1,80}%>                  # <%= fee %>
    | \[\[[A-Za-z_][\w. ]{0,60}\]\]      # [[fee]]
    | \[[A-Za-z][A-Za-z_ ]{0,20}\](?=\s?%)  # [X]%
    | %[A-Z][A-Z0-9_]{2,40}%             # %FEE%
    | __[A-Z][A-Z0-9_]{2,40}__           # __FEE__
    | <[A-Z][\w.]{0,60}(?:\s[^<>\n]{0,200})?/>  # <FeePercent />
    | \{[A-Za-z_$][^{}\n]{0,80}\}        # {FEE_PERCENT}, {getFee('card')}
    """,
    re.VERBOSE,
)
_CONSTANT = re.compile(
    r"^\s*(?:export\s+)?(?:const|let|var)\s+([A-Za-z_$][\w$]*)\s*(?::[^=\n]{1,40})?=\s*"
    r"(?:'([^'\n]{0,80})'|\"([^\"\n]{0,80})\"|`([^`$\n]{0,80})`|(-?\d[\d_.]*))\s*;?\s*$",
    re.MULTILINE,
)
_MONTHS = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]
_DATED = re.compile(
    r"(?:last (?:updated|modified|revised)|updated|effective|as of|prices? as of|stand|mis à jour|actualizado"
    r"|更新于|更新日期|最終更新)"
    r"\W{0,4}(?:on|am|le|el)?\W{0,3}"
    r"(?:(?P<iso>20\d\d-\d\d?-\d\d?)|(?P<month>[A-Z][a-z]{2,8})\.? (?P<day>\d{1,2}),? (?P<year>20\d\d)"
    r"|(?P<day2>\d{1,2}) (?P<month2>[A-Z][a-z]{2,8}) (?P<year2>20\d\d)|(?P<cjk>20\d\d年\d\d?月\d\d?日))",
    re.IGNORECASE,
)
_ISO = re.compile(r"(20\d\d)-(\d\d?)-(\d\d?)")


def marked_variables(text: str) -> str:
    """Return text with every template variable between `OPEN` and `CLOSE`."""
    return _VARIABLE.sub(lambda match: f"{OPEN}{match[0]}{CLOSE}", text)


_JSX_SPACE = re.compile(r"\{\s*([\"'`])\s*\1\s*\}")


def without_spacers(text: str) -> str:
    """Return text without `{" "}`, the space that JSX needs between its elements."""
    return _JSX_SPACE.sub(" ", text)


def unmarked(text: str) -> str:
    """Return text as the page has it."""
    return text.replace(OPEN, "").replace(CLOSE, "")


def constants(source: str) -> dict[str, str]:
    """Return the plain constants that a page defines for itself; nothing is evaluated."""
    return {m[1]: next(value for value in m.groups()[1:] if value is not None) for m in _CONSTANT.finditer(source)}


def with_constants(text: str, known: dict[str, str]) -> str:
    """Return text with `{NAME}` replaced by the value that the page itself gives the name."""
    return re.sub(r"\$?\{\s*([A-Za-z_$][\w$]*)\s*\}", lambda match: known.get(match[1], match[0]), text)


def stated_date(text: str) -> str | None:
    """Return the day a page gives for itself as `YYYY-MM-DD`, or None."""
    bare = _ISO.match(text.strip())
    if bare:
        return _day(bare[1], bare[2], bare[3])
    match = _DATED.search(text)
    if not match:
        return None
    if match["iso"]:
        return _day(*match["iso"].split("-"))
    if match["cjk"]:
        return _day(*re.findall(r"\d+", match["cjk"]))
    month = (match["month"] or match["month2"])[:3].lower()
    number = next((str(i) for i, name in enumerate(_MONTHS, 1) if name.startswith(month)), None)
    return _day(match["year"] or match["year2"], number, match["day"] or match["day2"]) if number else None


def _day(year: str, month: str, day: str) -> str | None:
    valid = 1 <= int(month) <= 12 and 1 <= int(day) <= 31  # noqa: PLR2004 -- months and days
    return f"{year}-{int(month):02}-{int(day):02}" if valid else None


VARIABLE = re.compile(f"{OPEN}[^{CLOSE}]*{CLOSE}")
