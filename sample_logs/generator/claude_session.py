"""One coding session: prompts, responses block by block, tool results, sub-agents, compaction, prompt caching."""

import random
from dataclasses import dataclass, field
from typing import NamedTuple

from .claude_texts import LIMIT_NOTICE, PROMPTS, REMARKS, RESULTS, SUMMARIES, TOOLS
from .clock import MINUTE, SECOND, iso_z
from .ids import base62, hexadecimal, uuid4
from .jsontext import Json, dumps
from .ledger import SUCCESS, LogFile, Request
from .prices import OPUS, SONNET, Model, Usage
from .shapes import CODE_CONTEXT, CODE_GENERATED, scaled
from .story import CODING, DIRECT

SYSTEM_PROMPT = 13_400
"""Tokens of the tool's own instructions, the part that outlives a compaction in the cache."""
CONTEXT_LIMIT = 92_000
BLOCKS = ("thinking", "text", "tool_use", "tool_use")


@dataclass
class Thread:
    """A chain of messages with its own context: the session itself or a sub-agent of it."""

    model: Model
    context: int
    cached: int
    agent: str | None = None
    parent: str | None = None


class Part(NamedTuple):
    """What one line of a response adds: its content block, the stop reason, the output tokens so far."""

    content: dict[str, Json]
    stop: str | None
    output: int


@dataclass
class Session:
    """Writes one session into its log, keeping time, context and cache."""

    rng: random.Random
    log: LogFile
    identifier: str
    developer: str
    branch: str
    now: int
    hour_cache: bool
    context: int = 0
    tool_ids: list[str] = field(default_factory=list)

    def hold(self, responses: int, *, reach_limit: bool) -> None:
        """The whole conversation."""
        main = Thread(OPUS, self.context or SYSTEM_PROMPT + self.rng.randrange(2_500, 7_000), 0)
        main.cached = SYSTEM_PROMPT if self.rng.random() < 0.4 else 0
        if not self.context and self.rng.random() < 0.4:
            self._state({"type": "summary", "summary": self.rng.choice(SUMMARIES), "leafUuid": uuid4(self.rng)})
        left = responses
        while left > 0:
            steps = min(left, self.rng.randrange(2, 14))
            self._turn(main, steps)
            left -= steps
            if left >= 9 and self.rng.random() < 0.15:
                left -= self._sub_agent(self.rng.randrange(4, 9))
            if reach_limit and left < responses // 2:
                self._limit(main)
                reach_limit = False
        self.context = main.context

    def _turn(self, thread: Thread, steps: int) -> None:
        """A prompt and the responses to it, the last one without a tool call."""
        asked = self.now
        self._user(thread, self.rng.choice(PROMPTS))
        thread.context += self.rng.randrange(40, 900)
        if self.rng.random() < 0.3:
            self._snapshot(thread)
        for step in range(steps):
            last = step == steps - 1
            self._respond(thread, last=last)
            if not last:
                self._tool_results(thread)
        pause = self.rng.randrange(15, 240) if self.rng.random() < 0.75 else self.rng.randrange(320, 1_500)
        self.now = max(self.now, asked) + pause * SECOND
        if pause > 300 and not self.hour_cache:
            thread.cached = 0

    def _sub_agent(self, steps: int) -> int:
        """A side-chain: extra spend of its own, on a smaller model."""
        thread = Thread(SONNET, self.rng.randrange(7_000, 12_000), 0, agent=hexadecimal(self.rng, 8))
        self._turn(thread, steps)
        return steps

    def _respond(self, thread: Thread, *, last: bool) -> None:
        if thread.context > CONTEXT_LIMIT:
            self._compact(thread)
        usage = self._usage(thread)
        blocks = self._blocks(last=last)
        partial = self._growing(usage.output, len(blocks))
        message_id, request_id = f"msg_01{base62(self.rng, 22)}", f"req_011C{base62(self.rng, 20)}"
        self.now += thread.model.first_token_ms + usage.prompt // 80
        started = self.now
        for number, (block, output) in enumerate(zip(blocks, partial, strict=True)):
            stop = None if number < len(blocks) - 1 else "end_turn" if last else "tool_use"
            part = Part(self._block(block), stop, output)
            message = self._message(thread.model, message_id, usage, part)
            text = self._entry(thread, "assistant", {"message": message, "requestId": request_id})
            if number:
                self.log.duplicate(text, "another block of the same response")
            else:
                self.log.accept(
                    text, Request(DIRECT, thread.model, CODING, started, message_id, 1, SUCCESS, usage=usage)
                )
            self.now += 200 + usage.output * thread.model.token_ms // len(blocks)

    def _usage(self, thread: Thread) -> Usage:
        uncached = self.rng.randrange(2, 9)
        written = max(0, thread.context - thread.cached - uncached)
        output = scaled(self.rng, CODE_GENERATED, 1200, 30, 6_000)
        usage = Usage(
            input_uncached=uncached,
            cache_read=thread.cached,
            cache_write_5m=0 if self.hour_cache else written,
            cache_write_1h=written if self.hour_cache else 0,
            output=output,
        )
        thread.cached = thread.cached + written
        thread.context += output + scaled(self.rng, CODE_CONTEXT, 80, 60, 6_000)
        return usage

    def _blocks(self, *, last: bool) -> list[str]:
        if last:
            return ["thinking", "text"] if self.rng.random() < 0.4 else ["text"]
        count = self.rng.choices((1, 2, 3, 4), (34, 40, 19, 7))[0]
        return {1: ["tool_use"], 2: ["text", "tool_use"], 3: list(BLOCKS[:3]), 4: list(BLOCKS)}[count]

    def _growing(self, output: int, blocks: int) -> list[int]:
        """Partial output counts as streaming reports them: the last is the real one."""
        first = self.rng.randrange(1, 9)
        return [first + (output - first) * number // (2 * blocks) for number in range(blocks - 1)] + [output]

    def _message(self, model: Model, message_id: str, usage: Usage, part: Part) -> dict[str, Json]:
        return {
            "model": model.short,
            "id": message_id,
            "type": "message",
            "role": "assistant",
            "content": [part.content],
            "stop_reason": part.stop,
            "stop_sequence": None,
            "usage": {
                "input_tokens": usage.input_uncached,
                "cache_creation_input_tokens": usage.cache_write,
                "cache_read_input_tokens": usage.cache_read,
                "cache_creation": {
                    "ephemeral_5m_input_tokens": usage.cache_write_5m,
                    "ephemeral_1h_input_tokens": usage.cache_write_1h,
                },
                "output_tokens": part.output,
                "service_tier": "standard",
            },
        }

    def _block(self, kind: str) -> dict[str, Json]:
        if kind == "thinking":
            return {"type": "thinking", "thinking": ""}
        if kind == "text":
            return {"type": "text", "text": self.rng.choice(REMARKS)}
        name, tool_input = self.rng.choice(TOOLS)
        self.tool_ids.append(f"toolu_01{base62(self.rng, 22)}")
        return {"type": "tool_use", "id": self.tool_ids[-1], "name": name, "input": tool_input}

    def _tool_results(self, thread: Thread) -> None:
        for tool_id in self.tool_ids:
            self.now += self.rng.randrange(150, 12 * SECOND)
            result = {"tool_use_id": tool_id, "type": "tool_result", "content": self.rng.choice(RESULTS)}
            self._user(thread, [result])
        self.tool_ids.clear()

    def _user(self, thread: Thread, content: Json) -> None:
        self.log.ignore(self._entry(thread, "user", {"message": {"role": "user", "content": content}}), "user")

    def _snapshot(self, thread: Thread) -> None:
        snapshot: Json = {"messageId": thread.parent, "trackedFileBackups": {}, "timestamp": iso_z(self.now)}
        line: dict[str, Json] = {"type": "file-history-snapshot", "messageId": thread.parent, "snapshot": snapshot}
        self._state(line | {"isSnapshotUpdate": False})

    def _compact(self, thread: Thread) -> None:
        """The context is replaced by a summary of itself."""
        extra: dict[str, Json] = {"subtype": "compact_boundary", "content": "Conversation compacted", "level": "info"}
        self.log.ignore(self._entry(thread, "system", extra), "system")
        thread.context = SYSTEM_PROMPT + self.rng.randrange(5_000, 9_000)
        thread.cached = SYSTEM_PROMPT

    def _limit(self, thread: Thread) -> None:
        """The client retries, then writes an answer of its own: no request was served, nothing is billed."""
        extra: dict[str, Json] = {"subtype": "api_error", "level": "error", "retryAttempt": 1, "maxRetries": 10}
        self.log.ignore(self._entry(thread, "system", extra), "system")
        message: dict[str, Json] = {
            "id": uuid4(self.rng),
            "model": "<synthetic>",
            "role": "assistant",
            "stop_reason": "stop_sequence",
            "type": "message",
            "usage": {"input_tokens": 0, "output_tokens": 0},
            "content": [{"type": "text", "text": LIMIT_NOTICE}],
        }
        extra = {"message": message, "isApiErrorMessage": True, "apiErrorStatus": 429, "error": "rate_limit"}
        self.log.ignore(self._entry(thread, "assistant", extra), "synthetic")
        self.now += self.rng.randrange(20, 40) * MINUTE
        thread.cached = 0

    def _entry(self, thread: Thread, kind: str, extra: dict[str, Json]) -> str:
        """A line of the conversation, chained to the one before it."""
        identifier = uuid4(self.rng)
        line: dict[str, Json] = {
            "parentUuid": thread.parent,
            "isSidechain": thread.agent is not None,
            "userType": "external",
            "cwd": f"/home/{self.developer}/fernleaf-app",
            "sessionId": self.identifier,
            "version": "2.1.37",
            "gitBranch": self.branch,
        }
        if thread.agent:
            line["agentId"] = thread.agent
        thread.parent = identifier
        return dumps(line | extra | {"type": kind, "uuid": identifier, "timestamp": iso_z(self.now)})

    def _state(self, line: dict[str, Json]) -> None:
        self.log.ignore(dumps(line), str(line["type"]))

    def stray_line(self, rng: random.Random, timestamp: str | None = None) -> str:
        """A response line that belongs to no response of the session, for the broken lines."""
        usage = Usage(input_uncached=4, cache_read=30_000, cache_write_5m=900, output=210)
        message = self._message(OPUS, f"msg_01{base62(rng, 22)}", usage, Part(self._block("text"), None, 210))
        text = self._entry(Thread(OPUS, 0, 0), "assistant", {"message": message})
        return text if timestamp is None else text.replace(iso_z(self.now), timestamp)
