"""Names that hide a model: what the user says is behind them counts when requests are priced."""

from __future__ import annotations

from pathlib import Path

import pytest
from running import ROOT

from llmaudit.catalog import Catalog
from llmaudit.deployments import Deployment, behind, is_hidden, line_for, read_deployments, unresolved
from llmaudit.errors import InputError

PROFILE = "arn:aws:bedrock:us-east-1:111122223333:application-inference-profile/ab12cd34"
NAMED = "arn:aws:bedrock:us-east-1:111122223333:inference-profile/us.anthropic.claude-x-5-v1:0"
SONNET = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"


def written(folder: Path, text: str) -> Path:
    path = folder / "deployments.yaml"
    path.write_text(text)
    return path


def test_a_name_is_found_whole_without_its_mark_and_by_the_end_of_an_arn(tmp_path: Path) -> None:
    known = read_deployments(
        written(tmp_path, "deployments:\n  Chat-Prod: gpt-x\n  ab12cd34: {model: m, seller: bedrock}\n")
    )
    assert behind("deployment:chat-prod", known) == behind("CHAT-PROD", known) == Deployment("gpt-x")
    assert behind(PROFILE, known) == Deployment("m", "bedrock")
    assert behind("models/ab12cd34", known) is None  # the end of another path is another name


@pytest.mark.parametrize(
    ("model", "hides"), [(PROFILE, "hidden"), ("deployment:x", "hidden"), (NAMED, "said"), ("gpt-x", "said")]
)
def test_which_names_hide_a_model(model: str, hides: str) -> None:
    assert is_hidden(model) is (hides == "hidden")


def test_names_without_a_line_are_shown_most_first() -> None:
    known = {"chat-prod": Deployment("gpt-x")}
    named = [("deployment:a", 2), (PROFILE, 9), ("deployment:chat-prod", 50), ("gpt-x", 70)]
    assert unresolved(named, known) == [(PROFILE, 9), ("deployment:a", 2)]
    assert line_for(PROFILE) == "  ab12cd34: MODEL"


def test_a_file_of_another_shape_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        read_deployments(written(tmp_path, "deployments:\n  a: {modell: x}\n"))
    with pytest.raises(InputError):
        read_deployments(tmp_path / "missing.yaml")


def test_the_catalog_finds_what_is_behind_a_name(catalog: Catalog) -> None:
    assert catalog.find(PROFILE, seller="bedrock").offer is None
    knowing = catalog.knowing({"ab12cd34": Deployment(SONNET)})
    found = knowing.find(PROFILE, seller="bedrock").offer
    assert found is not None
    assert (found.seller, found.sku.sku) == ("bedrock", SONNET)
    assert catalog.find(PROFILE, seller="bedrock").offer is None  # the catalog itself is as it was


def test_an_audit_prices_a_profile_that_the_user_named(cli, tmp_path: Path) -> None:
    log = ROOT / "sample_logs" / "formats" / "bedrock.jsonl"
    path = written(tmp_path, f"deployments:\n  ab12cd34: {SONNET}\n")
    without = cli("audit", log, "--json")
    assert "ab12cd34: MODEL    # 1 request\n" in without.err
    named = cli("audit", log, "--json", "--deployments", path)
    assert "hide a model" not in named.err
    assert named.json["coverage"]["priced_requests"] == without.json["coverage"]["priced_requests"] + 1
