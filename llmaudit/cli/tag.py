"""`llmaudit tag`: complexity tiers for every request, and how good they are."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from llmaudit.cli.inputs import open_store
from llmaudit.cli.options import Ended, command, group
from llmaudit.cli.output import answer, line, notice, percent, table
from llmaudit.cli.samples import write_sample
from llmaudit.errors import Exit, UsageError, printable
from llmaudit.settings import Settings

if TYPE_CHECKING:
    from llmaudit.retag import Reread
    from llmaudit.store import Store
    from llmaudit.tiers.evaluate import Evaluation, Rate
    from llmaudit.tiers.tag import TagResult

Labels = Annotated[Path, typer.Argument(help="Labels: JSON lines or CSV with `request_id` (or `prompt`) and `tier`.")]


def tag(
    settings: Settings,
    rules: Annotated[
        Path | None, typer.Option("--rules", help="Your rules (YAML), tried first from now on; kept in the database.")
    ] = None,
    no_rules: Annotated[
        bool, typer.Option("--no-rules", help="Forget your rules; use only the built-in ones.")
    ] = False,
    model: Annotated[
        Path | None,
        typer.Option("--model", help="Your classifier (`tag train`), used from now on; kept in the database."),
    ] = None,
    no_model: Annotated[bool, typer.Option("--no-model", help="Forget the classifier.")] = False,
    reread: Annotated[
        bool, typer.Option("--reread", help="Read the prompts again, from the files they came from.")
    ] = False,
    suggest_rules: Annotated[
        bool, typer.Option("--suggest-rules", help="Print a rules file for the largest groups; change nothing.")
    ] = False,
) -> None:
    """Tag every request with its tier.

    0 trivial, 1 standard, 2 complex, 3 high stakes, or unknown.
    """
    from llmaudit.tiers.classifier import keep_model
    from llmaudit.tiers.tag import tag as tag_requests
    from llmaudit.tiers.user_rules import keep_rules

    if suggest_rules:
        _suggest(settings)
        return
    with open_store(settings, existing=True) as store:
        if rules or no_rules:
            keep_rules(store, rules)
        if model or no_model:
            keep_model(store, model)
        again = _reread(settings, store) if reread else None
        result = tag_requests(store)
    _show(settings, result, again)


def _reread(settings: Settings, store: Store) -> Reread:
    from llmaudit.retag import reread

    again = reread(store, settings.catalogs)
    for file in again.unreached:
        notice(settings, f"{printable(file.path)}: {file.requests:,} requests keep their earlier hints: {file.why}")
    return again


def _show(settings: Settings, result: TagResult, again: Reread | None) -> None:
    rows = [[f"tier {tier}", f"{count:,}"] for tier, count in result.by_tier.items()]
    rows += [[f"by {signal}", f"{count:,}"] for signal, count in result.by_signal.items()]
    rows.append(["prompt in the log", f"{result.with_text:,}"])
    if result.templates.mixed:
        rows.append([f"in {result.templates.mixed:,} templates that disagree", f"{result.templates.mixed_requests:,}"])
    if again:
        rows.append(["read again", f"{again.requests:,}"])
        rows.append(["of them from kept text", f"{again.from_kept_text:,}"])
        rows.append(["not reached", f"{sum(file.requests for file in again.unreached):,}"])
    document = {
        "schema": "llmaudit/tag/1",
        "requests": result.requests,
        "by_tier": result.by_tier,
        "by_signal": result.by_signal,
        "with_text": result.with_text,
        "mean_confidence": result.mean_confidence,
        "templates": result.templates,
        "reread": again,
    }
    answer(settings, document, lambda: table(settings, "Tagged", ["", "requests"], rows))


def _suggest(settings: Settings) -> None:
    from llmaudit.tiers.sample import groups, suggested

    with open_store(settings, read_only=True) as store:
        found = groups(store, settings.period)
    text = suggested(found)
    document = {"schema": "llmaudit/tag-suggest/1", "groups": found, "rules_yaml": text}
    answer(settings, document, lambda: line(text.rstrip()))


def train(
    settings: Settings,
    labels: Labels,
    out: Annotated[Path, typer.Option("--out", help="Where to write the model; its card goes beside it.")],
) -> None:
    """Train a classifier on labelled requests.

    The requests are those of the database. The model is plain coefficients, calibrated on held-out labels.
    """
    from llmaudit.tiers.label_matching import examples
    from llmaudit.tiers.train import train as train_model
    from llmaudit.tiers.train import write_model

    with open_store(settings, read_only=True) as store:
        found, sha256, unmatched = examples(store, labels)
    model = train_model(found, labels_sha256=sha256)
    card = write_model(model, out)
    if unmatched:
        notice(settings, f"{unmatched:,} labels name a request that is not in the database")
    document = {
        "schema": "llmaudit/tag-train/1",
        "model": str(out),
        "card": str(card),
        "labels": model.labels,
        "unmatched": unmatched,
        "tiers": model.classes,
        "abstain_below": model.abstain_below,
        "metrics": model.metrics,
    }
    rows = [[name.replace("_", " "), value] for name, value in model.metrics.items()]
    answer(settings, document, lambda: table(settings, f"{out}: {model.labels} labels", ["held out", ""], rows))


def evaluate(
    settings: Settings,
    labels: Labels,
    model: Annotated[Path | None, typer.Option("--model", help="Try this classifier; nothing is kept.")] = None,
    rules: Annotated[Path | None, typer.Option("--rules", help="Try these rules; nothing is kept.")] = None,
    keep: Annotated[
        bool,
        typer.Option("--keep", help="Keep the error rates: from now on the audit's range of savings is based on them."),
    ] = False,
) -> None:
    """Measure how good the tags are, against labels.

    Gives accuracy, under- and over-tiering with intervals, and the labellers' agreement. Labels that hold a `prompt`
    need no database: the prompt itself is tagged.
    """
    from llmaudit.tiers.label_matching import evaluated, keep_confusion

    result = evaluated(labels, lambda: open_store(settings, read_only=True), model=model, rules=rules)
    if keep:
        with open_store(settings, existing=True) as store:
            keep_confusion(store, result, labels.name)
    document = {
        "schema": "llmaudit/tag-eval/1",
        "labels": result.labels,
        "accuracy": result.accuracy.share,
        "macro_f1": result.macro_f1,
        "within_one": result.within_one,
        "confusion": result.confusion,
        "under_tiered_rate": result.under_tiered_rate.share,
        "over_tiered_rate": result.over_tiered_rate.share,
        "acceptable_accuracy": result.acceptable_accuracy.share,
        "source_mean": result.source_mean,
        "weighted_accuracy": result.weighted_accuracy,
        "high_stakes_recall": result.high_stakes_recall.share,
        "false_high_stakes": result.false_high_stakes.share,
        "unknown": result.unknown,
        "unmatched": result.unmatched,
        "intervals": {name: getattr(result, name) for name in RATES},
        "sources": result.sources,
        "agreement": result.agreement,
        "agreement_pairs": result.agreement_pairs,
    }
    answer(settings, document, lambda: _tell(settings, result))


RATES = {
    "accuracy": "exactly the labelled tier",
    "acceptable_accuracy": "inside the acceptable tiers",
    "under_tiered_rate": "under-tiered, of labels 2 and 3",
    "over_tiered_rate": "over-tiered, of labels 0 and 1",
    "high_stakes_recall": "found, of labels 3",
    "false_high_stakes": "wrongly 3, of all others",
}


def _tell(settings: Settings, result: Evaluation) -> None:
    rows = [[title, *_cells(getattr(result, name))] for name, title in RATES.items()]
    table(settings, f"{result.labels:,} labels", ["share", "of", "", "95% from", "to"], rows)
    found = [*map(str, range(4)), "unknown"]
    confusion = [[f"label {label}", *(counts[tier] for tier in found)] for label, counts in result.confusion.items()]
    table(settings, "Labelled and tagged", ["", *(f"tagged {tier}" for tier in found)], confusion)
    if result.sources:
        sources = [[one.source, one.labels, percent(100 * one.acceptable)] for one in result.sources]
        table(settings, "By source", ["source", "labels", "acceptable"], sources)
    if result.agreement is not None:
        line(f"Two labellers agree on {result.agreement_pairs:,} requests: kappa {result.agreement:.2f}")
    if result.unmatched:
        notice(settings, f"{result.unmatched:,} labels name a request that is not in the database")


def _cells(rate: Rate) -> list[str]:
    if rate.share is None or rate.low is None or rate.high is None:
        return ["0", "unknown", "unknown", "unknown"]
    return [f"{rate.of:,}", percent(100 * rate.share), percent(100 * rate.low), percent(100 * rate.high)]


def sample(
    settings: Settings,
    out: Annotated[Path, typer.Option("--out", help="The file for a person to fill in (.csv or .jsonl).")],
    size: Annotated[int, typer.Option("--size", min=1, max=100_000, help="Maximum number of requests.")] = 200,
) -> None:
    """Choose the requests most worth labelling by hand.

    They are chosen by template and doubt, and written to a file to fill in.
    """
    import msgspec

    from llmaudit.tiers.sample import SampledRequest
    from llmaudit.tiers.sample import sample as choose

    with open_store(settings, read_only=True) as store:
        rows = choose(store, size, settings.period)
    if out.suffix not in {".csv", ".jsonl"}:
        raise UsageError(
            f"--out {printable(str(out))}: the name ends in neither .csv nor .jsonl",
            next_step="Name it, for instance, to-label.csv.",
            slug="bad-option",
        )
    write_sample(out, SampledRequest.__struct_fields__, [msgspec.structs.asdict(row) for row in rows])
    doubtful = sum(row.is_in_doubt for row in rows)
    document = {"schema": "llmaudit/tag-sample/1", "path": str(out), "requests": len(rows), "in_doubt": doubtful}
    answer(
        settings,
        document,
        lambda: line(f"{out}: {len(rows):,} requests, {doubtful:,} of them in doubt. Fill in `tier`, then `tag eval`."),
    )


def text(
    settings: Settings,
    rules: Annotated[Path | None, typer.Option("--rules", help="Your rules (YAML), tried first.")] = None,
    model: Annotated[Path | None, typer.Option("--model", help="Your classifier.")] = None,
) -> None:
    """Tag prompts from standard input, line by line.

    Each line is a JSON object with `prompt` or `messages`; each answer is one JSON object with the tier.
    """
    import msgspec

    from llmaudit.tiers.classifier import load_model
    from llmaudit.tiers.tag_lines import judge_lines
    from llmaudit.tiers.user_rules import RulesFile
    from llmaudit.yamlfile import read_yaml

    own = read_yaml(rules, RulesFile, what="rules file").rules if rules else []
    learned = load_model(model) if model else None
    number, bad = 1, 0
    for lines in _arriving():
        answers = judge_lines(lines, first=number, rules=own, model=learned)
        number += len(lines)
        bad += sum(one.error is not None for one in answers)
        sys.stdout.write("".join(msgspec.json.encode(one).decode() + "\n" for one in answers))
        sys.stdout.flush()
    if bad:
        notice(settings, f"{bad:,} of {number - 1:,} lines are no JSON object")
        raise Ended(Exit.BAD_INPUT)


def _arriving() -> Iterator[list[bytes]]:
    """Yield the lines of standard input in batches as they arrive, without waiting for more."""
    rest = b""
    while chunk := os.read(sys.stdin.fileno(), 1 << 20):
        *whole, rest = (rest + chunk).split(b"\n")
        if whole:
            yield whole
    if rest.strip():
        yield [rest]


def register(app: typer.Typer) -> None:
    """Add the command and its subcommands."""
    inner = group(app, tag, "tag", "llmaudit tag --rules rules.yaml")
    command(inner, train, "train", "llmaudit tag train labels.csv --out tiers.json")
    command(inner, evaluate, "eval", "llmaudit tag eval labels.csv --model tiers.json")
    command(inner, sample, "sample", "llmaudit tag sample --size 200 --out to-label.csv")
    command(inner, text, "text", "llmaudit tag text < requests.jsonl")
