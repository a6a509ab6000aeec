"""Every notebook runs from top to bottom, leaves nothing behind, and says what the program says."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from running import HANGS

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
FIGURE = "application/vnd.plotly.v1+json"

EXECUTE = """
import sys
import nbformat
from nbclient import NotebookClient

source, target, folder = sys.argv[1:]
notebook = nbformat.read(source, as_version=4)
nbformat.validate(notebook)
NotebookClient(notebook, kernel_name="tour", timeout=900, resources={"metadata": {"path": folder}}).execute()
nbformat.write(notebook, target)
"""
"""nbclient in a process of its own: its event loop and sockets warn as they close, and here a warning is an error."""


@pytest.fixture(scope="module")
def executed(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Any]:
    """Give a notebook with its outputs, by its stem: run once, by this interpreter, in a folder of its own."""
    done: dict[str, Any] = {}

    def run(stem: str) -> Any:
        if stem not in done:
            done[stem] = _executed(ROOT / "notebooks" / f"{stem}.ipynb", tmp_path_factory.mktemp(stem))
        return done[stem]

    return run


def _executed(notebook: Path, folder: Path) -> Any:
    kernel = folder / "jupyter" / "kernels" / "tour"
    kernel.mkdir(parents=True)
    argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (kernel / "kernel.json").write_text(json.dumps({"argv": argv, "display_name": "tour", "language": "python"}))
    work = folder / "work"
    work.mkdir()
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "PYTHONPATH": str(ROOT),
        "IPYTHONDIR": str(folder / "ipython"),
        "JUPYTER_PATH": str(folder / "jupyter"),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
    }
    out = folder / "executed.ipynb"
    done = subprocess.run(
        [sys.executable, "-c", EXECUTE, notebook, out, work],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=HANGS, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert list(work.iterdir()) == []  # it leaves nothing behind
    return json.loads(out.read_text(encoding="utf-8"))


def outputs(notebook: Any, name: str) -> list[Any]:
    (found,) = (one["outputs"] for one in notebook["cells"] if one["id"] == name)
    return found


def printed(notebook: Any, name: str) -> str:
    return "".join("".join(one["text"]) for one in outputs(notebook, name) if one["output_type"] == "stream")


def shown(notebook: Any, name: str) -> Any:
    (data,) = (one["data"] for one in outputs(notebook, name) if "data" in one)
    return data


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_is_stored_without_outputs(path: Path):
    notebook = json.loads(path.read_text(encoding="utf-8"))
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    codes = [one for one in notebook["cells"] if one["cell_type"] == "code"]
    assert all(one["outputs"] == [] and one["execution_count"] is None for one in codes)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_nothing_warns(executed: Callable[[str], Any], path: Path):
    cells = executed(path.stem)["cells"]
    streams = [one for cell in cells for one in cell.get("outputs", ()) if one["output_type"] == "stream"]
    assert [one["text"] for one in streams if one["name"] == "stderr"] == []


def test_the_figures_are_the_audits(executed: Callable[[str], Any], audit: Any):
    spent, tour = audit["spend"], executed("tour")
    told = (
        f"{spent['requests']:,} requests, spend ${float(spent['spend_usd']):,.2f}, catalog {audit['catalog_version']}"
    )
    assert told in printed(tour, "read")
    for plan in audit["savings"]["plans"]:
        assert f"{plan['name']}: saves ${float(plan['savings_usd']):,.2f}" in printed(tour, "compare-plans")


def test_what_may_be_promised_is_the_audits(executed: Callable[[str], Any], audit: Any):
    low, told = audit["waterfall"]["low"], printed(executed("tour"), "promise")
    assert f"safe to promise: ${float(low['no_risk_usd']) + float(low['certified_usd']):,.2f}" in told
    assert f"unproven:        ${float(audit['waterfall']['unproven_usd']):,.2f}" in told


def test_one_figure_goes_back_to_its_line(executed: Callable[[str], Any], truth: Any):
    told = printed(executed("tour"), "explain-one")
    assert told.startswith("openai_compatible.jsonl.gz, line ")
    assert f"{float(truth['markup']['brightrelay']['pct']):.1f}% over" in told


def test_the_shadow_test_finds_what_was_planted(executed: Callable[[str], Any]):
    """Planted: tier 2 loses six points, tiers 0 and 1 nothing; the shadow costs 0.3 of the primary."""
    notebook = executed("shadow_test")
    assert "Tiers that may move by themselves: 0, 1." in printed(notebook, "analyse")
    ratio = printed(notebook, "costs").split("cost per request: ")[1]
    low, high = ratio.split("(")[1].split(";")[0].split(" to ")
    assert float(low) < 0.3 < float(high)


def test_the_verdicts_are_what_was_planted(executed: Callable[[str], Any]):
    """Two markups, a region, nothing; and a markup that its log cannot tell from a region."""
    told = printed(executed("markup"), "study")
    assert told.splitlines() == [
        "nothing is added: none 10x",
        "10% on every token: markup 10x",
        "$0.0002 a request: markup 10x",
        "a region, not logged: explained 10x",
        "10%, models with regions only: undecidable 10x",
    ]
    assert "the region of the requests would settle it" in printed(executed("markup"), "why")


@pytest.mark.parametrize(
    ("stem", "name"),
    [("tour", "by-model"), ("tour", "compare-plans"), ("shadow_test", "by-day"), ("markup", "by-request")],
)
def test_charts_are_drawn_from_data_alone(executed: Callable[[str], Any], stem: str, name: str):
    data = shown(executed(stem), name)
    assert data[FIGURE]["data"]
    assert "text/html" not in data  # a script from elsewhere would be in there


@pytest.mark.parametrize(
    ("stem", "name"),
    [("tour", "compare-plans"), ("shadow_test", "by-day"), ("plans", "frontier"), ("markup", "by-request")],
)
def test_a_line_that_a_text_names_is_drawn(executed: Callable[[str], Any], stem: str, name: str):
    """A template may set the width of such lines to 0: the word would stand there and no line."""
    shapes = shown(executed(stem), name)[FIGURE]["layout"]["shapes"]
    assert shapes
    assert all(shape["line"]["width"] > 0 for shape in shapes)


@pytest.mark.parametrize(
    ("stem", "name"),
    [("tour", "by-tier"), ("tour", "markup-table"), ("shadow_test", "by-tier"), ("markup", "verdicts")],
)
def test_tables_are_shown(executed: Callable[[str], Any], stem: str, name: str):
    assert "<table" in "".join(shown(executed(stem), name)["text/html"])
