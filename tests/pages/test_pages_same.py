"""The same page in another form says the same: Markdown, HTML in many manners, text, a component, a payload."""

from __future__ import annotations

import html
import json
import random
from collections import Counter
from collections.abc import Callable

import pytest
from page_cases import TODAY

from llmaudit.catalog import Catalog
from llmaudit.pages.audit import audit
from llmaudit.pages.source.read import page_of

TITLE = "Fernway AI Gateway"

SAID = [
    ("How model usage is billed", "Every model costs what its maker charges, plus a 4% markup."),
    ("Adding credits", "A fee of 5.5% (at least $0.80) is added when you buy credits."),
    ("Other ways to pay", "Bank transfers are free."),
    ("Using your own keys", "Requests with your own provider keys carry no fee."),
    ("The Team plan", "The Team plan is $29 a month for each member."),
    ("Keeping logs", "Logs beyond 30 days are kept for $2 per million."),
    ("Searching the web", "Web search costs $5 per 1,000 searches."),
]
"""What a page says, in sentences: the name of a matter, and what is said of it."""

MEANT = [
    ("token_pct", 4.0, None, False, "gateway"),
    ("topup_pct", 5.5, None, False, "gateway"),
    ("payment_processing", None, None, True, "gateway"),
    ("byok_pct", None, None, True, "gateway"),
    ("subscription", None, "29", False, "gateway"),
    ("per_log", None, "2", False, "gateway"),
    ("tool_per_request", None, "5", False, "gateway"),
]

PAIRS = [
    ("Markup on tokens", "0%"),
    ("Credit purchase fee", "5.5%"),
    ("Card fee", "2.9% + $0.30"),
    ("Own key fee", "none"),
    ("Platform fee", "$49/month"),
]
"""What a page says in labels and values."""

PAIRS_MEANT = [
    ("none_on_tokens", None, None, True, "gateway"),
    ("topup_pct", 5.5, None, False, "gateway"),
    ("payment_processing", 2.9, "0.30", False, "gateway"),
    ("byok_pct", None, None, True, "gateway"),
    ("subscription", None, "49", False, "gateway"),
]

ASIDES = [
    "The gateway speaks the OpenAI protocol.",
    "Answers are streamed.",
    "Status pages show the last 90 days.",
    "Support answers within a day.",
    "Regions: Frankfurt, Ohio and Tokyo.",
]
"""What says nothing of money."""


def e(text: str) -> str:
    return html.escape(text, quote=False)


def page(body: str) -> str:
    return (
        f"<!doctype html><html lang='en'><head><title>{TITLE}</title></head><body><h1>{TITLE}</h1>{body}</body></html>"
    )


def payload(body: list[object]) -> str:
    """A page that a script builds: the elements stand in a string, with the sign for percent escaped."""
    row = "7:" + json.dumps(["$", "div", None, {"className": "x", "children": body}]) + "\n"
    pushed = json.dumps([1, row]).replace("%", "\\u0025").replace("</", "<\\/")
    return page(f"<p>One API.</p><div id='root'></div><script>self.__next_f.push({pushed})</script>")


def element(tag: str, text: str) -> object:
    return ["$", tag, None, {"children": f"${text}" if text.startswith("$") else text}]


Render = Callable[[list[tuple[str, str]]], str]

SENTENCES: dict[str, tuple[str, Render]] = {
    "markdown paragraphs": ("md", lambda said: f"# {TITLE}\n\n" + "\n\n".join(text for _, text in said)),
    "markdown headings": ("md", lambda said: f"# {TITLE}\n\n" + "\n\n".join(f"## {n}\n\n{t}" for n, t in said)),
    "markdown list": ("md", lambda said: f"# {TITLE}\n\n" + "\n".join(f"- {text}" for _, text in said)),
    "markdown quote": ("md", lambda said: f"# {TITLE}\n\n" + "\n>\n".join(f"> {text}" for _, text in said)),
    "markdown table": (
        "md",
        lambda said: f"# {TITLE}\n\n| Matter | Terms |\n|---|---|\n" + "\n".join(f"| {n} | {t} |" for n, t in said),
    ),
    "MDX accordion": (
        "mdx",
        lambda said: f"# {TITLE}\n\n" + "\n".join(f'<Accordion title="{n}">\n  {t}\n</Accordion>' for n, t in said),
    ),
    "text": ("txt", lambda said: f"{TITLE}\n\n" + "\n\n".join(text for _, text in said)),
    "html paragraphs": ("html", lambda said: page("".join(f"<p>{e(text)}</p>" for _, text in said))),
    "html cards": (
        "html",
        lambda said: page("".join(f"<div class=card><h3>{e(n)}</h3><p>{e(t)}</p></div>" for n, t in said)),
    ),
    "html list": ("html", lambda said: page(f"<ul>{''.join(f'<li>{e(t)}' for _, t in said)}</ul>")),
    "html details": (
        "html",
        lambda said: page("".join(f"<details><summary>{e(n)}</summary><p>{e(t)}</p></details>" for n, t in said)),
    ),
    "html table": (
        "html",
        lambda said: page(
            "<table><tr><th>Matter</th><th>Terms</th></tr>"
            + "".join(f"<tr><td>{e(n)}</td><td>{e(t)}</td></tr>" for n, t in said)
            + "</table>"
        ),
    ),
    "html in words of its own": (
        "html",
        lambda said: page("".join(f"<p>{' '.join(f'<span>{e(w)}</span>' for w in t.split())}</p>" for _, t in said)),
    ),
    "component": (
        "tsx",
        lambda said: (
            'import x from "y";\nexport default function Page() {\n'
            '  const a = useThing<"b" | "c">("b");\n  return (\n    <main>\n'
            + "\n".join(
                f"      <Card onClick={{() => a > 1}}>\n        <h3>{n}</h3>\n"
                f'        <p className="t">{t}{{" "}}</p>\n      </Card>'
                for n, t in said
            )
            + "\n    </main>\n  );\n}\n"
        ),
    ),
    "component with data": (
        "tsx",
        lambda said: (
            "const faq = [\n"
            + "".join(f"  {{ title: {json.dumps(n)}, icon: 'x-y', description: {json.dumps(t)} }},\n" for n, t in said)
            + "];\nexport const Faq = () => <div>{faq.map((f) => <p key={f.title}>{f.description}</p>)}</div>;\n"
        ),
    ),
    "messages": ("json", lambda said: json.dumps({"faq": [{"title": n, "answer": t} for n, t in said]}, indent=1)),
    "payload": (
        "html",
        lambda said: payload([x for n, t in said for x in (element("h3", n), element("p", t))]),
    ),
}

LABELS: dict[str, tuple[str, Render]] = {
    "markdown table": (
        "md",
        lambda pairs: f"# {TITLE}\n\n| Item | Price |\n|---|---|\n" + "\n".join(f"| {n} | {v} |" for n, v in pairs),
    ),
    "markdown list": ("md", lambda pairs: f"# {TITLE}\n\n" + "\n".join(f"- **{n}**: {v}" for n, v in pairs)),
    "text lines": ("txt", lambda pairs: f"{TITLE}\n\n" + "\n".join(f"{n}: {v}" for n, v in pairs)),
    "html table": (
        "html",
        lambda pairs: page(
            "<table><tr><th>Item</th><th>Price</th></tr>"
            + "".join(f"<tr><td>{e(n)}</td><td>{e(v)}</td></tr>" for n, v in pairs)
            + "</table>"
        ),
    ),
    "html cards": (
        "html",
        lambda pairs: page("".join(f"<div><div>{e(n)}</div><div>{e(v)}</div></div>" for n, v in pairs)),
    ),
    "html definitions": (
        "html",
        lambda pairs: page(f"<dl>{''.join(f'<dt>{e(n)}<dd>{e(v)}' for n, v in pairs)}</dl>"),
    ),
    "html rows": (
        "html",
        lambda pairs: page(f"<ul>{''.join(f'<li>{e(n)}: <b>{e(v)}</b></li>' for n, v in pairs)}</ul>"),
    ),
    "component with data": (
        "tsx",
        lambda pairs: (
            "const rows = [\n"
            + "".join(f"  {{ label: {json.dumps(n)}, price: {json.dumps(v)} }},\n" for n, v in pairs)
            + "];\nexport const Rows = () => <ul>{rows.map((r) => <li key={r.label}>{r.price}</li>)}</ul>;\n"
        ),
    ),
    "payload": (
        "html",
        lambda pairs: payload(
            [["$", "div", None, {"children": [element("div", n), element("div", v)]}] for n, v in pairs]
        ),
    ),
}


def meaning(text: str, ending: str, catalog: Catalog) -> Counter[tuple[object, ...]]:
    """What a page says: kind, percent, dollars, denied or not, whose, of each of its clauses."""
    name = f"pricing.{ending}"
    found = audit(page_of(text.encode(), name), name, catalog, today=TODAY).findings
    return Counter((f.kind, f.pct, None if f.fixed_usd is None else str(f.fixed_usd), f.negated, f.who) for f in found)


@pytest.mark.parametrize("form", SENTENCES)
def test_sentences_say_the_same_in_every_form(form: str, catalog: Catalog) -> None:
    ending, render = SENTENCES[form]
    assert meaning(render(SAID), ending, catalog) == Counter(MEANT)


@pytest.mark.parametrize("form", LABELS)
def test_labels_and_values_say_the_same_in_every_form(form: str, catalog: Catalog) -> None:
    ending, render = LABELS[form]
    assert meaning(render(PAIRS), ending, catalog) == Counter(PAIRS_MEANT)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("form", ["markdown paragraphs", "html cards", "html details", "component with data"])
def test_what_says_nothing_of_money_changes_nothing_wherever_it_stands(seed: int, form: str, catalog: Catalog) -> None:
    ending, render = SENTENCES[form]
    mixed = [*SAID, *((f"Note {index}", text) for index, text in enumerate(ASIDES))]
    random.Random(seed).shuffle(mixed)  # noqa: S311 -- seeded on purpose
    assert meaning(render(mixed), ending, catalog) == Counter(MEANT)


def test_lines_are_those_of_the_file_in_every_form(catalog: Catalog) -> None:
    """A quote's words stand on the line that it gives, or the payload's line where a script holds them."""
    for ending, render in SENTENCES.values():
        text = render(SAID)
        name = f"pricing.{ending}"
        for finding in audit(page_of(text.encode(), name), name, catalog, today=TODAY).findings:
            line = text.split("\n")[finding.line - 1]
            word = finding.quote.replace("|", " ").split()[-1].strip(".")
            assert word in html.unescape(line), (ending, finding.line, finding.quote)
