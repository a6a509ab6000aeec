"""Everything a user can meet is named in the manual, and everything the manual names is there."""

import re
import tomllib
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer

from llmaudit.audit import FINDINGS, NO_DATA
from llmaudit.cli import app
from llmaudit.ingest.registry import known
from llmaudit.plans import preset_names
from llmaudit.rejects import REJECTED
from llmaudit.report.sections import all_sections
from llmaudit.settings import DEFAULTS
from llmaudit.sql import migrations

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "llmaudit"
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCED = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
HEADING = re.compile(r"^#+ +(.+?) *$", re.MULTILINE)
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")


@cache
def text_of(name: str) -> str:
    """Return a page without its code blocks."""
    return FENCED.sub("", (ROOT / name).read_text(encoding="utf-8"))


def headings_of(name: str, level: str = "#+") -> list[str]:
    return re.findall(rf"^{level} +(.+?) *$", text_of(name), re.MULTILINE)


def anchor(heading: str) -> str:
    """Return a heading's anchor as GitHub makes it."""
    words = re.sub(r"[^\w\- ]", "", heading.lower())
    return words.replace(" ", "-")


@cache
def sources() -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted(PACKAGE.rglob("*.py")))


def slugs() -> set[str]:
    """Return the slug of every error in the code; the readers of YAML make theirs from what they read."""
    shapes = {f"bad-{what.replace(' ', '-')}" for what in re.findall(r'what="([a-z ]+)"', sources())}
    constants = dict(re.findall(r'^([A-Z_]+) = "([a-z0-9-]+)"$', sources(), re.MULTILINE))
    named = {constants[name] for name in re.findall(r"slug=([A-Z_]+)\b", sources())}
    return set(re.findall(r'slug="([a-z0-9-]+)"', sources())) | named | shapes


def reject_reasons() -> set[str]:
    thrown = re.findall(r'Reject\(\s*"([a-z0-9-]+)"', sources())
    noted = re.findall(r'\.reject\([^"\n]+"([a-z0-9-]+)"(?: if [^"\n]+ else "([a-z0-9-]+)")?', sources())
    decode = (PACKAGE / "ingest" / "reasons.py").read_text(encoding="utf-8")
    named = re.findall(r'return "([a-z0-9-]+)", ', decode)
    return {*thrown, *named, *(reason for pair in noted for reason in pair if reason)}


def commands() -> list[str]:
    found = []
    for name, command in typer.main.get_command(app).commands.items():
        inner = getattr(command, "commands", None)
        if not inner or getattr(command, "invoke_without_command", False):
            found.append(name)
        found += [f"{name} {one}" for one in inner or ()]
    return found


def test_every_command_has_its_heading():
    assert set(headings_of("docs/commands.md", "##")) >= {f"llmaudit {name}" for name in commands()}


def test_no_command_is_described_that_does_not_exist():
    described = {name for name in headings_of("docs/commands.md", "##") if name.startswith("llmaudit ")}
    assert described == {f"llmaudit {name}" for name in commands()}


def test_every_setting_is_named():
    for name in DEFAULTS:
        assert f"`{name}`" in text_of("docs/files.md"), name
        assert name in {"since", "until"} or f"`--{name.replace('_', '-')}" in text_of("docs/commands.md"), name


def test_every_format_has_its_heading():
    assert set(headings_of("docs/formats.md", "##")) >= {form.name for form in known()}


def test_every_finding_has_its_heading():
    assert set(headings_of("docs/findings.md", "##")) == {name for name, _ in FINDINGS}


def test_parts_without_data_are_named():
    for name, _ in NO_DATA:
        assert f"`{name}`" in text_of("docs/findings.md")


def test_every_report_section_is_named_by_its_title():
    page = text_of("docs/findings.md")
    assert [section.title for section in all_sections() if section.title not in page] == []


def test_every_error_slug_is_a_heading_and_every_heading_an_error():
    assert set(headings_of("docs/errors.md", "##")) == slugs()


def test_every_reject_reason_is_a_heading_and_every_heading_a_reason():
    assert set(headings_of("docs/rejects.md", "##")) == reject_reasons() == set(REJECTED)


def test_the_manual_says_of_a_reject_what_the_program_says():
    page = " ".join(text_of("docs/rejects.md").split())
    assert [slug for slug, sentence in REJECTED.items() if f"## {slug} {sentence}" not in page] == []


def test_every_preset_has_its_heading():
    assert set(headings_of("docs/plans.md", "###")) >= set(preset_names())


def test_every_column_is_explained():
    """By a sentence of the manual, or by a comment beside it in the SQL; columns of an arm by what it is in any."""
    sql = "".join(sql for _, sql in migrations())
    for table, body in re.findall(r"CREATE TABLE (\w+) \((.*?)^\);", sql, re.DOTALL | re.MULTILINE):
        assert table in headings_of("docs/schema.md", "###")
        explained = text_of("docs/schema.md") + (text_of("docs/shadow.md") if table == "shadow_pairs" else "")
        columns = re.findall(r"^    (?:primary_|shadow_)?(\w+) [A-Z][^-\n]*(--)?", body, re.MULTILINE)
        assert [name for name, comment in columns if not comment and f"`{name}`" not in explained] == [], table


def test_the_map_names_every_page():
    named = set(re.findall(r"\]\(([a-z-]+\.md)\)", text_of("docs/index.md")))
    assert named >= {page.name for page in PAGES[1:]} - {"index.md"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path):
    for target in LINK.findall(text_of(str(page.relative_to(ROOT)))):
        assert "://" not in target, f"{target}: the manual links to nothing outside"
        name, _, fragment = target.partition("#")
        there = (page.parent / name).resolve() if name else page
        assert there.exists(), target
        assert not fragment or fragment in {anchor(text) for text in headings_of(str(there.relative_to(ROOT)))}, target


def test_pages_that_messages_and_comments_name_exist():
    named = set(re.findall(r"docs/[a-z-]+\.md", sources()))
    named |= set(re.findall(r"docs/[a-z-]+\.md", "".join(sql for _, sql in migrations())))
    assert [name for name in sorted(named) if not (ROOT / name).is_file()] == []


def test_commands_in_text_exist():
    """`llmaudit frobnicate` in a sentence would send a reader looking."""
    known = {name.partition(" ")[0] for name in commands()}
    for page in PAGES:
        for first in re.findall(r"`llmaudit ([a-z]+)", text_of(str(page.relative_to(ROOT)))):
            assert first in known, f"{page.name}: llmaudit {first}"


def test_make_targets_in_the_readme_exist():
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert set(re.findall(r"^make ([a-z]+)", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)) <= targets


def test_the_readme_quotes_the_truth_of_the_sample(truth: Any):
    spent = Decimal(truth["spend"]["spend_usd_by_gateway"]["total"])
    assert f"about 20,000 requests and ${spent:.0f}" in text_of("README.md")
    assert round(truth["totals"]["accepted"], -3) == 20_000


def test_the_table_of_layers_has_every_layer() -> None:
    contract = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]
    layers = {name.strip() for one in contract[0]["layers"] for name in one.replace("llmaudit.", "").split("|")}
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    table = text.partition("| layer |")[2].partition("\n\n")[0]
    told = {name for line in table.splitlines()[2:] for name in re.findall(r"`(\w+)`", line.split("|")[1])}
    assert told == layers
