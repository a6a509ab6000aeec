"""One physical call in two systems: a gateway's log and a trace with the same provider response id become one row.

The row that was there first stays and is completed with what the other one knows better. Both files are remembered, and
whatever they contradict each other in is a conflict. Where both have a value, the first one counts.
"""

from __future__ import annotations

from llmaudit.ingest.repeats import follow_sightings
from llmaudit.request import COLUMNS, COUNTERS, INPUT_COUNTERS
from llmaudit.store import Store

MIN_ID_LENGTH = 12
"""A shorter response id may be a number that two systems count up, each for itself."""

_ROUNDS = 5
"""Systems beyond the second that tell one call are merged one after the other."""

_USAGE = (
    "usage_status",
    *COUNTERS,
    "reasoning_tokens",
    "input_audio_tokens",
    "output_audio_tokens",
    "input_image_tokens",
    "output_image_tokens",
    "raw_usage",
)
_BILLED = ("billed_amount", "billed_currency", "billed_kind")
_OWN = {"line", "request_id", "response_id", "status", *_USAGE, *_BILLED}
_PROMPT = {name: " + ".join(f"coalesce({name}.{each}, 0)" for each in INPUT_COUNTERS) for name in ("n", "o")}

_BETTER_USAGE = (
    "(o.usage_status IN ('missing', 'estimated', 'inconsistent') AND n.usage_status = 'reported'"
    " OR o.usage_status = 'missing' AND n.usage_status <> 'missing'"
    # the same tokens with the lifetimes of their cache writes told apart
    f" OR o.usage_status = 'reported' AND n.usage_status = 'reported' AND {_PROMPT['n']} = {_PROMPT['o']}"
    " AND n.output_tokens = o.output_tokens AND n.cache_write_other_tokens < o.cache_write_other_tokens)"
)
_BETTER_BILLED = (
    "(o.billed_amount IS NULL AND n.billed_amount IS NOT NULL"
    " OR o.billed_kind = 'list_estimate' AND n.billed_kind <> 'list_estimate')"
)
_CONTRADICTS = {
    "input_tokens": f"n.usage_status = 'reported' AND o.usage_status = 'reported' AND {_PROMPT['n']} <> {_PROMPT['o']}",
    "output_tokens": (
        "n.usage_status = 'reported' AND o.usage_status = 'reported' AND n.output_tokens <> o.output_tokens"
    ),
    "billed_amount": (
        "n.billed_kind = o.billed_kind AND n.billed_currency = o.billed_currency AND n.billed_amount <> o.billed_amount"
    ),
    "status": "n.status <> o.status",
}


class Sources:
    """Merges rows of different systems that are one physical call.

    Args:
        store: The database.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._spaces = {str(row[0]) for row in store.rows("SELECT DISTINCT id_space FROM requests")}

    def merge(self, first: int, spaces: set[str]) -> set[int]:
        """Merge new rows into those of other systems; return the files whose rows have changed.

        Args:
            first: The first of the new files; they are all from there on.
            spaces: The namespaces of their request ids.
        """
        self._spaces |= spaces
        touched: set[int] = set()
        if len(self._spaces) < 2:  # noqa: PLR2004 -- one system alone tells each call once
            return touched
        for _ in range(_ROUNDS):
            changed = self._merge_once(first)
            if not changed:
                break
            touched |= changed
        return touched

    def _merge_once(self, first: int) -> set[int]:
        """Merge at most one new row into each row that stays.

        A row stands for one call of each system: where a system has a second call with the same response id (an answer
        from its cache), that one stays a row of its own, whichever file was read first.
        """
        self._store.execute(
            "CREATE TEMP TABLE told AS WITH pairs AS (SELECT n.row_id, n.source_id, n.line, n.id_space, n.request_id,"
            " min(o.row_id) AS kept_id FROM requests n JOIN requests o"
            " ON n.response_id = o.response_id AND n.id_space <> o.id_space AND o.row_id < n.row_id"
            " ANTI JOIN sightings s ON s.told = 'requests' AND s.row_id = o.row_id AND s.id_space = n.id_space"
            " AND s.request_id IS DISTINCT FROM n.request_id"
            f" WHERE n.source_id >= $first AND length(n.response_id) >= {MIN_ID_LENGTH} GROUP BY ALL)"
            " FROM pairs WHERE kept_id NOT IN (SELECT row_id FROM pairs)"  # what is to go keeps nothing
            " QUALIFY row_number() OVER (PARTITION BY kept_id ORDER BY row_id) = 1",
            {"first": first},
        )
        pairs = "FROM told k JOIN requests n ON n.row_id = k.row_id JOIN requests o ON o.row_id = k.kept_id"
        fields = ", ".join(f"CASE WHEN {test} THEN '{name}' END" for name, test in _CONTRADICTS.items())
        self._store.execute(
            "INSERT INTO conflicts (source_id, line, id_space, request_id, kept_row_id, fields)"
            " SELECT k.source_id, k.line, k.id_space, coalesce(k.request_id, n.response_id), k.kept_id,"
            f" concat_ws(',', {fields}) AS fields {pairs} WHERE concat_ws(',', {fields}) <> ''"
        )
        self._store.execute(f"UPDATE requests SET {_merged()} {pairs} WHERE requests.row_id = k.kept_id")
        self._store.execute(
            "INSERT INTO sightings SELECT 'requests', kept_id, source_id, line, id_space, request_id FROM told"
        )
        changed = {int(row[0]) for row in self._store.rows(f"SELECT DISTINCT o.source_id {pairs}")}
        follow_sightings(self._store, "requests", "told")
        self._store.execute("DELETE FROM requests WHERE row_id IN (SELECT row_id FROM told)")
        self._store.execute("DROP TABLE told")
        return changed


def _merged() -> str:
    """Return the assignments by which a row takes over what the other one knows better."""
    parts = [f"{name} = coalesce(o.{name}, n.{name})" for name in COLUMNS if name not in _OWN]
    parts += [f"{name} = CASE WHEN {_BETTER_USAGE} THEN n.{name} ELSE o.{name} END" for name in _USAGE]
    parts += [f"{name} = CASE WHEN {_BETTER_BILLED} THEN n.{name} ELSE o.{name} END" for name in _BILLED]
    return ", ".join(parts)
