"""`llmaudit shadow sample`: which requests get a shadow, by a rule that anyone can repeat."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from llmaudit.cli.inputs import catalog, open_store
from llmaudit.cli.options import command
from llmaudit.cli.output import answer, line, notice, or_unanswered, table, warn
from llmaudit.cli.samples import write_sample
from llmaudit.cli.shadow.common import Unit, check_numbers, tier_name
from llmaudit.errors import NotEnoughError, UsageError, printable
from llmaudit.settings import Settings

if TYPE_CHECKING:
    from llmaudit.shadow.sample import Candidate, Chosen

SCHEMA = "llmaudit/shadow-sample/1"


def sample(
    settings: Settings,
    share: Annotated[float, typer.Option("--share", help="Share of traffic that gets a shadow.")] = 0.1,
    tier_share: Annotated[
        str | None, typer.Option("--tier-share", help="Shares by tier, such as 0=0.05,3=1; others take --share.")
    ] = None,
    cap: Annotated[int | None, typer.Option("--template-cap", help="At most this many requests per template.")] = None,
    key: Annotated[str, typer.Option("--key", help="Key of the hash; another key gives another sample.")] = "shadow",
    unit: Unit = "auto",
    out: Annotated[Path | None, typer.Option("--out", help="Where to write the requests (.csv or .jsonl).")] = None,
) -> None:
    """Choose the requests that get a shadow.

    The choice is a keyed hash of the session or user, which a gateway can compute too.
    """
    from llmaudit.shadow.sample import RULE, choose, test_vectors
    from llmaudit.shadow.traffic import best_unit, candidates

    check_numbers(share=share)
    if cap is not None and cap < 1:
        raise UsageError(f"--template-cap {cap} is below 1", next_step="Leave it out for no cap.", slug="bad-number")
    if out and out.suffix not in {".csv", ".jsonl"}:
        raise UsageError(
            f"--out {out}: the sample is CSV or JSON lines",
            next_step="End it in .csv or .jsonl.",
            slug="bad-sample-file",
        )
    with open_store(settings, read_only=True) as store:
        chosen_unit = best_unit(store) if unit == "auto" else unit
        traffic = candidates(store, catalog(settings), settings.period, chosen_unit)
    shares = _shares({one.tier for one in traffic}, share, tier_share)
    chosen = choose(traffic, shares, key, cap)
    known = {"requests": len(traffic), "template_cap": cap}
    with or_unanswered(settings, SCHEMA, ("sampled", "units", "rule", "by_tier", "file"), **known):
        _must_hold(chosen, traffic)
    if out:
        rows = [_file_row(one) for one in chosen]
        write_sample(out, list(rows[0]), rows, as_is=("request_id", "unit"))
        notice(settings, f"{len(chosen):,} requests written to {out}")
    rule = {
        "text": RULE,
        "key": key,
        "unit": chosen_unit,
        "shares": {tier_name(tier): part for tier, part in shares.items()},
        "test_vectors": test_vectors(key),
    }
    warnings = []
    if chosen_unit == "request":
        warnings.append("single requests are sampled, which splits conversations and prompt caches")
    document: dict[str, Any] = {
        "schema": SCHEMA,
        **known,
        "sampled": len(chosen),
        "units": len({one.request.unit for one in chosen}),
        "rule": rule,
        "by_tier": _by_tier(traffic, chosen, shares),
        "file": None if out is None else str(out),
        "warnings": warnings,
    }
    answer(settings, document, lambda: _show(settings, document))
    if not settings.json:
        warn(settings, warnings)


def _by_tier(traffic: list[Candidate], chosen: list[Chosen], shares: dict[int | None, float]) -> list[dict[str, Any]]:
    return [
        {
            "tier": tier,
            "requests": sum(one.tier == tier for one in traffic),
            "share": shares[tier],
            "sampled": sum(one.request.tier == tier for one in chosen),
        }
        for tier in sorted(shares, key=lambda tier: (tier is None, tier))
    ]


def _show(settings: Settings, document: dict[str, Any]) -> None:
    rows = [
        [tier_name(row["tier"]), f"{row['requests']:,}", f"{row['share']:.2%}", f"{row['sampled']:,}"]
        for row in document["by_tier"]
    ]
    table(settings, f"{document['sampled']:,} requests sampled", ["tier", "requests", "share", "sampled"], rows)
    rule = document["rule"]
    line(f"They are in {document['units']:,} units ({rule['unit']}). Rule: {rule['text']}")
    line(f"KEY is {rule['key']!r}, UNIT is the {rule['unit']} id. To check an implementation:")
    for vector in rule["test_vectors"]:
        line(f"  {vector['unit']}: {vector['position']:.12f}")


def _must_hold(chosen: Sequence[object], traffic: Sequence[object]) -> None:
    if not chosen:
        raise NotEnoughError(
            f"none of {len(traffic):,} requests is in the sample",
            next_step="Ingest more traffic or raise --share.",
            slug="empty-sample",
        )


def _shares(tiers: set[int | None], share: float, by_tier: str | None) -> dict[int | None, float]:
    from llmaudit.shadow.columns import BadValue
    from llmaudit.shadow.traffic import tiers_text

    shares: dict[int | None, float] = dict.fromkeys(tiers, share)
    if by_tier:
        try:
            named = tiers_text(by_tier)
        except BadValue as error:
            raise UsageError(
                f"--tier-share {printable(by_tier)} {error}", next_step="Write 0=0.05,3=1.", slug="bad-mix"
            ) from None
        for name, part in named.items():
            check_numbers(share=part)
            shares[None if name == "unknown" else int(name)] = part
    return shares


def _file_row(chosen: Chosen) -> dict[str, Any]:
    return {
        "request_id": chosen.request.request_id,
        "unit": chosen.request.unit,
        "tier": chosen.request.tier,
        "inclusion_probability": round(chosen.probability, 9),
        "weight": round(1 / chosen.probability, 6),
    }


def register(group: typer.Typer) -> None:
    """Add the command."""
    command(group, sample, "sample", "llmaudit shadow sample --share 0.1 --out sample.csv")
