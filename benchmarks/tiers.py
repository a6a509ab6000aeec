"""How many prompts a second get a tier from their words, beside LiteLLM's complexity router on the same prompts.

The vocabulary pass and the whole of `text_hints` are timed apart. Every turn measures both programs one after the
other, so that a slow minute of a shared machine hits both. LiteLLM is not a dependency of llmaudit: the peer runs in
the interpreter that `--peer` names, one that has litellm installed. See README.md.

    python benchmarks/tiers.py --peer /path/to/venv/bin/python [--prompts N] [--turns N]
"""

from __future__ import annotations

import argparse
import json
import platform
import random
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
CHARS = 1_000

OPENINGS = (
    "Summarise the ticket for the next agent in two sentences.",
    "Classify the message into one of the following categories: order, refund, complaint. Answer with the label only.",
    "Extract the order number, the item and the amount as JSON.",
    "Write a friendly reply to the customer and apologise for the delay.",
    "Write a Python function that merges two sorted lists, with tests.",
    "Explain how compound interest works to a new colleague.",
    "Analyse the returns below and propose a plan with the trade-offs of each step.",
    "Translate the review into English and keep the tone.",
)
SENTENCES = (
    "the parcel arrived late and one cup was broken",
    "I would like to know when the next delivery comes because my sister needs it before Friday",
    "nobody answers the phone in your shop",
    "the colour is lovely though and the box was strong enough",
    "we ordered three plates two bowls and a lamp for the kitchen last month",
    "could you tell me whether the handle can be replaced",
)

PEER = """
import json, sys, time
from unittest.mock import MagicMock
from litellm.router_strategy.complexity_router.complexity_router import ComplexityRouter
prompts = json.load(open(sys.argv[1]))
names = {"SIMPLE": "a", "MEDIUM": "b", "COMPLEX": "c", "REASONING": "d"}
config = {"tiers": names}
router = ComplexityRouter(model_name="x", litellm_router_instance=MagicMock(), complexity_router_config=config)
router.classify(prompts[0])
start = time.process_time()
for prompt in prompts:
    router.classify(prompt)
print(time.process_time() - start)
"""


def prompts(count: int) -> list[str]:
    """Return distinct prompts of 1,000 characters; the same count always yields the same."""
    dice = random.Random(1)  # noqa: S311 -- a repeatable workload, not cryptography
    return [_prompt(number, dice) for number in range(count)]


def _prompt(number: int, dice: random.Random) -> str:
    text = f"{dice.choice(OPENINGS)}\n\nTicket {number}: "
    while len(text) < CHARS:
        text += f"{dice.choice(SENTENCES)}. "
    return text[:CHARS]


def seconds(work: Callable[[Sequence[str]], object], some: Sequence[str]) -> float:
    """Return the CPU seconds of a piece of work, its threads included."""
    start = time.process_time()
    work(some)
    return time.process_time() - start


def measure(count: int, turns: int, peer: str | None) -> dict[str, Any]:
    """Return prompts per CPU second of each, turn by turn."""
    from llmaudit.tiers.text import found_phrases, text_hints  # noqa: PLC0415 -- after the arguments are read

    some = prompts(count)
    few = some[: max(count // 20, 100)]
    path = RESULTS / "prompts.tmp.json"
    path.write_text(json.dumps(few))
    rates: dict[str, list[float]] = {"vocabulary": [], "hints": [], "peer": []}
    found_phrases(some[:100])
    try:
        for _ in range(turns):
            rates["vocabulary"].append(count / seconds(found_phrases, some))
            rates["hints"].append(count / seconds(lambda texts: text_hints(texts, [""] * len(texts)), some))
            if peer:
                done = subprocess.run([peer, "-c", PEER, str(path)], capture_output=True, check=True, text=True)
                rates["peer"].append(len(few) / float(done.stdout.split()[-1]))
    finally:
        path.unlink()
    return {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": f"{platform.machine()}, Python {platform.python_version()}",
        "prompts": count,
        "chars": CHARS,
        "per_cpu_second": {name: [round(one) for one in values] for name, values in rates.items()},
        "median": {name: round(statistics.median(values)) for name, values in rates.items() if values},
        "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def main() -> None:
    """Measure, print, and keep the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prompts", type=int, default=40_000)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--peer", help="an interpreter that has litellm installed")
    given = parser.parse_args()
    result = measure(given.prompts, given.turns, given.peer)
    if given.peer is None:
        sys.stderr.write("no --peer given: LiteLLM's router was not measured\n")
    text = json.dumps(result, indent=1)
    print(text)
    (RESULTS / f"tiers-{result['measured_at'][:10]}.json").write_text(f"{text}\n")


if __name__ == "__main__":
    main()
