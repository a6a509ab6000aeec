"""Outcomes matched with the traffic and paired: the cohort that a case belongs to, and the models that answered it.

The labels of a case are its own, else those of the logged request it names, else whatever the requests of its template
or route have in common. A case that two models answered is a pair, even if the two scores come from different files.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from llmaudit.catalog import Catalog, Offer
from llmaudit.plans.quality import Label, Outcomes, PairedCase
from llmaudit.store import Store

COMMON = 0.95
"""Share of a template's (or an endpoint's) requests that have to agree in a label before it is taken as theirs."""

SHADOW = "quality"
"""The metric that pairs of shadow tests are counted under, as in the table `evals`."""

Labels = tuple[Label, Label, Label]
NOTHING: Labels = (None, None, None)


@dataclass
class _Case:
    """A case under construction.

    Attributes:
        labels: Feature, tier, task.
        scores: Scores by model.
        cluster: Its user.
        sources: Who scored it.
    """

    labels: Labels = NOTHING
    scores: dict[str, list[float]] = field(default_factory=dict)
    cluster: str | None = None
    sources: set[str] = field(default_factory=set)


def paired_outcomes(
    store: Store, catalog: Catalog, metric: str | None = None, source: str = "outcomes"
) -> Outcomes | None:
    """Return the paired outcomes in a database; None if there is no pair of any metric.

    Args:
        store: The database, with the view `keyed_requests` (`llmaudit.rollup.keyed_requests`).
        catalog: Gives models their canonical names.
        metric: Which metric; None takes the one with most pairs.
        source: The table of outcomes; only with `outcomes` do pairs of shadow tests count too.
    """
    names = _Names(catalog)
    cases: dict[str, dict[str, _Case]] = {}
    unpaired = _collect(store, names, cases, source)
    if source == "outcomes":
        _shadow(store, names, cases)
    counts = {name: sum(len(case.scores) > 1 for case in found.values()) for name, found in cases.items()}
    paired = {name: count for name, count in counts.items() if count}
    wanted = metric or max(sorted(paired), key=lambda name: paired[name], default=None)
    if wanted is None or wanted not in paired:
        return None
    others = {name: count for name, count in sorted(paired.items()) if name != wanted}
    return _outcomes(wanted, cases[wanted].values(), others, unpaired)


def _outcomes(metric: str, cases: Iterable[_Case], others: dict[str, int], unpaired: int) -> Outcomes:
    pairs: dict[tuple[str, str], list[PairedCase]] = {}
    sources: Counter[str] = Counter()
    unmatched = 0
    for case in cases:
        if len(case.scores) < 2:  # noqa: PLR2004 -- one answer makes no pair
            unpaired += 1
            continue
        sources.update(case.sources)
        unmatched += case.labels == NOTHING
        means = {model: sum(scores) / len(scores) for model, scores in sorted(case.scores.items())}
        for before, first in means.items():
            for after, second in means.items():
                if before != after:
                    pairs.setdefault((before, after), []).append(PairedCase(case.labels, first, second, case.cluster))
    return Outcomes(metric, pairs, dict(sorted(sources.items())), unpaired, unmatched, others)


class _Names:
    """Canonical names of models, each looked up once; a name the catalog lacks stays as it is."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._known: dict[str, str] = {}

    def of(self, name: str) -> str:
        if name not in self._known:
            tried = (self._catalog.canonical(name), self._catalog.find(name).offer, self._published(name))
            offer = next((one for one in tried if one is not None), None)
            self._known[name] = offer.sku.model if offer else name
        return self._known[name]

    def _published(self, name: str) -> Offer | None:
        """Return a model by the id of its published weights, `organisation/name`, without the organisation."""
        _, slash, rest = name.rpartition("/")
        return self._catalog.find(rest).offer if slash else None


_JOINED = """
    SELECT o.case_id, o.request_id, o.template_hash, o.route, o.tier, o.task, o.model, o.metric, o.score, o.source,
        o.user_id, q.feature AS its_feature, q.tier AS its_tier, q.task AS its_task, q.model AS its_model,
        q.user_id AS its_user
    FROM {source} o LEFT JOIN (
        SELECT k.request_id, any_value(k.user_id) AS user_id, any_value(k.feature) AS feature,
            any_value(k.tier) AS tier, any_value(k.task) AS task, any_value(k.model) AS model
        FROM keyed_requests k
        WHERE k.request_id IS NOT NULL AND k.status = 'ok'
            AND k.request_id IN (SELECT coalesce(request_id, case_id) FROM {source})
        GROUP BY k.request_id
    ) q ON q.request_id = coalesce(o.request_id, o.case_id)
    ORDER BY o.file_id, o.line
"""


def _collect(store: Store, names: _Names, cases: dict[str, dict[str, _Case]], source: str) -> int:
    """Put the outcomes of files into cases by metric; return how many belong to no case."""
    if not store.rows(f"SELECT 1 FROM {source} LIMIT 1"):
        return 0  # most databases hold none, and what follows reads every request
    by_template, by_route = _of_templates(store, source), _of_routes(store)
    alone = 0
    for row in store.dicts(_JOINED.format(source=source)):
        name = row["case_id"] or row["request_id"]
        model = row["model"] or row["its_model"]
        if name is None or model is None:
            alone += 1
            continue
        case = cases.setdefault(row["metric"], {}).setdefault(f"case {name}", _Case())
        case.scores.setdefault(names.of(model), []).append(float(row["score"]))
        case.sources.add(row["source"])
        case.cluster = case.cluster or row["user_id"] or row["its_user"]
        case.labels = _first(
            case.labels,
            (None, row["tier"], row["task"]),
            (row["its_feature"], row["its_tier"], row["its_task"]),
            by_template.get(row["template_hash"], NOTHING),
            by_route.get(row["route"], (row["route"], None, None)),
        )
    return alone


def _first(*every: Labels) -> Labels:
    """Return each label from the first that knows it."""
    feature, tier, task = (
        next((label for label in one if label is not None), None) for one in zip(*every, strict=True)
    )
    return feature, tier, task


def _shadow(store: Store, names: _Names, cases: dict[str, dict[str, _Case]]) -> None:
    """Put the pairs of shadow tests into cases.

    A pair that was analysed in several tests is one case, or it would be evidence twice. A pair without a time is its
    test's own: ids such as 1, 2, 3 occur in every file.
    """
    rows = store.rows(
        "SELECT COALESCE(CAST(primary_at AS VARCHAR), 'in ' || test), pair_id, tier, user_id, route,"
        " primary_model, shadow_model, primary_score, shadow_score"
        " FROM shadow_pairs WHERE primary_score IS NOT NULL AND shadow_score IS NOT NULL"
        " AND primary_model IS NOT NULL AND shadow_model IS NOT NULL ORDER BY test, pair_id"
    )
    by_route = _of_routes(store) if rows else {}
    for at, pair, tier, user, route, first, second, before, after in rows:
        same = f"pair {at} {pair} {names.of(first)} {names.of(second)}"
        case = cases.setdefault(SHADOW, {}).setdefault(same, _Case())
        case.scores.setdefault(names.of(first), []).append(float(before))
        case.scores.setdefault(names.of(second), []).append(float(after))
        case.labels = _first((None, tier, None), by_route.get(route, (route, None, None)))
        case.cluster = user
        case.sources.add("shadow")


def _of_templates(store: Store, source: str) -> dict[str, Labels]:
    """Return what the requests of each template that outcomes name have in common."""
    return dict(
        _common(
            store.rows(
                "SELECT k.template_hash, k.feature, k.tier, k.task, count(*) FROM keyed_requests k"
                f" WHERE k.template_hash IN (SELECT template_hash FROM {source}) GROUP BY ALL ORDER BY ALL"
            )
        )
    )


def _of_routes(store: Store) -> dict[str, Labels]:
    """Return what the requests of each route have in common: a feature of that name is one, else an endpoint.

    A route that is a feature says nothing of tier and task: its requests may be of several.
    """
    features = {str(name) for (name,) in store.rows("SELECT DISTINCT feature FROM keyed_requests WHERE feature <> ''")}
    endpoints = _common(
        store.rows(
            "SELECT k.endpoint, k.feature, k.tier, k.task, count(*) FROM keyed_requests k"
            " WHERE k.endpoint IS NOT NULL GROUP BY ALL ORDER BY ALL"
        )
    )
    found: dict[str, Labels] = {name: labels for name, labels in endpoints if name not in features}
    return found | {name: (name, None, None) for name in features}


def _common(rows: Iterable[tuple[Any, ...]]) -> Iterator[tuple[str, Labels]]:
    """Yield the labels that nearly all requests of a name share; None for a label on which they differ.

    Args:
        rows: Name, feature, tier, task, and how many requests have these.
    """
    groups: dict[str, list[tuple[Labels, int]]] = {}
    for name, feature, tier, task, count in rows:
        groups.setdefault(str(name), []).append(((feature, tier, task), count))
    for name, group in groups.items():
        feature, tier, task = (
            _shared([(labels[axis], count) for labels, count in group]) for axis in range(len(NOTHING))
        )
        yield name, (feature, tier, task)


def _shared(counts: Sequence[tuple[Label, int]]) -> Label:
    """Return the label of at least `COMMON` of the requests, else None."""
    by_label: Counter[Label] = Counter()
    for label, count in counts:
        by_label[label] += count
    label, most = by_label.most_common(1)[0]
    return label if most >= COMMON * by_label.total() else None
