"""nginx, OpenResty and Apache: access logs in the common and combined formats, with or without nginx's timings."""

from __future__ import annotations

import re

from llmaudit.formats.access_logs import listed, local_time, model_in, tries_before, without_query
from llmaudit.formats.base import Context, Format
from llmaudit.formats.filling import fill_status, number
from llmaudit.formats.nginx_json import started_at
from llmaudit.request import Ignored, Request

LINE = re.compile(
    r"(?P<address>\S+) \S+ (?P<user>\S+) \[(?P<time>[^\]]+)\] "
    r'"(?P<method>[A-Z]+) (?P<path>\S+)(?: HTTP/[\d.]+)?" (?P<status>\d{3}) (?:\d+|-)'
    r'(?: "(?P<referer>[^"]*)" "(?P<agent>[^"]*)")?(?P<rest>.*)'
)
_TIMING = re.compile(
    r'\b(?P<name>request_time|rt|urt|upstream_response_time|us|upstream_status)[=:]"?(?P<value>[\d., :-]+)"?'
)
_BARE = re.compile(r'^ "?(?P<seconds>\d+\.\d{3})"?(?:\s|$)')
_NAMES = {"rt": "request_time", "urt": "upstream_response_time", "us": "upstream_status"}


def convert(line: dict[str, str], _: Context) -> list[Request] | Ignored:
    """Return the request of one line, after those of the upstreams that were tried before."""
    is_call, model = model_in(line["path"])
    if not is_call:
        return Ignored("path that is not a model call")
    told = _told(line.get("rest", ""))
    ended, taken = local_time(line["time"], "time"), number(told.get("request_time"), "request_time")
    user = line["user"]
    request = Request(
        started_at=None if ended is None else started_at(ended, taken),
        ended_at=None if taken is None else ended,
        gateway="nginx",
        model_raw=model,
        model_requested=model,
        endpoint=without_query(line["path"]),
        user_id=None if user == "-" else user,
    )
    fill_status(request, int(line["status"]))
    seconds = [number(each, "upstream_response_time") for each in listed(told.get("upstream_response_time"))]
    return [*tries_before(request, listed(told.get("upstream_status")), seconds), request]


def _told(rest: str) -> dict[str, str]:
    """Return what an operator added to the line: named timings, or nginx's `$request_time` right after the agent."""
    told = {_NAMES.get(found["name"], found["name"]): found["value"].strip() for found in _TIMING.finditer(rest)}
    bare = _BARE.match(rest)
    if bare and "request_time" not in told:
        told["request_time"] = bare["seconds"]
    return told


FORMAT = Format(
    name="nginx_combined",
    title="nginx and Apache access logs (combined)",
    reads=("text",),
    pattern=LINE,
    convert=convert,
    semantics=(
        "There are no tokens, models or amounts in such a log: usage is missing. The time is when the line was "
        "written, at the end of the call, in whole seconds; request_time (added by the operator) is seconds."
    ),
    verified="The documented formats; timings as nginx's documentation and common tutorials add them.",
    about=(
        'Lines of `combined` or `common`, optionally followed by `rt=0.123 urt="0.1, 0.2" us="502, 200"`, the same '
        "under nginx's own names, or the request time in seconds right after the user agent. Only paths of model "
        "calls are requests."
    ),
    traps=(
        ("lines have no id", "the same file twice is known by its content; overlapping files cannot be distinguished"),
        ("without a request time the start of a call is not known", "it is dated by its end, and has no latency"),
        ("addresses and user agents are personal", "not kept; the user is the authenticated one"),
        ("499 means that the caller disconnected", "cancelled"),
    ),
)
