"""Links between pages, and from pages to files, lead to something."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.architecture.source import ROOT
from tests.docs.markdown import PAGES, anchors, links, read

if TYPE_CHECKING:
    from collections.abc import Iterator

ENTRY = "README.md"
MAKE = re.compile(r"`make ([a-z-]+)")


def broken_links(page: str, text: str) -> Iterator[str]:
    """Return the links of a page that lead to no file, or to a heading that its page does not have."""
    for target in links(text):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        path = (ROOT / page).parent / name if name else ROOT / page
        if not path.exists() or (
            anchor and anchor not in anchors(path.read_text(encoding="utf-8") if name else text)
        ):
            yield target


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_to_a_file_and_a_heading_that_exist(page: str) -> None:
    assert list(broken_links(page, read(page))) == []


def test_a_missing_file_and_a_missing_heading_are_seen() -> None:
    text = "[a](nowhere.md) [b](docs/design.md#nothing) [c](docs/design.md#the-table) [d](#here)\n\n## Here\n"

    assert list(broken_links(ENTRY, text)) == ["nowhere.md", "docs/design.md#nothing"]


def test_a_link_in_code_is_text() -> None:
    assert list(broken_links(ENTRY, "`[a](nowhere.md)`\n\n```md\n[b](nowhere.md)\n```\n")) == []


def test_the_readme_leads_to_every_page() -> None:
    linked = {target.partition("#")[0] for target in links(read(ENTRY))}

    assert set(PAGES) - linked - {ENTRY} == set()


@pytest.mark.parametrize("page", PAGES)
def test_every_make_target_that_a_page_names_exists(page: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))

    assert set(MAKE.findall(read(page))) - targets == set()
