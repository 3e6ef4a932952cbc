"""A subinterpreter is told in one sentence that the queue cannot work there, and the process goes on."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.architecture.source import ROOT

TRIAL = """
import sys
try:
    import _interpreters
except ImportError:  # before 3.13
    import _xxsubinterpreters as _interpreters
shares_gil, module = sys.argv[1] == "shares", sys.argv[2]
if sys.version_info >= (3, 13):
    interpreter = _interpreters.create("legacy" if shares_gil else "isolated")
else:
    interpreter = _interpreters.create(isolated=not shares_gil)
if sys.argv[3] == "used":
    import smq_core, apsw
failed = _interpreters.run_string(interpreter, f'''
for _ in range(2):
    try:
        import {module}
    except ImportError as error:
        print(error.name, error, flush=True)
    else:
        print("imported", flush=True)
''')
assert failed is None, failed
print("the main interpreter goes on", flush=True)
"""
REFUSAL = (
    "smq_core smq works only in the main interpreter of a process, and this is a subinterpreter: SQLite's "
    "locks belong to the whole process. Use threads or processes instead of subinterpreters; under mod_wsgi "
    "set WSGIApplicationGroup %{GLOBAL}"
)


@pytest.mark.parametrize("main", ["used", "unused"])
@pytest.mark.parametrize("module", ["smq_core", "smq_core.cli.main", "smq_tui.values"])
@pytest.mark.parametrize("gil", ["own", "shares"])
def test_a_subinterpreter_is_refused_in_a_sentence_each_time(gil: str, module: str, main: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", TRIAL, gil, module, main],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.stdout.splitlines() == [REFUSAL, REFUSAL, "the main interpreter goes on"], done.stderr
    assert done.returncode == 0, done.stderr
