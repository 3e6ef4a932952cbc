"""What an entry point loads, seen from outside: a program that embeds the queue pays for the queue alone."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.architecture.source import ROOT

REPORT = """
import importlib, json, sys
before = set(sys.modules)
importlib.import_module(sys.argv[1])
loaded = {name.partition(".")[0] for name in set(sys.modules) - before}
print(json.dumps(sorted(loaded - sys.stdlib_module_names)))
"""
ENGINE = {"smq_core", "apsw", "msgspec", "typing_extensions", "_xxsubinterpreters"}
"""msgspec looks for typing_extensions, and goes on without them; the last is a module that 3.11 hides."""


@pytest.mark.parametrize(("module", "allowed"), [("smq_core", ENGINE)])
def test_an_entry_point_loads_no_more_than_it_needs(module: str, allowed: set[str]) -> None:
    assert loaded_by(module) <= allowed


def test_what_a_module_loads_is_seen() -> None:
    assert {"pytest", "pluggy"} <= loaded_by("pytest")


def loaded_by(module: str) -> set[str]:
    """Import a module in a fresh interpreter; answer what it brought from outside the standard library."""
    done = subprocess.run(
        [sys.executable, "-c", REPORT, module],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return set(json.loads(done.stdout))
