"""The audit as one self-contained page: it requests nothing, and every number in it is there without JavaScript.

plotly.js is taken from the installed package, compressed once and unpacked by the browser, so that this repository
contains no third-party code and a page stays near 2 MB. The page's policy allows exactly two scripts, by their hashes.
"""

from __future__ import annotations

import gzip
import re
from base64 import b64encode
from collections.abc import Sequence
from functools import cache
from hashlib import sha256
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from llmaudit.audit import Audit
from llmaudit.errors import printable
from llmaudit.phrases import counted
from llmaudit.report import wording
from llmaudit.report.colors import DARK, FONT, LIGHT
from llmaudit.report.content import Block, Kind, Mark
from llmaudit.report.grid import Grid, grid
from llmaudit.report.sections import contents, grouped

TEXT_LIMIT = 4000
SIZES = {"short_rows": 15, "wide_columns": 8, "narrow_columns": 3}
"""Of tables: with at most `short_rows` rows they are not cut by a page break; from `wide_columns` columns on they are
set closer; with at most `narrow_columns` they are no wider than they need to be."""

LONG_CELL = 36
"""A name longer than this may be broken anywhere, so that it does not push the figures off the screen."""

BRIEF_CELL = 16
"""Words no longer than this stay on one line: `1 standard`, `ticket-summary`."""

PART_END = re.compile(r"[/_]|\.(?=[a-z])")
"""Where a name may break: not before a digit, which belongs to a version (`gpt-5.6`)."""

CODE = re.compile(r"`([^`]+)`")
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
"""An option of a command, which must not be broken after a dash."""


def render_html(audit: Audit) -> str:
    """Return the report as one HTML page; the same audit gives the same bytes."""
    script = _asset("page.js")
    sections = contents(audit)
    library = files("plotly").joinpath("package_data/plotly.min.js").read_bytes()
    return (
        _environment()
        .get_template("page.html.j2")
        .render(
            audit=audit,
            covered=wording.covered(audit.spend),
            sections=sections,
            groups=grouped(section for section, _ in sections),
            style=_style(),
            script=Markup(script),  # noqa: S704 -- a file of this package
            library=Markup(_packed(library)),  # noqa: S704 -- base64
            hashes=(_csp_hash(script.encode()), _csp_hash(library)),
            **SIZES,
        )
    )


def render_page(title: str, about: str, content: Sequence[Block], foot: str) -> str:
    """Return blocks without charts as one HTML page without any script."""
    return (
        _environment()
        .get_template("letter.html.j2")
        .render(
            title=title,
            about=about,
            content=content,
            foot=foot,
            style=_style(),
            **SIZES,
        )
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("llmaudit.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "prose": prose,
        "plain": plain,
        "named": named,
        "grid": grid,
        "block": block_name,
        "counted": counted,
    }
    environment.tests["mark"] = lambda value: isinstance(value, Mark)
    environment.tests["brief"] = lambda value: isinstance(value, str) and len(value) <= BRIEF_CELL
    environment.tests["long"] = lambda value: isinstance(value, str) and len(value) > LONG_CELL
    environment.tests["wordy"] = is_wordy
    return environment


def is_wordy(shown: Grid) -> bool:
    """Return whether a table has sentences or long names: on a phone its cells stand one under the other."""
    words = [i for i, column in enumerate(shown.columns) if column.kind in {Kind.NAME, Kind.TEXT}]
    return any(len(str(row[i])) > LONG_CELL for row in shown.rows for i in words)


def plain(text: str) -> str:
    """Return text whose every character can be seen; the template escapes it."""
    return printable(text, TEXT_LIMIT)


def named(text: str) -> Markup:
    """Return a name as HTML that may break between its parts where a line has no room for all of it."""
    return Markup(PART_END.sub(r"\g<0><wbr>", str(escape(plain(text)))))  # noqa: S704 -- escaped on the same line


def prose(text: str) -> Markup:
    """Return a sentence as HTML: escaped first, then what stands between backticks becomes code."""
    return Markup(CODE.sub(_as_code, str(escape(plain(text)))))  # noqa: S704 -- escaped on the same line


def _as_code(found: re.Match[str]) -> str:
    inside = OPTION.sub(r"<span>\g<0></span>", found[1])
    return f"<code>{inside}</code>"


def block_name(block: Block) -> str:
    """Return the kind of a block, which names the macro that writes it."""
    return type(block).__name__.lower()


@cache
def _asset(name: str) -> str:
    return files("llmaudit.report").joinpath(name).read_text(encoding="utf-8")


@cache
def _packed(library: bytes) -> str:
    """Return bytes compressed and in base64; without a time of compression, which would differ in every report."""
    return b64encode(gzip.compress(library, compresslevel=9, mtime=0)).decode("ascii")


def _style() -> Markup:
    """Return the style sheet: light unless the reader's screen asks for dark; paper is always light."""
    light, dark = (" ".join(f"--{name}: {color};" for name, color in colors.items()) for colors in (LIGHT, DARK))
    roots = f":root {{ {light} --font: {FONT}; }}\n"
    roots += f"@media screen and (prefers-color-scheme: dark) {{ :root:not(.paper) {{ {dark} }} }}\n"
    return Markup(roots + _asset("page.css"))  # noqa: S704 -- constants and a file of this package


def _csp_hash(code: bytes) -> str:
    return f"'sha256-{b64encode(sha256(code).digest()).decode('ascii')}'"
