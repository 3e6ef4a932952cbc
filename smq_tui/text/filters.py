"""The language of filters: `topic:orders state:dead age>5m error~timeout expired`, and plain text.

Pure: text into a Query, a Query into what the gateway looks for, and what can come next into completions.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from msgspec import structs

from smq_core.format import parse_duration, quoted
from smq_core.safe_text import cell
from smq_tui.values import Filter, Selection, State

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["FILTER_HELP", "PARTS", "FilterError", "Query", "complete", "parse"]

FILTER_HELP: Final = (
    ("topic:NAME", "of this topic"),
    ("state:STATE", "ready, delayed, running, dead, done or deleted"),
    ("worker:NAME", "leased by this worker"),
    ("key:KEY", "with this key"),
    ("age>5m", "created longer ago than this"),
    ("attempts>3", "with more attempts than this"),
    ("error~TEXT", "whose last error contains this text"),
    ("kind:TEXT", "whose last error has exactly this first line"),
    ("expired", "whose lease has expired"),
    ("any text", "whose payload, headers or key contain this text"),
)
"""Each part, and what it finds; all of the parts have to hold."""

_FEW: Final = 3
"""Parts that a sentence names."""
_TOKEN: Final = re.compile(r'(?:(?P<name>[a-z]+)(?P<sign>[:~>]))?(?P<value>"(?:[^"\\]|\\.)*"?|\S*)\s*')
_STATE: Final = re.compile(r'(?:^|(?<=\s))state:("[^"]*"|\S*)\s*')
_MISTAKEN: Final = re.compile(
    r"(?P<name>topic|state|worker|key|age|attempts|error|kind)(?:[<>=~]=?|(?<=age):)"
)
PARTS: Final = ("topic:", "state:", "worker:", "key:", "age>", "attempts>", "error~", "kind:", "expired")
"""The parts with a name, as they are typed; plain text is the other kind."""


class FilterError(ValueError):
    """A filter that cannot be understood; the sentence says which part, and what was expected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What a list is filtered by."""

    text: str = ""
    """As it was typed."""
    topic: str | None = None
    state: State | None = None
    worker: str | None = None
    key: str | None = None
    min_age_s: float | None = None
    above_attempts: int | None = None
    error: str | None = None
    error_kind: str | None = None
    is_expired: bool = False
    words: str = ""
    """The plain text in it."""

    def __bool__(self) -> bool:
        """Return whether it filters at all."""
        return bool(self.text)

    @property
    def where(self) -> Filter:
        """What the store searches for besides the topic and the state."""
        return Filter(
            worker=self.worker,
            key=self.key,
            error=self.error,
            error_kind=self.error_kind,
            text=self.words or None,
            min_age_ms=None if self.min_age_s is None else round(self.min_age_s * 1000),
            min_attempts=None if self.above_attempts is None else self.above_attempts + 1,
            only_expired=self.is_expired,
        )

    def selection(self, topic: str | None, state: State | None) -> Selection:
        """Return what to look for in a list of a topic and state; what the filter names goes before them.

        Without a state that is all but the trash, which has a list of its own.
        """
        wanted = self.state or (State.PROCESSING if self.is_expired or self.worker else state)
        where = self.where if wanted else structs.replace(self.where, without_trash=True)
        return Selection(topic=self.topic or topic, state=wanted, where=where)

    @property
    def matching(self) -> str:
        """What follows the name of messages in a sentence: ` matching “…”`, nothing without a filter."""
        return f" matching “{self.text}”" if self.text else ""

    @property
    def parts(self) -> tuple[str, ...]:
        """The named parts that it consists of, in the order of `PARTS`."""
        values = (
            self.topic,
            self.state,
            self.worker,
            self.key,
            self.min_age_s,
            self.above_attempts,
            self.error,
            self.error_kind,
            self.is_expired or None,
        )
        return tuple(part for part, value in zip(PARTS, values, strict=True) if value is not None)

    def check_parts(self, allowed: Sequence[str], where: str) -> None:
        """Refuse a part by which a list cannot be filtered; `where` names what it lists.

        Raises:
            FilterError: for the first such part.
        """
        for part in self.parts:
            if part not in allowed:
                usable = f"{' '.join(allowed)} or text, or " if len(allowed) <= _FEW else ""
                raise FilterError(f"{part} cannot filter {where}: use {usable}screen 2")

    def without_state(self) -> Query:
        """Return the same filter for any state."""
        return (
            self if self.state is None else replace(self, state=None, text=_STATE.sub("", self.text).strip())
        )

    def keeps(self, *texts: str) -> bool:
        """Return whether a row of a short list, given by its texts, has all of the plain words."""
        haystack = "\n".join(texts).casefold()
        return all(word in haystack for word in self.words.casefold().split())


def parse(text: str) -> Query:
    """Read a filter.

    Raises:
        FilterError: when a part is unknown, or its value is none.
    """
    found: dict[str, str] = {}
    words: list[str] = []
    is_expired = False
    for name, sign, value, is_quoted in _tokens(text):
        part = name + sign
        is_of_no_error = part == "kind:" and 'kind:""' in text
        if not value and not is_of_no_error and (not name or part in PARTS):
            raise FilterError(
                f"a value is missing after {part}" if name else "there is nothing between the quotes"
            )
        if not name and value == "expired" and not is_quoted:
            is_expired = True
        elif not name:
            words.append(_checked(value, text))
        elif part not in PARTS:
            # A colon in plain text, such as a URL's, is not a mistake.
            words.append(_checked(part + value, text))
        else:
            found[part] = value
    return Query(
        text=text.strip(),
        topic=found.get("topic:"),
        state=_state(found.get("state:")),
        worker=found.get("worker:"),
        key=found.get("key:"),
        min_age_s=_age(found.get("age>")),
        above_attempts=_attempts(found.get("attempts>")),
        error=found.get("error~"),
        error_kind=found.get("kind:"),
        is_expired=is_expired,
        words=" ".join(filter(None, words)),
    )


def complete(
    text: str, topics: Sequence[str], workers: Sequence[str] = (), parts: Sequence[str] = PARTS
) -> list[str]:
    """Return what the last of the `parts` of a filter may become: whole texts, the likeliest first."""
    last_at = text.rfind(" ") + 1
    head, last = text[:last_at], text[last_at:]
    values = {"topic:": topics, "state:": tuple(state.word for state in State), "worker:": workers}
    for part, names in values.items():
        if last.startswith(part) and part in parts:
            return [head + part + quoted(name) for name in _starting(names, last[len(part) :])]
    return [head + part for part in _starting(parts, last)] if last else []


def _tokens(text: str) -> Iterable[tuple[str, str, str, bool]]:
    at = 0
    stripped = text.strip()
    while at < len(stripped):
        match = _TOKEN.match(stripped, at)
        if match is None or match.end() == at:
            break
        at = match.end()
        value = match["value"]
        yield match["name"] or "", match["sign"] or "", _unquoted(value), value.startswith('"')


def _checked(word: str, text: str) -> str:
    """Return a word of plain text.

    Raises:
        FilterError: when it is a part of a filter with a sign that the part does not have.
    """
    match = _MISTAKEN.match(word)
    if match is None or f'"{word}' in text:
        return word
    right = next(part for part in PARTS if part.startswith(match["name"]))
    raise FilterError(
        f"{cell(match.group(), 20)} is not a filter: did you mean {right}? Put plain text that starts like "
        "this in quotes"
    )


def _unquoted(value: str) -> str:
    if not value.startswith('"'):
        return value
    ends = len(value) > 1 and value.endswith('"')
    return re.sub(r"\\(.)", r"\1", value[1:-1] if ends else value[1:])


def _starting(names: Iterable[str], beginning: str) -> list[str]:
    wanted = beginning.strip('"').casefold()
    starting = [name for name in names if name.casefold().startswith(wanted)]
    return starting + [name for name in names if wanted in name.casefold() and name not in starting]


def _state(value: str | None) -> State | None:
    try:
        return None if value is None else State.meant(value)
    except ValueError:
        words = ", ".join(state.word for state in State)
        raise FilterError(f"state:{cell(value or '', 20)} is not one of {words}") from None


def _age(value: str | None) -> float | None:
    try:
        return None if value is None else parse_duration(value)
    except ValueError as error:
        raise FilterError(f"age>{cell(value or '', 20)}: {error}") from None


def _attempts(value: str | None) -> int | None:
    if value is None:
        return None
    if not value.isdecimal():
        raise FilterError(f"attempts>{cell(value, 20)}: expected an integer")
    return int(value)
