"""Reads the project's pages: their blocks of code, headings and links. It judges nothing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from tests.architecture.source import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGES: Final = tuple(
    path.relative_to(ROOT).as_posix()
    for path in (*sorted(ROOT.glob("*.md")), *sorted(ROOT.glob("docs/*.md")))
)
"""Every page, relative to the project."""

_FENCE: Final = re.compile(r"^```(?P<language>\S*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_CODE_SPAN: Final = re.compile(r"(`+)(?!`).+?(?<!`)\1(?!`)", re.DOTALL)
_LINK: Final = re.compile(r"\[[^\]]*\]\((?P<target>[^)\s]+)\)")
_HEADING: Final = re.compile(r"^#{1,6} (?P<text>.+)$", re.MULTILINE)


class Block(NamedTuple):
    """A fenced block of a page."""

    page: str
    line: int
    """Where its fence opens, from 1."""
    language: str
    text: str

    @property
    def first_line(self) -> str:
        """The line that a test knows the block by."""
        return self.text.partition("\n")[0]

    def __str__(self) -> str:
        """Return where the block is, as editors understand it."""
        return f"{self.page}:{self.line}"


def read(page: str) -> str:
    """Return the text of a page."""
    return (ROOT / page).read_text(encoding="utf-8")


def blocks(page: str, text: str | None = None) -> list[Block]:
    """Return the fenced blocks of a page, in order."""
    text = read(page) if text is None else text
    return [
        Block(page, text.count("\n", 0, found.start()) + 1, found["language"], found["text"])
        for found in _FENCE.finditer(text)
    ]


def links(text: str) -> Iterator[str]:
    """Return the targets of links outside of code."""
    for found in _LINK.finditer(_CODE_SPAN.sub("code", _FENCE.sub("", text))):
        yield found["target"]


def anchors(text: str) -> set[str]:
    """Return the names by which GitHub links to a page's headings."""
    names: set[str] = set()
    for found in _HEADING.finditer(_FENCE.sub("", text)):
        base = re.sub(r"[^\w\- ]", "", found["text"].lower()).replace(" ", "-")
        names.add(next(name for name in _numbered(base) if name not in names))
    return names


def _numbered(base: str) -> Iterator[str]:
    yield base
    number = 1
    while True:
        yield f"{base}-{number}"
        number += 1
