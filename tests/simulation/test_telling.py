"""The simulation itself: it is the same again, and tells what is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from smq_core.message import Receipt
from smq_core.states import State
from smq_core.store.records import Hold
from smq_core.testing import make_request
from tests.simulation.entries import Leased
from tests.simulation.ledger import Ledger
from tests.simulation.model import Model
from tests.simulation.running import world_of
from tests.simulation.watched import COMPARED, Arguments
from tests.simulation.world import Difference

if TYPE_CHECKING:
    from pathlib import Path

    from tests.simulation.entries import Entry


def test_a_seed_gives_the_same_simulation_again(folder: Path, template: Path) -> None:
    """Whatever was found is found again."""
    ends = []
    for _ in range(2):
        world = world_of(3, folder, template, length=500)
        world.run()
        ends.append((world.random.getstate(), world.clock.now_ms(), world.model.entries))
    assert ends[0] == ends[1]


def test_a_difference_is_told_with_its_seed_and_step(
    folder: Path, template: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A model that does not count a release's attempt back is contradicted, each time at the same step."""

    def release(_self: Model, entry: Entry) -> None:
        entry.state, entry.receipt, entry.locked_until, entry.worker = State.READY, None, None, None

    monkeypatch.setattr(Model, "release", release)
    told = []
    for _ in range(2):
        with pytest.raises(Difference, match=r"seed 3, step \d+, \w+: message \d+: attempts \d+ in") as found:
            world_of(3, folder, template).run()
        told.append(str(found.value))
    assert told[0] == told[1]


@pytest.mark.parametrize("verb", COMPARED)
def test_a_wrong_answer_is_told(
    verb: str, folder: Path, template: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever else agrees: what each verb of the store answers is compared."""
    monkeypatch.setitem(COMPARED, verb, lambda _answer: "wrong")

    with pytest.raises(Difference, match="the engine answers wrong, the model "):
        run_first_seeds(folder, template)


def run_first_seeds(folder: Path, template: Path) -> None:
    """Run as many simulations as it takes until each verb was called."""
    for seed in range(5):
        world_of(seed, folder, template).run()


def test_a_second_good_receipt_is_told() -> None:
    """The answers alone give it away, whatever the model says."""
    ledger = Ledger()
    leased = Leased(7, "a", 0, None, 1, 1, None, 0, None, 0, 1)
    for receipt in (1, 2):
        ledger.judge("lease", Arguments((make_request(receipt=receipt),), {}), ([leased], []))
    with pytest.raises(AssertionError, match="two receipts are good for message 7"):
        ledger.judge("ack", Arguments(([Hold(7, Receipt(1))], 0), {}), [])


def test_a_lost_message_is_told() -> None:
    """An id that was returned has to be there, or to have been finished."""
    ledger = Ledger()
    ledger.judge("enqueue_many", Arguments((), {}), [1, 2, 3])
    ledger.nothing_is_lost(there=[1], gone=[2, 3])
    with pytest.raises(AssertionError, match=r"\[3\] were enqueued, and are lost"):
        ledger.nothing_is_lost(there=[1], gone=[2])
