"""What pages say of the code is what the code says of itself."""

from __future__ import annotations

import inspect
import re

import pytest

import smq_core
from smq_core import errors, testing
from tests.architecture.source import ROOT
from tests.docs.markdown import read
from tests.docs.reference import MARKS, PAGES, methods, part, prose, renewed, signature

PLACE = re.compile(r"\[`[^`]+`\]\((?P<path>[^)#]+\.(?:py|sql))\)(?:: `(?P<names>[^`|\n]+)`)?")
ALONE = {"EPOCH_MS", "Payload"}
"""Values, which the page mentions in its own words."""


@pytest.mark.parametrize("page", PAGES)
def test_the_generated_parts_are_up_to_date(page: str) -> None:
    """`python -m tests.docs.reference` writes them again."""
    assert renewed(read(page)) == read(page)


def test_the_page_has_every_public_name() -> None:
    """Each has its own part; the errors share a tree and a table."""
    page = read("docs/python.md")
    parts = {found["part"] for found in MARKS.finditer(page)}
    shared = {*errors.__all__, *ALONE}

    assert {*smq_core.__all__, *testing.__all__} - parts - shared == set()
    assert {"error_tree", "raisers"} <= parts
    assert [name for name in sorted(shared) if f"`{name}`" not in page] == []


@pytest.mark.parametrize("name", ["Queue", "Inspector", "Transaction", "Waiter"])
def test_each_public_method_is_described(name: str) -> None:
    subject = getattr(smq_core, name)
    public = {
        one for one, value in inspect.getmembers(subject) if not one.startswith("_") and callable(value)
    }

    assert public - {one for one, _ in methods(subject)} == set()
    assert [one for one in sorted(public) if f"**`{one}(" not in part(name)] == []


def test_what_the_end_of_a_transaction_raises_is_told() -> None:
    """Its methods write nothing to the disk: it is the end of the `with` that does."""
    described = part("Transaction")

    assert "- `NotDurable`: when" in described[described.index("**leaving the `with`**") :]


def test_a_signature_is_written_as_its_author_wrote_it() -> None:
    assert signature(smq_core.Queue.requeue) == (
        "(lease: Lease, *, delay: float | None = None, error: str = '')"
        " -> Literal['ready', 'delayed', 'dead']"
    )
    assert signature(smq_core.Queue.waiter) == "(*topics: str) -> Waiter"


def test_what_is_raised_becomes_a_list() -> None:
    written = (
        "Do it.\n\nRaises:\n    UsageError: when late,\n        or early.\n    StoreBusy: else.\n\nMore."
    )

    assert (
        prose(written)
        == "Do it.\n\nRaises:\n\n- `UsageError`: when late, or early.\n- `StoreBusy`: else.\n\nMore."
    )


def test_the_places_that_the_map_names_exist() -> None:
    """Each file is there, and defines the functions or names the statements that stand beside it."""
    found = list(PLACE.finditer(read("CONTRIBUTING.md")))
    missing = [
        f"{place['path']}: {name}"
        for place in found
        for name in re.findall(r"\w+", place["names"] or "")
        if not _defines(place["path"], name)
    ]

    assert sum(bool(place["names"]) for place in found) > 10
    assert missing == []


def _defines(path: str, name: str) -> bool:
    text = (ROOT / path).read_text(encoding="utf-8")
    return re.search(rf"^\s*(?:def|class|async def|-- name:) {name}\b", text, re.MULTILINE) is not None
