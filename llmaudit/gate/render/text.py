"""Text for a terminal: the verdict, what failed, and where the money went."""

from __future__ import annotations

from collections.abc import Iterator

from llmaudit.errors import printable
from llmaudit.gate.check import Check
from llmaudit.money import share_out, shown

MARKS = {"failed": "FAIL", "warned": "warn", "acknowledged": "known", "undecided": "?", "passed": "ok"}
VERDICTS = {"passed": "passed", "failed": "FAILED", "not-enough-data": "NOT DECIDED: not enough data"}
MOST = 20


def render(check: Check) -> str:
    """Return the text; one line where every rule passed and nothing stands out."""
    return "\n".join(printable(line, 1000) for line in _lines(check)) + "\n"


def _lines(check: Check) -> Iterator[str]:
    yield check.headline
    yield f"Check {VERDICTS[check.verdict]}: {rules_in_short(check)}"
    reported = [rule for rule in check.rules if rule.status != "passed"]
    if check.is_quiet and not reported:
        return
    for rule in sorted(reported, key=lambda one: list(MARKS).index(one.status))[:MOST]:
        yield f"  {MARKS[rule.status]:<5} {rule.name}: {rule.reason}"
    if len(reported) > MOST:
        yield f"  and {len(reported) - MOST} more (--format json has all)"
    if not check.is_quiet:
        yield from _breakdown(check)


def rules_in_short(check: Check) -> str:
    """Return how many rules came out how, over how many requests, with what power."""
    counts = {status: sum(rule.status == status for rule in check.rules) for status in MARKS}
    words = {
        "failed": "failed",
        "warned": "warned",
        "acknowledged": "accepted",
        "undecided": "undecided",
        "passed": "passed",
    }
    rules = ", ".join(f"{count} {words[status]}" for status, count in counts.items() if count)
    requests = f"{check.current.requests:,} requests against {check.baseline.requests:,}"
    return f"{rules or 'no rule applied'}; {requests}{power_of(check)}"


def power_of(check: Check) -> str:
    """Return the increase that the first rule on cost would catch, as a clause; nothing where none was decided."""
    for rule in check.rules:
        if rule.detectable_pct is not None and rule.group is None:
            return f"; an increase of {rule.detectable_pct:.1f}% would be caught with 80% power ({rule.method})"
    return ""


def _breakdown(check: Check) -> Iterator[str]:
    broken = check.decomposition
    yield f"Cost {shown(broken.before_usd)} -> {shown(broken.after_usd)}, by cause:"
    rounded = share_out([one.usd for one in broken.components])
    for component, usd in zip(broken.components, rounded, strict=True):
        if component.usd:
            yield f"  {shown(usd):>14}  {component.title}"
    yield f"  {shown(sum(rounded, start=rounded[0] * 0)):>14}  in all"
    for cause in broken.causes[1:MOST]:
        yield f"Also: {cause.text}"
    for old, new in broken.successors.items():
        yield f"Template {old[:8]} was edited: it is {new[:8]} now"
