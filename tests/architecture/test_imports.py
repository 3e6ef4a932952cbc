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
print(json.dumps(sorted(set(sys.modules) - before)))
"""
ENGINE = {"smq_core", "apsw", "msgspec", "typing_extensions", "_xxsubinterpreters"}
"""msgspec looks for typing_extensions, and goes on without them; the last is a module that 3.11 hides."""


@pytest.mark.parametrize(("module", "allowed"), [("smq_core", ENGINE)])
def test_an_entry_point_loads_no_more_than_it_needs(module: str, allowed: set[str]) -> None:
    assert distributions(loaded_by(module)) <= allowed


def test_the_public_names_load_nothing_of_the_daemon() -> None:
    loaded = loaded_by("smq_core")

    assert "smq_core.handler" in loaded
    assert {
        name for name in loaded if name.startswith("smq_core.daemon.") or name == "smq_core.daemon"
    } == set()


def test_what_a_module_loads_is_seen() -> None:
    assert {"pytest", "pluggy"} <= distributions(loaded_by("pytest"))


def distributions(modules: set[str]) -> set[str]:
    """Return the top-level packages of modules, without the standard library's."""
    return {name.partition(".")[0] for name in modules} - sys.stdlib_module_names


def loaded_by(module: str) -> set[str]:
    """Import a module in a fresh interpreter; return all modules that it loaded."""
    done = subprocess.run(
        [sys.executable, "-c", REPORT, module],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return set(json.loads(done.stdout))
