"""Finds the conjuncts of the WHERE clauses of SQL text, and of the WHEN clauses of its triggers.

It knows strings, comments, parentheses, CASE and BETWEEN, and nothing else of the language. The conditions of
partial indexes are none: they say what an index holds, and guard no write.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

TOKEN = re.compile(
    r"(?P<space>\s+|--[^\n]*|/\*.*?\*/)|(?P<text>'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\")|(?P<word>[:@$]?\w+)|(?P<sign>.)",
    re.DOTALL,
)
ENDS = frozenset(
    "GROUP ORDER LIMIT RETURNING UNION EXCEPT INTERSECT HAVING WINDOW BEGIN ON DO".split()  # noqa: SIM905 - words
)
"""What follows a condition at its own depth."""
OPENING, CLOSING = frozenset({"(", "CASE"}), frozenset({")", "END"})


@dataclass(frozen=True)
class Token:
    """A word, a sign or a string, and where it stands."""

    word: str
    start: int
    end: int


@dataclass(frozen=True)
class Guard:
    """A part of a condition: a conjunct, or one of the alternatives of which one is enough."""

    start: int
    end: int
    is_alternative: bool = False

    def dropped_from(self, sql: str) -> str:
        """Return the SQL as if the part were not there; what it binds stays bound."""
        neutral = "AND 0" if self.is_alternative else "OR 1"
        return f"{sql[: self.start]}({sql[self.start : self.end]}\n{neutral}){sql[self.end :]}"


def guards(sql: str) -> list[Guard]:
    """Return every part of every condition, in the order of the text."""
    tokens = _tokens(sql)
    found = [guard for place in _conditions(tokens) for guard in _parts(tokens[place : _end(tokens, place)])]
    return sorted(found, key=lambda guard: (guard.start, -guard.end))


def _tokens(sql: str) -> list[Token]:
    return [
        Token(match[0].upper() if match["word"] else match[0], match.start(), match.end())
        for match in TOKEN.finditer(sql)
        if not match["space"]
    ]


def _conditions(tokens: list[Token]) -> Iterator[int]:
    """Yield where conditions begin."""
    cases = 0
    statement: list[str] = []
    for place, token in enumerate(tokens):
        cases += (token.word == "CASE") - (token.word == "END" and cases > 0)
        statement = [] if token.word == ";" else [*statement, token.word]
        is_index = statement[:1] == ["CREATE"] and "INDEX" in statement[:3]
        if (token.word == "WHERE" and not is_index) or (
            token.word == "WHEN" and statement[:2] == ["CREATE", "TRIGGER"] and not cases
        ):
            yield place + 1


def _end(tokens: list[Token], begin: int) -> int:
    depth = 0
    for place in range(begin, len(tokens)):
        word = tokens[place].word
        if depth == 0 and (word in ENDS or word in CLOSING or word == ";"):
            return place
        depth += (word in OPENING) - (word in CLOSING)
    return len(tokens)


def _parts(condition: Sequence[Token]) -> Iterator[Guard]:
    """Yield the conjuncts of a condition, the alternatives in each, their conjuncts, and so on."""
    alternatives = _split(condition, "OR")
    conjuncts = [condition] if len(alternatives) > 1 else _split(condition, "AND")
    for conjunct in conjuncts:
        if [token.word for token in conjunct] == ["TRUE"]:
            continue
        yield Guard(conjunct[0].start, conjunct[-1].end)
        inner = conjunct[1:-1] if _is_bracketed(conjunct) else conjunct
        alternatives = _split(inner, "OR")
        for alternative in alternatives if len(alternatives) > 1 else ():
            yield Guard(alternative[0].start, alternative[-1].end, is_alternative=True)
            inner = alternative[1:-1] if _is_bracketed(alternative) else alternative
            if len(_split(inner, "AND")) > 1:
                yield from _parts(inner)


def _split(tokens: Sequence[Token], separator: str) -> list[Sequence[Token]]:
    parts, begin, depth, is_between = [], 0, 0, False
    for place, token in enumerate(tokens):
        depth += (token.word in OPENING) - (token.word in CLOSING)
        if depth == 0 and token.word == "BETWEEN":
            is_between = True
        elif depth == 0 and token.word == "AND" and is_between:
            is_between = False
        elif depth == 0 and token.word == separator:
            parts.append(tokens[begin:place])
            begin = place + 1
    return [*parts, tokens[begin:]]


def _is_bracketed(tokens: Sequence[Token]) -> bool:
    """Return whether one pair of parentheses stands around it all, which are no sub-query's."""
    depth = 0
    for place, token in enumerate(tokens):
        depth += (token.word in OPENING) - (token.word in CLOSING)
        if depth == 0:
            return token.word == ")" and place == len(tokens) - 1 and tokens[1].word != "SELECT"
    return False
