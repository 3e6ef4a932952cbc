"""Reads docs/json.md: the shapes that its tables list, and what each source prints.

It compares values with them.
"""

from __future__ import annotations

import re
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple

from tests.docs.markdown import read

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["PAGE", "Field", "faults", "printed", "shapes", "tables"]

PAGE: Final = "docs/json.md"

_HEAD: Final = re.compile(r"\| field of an? (?P<shape>[\w ]+?) \|")
_ROW: Final = re.compile(r"\| (?P<names>`[^|]+?) \| (?P<type>[^|]+?) \|")
_OTHERS: Final = re.compile(r"\| all fields of an? (?P<shape>[\w ]+?) \|")
_SOURCE: Final = re.compile(r"\| (?P<source>[^|]+?) \| (?P<type>[^|;]+?)(?:; [^|]*|, one per line)? \|$")
_ISO: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")

_SCALARS: Final[dict[str, Callable[[object], bool]]] = {
    "any": lambda _value: True,
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
    "object": lambda value: isinstance(value, dict),
    "time": lambda value: isinstance(value, str) and _ISO.fullmatch(value) is not None,
}


class Field(NamedTuple):
    """What the page says of one key."""

    type: str
    is_optional: bool


def tables() -> dict[str, list[tuple[str, str]]]:
    """Return the names and types that the page lists for each shape, a time being one of them."""
    found: dict[str, list[tuple[str, str]]] = {}
    shape = ""
    for line in read(PAGE).splitlines():
        if head := _HEAD.match(line):
            shape = head["shape"]
            found[shape] = []
        elif others := _OTHERS.match(line):
            found[shape] += found[others["shape"]]
        elif shape and (row := _ROW.match(line)):
            found[shape] += [(name, row["type"]) for name in re.findall(r"`(\w+)`", row["names"])]
    return found


@cache
def shapes() -> dict[str, dict[str, Field]]:
    """Return the keys of each shape, both those of a time."""
    return {shape: dict(_fields(rows)) for shape, rows in tables().items()}


def printed() -> dict[str, str]:
    """Return the type of what each source prints."""
    table = read(PAGE).partition("| source |")[2].partition("\n\n")[0]
    rows = (_SOURCE.match(line) for line in table.splitlines()[2:])
    return {row["source"].strip("`"): row["type"] for row in rows if row is not None}


def faults(value: object, expected: str, seen: set[str], where: str = "") -> Iterator[str]:
    """Yield where a value differs from a type of the page; `seen` collects the shapes that were met."""
    if expected.endswith(" or null"):
        if value is not None:
            yield from faults(value, expected.removesuffix(" or null"), seen, where)
    elif expected.startswith("array of "):
        if not isinstance(value, list):
            yield f"{where} is not an array: {value!r}"
            return
        for one in value:
            yield from faults(one, expected.removeprefix("array of "), seen, f"{where}[]")
    elif " or " in expected:
        first, _, second = expected.partition(" or ")
        met: set[str] = set()
        if list(faults(value, first, met)):
            yield from faults(value, second, seen, where)
        else:
            seen |= met
    elif expected in _SCALARS:
        if not _SCALARS[expected](value):
            yield f"{where} is not {expected}: {value!r}"
    else:
        yield from _shape_faults(value, expected, seen, where)


def _shape_faults(value: object, shape: str, seen: set[str], where: str) -> Iterator[str]:
    seen.add(shape)
    fields = shapes()[shape]
    if not isinstance(value, dict):
        yield f"{where} is not a {shape}: {value!r}"
        return
    yield from (f"{where}.{name} is not on the page" for name in value.keys() - fields.keys())
    for name, field in fields.items():
        if name in value:
            yield from faults(value[name], field.type, seen, f"{where}.{name}")
        elif not field.is_optional:
            yield f"{where}.{name} is missing"
        if field.type.startswith("time") and isinstance(value.get(name), str):
            moment = datetime.fromisoformat(value[name]).timestamp()
            if abs(moment - value[f"{name}_s"]) > 0.001:
                yield f"{where}.{name} and {name}_s are two times"


def _fields(rows: list[tuple[str, str]]) -> Iterator[tuple[str, Field]]:
    for name, written in rows:
        type_ = written.removesuffix(", optional")
        is_optional = type_ != written
        yield name, Field(type_, is_optional)
        if type_.startswith("time"):
            yield f"{name}_s", Field(type_.replace("time", "number"), is_optional)
