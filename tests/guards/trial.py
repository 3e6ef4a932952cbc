"""Runs tests on a copy of the project in which a guard is missing; the checked-out files stay as they are.

Each run is a fork of one process that has imported the libraries, so that it costs a fifth of a second.
"""

from __future__ import annotations

import importlib
import os
import select
import shutil
import signal
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest

from tests.guards.mutants import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tests.guards.mutants import Mutant

COPIED = ("smq_core", "smq_tui", "tests")
LEFT = shutil.ignore_patterns("__pycache__", "__snapshots__", "*.svg")
LIBRARIES = ("apsw", "apsw.ext", "click", "hypothesis", "msgspec", "pytest_timeout", "rich.table")
OPTIONS = (
    *("-x", "-q", "-m", "not slow", "--timeout", "60"),
    *("-p", "pytest_timeout", "-p", "_hypothesis_pytestplugin", "-p", "no:cacheprovider"),
    *("-W", "ignore::pytest.PytestAssertRewriteWarning"),
)
LONGEST_S = 300.0
HUNG = "it hung"
NOTHING_FAILED = (
    int(pytest.ExitCode.OK),
    int(pytest.ExitCode.NO_TESTS_COLLECTED),
    int(pytest.ExitCode.USAGE_ERROR),
)
"""Also where a test that failed the last time is not there any more."""


class Recorder:
    """Remembers the first test that fails."""

    def __init__(self) -> None:
        self.failed = ""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Look at each test's phases."""
        if report.failed and not self.failed:
            self.failed = report.nodeid


class Bench:
    """A copy of the project on which tests are run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "project"
        self.folder.mkdir()
        for entry in ROOT.iterdir():
            if entry.name in COPIED:
                shutil.copytree(entry, self.folder / entry.name, ignore=LEFT)
            elif not entry.name.startswith("."):
                (self.folder / entry.name).symlink_to(entry)
        for library in LIBRARIES:
            importlib.import_module(library)

    def has(self, test: str) -> bool:
        """Return whether there is such a file of tests."""
        return (self.folder / test.partition("::")[0]).exists()

    def killer(self, mutant: Mutant, tests: Sequence[str]) -> str | None:
        """Return the first of some tests that fails without the guard; None when none does."""
        file = self.folder / mutant.file
        before, status = file.read_bytes(), file.stat()
        try:
            file.write_text(mutant.text, encoding="utf-8")
            return self.first_failure(tests)
        finally:
            file.write_bytes(before)
            # by its time it is told from what was compiled of the mutant
            os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))

    def require(self, tests: Iterable[str]) -> None:
        """See that tests pass where nothing is missing: else their failing would say nothing."""
        named = sorted({test for test in tests if "::" in test})
        if named and (failed := self.first_failure(named)):
            raise RuntimeError(f"{failed} fails on the project as it is")

    def first_failure(self, tests: Sequence[str]) -> str | None:
        """Return the first of some tests that fails in the copy as it is."""
        reading, writing = os.pipe()
        child = os.fork()
        if not child:
            self._run(tests, writing)
        os.close(writing)
        with os.fdopen(reading, encoding="utf-8") as answer:
            if select.select([answer], [], [], LONGEST_S)[0]:
                said = answer.read()
            else:
                os.killpg(child, signal.SIGKILL)
                said = HUNG
        os.waitpid(child, 0)
        if not said:
            raise RuntimeError(f"pytest did not run: see {self.folder / 'output'}")
        return None if said == "passed" else said

    def _run(self, tests: Sequence[str], writing: int) -> NoReturn:
        """Be the child: run the tests, tell the parent, and end without what it would do at its own end."""
        os.setsid()
        # who starts this in the background has them ignored, and so would the programs that tests interrupt
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.chdir(self.folder)
        output = os.open("output", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.environ.update(PYTHONPATH=str(self.folder), PYTEST_DISABLE_PLUGIN_AUTOLOAD="1")
        for name in ("SMQ_FAULTS", "SMQ_FAULT_RESULTS"):
            # what fails here is no row of the matrix
            os.environ.pop(name, None)
        for name in [name for name in sys.modules if name.split(".")[0] in COPIED]:
            del sys.modules[name]
        sys.path = [str(self.folder), *(path for path in sys.path if path not in {"", str(ROOT)})]
        recorder = Recorder()
        code = pytest.main([*OPTIONS, "--basetemp", str(self.folder / "tmp"), *tests], plugins=[recorder])
        failed = {int(pytest.ExitCode.TESTS_FAILED): recorder.failed}
        said = {**dict.fromkeys(NOTHING_FAILED, "passed"), **failed}.get(code, "")
        os.write(writing, said.encode())
        os._exit(0)


@contextmanager
def bench() -> Iterator[Bench]:
    """Give a copy of the project, and remove it afterwards."""
    with tempfile.TemporaryDirectory(prefix="smq-guards-") as folder:
        yield Bench(Path(folder))
