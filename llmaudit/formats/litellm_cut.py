"""LiteLLM rows of lines that differ in nothing but their values: the parts of the columns, cut out of the lines."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from llmaudit.formats.alike import Alike, Odd, Together
from llmaudit.formats.litellm_columns import AMOUNT, COUNTS, TIME, USED, Parts, is_usual_kind, made
from llmaudit.formats.values import EARLIEST, LATEST
from llmaudit.money import MAX_PER_ROW
from llmaudit.usage import MAX_TOKENS

_META = "metadata"
_ALWAYS = ("spend", "prompt_tokens", "completion_tokens")
_MAY_BE_NUMBERS = ((_META, "cost_breakdown", "total_cost"), *((_META, *path) for path in COUNTS))
"""What is no text where it is anything: the decoder would take a text for an amount. Not all of it is used."""

_NEVER = ("original_model_group", "internal_call_origin")
_CLOCK = len("2026-10-01T10:00:00")
_ZONES = ("Z", "+00:00")
_MANY = 1 << 40

MAX_TRIES = 200
"""Casts that may fail before a block is given up: some ten values that are none can be found with them."""


def fits(lines: Alike, first: Any, metadata: type[Any]) -> bool:
    """Say whether lines of one shape can be cut, as far as the kinds of their values go.

    Args:
        lines: Lines of one shape.
        first: One of them, decoded: what its kinds of values are, those of all are.
        metadata: The type of `metadata` that was decoded as an object.
    """
    meta = metadata() if first.metadata is None else first.metadata
    if meta.__class__ is not metadata or not is_usual_kind(first, meta):
        return False
    if meta.error_information is not None:  # it is not read here, so the kinds of its values are not looked at
        return False
    if not lines.has_text("request_id") or not all(lines.has_number(name) for name in _ALWAYS):
        return False
    if lines.has_text("messages") or any(lines.has_text(_META, name) for name in _NEVER):
        return False
    return all(lines.has_number(*path) or lines.has_nothing(*path) for path in _MAY_BE_NUMBERS)


def cut(
    lines: Together,
    firsts: Sequence[Any],
    shared: Callable[..., Any],
    short: Callable[[str | None], str | None],
) -> tuple[Mapping[str, Any], npt.NDArray[np.bool_]]:
    """Return the columns of lines that can be cut, and which rows are not ordinary.

    Args:
        lines: Lines of several shapes that fit.
        firsts: One line of each shape, decoded.
        shared: Makes the request that rows of one model, team and tag list share; cached.
        short: What is kept of an API key.

    Raises:
        Odd: Too much in them is out of the ordinary.
    """
    values = _Values(lines)
    parts = _parts(values, firsts, shared, short)
    values.mark(pc.equal(parts.spend, pa.scalar(0, AMOUNT)))
    values.mark(pc.equal(parts.request_id, ""))
    status = lines.values("status")
    if status is not None:
        values.mark(pc.equal(status, "failure"))
    hits = lines.values("cache_hit")
    if hits is not None:
        values.mark(pc.equal(pc.utf8_lower(hits), "true"))
    return made(parts), values.odd


class _Values:
    """Values of lines as columns; a value that no column can take is left out, and its row marked as odd.

    Args:
        lines: The lines.

    Attributes:
        lines: The lines.
        odd: The rows that are marked.
    """

    def __init__(self, lines: Together) -> None:
        self.lines = lines
        self.odd = np.zeros(len(lines), np.bool_)

    def mark(self, odd: pa.BooleanArray) -> None:
        """Mark rows; null is no mark."""
        if odd.true_count:
            self.odd |= pc.fill_null(odd, fill_value=False).to_numpy(zero_copy_only=False)

    def count(self, *path: str | int) -> pa.Array | None:
        """Return token counts; None where no line has one."""
        return self._within(self._cast(self.lines.values(*path), pa.int64()), 0, MAX_TOKENS)

    def amount(self, *path: str | int) -> pa.Array | None:
        """Return amounts of money; None where no line has one."""
        return self._within(self._cast(self.lines.values(*path), AMOUNT), 0, MAX_PER_ROW)

    def moment(self, *path: str | int) -> pa.Array:
        """Return times, all with one zone. What Arrow takes for one beyond that, the strict decoder does too."""
        texts = self.lines.values(*path)
        if texts is None:
            return pa.nulls(len(self.lines), TIME)
        if zone := _usual_zone(texts.drop_null()):
            texts = self._without(texts, pc.invert(pc.ends_with(texts, zone)))
            texts = pc.utf8_slice_codeunits(texts, 0, -len(zone))
        # A day or an hour alone is a time to Arrow.
        texts = self._without(texts, pc.less(pc.binary_length(texts), pa.scalar(_CLOCK, pa.int32())))
        return self._within(self._cast(texts, TIME), EARLIEST, LATEST - timedelta.resolution)

    def _without(self, values: pa.Array, odd: pa.BooleanArray) -> pa.Array:
        """Return values without those that are odd, and mark their rows."""
        if not odd.true_count:
            return values
        self.mark(odd)
        return pc.if_else(odd, pa.scalar(None, values.type), values)

    def _cast(self, texts: pa.Array | None, kind: pa.DataType) -> pa.Array | None:
        if texts is None:
            return None
        try:
            return texts.cast(kind)
        except pa.ArrowException:
            return self._without(texts, pa.array(_not(kind, texts))).cast(kind)

    def _within(self, values: pa.Array | None, least: Any, most: Any) -> pa.Array | None:
        if values is None:
            return None
        found = pc.min_max(values)
        if not found["min"].is_valid or (found["min"].as_py() >= least and found["max"].as_py() <= most):
            return values
        below, above = pc.less(values, pa.scalar(least, values.type)), pc.greater(values, pa.scalar(most, values.type))
        return self._without(values, pc.or_(below, above))


def _usual_zone(texts: pa.Array) -> str:
    """Return how times end, as most of three of them do."""
    seen = [texts[place].as_py() for place in (0, len(texts) // 2, len(texts) - 1)]
    zones = [next((zone for zone in _ZONES if text.endswith(zone)), "") for text in seen]
    return max(zones, key=zones.count)


def _not(kind: pa.DataType, texts: pa.Array) -> npt.NDArray[np.bool_]:
    """Return which texts are not of a kind: the halves that cannot be cast, again and again.

    Raises:
        Odd: There are many.
    """
    bad = np.zeros(len(texts), np.bool_)
    waiting, tries = [(0, len(texts))], 0
    while waiting:
        start, size = waiting.pop()
        try:
            texts.slice(start, size).cast(kind)
        except pa.ArrowException:
            if size == 1:
                bad[start] = True
            else:
                waiting += [(start, size // 2), (start + size // 2, size - size // 2)]
            tries += 1
            if tries > MAX_TRIES:
                raise Odd from None
    return bad


def _parts(
    values: _Values, firsts: Sequence[Any], shared: Callable[..., Any], short: Callable[[str | None], str | None]
) -> Parts:
    lines = values.lines
    counts = {path: found for path in COUNTS if (found := values.count(_META, *path)) is not None}
    requests, which = _shared(lines, firsts, shared)
    nothing = pa.nulls(len(lines), pa.string())
    spend, prompt, completion = values.amount("spend"), values.count("prompt_tokens"), values.count("completion_tokens")
    return Parts(
        request_id=lines.values("request_id"),
        session_id=_first_said(lines.values("session_id")) or nothing,
        call_id=_first_said(lines.values("litellm_call_id")),
        started_at=values.moment("startTime"),
        ended_at=values.moment("endTime"),
        first_token_at=values.moment("completionStartTime"),
        user_id=_first_said(lines.values("end_user"), lines.values("user")) or nothing,
        key_id=_keys(lines, short),
        spend=pc.fill_null(spend, 0),  # a null here is marked as odd
        prompt=pc.fill_null(prompt, 0),
        completion=pc.fill_null(completion, 0),
        counts=counts,
        raw_usage=_json(lines, firsts, counts),
        requests=requests,
        which=which,
    )


def _first_said(*texts: pa.StringArray | None) -> pa.Array | None:
    """Return the first text that says something, null where none does."""
    said = [_or_null(each) for each in texts if each is not None]
    return pc.coalesce(*said) if said else None


def _or_null(texts: pa.StringArray) -> pa.Array:
    empty = pc.equal(texts, "")
    return pc.if_else(empty, pa.scalar(None, pa.string()), texts) if pc.any(empty).as_py() else texts


def _keys(lines: Together, short: Callable[[str | None], str | None]) -> pa.Array:
    """Return the names of keys: the alias, else what is kept of the key itself."""
    alias, key = _first_said(lines.values(_META, "user_api_key_alias")), lines.values("api_key")
    if key is None or (alias is not None and not alias.null_count):
        return pa.nulls(len(lines), pa.string()) if alias is None else alias
    packed = key.dictionary_encode()
    kept = pa.array([short(value) for value in packed.dictionary.to_pylist()], pa.string()).take(packed.indices)
    return kept if alias is None else pc.coalesce(alias, kept)


def _json(lines: Together, firsts: Sequence[Any], counts: Mapping[tuple[str, ...], pa.Array]) -> pa.Array:
    """Return the usage objects as the encoder writes them."""
    written: dict[tuple[Any, ...], list[int]] = {}  # lines whose objects have the same keys
    for number, first in enumerate(firsts):
        template = tuple(_template(first.metadata and first.metadata.usage_object, (USED,)))
        written.setdefault(template, []).append(number)
    if len(written) == 1:
        return _joined(next(iter(written)), counts, len(lines))
    done, rows = [], []
    for template, numbers in written.items():
        which = np.concatenate([lines.rows[number] for number in numbers])
        places = pa.array(which)
        theirs = {path: values.take(places) for path, values in counts.items() if path in template}
        done.append(_joined(template, theirs, len(which)))
        rows.append(which)
    order = np.argsort(np.concatenate(rows))
    return pa.concat_arrays(done).take(pa.array(order))


def _joined(template: Sequence[Any], counts: Mapping[tuple[str, ...], pa.Array], size: int) -> pa.Array:
    texts = [counts[part].cast(pa.string()) if isinstance(part, tuple) else part for part in template]
    if len(texts) == 1:
        return pa.repeat(pa.scalar(texts[0], pa.string()), size)
    return pc.binary_join_element_wise(*texts, "")


def _template(part: Any, path: tuple[str, ...]) -> Iterator[str | tuple[str, ...] | None]:
    """Yield the texts and the paths of numbers that a usage object is made of, in the encoder's order, or None."""
    if part is None:
        yield None
        return
    text = ""
    for piece in _pieces(part, path):
        if isinstance(piece, str):
            text += piece
        else:
            yield text
            yield piece
            text = ""
    yield text


def _pieces(part: Any, path: tuple[str, ...]) -> Iterator[str | tuple[str, ...]]:
    before = "{"
    for name in part.__struct_fields__:
        value = getattr(part, name)
        if value is None:
            continue
        yield f'{before}"{name}":'
        before = ","
        here = (*path, name)
        if isinstance(value, msgspec.Struct):
            yield from _pieces(value, here)
        else:
            yield here
    yield "{}" if before == "{" else "}"


def _shared(lines: Together, firsts: Sequence[Any], shared: Callable[..., Any]) -> tuple[Sequence[Any], pa.Array]:
    """Return what rows of one model, team and tag list share, each once, and which of them is each row's."""
    names = ("model", "model_group", "custom_llm_provider", "call_type")
    team = _first_said(lines.values(_META, "user_api_key_team_alias"))
    if team is None or team.null_count:
        rest = lines.values("team_id")
        team = team if rest is None else rest if team is None else pc.coalesce(team, rest)
    most = max(len(first.request_tags or ()) for first in firsts)
    tags = [lines.values("request_tags", number) for number in range(most)]
    tier = lines.values(_META, "cost_breakdown", "service_tier")
    texts = [*(lines.values(name) for name in names), team, *tags, tier]
    which, places = _combined(texts, len(lines))
    values = [[None] * len(places) if each is None else each.take(places).to_pylist() for each in texts]
    requests = []
    for row in zip(*values, strict=True):
        named, tagged, tier_said = row[: len(names) + 1], row[len(names) + 1 : -1], row[-1]
        requests.append(shared(*named, tuple(tag for tag in tagged if tag is not None) or None, tier_said))
    return requests, which


def _combined(texts: Sequence[pa.Array | None], size: int) -> tuple[pa.Array, pa.Array]:
    """Return which combination of texts is each row's, and a row that has it for every combination."""
    codes = np.zeros(size, np.int64)
    kinds = 1
    for each in texts:
        if each is None:
            continue
        packed = each.dictionary_encode(null_encoding="encode")
        codes = codes * len(packed.dictionary) + packed.indices.to_numpy()
        kinds *= len(packed.dictionary)
        if kinds > _MANY:  # numbered anew before the numbers grow too long
            codes = np.unique(codes, return_inverse=True)[1]
            kinds = size
    _, places, which = np.unique(codes, return_index=True, return_inverse=True)
    return pa.array(which.astype(np.int32)), pa.array(places)
