"""Labels matched with the requests they name, for training and for evaluation."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from llmaudit.errors import InputError, UsageError, printable
from llmaudit.store import Store
from llmaudit.tiers.classifier import Model, kept_model, load_model
from llmaudit.tiers.confusion import MEASURED, Confusion
from llmaudit.tiers.evaluate import Evaluation, evaluate
from llmaudit.tiers.labels import Label, read_labels
from llmaudit.tiers.signals import Combination, Signals
from llmaudit.tiers.tag import SIGNALS_SQL, verdict
from llmaudit.tiers.tag_lines import judge_lines
from llmaudit.tiers.train import Example
from llmaudit.tiers.user_rules import RULE_COLUMNS, RulesFile, UserRule, kept_rules
from llmaudit.yamlfile import read_yaml

IDS_PER_QUERY = 10_000


def examples(store: Store, labels_file: Path) -> tuple[list[Example], str, int]:
    """Return labelled requests to learn from, the hash of the labels' file, and how many labels name no request here.

    Raises:
        InputError: As `read_labels`, or no label names a request of the database.
    """
    labels = read_labels(labels_file)
    combinations = _signals(store, labels.rows)
    learnt = [
        Example(one.signals, label.tier, one.columns["template_hash"] or f"request {label.request_id}")
        for label in labels.rows
        if (one := combinations.get(label.request_id)) is not None
    ]
    if not learnt:
        raise _none_here(labels_file)
    return learnt, labels.sha256, len(labels.rows) - len(learnt)


def evaluated(
    labels_file: Path, opened: Callable[[], Store], *, model: Path | None = None, rules: Path | None = None
) -> Evaluation:
    """Return how tags compare with labels; rows with a prompt are judged by it, the others by their request.

    Args:
        labels_file: The labels.
        opened: Opens the database; called only where a label names a request.
        model: A classifier to try instead of the one the database keeps.
        rules: Rules to try instead of those it keeps.

    Raises:
        InputError: As `read_labels`, or no label names a request of the database.
    """
    labels = read_labels(labels_file).rows
    tried = read_yaml(rules, RulesFile, what="rules file").rules if rules else None
    learned = load_model(model) if model else None
    tiers = _by_prompt(labels, tried or [], learned)
    named = [label for label in labels if label.request_id]
    if named:
        with opened() as store:
            tiers |= _by_request(store, named, tried, learned)
    compared = [label for label in labels if label.line in tiers]
    if not compared:
        raise _none_here(labels_file)
    return evaluate(compared, [tiers[label.line] for label in compared], unmatched=len(labels) - len(compared))


def _by_prompt(labels: list[Label], rules: list[UserRule], model: Model | None) -> dict[int, int | None]:
    """Return line to tier for labels that hold their prompt."""
    own = [label for label in labels if label.prompt is not None]
    messages = [
        [{"role": "system", "content": label.system}] * bool(label.system) + [{"role": "user", "content": label.prompt}]
        for label in own
    ]
    lines = [msgspec.json.encode({"messages": some}) for some in messages]
    return {label.line: one.tier for label, one in zip(own, judge_lines(lines, rules=rules, model=model), strict=True)}


def _by_request(
    store: Store, labels: list[Label], rules: list[UserRule] | None, model: Model | None
) -> dict[int, int | None]:
    """Return line to tier for labels that name a request: as it is tagged, or as it would be by what is tried."""
    if rules is None and model is None:
        tagged = _first_rows(store, labels, "SELECT request_id, tier FROM tiers JOIN requests USING (row_id)")
        return {label.line: tagged[label.request_id][0] for label in labels if label.request_id in tagged}
    own = kept_rules(store) if rules is None else rules
    learned = kept_model(store) if model is None else model
    rows = _signals(store, labels)
    return {
        label.line: verdict(rows[label.request_id], own, learned).tier for label in labels if label.request_id in rows
    }


def _signals(store: Store, labels: list[Label]) -> dict[str | None, Combination]:
    """Return request id to its signals, for the requests that labels name."""
    names = [*Signals.__struct_fields__, *RULE_COLUMNS]
    columns = ", ".join(f's."{name}"' for name in names)
    sql = f"SELECT r.request_id, s.row_id, {columns} FROM ({SIGNALS_SQL}) s JOIN requests r USING (row_id)"
    rows = _first_rows(store, labels, sql)
    return {request_id: Combination.from_row(names, values) for request_id, (_, *values) in rows.items()}


def _first_rows(store: Store, labels: list[Label], sql: str) -> dict[str | None, tuple[Any, ...]]:
    """Return request id to the rest of its row, for the requests that labels name; of equal ids the first row counts.

    Args:
        store: The database.
        labels: The labels.
        sql: A query whose first column is `request_id`; rows are put in the order of all its columns.
    """
    ids = sorted({label.request_id for label in labels if label.request_id})
    found: dict[str | None, tuple[Any, ...]] = {}
    for start in range(0, len(ids), IDS_PER_QUERY):
        some = ids[start : start + IDS_PER_QUERY]
        for request_id, *rest in store.rows(
            f"SELECT * FROM ({sql}) WHERE list_contains(?, request_id) ORDER BY ALL", [some]
        ):
            found.setdefault(request_id, tuple(rest))
    return found


def _none_here(path: Path) -> InputError:
    return InputError(
        f"the labels {printable(str(path))}: none of them names a request in the database",
        next_step="`request_id` is the id that `llmaudit requests --json` shows.",
        slug="no-such-request",
    )


def keep_confusion(store: Store, result: Evaluation, path: str) -> Confusion:
    """Keep what labels say of the tags, for the audit of this database.

    Raises:
        UsageError: The labels hold none of tiers 2 and 3, or none of 0 and 1: one of the rates is not known.
    """
    under, over = result.complex_tagged_low, result.simple_tagged_high
    if under.share is None or under.high is None or over.share is None or over.high is None:
        raise UsageError(
            "--keep: the labels do not show both how many are tagged too low and how many too high",
            next_step="Label requests of tiers 0 and 1 as well as of tiers 2 and 3.",
            slug="bad-option",
        )
    confusion = Confusion(under.share, under.high, over.share, over.high, f"{result.labels:,} labels of {path}")
    store.remember("tier_confusion", msgspec.json.encode(confusion).decode())
    return confusion


def confusion_of(store: Store) -> Confusion:
    """Return how often tags are wrong, as measured on this database's labels, else on public prompts."""
    encoded = store.remembered("tier_confusion")
    return msgspec.json.decode(encoded, type=Confusion) if encoded else MEASURED
