"""What the installed LiteLLM itself writes is read: a logging payload and a FOCUS export, made by its own code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

from format_cases import decoded_file

SCRIPT = """
import asyncio, json, sys
import polars as pl
import litellm
from litellm.integrations.custom_logger import CustomLogger
from litellm.integrations.focus.transformer import FocusTransformer

folder, payloads = sys.argv[1], []


class Kept(CustomLogger):
    async def async_log_success_event(self, kwargs, response_obj, start_time, end_time):
        payloads.append(kwargs["standard_logging_object"])

    async def async_log_failure_event(self, kwargs, response_obj, start_time, end_time):
        payloads.append(kwargs["standard_logging_object"])


async def calls():
    asked = {"messages": [{"role": "user", "content": "hello"}], "api_key": "none"}
    await litellm.acompletion(model="gpt-4o", mock_response="hi", **asked)
    try:
        await litellm.acompletion(model="gpt-4o", mock_response="litellm.RateLimitError", **asked)
    except litellm.RateLimitError:
        pass
    for _ in range(200):
        if len(payloads) == 2:
            return
        await asyncio.sleep(0.05)


litellm.callbacks = [Kept()]
asyncio.run(calls())
payloads.sort(key=lambda payload: payload["status"], reverse=True)  # they are logged in any order
with open(folder + "/payloads.jsonl", "w") as sink:
    sink.writelines(json.dumps(payload, default=str) + "\\n" for payload in payloads)
day = {
    "date": "2026-09-01", "spend": 1.25, "api_key": "88dc28d0f030c55e", "api_key_alias": "prod", "model": "gpt-4o",
    "model_group": "fast", "custom_llm_provider": "openai", "api_requests": 7, "team_id": "t-1", "team_alias": "search",
    "user_id": "u-1",
}
FocusTransformer().transform(pl.DataFrame([day])).write_csv(folder + "/focus.csv")
print(json.dumps([payload["response_cost"] for payload in payloads]))
"""


def test_what_litellm_writes_is_read(tmp_path: Path) -> None:
    environment = {**os.environ, "LITELLM_LOCAL_MODEL_COST_MAP": "True"}  # else it asks the network on import
    done = subprocess.run(  # a process of its own: litellm warns, and keeps threads
        [sys.executable, "-c", SCRIPT, str(tmp_path)], env=environment, capture_output=True, text=True, check=True
    )
    costs = json.loads(done.stdout.splitlines()[-1])

    rows, _ = decoded_file(tmp_path / "payloads.jsonl", "litellm_payload")
    assert [row["status"] for row in rows] == ["ok", "error"]
    assert Decimal(rows[0]["billed_amount"]) == round(Decimal(costs[0]), 12) > 0
    assert (rows[1]["error_class"], rows[1]["http_status"], rows[1]["usage_status"]) == ("rate_limited", 429, "missing")

    bill, _ = decoded_file(tmp_path / "focus.csv", "litellm_focus")
    assert [(line["billed_cost"], line["requests"], line["seller"], line["project"]) for line in bill] == [
        ("1.25", 7, "openai", "search")
    ]
