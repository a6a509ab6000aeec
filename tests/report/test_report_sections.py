"""What each section says, as data, from an audit of five cells made by hand."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from html import unescape
from types import SimpleNamespace

import msgspec
import plotly.graph_objects as go
import pytest
from builders import cell, evidence
from handmade import HOSTILE, PRICED, hostile_audit, small_audit

from llmaudit.audit import NO_DATA, conclude
from llmaudit.evidence import Evidence
from llmaudit.findings.markup import Markup
from llmaudit.findings.reliability import LatencyRow
from llmaudit.findings.shadow import Shadow
from llmaudit.markup.model import SampleRow
from llmaudit.report import wording
from llmaudit.report.content import Answers, Block, Chart, Figures, Part, Prose, Section, SectionContent, Table
from llmaudit.report.gateway import claim_blocks
from llmaudit.report.gateway_verdicts import lead, verdict_of_all
from llmaudit.report.grid import grid
from llmaudit.report.markdown import render_markdown
from llmaudit.report.sections import GROUPS, _content, all_sections, contents, grouped, markup
from llmaudit.report.sections.reliability import _latency
from llmaudit.report.sections.summary import build

NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")
AMOUNT = re.compile(r"\$" + NUMBER.pattern)


@pytest.fixture(scope="module")
def small(catalog):
    return small_audit(catalog)


@pytest.fixture(scope="module")
def said(small) -> dict[str, SectionContent]:
    return {section.id: content for section, content in contents(small)}


def walk(blocks: tuple[Block, ...]) -> Iterator[Block]:
    for block in blocks:
        yield block
        if isinstance(block, Part):
            yield from walk(block.blocks)


def tables(content: SectionContent) -> dict[str, Table]:
    return {block.caption: block for block in walk(content.blocks) if isinstance(block, Table)}


def charts(content: SectionContent) -> list[Chart]:
    return [block for block in walk(content.blocks) if isinstance(block, Chart)]


def figures_of(chart: Chart) -> list[str]:
    """Return what stands to the right of its rows; of a chart without rows, the amounts that its points say."""
    notes = [note["text"] for note in chart.figure["layout"].get("annotations", ()) if note["x"] == 1]
    texts = [text for trace in chart.figure["data"] for text in trace.get("hovertext", ())]
    amounts = [amount for text in texts for amount in AMOUNT.findall(unescape(text))]
    return [unescape(note).removeprefix("<b>").removesuffix("</b>") for note in notes] or amounts


def figure(content: SectionContent, label: str) -> str:
    items = [item for block in walk(content.blocks) if isinstance(block, Figures) for item in block.items]
    return next(item.value for item in items if item.label == label)


def verdict(content: SectionContent) -> str:
    """Return what the summary opens with, its lead and its answers, as one text."""
    lead = [block.text for block in content.blocks[:1] if isinstance(block, Prose)]
    answered = [one.text for block in content.blocks if isinstance(block, Answers) for one in block.items]
    return " ".join((*lead, *answered))


def test_sections_are_found_in_reading_order():
    found = [section.id for section in all_sections()]
    known = ["summary", "spend", "tiers", "drivers", "savings", "markup", "reliability", "coverage", "method"]
    assert [name for name in found if name in known] == known


def test_every_section_stands_under_one_title_of_the_contents():
    groups = grouped(all_sections())
    assert [section for _, group in groups for section in group] == list(all_sections())
    assert [title for title, _ in groups] == [title for _, title in GROUPS]
    assert [section.id for section in dict(groups)[""]] == ["summary"]
    assert "waterfall" in {section.id for section in dict(groups)["Savings"]}


def test_every_section_says_where_it_comes_from_and_how_to_check(said):
    for content in said.values():
        assert content.source
        assert content.commands
        assert all(command.line.startswith("llmaudit ") for command in content.commands)


def test_breakdowns_add_up_to_the_spend(small, said):
    whole = small.spend.spend_usd
    found = tables(said["spend"])
    for caption in (
        "Spend by model",
        "Spend by gateway",
        "Spend by seller",
        "Spend by feature",
        "Spend by team",
        "Spend by day",
    ):
        amounts = [row[2] for row in found[caption].rows if row[2] is not None]
        assert sum(amounts, Decimal(0)) == whole, caption
        assert sum(row[1] for row in found[caption].rows) == small.spend.requests


def test_what_has_no_price_is_unknown_and_what_has_no_team_is_not_attributed(said):
    found = tables(said["spend"])
    nobody = next(row for row in grid(found["Spend by model"]).rows if row[0] == "nobody/nothing-9")
    assert nobody[2:5] == ("unknown", "unknown", "unknown")
    assert grid(found["Spend by team"]).rows[-1][0] == wording.NOT_ATTRIBUTED


def test_the_summary_keeps_proven_and_unproven_apart(small, said):
    content = said["summary"]
    reach = small.waterfall
    marks = {
        item.label: item.mark and item.mark.text
        for block in content.blocks
        if isinstance(block, Figures)
        for item in block.items
    }
    assert figure(content, "Spend") == wording.headline(small.spend.spend_usd)
    assert figure(content, "Unproven: not a promise") == wording.headline(reach.unproven_usd)
    assert figure(content, "No-risk") == wording.headline(reach.no_risk_usd)
    assert wording.headline(reach.saving_usd) in verdict(content)
    assert marks["Unproven: not a promise"] == "unproven"
    assert (marks["Certified"], marks["No-risk"]) == (None, "no answer changes")
    assert isinstance(content.blocks[0], Prose)
    assert "unproven" in verdict(content)


def test_a_driver_without_data_is_no_zero(catalog):
    """Without the plan `tiered` overspecification has no figure."""
    said = {section.id: content for section, content in contents(conclude(evidence(catalog, cell(tokens=1000))))}
    for section in ("summary", "drivers"):
        rows = next(table for caption, table in tables(said[section]).items() if "drivers" in caption.lower()).rows
        without = next(row for row in rows if str(row[0]).startswith("Overspecification"))
        assert "no data" in without
        assert not any(isinstance(value, Decimal) for value in without)


def test_a_plan_s_parts_add_up_to_its_cost_and_its_saving(small, said):
    for plan in small.savings.plans:
        found = tables(said["savings"])
        made_up = found.get(f"How the saving of {plan.name} is made up")
        if made_up is None:
            assert not plan.savings_usd
            continue
        assert sum(row[1] for row in made_up.rows) == plan.savings_usd
        assert sum(row[6] for row in found[f"Parts of the plan {plan.name}, largest first"].rows) == plan.cost_usd


def test_markup_names_the_gateway_and_its_verdict(said):
    rows = tables(said["markup"])["Gateways: billed against the provider's list"].rows
    assert {row[0] for row in rows} == {"dear.example", "g"}
    assert all(row[1].text for row in rows)


def test_every_record_is_accounted_for(said):
    found = tables(said["coverage"])
    assert grid(found["Every record accounted for"]).foot[1] == "53"
    assert [row[0] for row in found["The ledger, file by file"].rows] == ["a.jsonl", "b"]


def test_what_is_not_measured_is_listed_with_its_reason(said):
    rows = tables(said["method"])["Not measured"].rows
    expected = [("What shadow tests showed", "shadow"), ("Cost against quality", "frontier")]
    assert rows == tuple((title, dict(NO_DATA)[name]) for title, name in expected)


def test_a_part_without_data_says_so(small):
    section = Section(1, "x", "Shadow", "shadow", lambda _: pytest.fail("nothing to build from"))
    content = _content(section, small)
    assert figure(content, "Shadow") == "No data"


def test_without_requests_there_is_no_page_of_zeros(catalog):
    said = {section.id: content for section, content in contents(conclude(Evidence([], catalog)))}
    assert list(said) == ["summary", "method"]
    assert "nothing to say" in said["summary"].blocks[0].text
    assert not any(isinstance(block, Figures) for block in said["summary"].blocks)


def test_charts_are_valid_plotly_and_have_words(small, catalog):
    drawn = [
        chart
        for audit in (small, hostile_audit(catalog))
        for _, content in contents(audit)
        for chart in charts(content)
    ]
    assert len(drawn) >= 16
    for chart in drawn:
        go.Figure(chart.figure)
        assert len(chart.alt) > 20


def test_names_in_charts_are_not_markup(catalog):
    for _, content in contents(hostile_audit(catalog)):
        for chart in charts(content):
            texts = [note["text"] for note in chart.figure["layout"].get("annotations", ())]
            texts += [text for trace in chart.figure["data"] for text in trace.get("hovertext", ())]
            texts += [one["name"] for one in chart.figure["layout"].get("shapes", ())]
            texts += [trace.get("name", "") for trace in chart.figure["data"]]
            for text in texts:
                plain = text.replace("<br>", "").removeprefix("<b>").removesuffix("</b>")
                assert "<" not in plain
                assert "$" not in plain


def test_what_a_chart_says_is_said_without_it(small, catalog):
    """Where no script runs, the words in its place and the tables of its section have every figure."""
    figures = 0
    for audit in (small, hostile_audit(catalog)):
        for _, content in contents(audit):
            cells = [str(cell) for table in tables(content).values() for row in grid(table).rows for cell in row]
            told = {number for cell in cells for number in NUMBER.findall(cell)}
            for chart in charts(content):
                said = figures_of(chart)
                figures += len(said)
                missing = [one for one in said if one not in chart.alt and not told.issuperset(NUMBER.findall(one))]
                assert missing == [], chart.title
    assert figures > 60


def test_the_chart_and_its_table_say_the_same_cent(said):
    shown = grid(tables(said["spend"])["Spend by model"]).rows
    notes = [note["text"] for note in charts(said["spend"])[1].figure["layout"]["annotations"]]
    assert notes[0] == PRICED == shown[0][0]
    assert notes[1] == f"<b>{str(shown[0][2]).replace('$', '&#36;')}</b>"


def test_hostile_names_stay_whole_and_visible(catalog):
    said = {section.id: content for section, content in contents(hostile_audit(catalog))}
    names = {row[0] for row in tables(said["spend"])["Spend by model"].rows}
    assert set(HOSTILE) <= names
    shown = {row[0] for row in grid(tables(said["spend"])["Spend by model"]).rows}
    assert all(name.isprintable() for name in shown)


@pytest.mark.parametrize(
    ("paths", "short"),
    [
        (["/a/b/c.jsonl", "/a/b/d/e.jsonl"], ["c.jsonl", "d/e.jsonl"]),
        (["/a/b/c.jsonl"], ["c.jsonl"]),
        (["c.jsonl", "d"], ["c.jsonl", "d"]),
        ([], []),
    ],
)
def test_paths_do_not_tell_where_a_home_is(paths, short):
    assert wording.without_common_folder(paths) == short


def test_the_steps_of_the_waterfall_add_up_in_its_table(small, said):
    found = tables(said["waterfall"])
    steps = found["The steps, in the order they are taken"]
    saved = [row[1] for row in steps.rows if isinstance(row[1], Decimal)]
    assert sum(saved, Decimal(0)) == small.waterfall.saving_usd
    assert steps.rows[-1][2] == small.waterfall.reachable_usd
    features = found["By feature"].rows
    assert sum(row[1] for row in features) == small.waterfall.spend_usd
    for row in features:
        assert row[1] - row[2] - row[3] - row[4] == row[5]


def test_what_to_do_first_is_the_dearest_steps_with_what_to_do(small, said):
    found = tables(said["summary"])["What to do first, by dollars saved"]
    amounts = [row[1] for row in found.rows]
    assert amounts == sorted(amounts, reverse=True)
    dearest = max(step.saved_usd for step in small.waterfall.steps if step.saved_usd)
    assert amounts[0] == dearest
    assert all(row[3] for row in found.rows)


@pytest.mark.parametrize(
    ("days", "says"), [(31, "$83 expected, $2,661 with"), (7, "$367 expected, $11,786 with"), (6, None)]
)
def test_the_pace_of_a_year_names_its_days(small, days: int, says: str | None):
    """226.03 x 365 / 31 = 2,661.3; 7.03 x 365 / 31 = 82.8; 226.03 x 365 / 7 = 11,785.9; 7.03 x 365 / 7 = 366.6."""
    first = date(2026, 10, 1)
    spend = msgspec.structs.replace(small.spend, first_day=first, last_day=first + timedelta(days=days - 1))
    reached = msgspec.structs.replace(small.waterfall, saving_usd=Decimal("226.03"), no_risk_usd=Decimal("7.03"))
    lead = verdict(build(msgspec.structs.replace(small, spend=spend, waterfall=reached)))
    if says is None:
        assert "pace" not in lead
    else:
        assert f"at the pace of these {days} days: {says} the unproven part." in lead


def test_the_waterfall_s_bars_begin_where_the_one_before_ends(small, said):
    (drawn,) = (chart for chart in charts(said["summary"]) if chart.title == "What can be saved, step by step")
    bars = sorted(
        (row, base, base + width)
        for trace in drawn.figure["data"]
        for row, base, width in zip(trace["y"], trace["base"], trace["x"], strict=True)
    )
    spent, *steps, reachable = bars
    assert (spent[1], spent[2]) == (0, float(small.waterfall.spend_usd))
    assert reachable[2] == pytest.approx(float(small.waterfall.reachable_usd))
    saving = [step.saved_usd for step in small.waterfall.steps if step.saved_usd]
    top = spent[2]
    for (_, low, high), saved in zip(steps, saving, strict=True):
        assert (high if saved > 0 else low) == pytest.approx(top)
        top = low if saved > 0 else high
    assert top == pytest.approx(reachable[2])


def test_the_checklist_shows_seven_answers_and_their_evidence(small, said):
    rows = tables(said["checklist"])["Seven questions about a gateway, answered from the logs"].rows
    assert [row[1].text.replace(" ", "-") for row in rows] == [item.status for item in small.checklist.items]
    parts = [block for block in said["checklist"].blocks if isinstance(block, Part)]
    assert [part.mark and part.mark.text for part in parts] == [row[1].text for row in rows]


def test_lock_in_without_hours_is_unknown_and_no_zero(small, said):
    assert small.lockin.outage_hours is None
    assert figure(said["lockin"], "Hours without a fallback") == wording.UNKNOWN


def test_overspecification_by_feature_and_team_come_to_the_same(small, said):
    found = tables(said["overspecification"])
    for caption in ("By tier and feature", "By team"):
        table = found[caption]
        money = [i for i, column in enumerate(table.columns) if column.title == "Difference"]
        assert sum(row[money[0]] for row in table.rows) == small.overspecification.excess_usd


def test_where_no_cost_is_known_nothing_is_said_of_money(catalog):
    """Zeros would read as a month that cost nothing: the summary says that the cost is unknown, and what to do."""
    audit = conclude(evidence(catalog, cell(model="nobody/nothing-9", requests=5, tokens=1000, tier=1)))
    said = {section.id: content for section, content in contents(audit)}
    assert not {"overspecification", "waterfall", "lockin", "drivers", "savings", "opportunities", "markup"} & set(said)
    assert {"summary", "spend", "tiers", "shadow", "reliability", "checklist", "coverage", "method"} <= set(said)
    lead = said["summary"].blocks[0].text
    assert lead.startswith("The cost of 5 requests")
    assert "is unknown" in lead
    assert "`nobody/nothing-9`" in lead
    page = render_markdown(audit)
    assert "$0" not in page[: page.index("## Failures")]


def test_a_shadow_test_alone_is_read_in_the_summary(catalog):
    sentence = "Do not move everything: a loss is certain in tier 2."
    read = Shadow([SimpleNamespace(name="october", sentence=sentence)])
    lead = build(msgspec.structs.replace(conclude(Evidence([], catalog)), shadow=read)).blocks[0].text
    assert lead.endswith(f"Shadow test `october`: {sentence}")


def test_what_may_be_promised_comes_before_what_may_not(small, said):
    """The worst of every assumption is named beside what is expected, and the unproven part is not in it."""
    reach = small.waterfall
    lead = verdict(said["summary"])
    sure, least = reach.no_risk_usd + reach.certified_usd, reach.low.no_risk_usd + reach.low.certified_usd
    assert 0 <= least < sure
    promise = (
        f"Savings of {wording.headline(least)} are safe to promise and {wording.headline(sure)} is expected"
        if least
        else "No saving"
    )
    assert lead.index(promise) < lead.index(f"{wording.headline(reach.unproven_usd)} more by the plan")


def test_why_a_record_was_not_used_is_a_sentence(said):
    rows = tables(said["coverage"])["Rejected records by reason"].rows
    assert rows == (("The line is not valid JSON. (malformed-json)", 2),)


def test_a_saving_that_may_be_nothing_is_no_promise(small):
    low = msgspec.structs.replace(small.waterfall.low, no_risk_usd=Decimal(0), certified_usd=Decimal(0))
    reached = msgspec.structs.replace(small.waterfall, low=low, no_risk_usd=Decimal("7.03"))
    lead = build(msgspec.structs.replace(small, waterfall=reached)).blocks[0].text
    assert "No saving is safe to promise yet: $7.03 is expected" in lead
    assert "Savings of" not in lead


def test_only_a_proven_markup_lies_open(catalog):
    found = {section.id: content for section, content in contents(hostile_audit(catalog))}["markup"]
    parts = [block for block in found.blocks if isinstance(block, Part)]
    assert len(parts) == len(HOSTILE)
    assert all(part.collapsed is (part.mark.text != "markup") for part in parts)


def test_a_backtick_in_a_name_does_not_end_the_code():
    assert wording.quoted("a`b") == "`a'b`"


def test_very_many_gateways_do_not_make_an_endless_page(catalog):
    cells = [cell(model=PRICED, requests=2, gateway=f"g{i}", billed="0.1", feature=f"f{i}") for i in range(200)]
    found = {section.id: content for section, content in contents(conclude(evidence(catalog, *cells)))}["markup"]
    parts = [block for block in found.blocks if isinstance(block, Part)]
    assert 0 < len(parts) < 200
    assert f"{200 - len(parts)} more gateways without a markup" in found.blocks[-1].text


def test_of_many_markups_the_largest_are_named_and_the_others_are_a_sum(small):
    """12 gateways that took 1 to 12 dollars: 12, 11 and 10 by name, the other nine come to 45."""
    row = next(row for row in small.markup.gateways if row.gateway == "dear.example")
    marked = [
        msgspec.structs.replace(
            row, gateway=f"g{usd}", verdict="markup", overpaid_usd=Decimal(usd), yearly_usd=None, found=[], pct=10.0
        )
        for usd in range(1, 13)
    ]
    said = lead([*marked, row])
    assert re.findall(r"\bg\d+", said) == ["g12", "g11", "g10"]
    assert "9 more gateways with a markup: $45.00 overpaid." in said
    assert "1 other gateway" in said
    parts = [one for one in markup.build(Markup(marked)).blocks if isinstance(one, Part)]
    assert [one.title for one in parts if not one.collapsed] == [f"g{usd}" for usd in range(12, 4, -1)]
    assert len(parts) == 12


def test_one_gateway_that_is_not_decided_is_said_so(small):
    row = msgspec.structs.replace(small.markup.gateways[0], verdict="undecidable")
    assert lead([row]) == "No markup is proven at the one gateway; the logs do not decide it."
    assert verdict_of_all([row]).text == "not decided"
    assert verdict_of_all([]).text == "no gateway"


def test_sample_requests_do_not_tell_where_a_home_is(small):
    sample = SampleRow(
        request_id=None, file="/home/somebody/logs/a.jsonl", line=7, day=None, model=PRICED, tokens={},
        list_usd=Decimal(1), billed_usd=Decimal(2), expected_usd=Decimal(2),
    )  # fmt: skip
    row = msgspec.structs.replace(small.markup.gateways[0], samples=[sample])
    found = next(one for one in claim_blocks(row) if isinstance(one, Table) and one.caption.startswith("Sample"))
    assert found.rows[0][0] == "a.jsonl:7"


def test_a_thousand_unknown_models_leave_the_busiest_lines_of_latency():
    rows = [LatencyRow("gw", f"m-{place}", "latency", place, 100, 200) for place in range(1000)]
    (table,) = _latency(rows)
    assert [row[3] for row in table.rows] == list(range(999, 799, -1))
    assert "200 busiest lines of 1,000" in table.note
    (small,) = _latency(rows[:200])
    assert len(small.rows) == 200
    assert "busiest" not in small.note
