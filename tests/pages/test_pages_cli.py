"""`llmaudit markup page` as people run it, and the group's bare call beside it."""

from __future__ import annotations

from pathlib import Path

from running import Run

PAGE = """# Fees

A platform fee of 5% and $0.30 applies to credits.
"""
HTML = "<html><body><p>Get started today.</p></body></html>"


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_json(call: Run, tmp_path: Path) -> None:
    done = call("markup", "page", write(tmp_path, "fees.md", PAGE), write(tmp_path, "none.html", HTML), "--json")
    assert done.code == 0, done.err
    stated, silent = done.json["pages"]
    (finding,) = stated["findings"]
    assert stated["verdict"] == "fee_stated"
    assert stated["what_if"] is None
    assert (finding["kind"], finding["pct"], finding["fixed_usd"]) == ("topup_pct", 5.0, "0.300000")
    assert (finding["line"], finding["negated"], finding["who"], finding["base"]) == (3, False, "gateway", "credits")
    assert finding["quote"] == "A platform fee of 5% and $0.30 applies to credits."
    assert (silent["verdict"], silent["findings"], silent["rows"]) == ("undisclosed", [], [])
    assert silent["what_if"] == {
        "assumed_pct": 5.0, "per_1000_usd": "50.000000", "monthly_usd": None, "yearly_usd": None,
    }  # fmt: skip


def test_what_if_on_a_spend(call: Run, tmp_path: Path) -> None:
    done = call("markup", "page", write(tmp_path, "none.html", HTML), "--spend", "20000", "--json")
    what_if = done.json["pages"][0]["what_if"]
    assert (what_if["monthly_usd"], what_if["yearly_usd"]) == ("1000.000000", "12000.000000")


def test_for_people(call: Run, tmp_path: Path) -> None:
    done = call(
        "markup", "page", write(tmp_path, "fees.md", PAGE), write(tmp_path, "none.html", HTML), "--spend", "100"
    )
    assert done.code == 0
    assert "fee_stated: line 3 states a fee with a number: 5% + $0.30" in done.out
    assert "A platform fee of 5% and $0.30 applies to credits." in done.out
    assert "If it added 5%, an assumption: $50.00 on every $1,000, $5.00 a month, $60.00 a year." in done.out
    assert done.err == ""


def test_an_unusable_file_does_not_stop_the_others(call: Run, tmp_path: Path) -> None:
    pdf = write(tmp_path, "fees.pdf", "%PDF-1.7")
    done = call("markup", "page", pdf, write(tmp_path, "fees.md", PAGE), tmp_path / "missing.html", "--json")
    assert done.code == 5
    assert [page["verdict"] for page in done.json["pages"]] == ["fee_stated"]
    assert [row["slug"] for row in done.json["unusable"]] == ["page-unusable", "file-unreadable"]
    assert "fees.pdf is a PDF" in done.err
    assert "missing.html cannot be read" in done.err
    assert "Traceback" not in done.err


def test_a_page_cannot_steer_the_terminal(call: Run, tmp_path: Path) -> None:
    done = call(
        "markup", "page", write(tmp_path, "bad.txt", "A \x1b[31mplatform fee of 5% applies to credits.\x1b]0;x\x07")
    )
    assert done.code == 0
    assert "\x1b" not in done.out
    assert "\x07" not in done.out


def test_the_bare_group_still_runs(call: Run, small_db: Path) -> None:
    plain = call("markup", "--db", small_db)
    assert plain.code == 0
    assert "Billed against list" in plain.out
    assert call("markup", "--by", "gateway,model", "--db", small_db) == plain
    by_gateway = call("markup", "--db", small_db, "--by", "gateway")
    assert by_gateway.code == 0
    assert "model" not in by_gateway.out.splitlines()[1]


def test_options_before_the_command_of_a_group(call: Run, tmp_path: Path) -> None:
    path = write(tmp_path, "fees.md", PAGE)
    after = call("markup", "page", path, "--json")
    assert call("--json", "markup", "page", path) == after
    assert call("markup", "--json", "page", path) == after
