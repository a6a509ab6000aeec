"""Random damage to a log of any kind: values of other types, keys gone, records twice, large numbers, flipped bytes."""

from __future__ import annotations

import csv
import json
from io import StringIO
from random import Random
from typing import Any

ODD: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1.5, 1e308, 10**18, 2**63, 10**30, 10**400, -0.0, 12345678901234567890),
    *("", " ", "null", "NaN", "1e400", "-3", "12.50", "1,234", "2026-13-45", "9999-12-31T23:59:59Z", "\0", "x" * 5000),
    *("0001-01-01T00:00:00Z", "\x1b[31mred", "a\nb", 253402300800, -62135596800, 1790000000000),
    *([], {}, [[]], [None], {"a": None}, {"": ""}, [1, 2, 3]),
)
"""Values that stand where a format expects another."""

JSON_ENDINGS = (".json", ".jsonl", ".sse")


def damaged(data: bytes, name: str, dice: Random) -> bytes:
    """Return a file with something in it changed; which way depends on its ending and on the dice."""
    if dice.random() < 0.25:
        return _bytes(data, dice)
    if name.endswith(JSON_ENDINGS):
        return _lines(data.decode(), dice).encode("utf-8", "replace")
    return _table(data.decode(), dice).encode("utf-8", "replace") if name.endswith(".csv") else _bytes(data, dice)


def _lines(text: str, dice: Random) -> str:
    whole = _damaged_object(text, dice)
    if whole is not None:
        return whole
    lines = text.splitlines()
    for _ in range(dice.choice([1, 2, len(lines)])):
        place = dice.randrange(len(lines))
        head, brace, rest = lines[place].partition("{")
        changed = _damaged_object(brace + rest, dice)
        if changed is not None:
            lines[place] = head + changed
    if dice.random() < 0.2:
        lines += dice.choices(lines, k=3)
    if dice.random() < 0.1:
        dice.shuffle(lines)
    return "\n".join(lines) + "\n"


def _damaged_object(text: str, dice: Random) -> str | None:
    """Return a JSON text with a value changed, or None where it is no JSON."""
    try:
        return json.dumps(_value(json.loads(text), dice))
    except ValueError:
        return None


def _value(value: Any, dice: Random) -> Any:
    """Change one to four places of a JSON value, and return it."""
    for _ in range(dice.choice([1, 1, 2, 4])):
        places = list(_places(value))
        if not places:
            return value
        box, key = dice.choice(places)
        what = dice.choice(["odd", "odd", "odd", "gone", "deeper", "text", "negative", "huge", "twice"])
        if what == "gone":
            del box[key]
        elif what == "deeper":
            for _ in range(dice.choice([1, 3, 300])):
                box[key] = [box[key]] if dice.random() < 0.5 else {"a": box[key]}
        elif what == "text":
            box[key] = json.dumps(box[key])
        elif what == "twice" and isinstance(box, list):
            box.append(box[key])
        elif what in {"negative", "huge"} and type(box[key]) in {int, float}:
            box[key] *= -1 if what == "negative" else dice.choice([10**3, 10**9, 10**20])
        else:
            box[key] = dice.choice(ODD)
    return value


def _places(value: Any) -> Any:
    keys = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield value, key
        yield from _places(value[key])


def _table(text: str, dice: Random) -> str:
    rows = list(csv.reader(StringIO(text)))
    for _ in range(dice.choice([1, 2, 5])):
        row = dice.choice(rows)
        place = dice.randrange(max(len(row), 1))
        what = dice.choice(["odd", "odd", "short", "long", "column", "twice"])
        if what == "short" or not row:
            del row[place:]
        elif what == "long":
            row += ["x"] * 3
        elif what == "column":
            del rows[0][place : place + 1]
        elif what == "twice":
            rows.append(list(row))
        else:
            odd = dice.choice([one for one in ODD if one != 10**400])
            row[place] = odd if isinstance(odd, str) else json.dumps(odd)
    out = StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue()


def _bytes(data: bytes, dice: Random) -> bytes:
    changed = bytearray(data)
    for _ in range(dice.choice([1, 1, 3, 30])):
        place = dice.randrange(max(len(changed), 1))
        what = dice.choice(["flip", "flip", "cut", "more", "less"])
        if what == "flip":
            changed[place : place + 1] = bytes([dice.randrange(256)])
        elif what == "cut":
            del changed[place:]
        elif what == "more":
            changed[place:place] = dice.choice([b"\0", b"\n", b"\r", b'"', b"{", b"}", b",", b"\xff\xfe", b"9" * 30])
        else:
            del changed[place : place + dice.choice([1, 10, 100])]
    return bytes(changed)
