"""`llmaudit shadow sample`: which requests get a shadow, by a rule that anyone can repeat."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from llmaudit.cli.options import command
from llmaudit.cli.output import answer, line, notice, table, warn
from llmaudit.cli.shadow.common import Unit, check_numbers, tier_name
from llmaudit.cli.work import catalog, open_store
from llmaudit.errors import NotEnoughError, UsageError, printable
from llmaudit.settings import Settings


def sample(
    settings: Settings,
    share: Annotated[float, typer.Option("--share", help="Share of traffic that gets a shadow.")] = 0.1,
    tier_share: Annotated[
        str | None, typer.Option("--tier-share", help="Shares by tier, such as 0=0.05,3=1; others take --share.")
    ] = None,
    cap: Annotated[int | None, typer.Option("--template-cap", help="Most requests of one template.")] = None,
    key: Annotated[str, typer.Option("--key", help="Key of the hash; another gives another sample.")] = "shadow",
    unit: Unit = "auto",
    out: Annotated[Path | None, typer.Option("--out", help="Where to write the requests (.csv or .jsonl).")] = None,
) -> None:
    """Choose the requests that get a shadow, by a keyed hash of the session or user that a gateway can compute, too."""
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
    if not chosen:
        raise NotEnoughError(
            f"none of {len(traffic):,} requests is in the sample",
            next_step="Ingest more traffic or raise --share.",
            slug="empty-sample",
        )
    if out:
        _write_sample(out, chosen)
        notice(settings, f"{len(chosen):,} requests written to {out}")
    by_tier: list[dict[str, Any]] = [
        {"tier": tier, "requests": sum(one.tier == tier for one in traffic), "share": shares[tier]}
        | {"sampled": sum(one.request.tier == tier for one in chosen)}
        for tier in sorted(shares, key=lambda tier: (tier is None, tier))
    ]
    rule = {
        "text": RULE,
        "key": key,
        "unit": chosen_unit,
        "shares": {tier_name(tier): part for tier, part in shares.items()},
    }
    warnings = []
    if chosen_unit == "request":
        warnings.append("single requests are sampled: conversations and prompt caches are torn apart")
    document: dict[str, Any] = {
        "schema": "llmaudit/shadow-sample/1",
        "requests": len(traffic),
        "sampled": len(chosen),
        "units": len({one.request.unit for one in chosen}),
        "template_cap": cap,
        "rule": rule | {"test_vectors": test_vectors(key)},
        "by_tier": by_tier,
        "file": None if out is None else str(out),
        "warnings": warnings,
    }

    def people() -> None:
        rows = [
            [tier_name(row["tier"]), f"{row['requests']:,}", f"{row['share']:.2%}", f"{row['sampled']:,}"]
            for row in by_tier
        ]
        table(settings, f"{len(chosen):,} requests sampled", ["tier", "requests", "share", "sampled"], rows)
        line(f"They lie in {document['units']:,} units ({chosen_unit}). Rule: {RULE}")
        line(f"KEY is {key!r}, UNIT is the {chosen_unit} id. To check an implementation:")
        for vector in test_vectors(key):
            line(f"  {vector['unit']}: {vector['position']:.12f}")

    answer(settings, document, people)
    if not settings.json:
        warn(settings, warnings)


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


def _write_sample(out: Path, chosen: list[Any]) -> None:
    import csv
    from io import StringIO

    import msgspec

    from llmaudit.parquetfile import whole

    rows = [
        {"request_id": one.request.request_id, "unit": one.request.unit, "tier": one.request.tier}
        | {"inclusion_probability": round(one.probability, 9), "weight": round(1 / one.probability, 6)}
        for one in chosen
    ]
    if out.suffix == ".jsonl":
        with whole(out) as part:
            part.write_bytes(b"".join(msgspec.json.encode(row) + b"\n" for row in rows))
        return
    text = StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    with whole(out) as part:
        part.write_text(text.getvalue(), encoding="utf-8")


def register(group: typer.Typer) -> None:
    """Add the command."""
    command(group, sample, "sample", "llmaudit shadow sample --share 0.1 --out sample.csv")
