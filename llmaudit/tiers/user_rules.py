"""The user's own rules: what only the user can know about a feature, tried before all other rules.

They are stored with the database, so that requests that are read later are tagged by them too.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated

import msgspec

from llmaudit.store import Store
from llmaudit.tiers.signals import HIGH_STAKES, Combination, Signals, Verdict
from llmaudit.yamlfile import read_yaml

COLUMN_OF = {
    "endpoint": "endpoint",
    "feature": "feature",
    "team": "team",
    "key": "key_id",
    "model": "model_name",
    "user": "user_id",
    "template": "template_hash",
    "system": "system_hash",
}
"""What a rule may name, with the column that has it."""

RULE_COLUMNS = sorted({*COLUMN_OF.values(), "tags"} - {*Signals.__struct_fields__})
"""Columns that only a user's rules look at."""


class Match(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a rule matches: exact values or shell patterns (`support-*`), all that are given.

    Attributes:
        tag: Matches any tag of the request, written `name` or `key:value`: a customer's tier is often there.
        template: A template hash, as `llmaudit tag sample` shows it.
        system: The hash of a system message, as `llmaudit requests --json` shows it.
        tools: Whether the request offers tools.
    """

    endpoint: str | None = None
    feature: str | None = None
    team: str | None = None
    key: str | None = None
    model: str | None = None
    user: str | None = None
    template: str | None = None
    system: str | None = None
    tag: str | None = None
    tools: bool | None = None


class UserRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One rule: a tier, or stakes alone.

    Attributes:
        tier: 0 to 3. Without it the rule gives stakes, and the effort is left to the other rules.
        task: The kind of task.
        stakes: What makes an error expensive; makes tier 3.
    """

    when: Match
    tier: Annotated[int, msgspec.Meta(ge=0, le=3)] | None = None
    task: str | None = None
    stakes: str | None = None

    def __post_init__(self) -> None:
        """Refuse a rule that says nothing.

        Raises:
            ValueError: Neither a tier nor stakes; a reader of YAML adds the place.
        """
        if self.tier is None and self.stakes is None:
            raise ValueError("gives neither `tier` nor `stakes`")


class RulesFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A user's rules, in order; the first that matches decides."""

    rules: list[UserRule]


def keep_rules(store: Store, rules_file: Path | None) -> None:
    """Keep a user's rules with the database, for every later tagging; None goes back to the built-in ones alone.

    Raises:
        InputError: The rules file is missing or malformed; the rules kept before stay.
    """
    rules = read_yaml(rules_file, RulesFile, what="rules file") if rules_file else None
    store.remember("tier_rules", msgspec.json.encode(rules).decode() if rules else None)


def kept_rules(store: Store) -> list[UserRule]:
    """Return the rules that a database keeps."""
    encoded = store.remembered("tier_rules")
    return msgspec.json.decode(encoded, type=RulesFile).rules if encoded else []


def columns_of(rules: list[UserRule]) -> list[str]:
    """Return the `RULE_COLUMNS` that some rule looks at; what no rule names splits no combination."""
    named = {
        column for rule in rules for field, column in COLUMN_OF.items() if getattr(rule.when, field) is not None
    } | {"tags" for rule in rules if rule.when.tag is not None}
    return [column for column in RULE_COLUMNS if column in named]


def verdict_of(rules: list[UserRule], combination: Combination) -> UserRule | None:
    """Return the first rule that matches a combination of signals and columns."""
    return next((rule for rule in rules if _matches(rule.when, combination)), None)


def as_verdict(rule: UserRule, built_in: Verdict) -> Verdict:
    """Return what a rule decides; a rule without a tier leaves the effort to the built-in rules."""
    tier = HIGH_STAKES if rule.stakes else rule.tier
    effort = built_in.effort if rule.tier in {None, 3} else rule.tier
    stakes = rule.stakes or ("stated by a rule" if tier == HIGH_STAKES else None)
    return Verdict(tier, rule.task or rule.stakes, "rules-file", 1.0, "a rule of the user's rules file", effort, stakes)


def _matches(when: Match, combination: Combination) -> bool:
    if when.tools is not None and combination.signals.needs_tools is not when.tools:
        return False
    if when.tag is not None and not any(fnmatchcase(tag, when.tag) for tag in _tags(combination.columns["tags"])):
        return False
    patterns = {column: getattr(when, field) for field, column in COLUMN_OF.items()}
    return all(
        (value := combination.value(column)) is not None and fnmatchcase(value, pattern)
        for column, pattern in patterns.items()
        if pattern is not None
    )


def _tags(text: str | None) -> list[str]:
    """Return tags as `name` or `key:value`; JSON text that is neither a list nor an object has none."""
    if text is None:
        return []
    try:
        found = msgspec.json.decode(text)
    except msgspec.DecodeError:
        return []
    if isinstance(found, dict):
        return [f"{key}:{value}" for key, value in found.items()]
    return [str(tag) for tag in found] if isinstance(found, list) else []
