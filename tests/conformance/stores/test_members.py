"""This suite calls every member of the seam: what it does not call, a second backend may get wrong."""

from __future__ import annotations

import ast
from pathlib import Path

from smq_core.store.base import Store, StoreWaiter

SUITE = Path(__file__).parents[1]


def members(protocol: type) -> set[str]:
    """Return the public names of a protocol and what it is made of."""
    return {name for part in protocol.__mro__ for name in vars(part) if not name.startswith("_")}


def used(of: str) -> set[str]:
    """Return the names that the suite uses of variables and attributes which are called so."""
    found = set()
    for file in SUITE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Attribute):
                owner = node.value
                name = owner.id if isinstance(owner, ast.Name) else getattr(owner, "attr", "")
                found |= {node.attr} if name == of else set()
    return found


def test_every_member_of_a_store_is_called() -> None:
    assert len(members(Store)) > 50
    assert members(Store) - used("store") - used("second") == set()


def test_every_member_of_a_waiter_is_called() -> None:
    assert members(StoreWaiter) - used("waiter") == set()
