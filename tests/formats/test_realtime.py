"""A recorded Realtime session: thousands of events of which few hold a response, as OpenAI describes them."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

from builders import write_jsonl
from running import Run

USED = {
    "total_tokens": 275,
    "input_tokens": 127,
    "output_tokens": 148,
    "input_token_details": {"text_tokens": 119, "audio_tokens": 8, "cached_tokens": 64},
    "output_token_details": {"text_tokens": 36, "audio_tokens": 112},
}


def session(responses: int, between: int) -> list[dict[str, Any]]:
    first = {"type": "session.created", "event_id": "e0", "session": {"id": "sess_1", "model": "gpt-realtime-2"}}
    events: list[dict[str, Any]] = [first]
    for number in range(responses):
        place = {"response_id": f"resp_{number}", "item_id": "item", "output_index": 0, "content_index": 0}
        events += [{"type": "response.output_audio.delta", "event_id": "e", "delta": "AA", **place}] * between
        response = {
            "id": f"resp_{number}",
            "object": "realtime.response",
            "status": "completed",
            "status_details": None,
        }
        whole = {"output": [], "conversation_id": "conv_1", "max_output_tokens": "inf", "usage": USED}
        events.append({"type": "response.done", "event_id": "e", "response": response | whole})
    return events


def test_it_is_recognised_and_each_response_is_one_request(call: Run, tmp_path: Path) -> None:
    write_jsonl(tmp_path / "session.jsonl", session(5, 300))
    (found,) = call("detect", "session.jsonl", "--json").json["files"]
    assert found["format"] == "openai_responses"
    (read,) = call("ingest", "session.jsonl", "--assume-time", "2026-10-10", "--json").json["files"]
    assert (read["accepted"], read["ignored"], read["rejected"]) == (5, 1501, 0)
    status = call("status", "--json").json
    # 55 text and 8 audio in, 64 cached, 36 text and 112 audio out, at $4, $32, $0.40, $24 and $64 a million
    one = (55 * 4 + 8 * 32 + 64 * Decimal("0.4") + 36 * 24 + 112 * 64) / 10**6
    assert Decimal(status["list_usd"]) == 5 * one


def test_a_response_alone_is_recognised(call: Run, tmp_path: Path) -> None:
    write_jsonl(tmp_path / "done.jsonl", session(1, 0)[1:])
    assert call("detect", "done.jsonl", "--json").json["files"][0]["format"] == "openai_responses"
