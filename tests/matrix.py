"""The matrix of faults: which test injects which fault against which promise, and that it truly struck.

A test that stands in the matrix is marked `fault` and asks for the fixture of that name, on which it counts.
With SMQ_FAULTS=full each runs at its full length; with SMQ_FAULT_RESULTS=FILE what happened is added to FILE,
a JSON object a line, from which `tests.reliability` writes docs/reliability.md.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

IS_FULL = os.environ.get("SMQ_FAULTS") == "full"
RESULTS = os.environ.get("SMQ_FAULT_RESULTS")
FIELDS = ("row", "part", "promise", "how")
"""What a mark tells: the fault, the matrix's part that it stands in, the promise, how it is injected."""
PARTS = (
    "simulation",
    "below SQLite",
    "interruption",
    "environment",
    "workers",
    "bad input",
    "opening and access",
    "guards",
    "damage",
)


def scaled(short: int, full: int) -> int:
    """Return how often to do it: in each run of the tests, or in `make faults`."""
    return full if IS_FULL else short


@dataclass
class Fault:
    """What one test of the matrix counts: its runs, and how often the fault struck in them."""

    row: str
    part: str
    promise: str
    how: str
    test: str
    runs: int = 0
    fired: int = 0
    outcome: str = "not run"

    def ran(self, times: int = 1) -> None:
        """Count runs after which the promise was checked."""
        self.runs += times

    def struck(self, times: int = 1) -> None:
        """Count faults that truly happened: an error was returned, a process died, a line was interrupted."""
        self.fired += times


FAULT = pytest.StashKey[Fault]()


def pytest_configure(config: pytest.Config) -> None:
    """Describe the mark, which `--strict-markers` asks for."""
    config.addinivalue_line("markers", "fault(row, part, promise, how): a row of the matrix of faults")


@pytest.fixture
def fault(request: pytest.FixtureRequest) -> Iterator[Fault]:
    """Give what a test of the matrix counts on; one whose fault never struck fails."""
    marker = request.node.get_closest_marker("fault")
    assert marker is not None, "only a test that is marked stands in the matrix"
    assert set(marker.kwargs) == set(FIELDS), f"the mark gives {', '.join(FIELDS)}"
    assert marker.kwargs["part"] in PARTS
    counted = Fault(**marker.kwargs, test=request.node.nodeid.partition("[")[0])
    request.node.stash[FAULT] = counted
    yield counted
    if counted.outcome == "passed":
        assert counted.runs > 0, "nothing was run"
        assert counted.fired > 0, "the fault never struck"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Take down how a test of the matrix ended, once it was torn down too."""
    report = yield
    counted = item.stash.get(FAULT, None)
    if counted is not None:
        if report.when == "call" or report.failed:
            counted.outcome = report.outcome
        if report.when == "teardown":
            _keep(counted)
    elif report.skipped and item.get_closest_marker("fault") is not None:
        _keep(_never_run(item))
    return report


def _never_run(item: pytest.Item) -> Fault:
    marker = item.get_closest_marker("fault")
    assert marker is not None
    return Fault(**marker.kwargs, test=item.nodeid.partition("[")[0], outcome="skipped")


def _keep(counted: Fault) -> None:
    if RESULTS:
        with Path(RESULTS).open("a", encoding="utf-8") as kept:
            kept.write(json.dumps(asdict(counted)) + "\n")
